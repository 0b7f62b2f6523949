/*
 * catalog.h - the list of snapshots. <id>.json beside the archive is the
 * commit record: a snapshot exists when its entry does. Order is by the
 * catalog sequence, never by the clock.
 */
#ifndef REPO_CATALOG_H
#define REPO_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/report.h"
#include "repo/codec.h"
#include "repo/digest.h"

enum { CATALOG_FORMAT = 1, CATALOG_ID_SIZE = 32, CATALOG_ENTRY_MAX = 16 << 20 };

enum catalog_kind { CATALOG_FULL, CATALOG_INCREMENTAL };

enum catalog_bound { CATALOG_NO_SERVER, CATALOG_UNBOUND, CATALOG_BOUND };

/* What came of reading a snapshot again. */
struct catalog_look {
    int64_t at_ms; /* -1: never */
    bool ok;       /* it is what was stored */
    bool deep;
    char wrong[200]; /* for people; "" where it is ok, or not known */
};

/* One file of the dataset as it was, and as it was stored. */
struct catalog_file {
    char *path; /* under the data directory, as in the archive */
    enum dataset_role role;
    int64_t seq;           /* in the manifest; 0 where there is none */
    uint64_t size_bytes;   /* stored */
    uint64_t length_bytes; /* taken from the source file */
    int64_t cut;           /* stored up to here; -1: whole length */
    char sha256[DIGEST_HEX_SIZE];
    mode_t mode;
    uid_t uid;
    gid_t gid;
    char *owner, *group; /* names; NULL where there are none */
    uint64_t device, inode;
    int64_t birth_ns, mtime_ns;
    bool config; /* under config/: never restored by itself */
};

struct catalog_entry {
    int format;
    uint64_t sequence;
    char id[CATALOG_ID_SIZE];
    enum catalog_kind kind;
    char *parent; /* id; NULL for a full */
    char *instance;
    int64_t started_ms, finished_ms, state_time_ms;
    struct {
        bool known;
        char *product, *version, *run_id, *replication_id, *role;
        int64_t replication_offset;
        int64_t used_memory; /* bytes; 0: not told */
    } server;
    enum dataset_kind dataset;
    char *dbfilename, *appendfilename, *appenddirname; /* names it had */
    struct catalog_file *files;
    size_t file_count;
    char *log_file; /* the log position: last incr; NULL without AOF */
    int64_t log_offset;
    int rdb_version; /* highest in it; 0 none */
    bool valkey_magic;
    int64_t keys; /* AOF: INFO's when the length was taken, -1 unknown */
    int64_t expires;
    uint64_t commands;
    enum catalog_bound bound;
    enum verdict verdict;
    struct report report;
    char *codes; /* of the findings, where the entry was read */
    struct {
        char *name;
        enum codec codec;
        uint64_t size_bytes;
        char sha256[DIGEST_HEX_SIZE];
    } archive;
    uint64_t bytes_source, bytes_stored;
    /* Not in the entry itself, read from beside it: */
    int64_t verified_ms;      /* well, the last time; -1: never */
    bool failed;              /* since then it was not what was stored */
    struct catalog_look look; /* the last one, good or not */
    bool held;                /* also known of one that is broken */
};

/*
 * The entry as JSON with the sha256 of itself; caller frees. One larger than
 * CATALOG_ENTRY_MAX must not be stored: nobody could read it again.
 */
char *catalog_entry_write(const struct catalog_entry *entry, size_t *size);

/*
 * Reads an entry and compares its sha256 and every bound (ERROR_DAMAGED). A
 * format newer than ours is ERROR_REFUSED ("... format 2, this redkeep reads
 * up to 1: use a newer redkeep"). On failure entry is empty.
 */
int catalog_entry_read(struct catalog_entry *entry, const char *bytes,
                       size_t size, struct error *e);

void catalog_entry_clear(struct catalog_entry *entry);

/* An entry whose file cannot be read is listed too, by its id. */
struct catalog_item {
    char id[CATALOG_ID_SIZE];
    struct catalog_entry entry; /* empty when broken */
    struct error broken;        /* kind ERROR_NONE when all is well */
};

struct catalog {
    struct catalog_item *items; /* by sequence; broken ones last */
    size_t count;
};

/*
 * Loads all entries of the snapshots folder. One that is damaged, or whose
 * archive is missing or has another size, is there as a broken item.
 */
int catalog_load(struct catalog *c, int snapshots_dir, struct error *e);
void catalog_clear(struct catalog *c);

/* The item of that id (exact), or NULL. Borrowed. */
struct catalog_item *catalog_find(const struct catalog *c, const char *id);

/* Its verdict, for people; "not what was stored" of one that failed since. */
const char *catalog_word(const struct catalog_entry *entry);

/* Whether it can be read, was sound, and is still what was stored. */
bool catalog_is_good(const struct catalog_item *item);

/* The newest readable entry; with good: the newest good one. Or NULL. */
struct catalog_entry *catalog_newest(const struct catalog *c, bool good);

/*
 * A free id for that time: "20261120T113000Z"; if there are some of that
 * second, the number behind the highest: "...-2".
 */
void catalog_new_id(const struct catalog *c, int64_t now_ms,
                    char id[CATALOG_ID_SIZE]);

/* Whether text has the form of an id (so it is safe in a file name). */
bool catalog_is_id(const char *text);

/* How long the id is that a file's name begins with, up to '.'; 0: none. */
size_t catalog_id_length(const char *name);

/* When the snapshot was last known to be right: verified well, or stored. */
int64_t catalog_proven_ms(const struct catalog_entry *entry);

/*
 * Notes beside the entry what came of a verification; what failed deep is only
 * well by one that is deep as well. ERROR_ABSENT: there is no
 * such entry; none is left behind then, even if it goes meanwhile.
 */
int catalog_note_verified(int snapshots_dir, const char *id,
                          const struct catalog_look *look, struct error *e);

/*
 * Reads the note of verifications into entry. What is no note, and a line that
 * is none of its lines, says nothing; one that the disk does not give is a
 * failure: it may say that the snapshot failed. For catalog_load.
 */
int catalog_note_load(struct catalog_entry *entry, int snapshots_dir,
                      const char *id, struct error *e);

/* Notes beside the entry that retention never takes it, or takes it off. */
int catalog_note_hold(int snapshots_dir, const char *id, bool held,
                      struct error *e);

/* Whether it is there now, whatever a catalog said before. */
bool catalog_is_held(int snapshots_dir, const char *id);

#endif
