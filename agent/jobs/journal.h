/*
 * journal.h - what is being done to a dataset, on the target's own file system,
 * so that a crash at any point can be finished or undone: docs/design/restore.md.
 *
 * <target>/.redkeep/journal.json, JSON, replaced in one step and synced. While a
 * new set is only being built, what it said before is in journal-before.json.
 */
#ifndef JOBS_JOURNAL_H
#define JOBS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

#define JOURNAL_NAME "journal.json"
#define JOURNAL_ASIDE JOURNAL_NAME ".new" /* while it is written */
#define JOURNAL_BEFORE "journal-before.json"
enum {
    JOURNAL_FILES_MAX = 70000,
    JOURNAL_BYTES_MAX = 64 << 20,
    JOURNAL_NAMES_MAX = 4,
};

enum journal_state {
    JOURNAL_NONE, /* there is no journal */
    JOURNAL_BUILDING,
    JOURNAL_PLACING,
    JOURNAL_PLACED,
    JOURNAL_UNDONE,
};

struct journal_file {
    char *path;              /* under the data directory, "a" or "a/b" */
    bool entry;              /* an entry file */
    struct file_identity id; /* inode and birth count: devices are renumbered */
    /* Of its copy, where the file system has no hard links; links 0: none. */
    struct file_identity copy;
};

/* What a server calls its data. */
struct journal_names {
    char *dbfilename, *appendfilename, *appenddirname;
};

/* A set, and the folder (relative to the target) it comes from or leaves for. */
struct journal_set {
    char *folder; /* NULL: none is needed */
    struct journal_file *files;
    size_t count;
};

struct journal {
    enum journal_state state;
    char *job; /* restore, repair, undo */
    char *id;  /* of the snapshot; NULL: none */
    int64_t began_ms;
    struct journal_set leaves, comes;
    struct journal_names names[JOURNAL_NAMES_MAX]; /* of both sets */
    size_t name_count;
    /* What the supervisor was told; each NULL if not used. */
    char *service, *stop_command, *start_command;
    /* To begin anew while building; each NULL if not given. */
    char *repo, *instance, *layout;
    /* Read: written by us or by root, so that its commands may be run. */
    bool trusted;
    /* Read, of one that is not: them as options to type; NULL: it has none. */
    char *foreign;
};

/*
 * Reads that of a target; none is JOURNAL_NONE and no failure. A journal of a
 * newer format is ERROR_REFUSED, one that cannot be read ERROR_DAMAGED. No path
 * or folder in it leaves the target; one that is not trusted has no commands.
 */
int journal_load(struct journal *j, int target, struct error *e);

/* Writes it, in one step, synced. The folder .redkeep must be there. */
int journal_save(const struct journal *j, int target, struct error *e);

/* Removes it; none is fine. */
int journal_remove(int target, struct error *e);

/*
 * Writes beside it what it is to say again if what is begun now is given up;
 * without a word of the server, which is then of what was begun.
 */
int journal_save_before(const struct journal *j, int target, struct error *e);

/* Has it say that again; where there is none it is removed. *j is what it says
 * then. */
int journal_revert(struct journal *j, int target, struct error *e);

const char *journal_state_name(enum journal_state state);

/* Whether it is building or placing: only resume and undo may go on. */
bool journal_is_unfinished(const struct journal *j);

/* The same, of text alone, for tests; device is the target's. */
int journal_read(struct journal *j, const char *text, size_t size,
                 struct error *e);

void journal_add_file(struct journal_set *set, const char *path, bool entry,
                      const struct file_identity *id);
void journal_set_clear(struct journal_set *set);

void journal_clear(struct journal *j);

#endif
