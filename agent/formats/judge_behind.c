#include "formats/judge_behind.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/text.h"
#include "formats/rdb_seen.h"
#include "formats/twins.h"

/* Bytes of a command up to its first argument, that one included. */
enum { COMMAND_BYTES = 64 + AOF_NAME_MAX + RDB_KEY_NAME_MAX };

/* More commands than these are not looked at. */
enum { COMMANDS_MAX = 1 << 20 };

/* Nor are they for more RDBs than these, as each reads all before it again. */
enum { BEHIND_MAX = 16 };

/* The keys of a set that come into being, as far as they are looked at. */
struct keys {
    struct rdb_seen seen;
    struct error error;
    int fd;      /* of the file that is read */
    uint64_t db; /* that its commands are for */
    bool behind; /* it is the RDB behind the others */
    bool twice;
};

/* Items of the RDB that lies behind, among those that come before. */
enum { BEHIND = 1 };

static void
note(struct keys *k, const void *name, size_t size, uint64_t db)
{
    /* The same name in another database is another key. */
    uint64_t hash = twins_hash(name, size) ^
                    (db + 1) * UINT64_C(0x9e3779b97f4a7c15);

    if (k->error.kind == ERROR_NONE)
        rdb_seen_add(&k->seen, hash, k->behind ? BEHIND : 0, &k->error);
}

static void
note_key(void *context, const struct rdb_key *key)
{
    if (!key->empty)
        note(context, key->name, key->name_size, key->db);
}

/* The digits at p and the line's end; false where a server wrote no such. */
static bool
read_number(const char **p, const char *end, char kind, size_t *n)
{
    const char *at = *p;

    if (at == end || *at++ != kind)
        return false;
    for (*n = 0; at < end && *at >= '0' && *at <= '9'; at++)
        *n = *n * 10 + (size_t)(*at - '0');
    *p = at + 2;
    return end - at >= 2 && at[0] == '\r';
}

/* What a command is about is, for nearly all, its first argument. */
static void
note_argument(struct keys *k, const struct aof_command *c, const char *p,
              const char *end)
{
    size_t count, size;
    uint64_t db;
    char digits[24];

    if (!read_number(&p, end, '*', &count) || count < 2 ||
        !read_number(&p, end, '$', &size) || size + 2 > (size_t)(end - p))
        return;
    p += size + 2;
    if (!read_number(&p, end, '$', &size))
        return;
    if (size > (size_t)(end - p))
        size = (size_t)(end - p);
    if (c->name_size != 6 || strncasecmp(c->name, "select", 6) != 0) {
        note(k, p, size < RDB_KEY_NAME_MAX ? size : RDB_KEY_NAME_MAX, k->db);
        return;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)(size < 20 ? size : 20), p);
    if (text_number(digits, INT32_MAX, &db))
        k->db = db;
}

static void
note_command(void *context, const struct aof_command *c)
{
    struct keys *k = context;
    char bytes[COMMAND_BYTES];
    size_t got;

    if (k->error.kind == ERROR_NONE &&
        file_read_at(k->fd, bytes, sizeof bytes, c->offset, &got, &k->error) ==
            0)
        note_argument(k, c, bytes, bytes + got);
}

/* Two of the same RDB, or of what comes before, say nothing. */
static int
note_pair(void *context, const struct rdb_seen_item *first,
          const struct rdb_seen_item *second, struct error *e)
{
    struct keys *k = context;

    (void)e;
    k->twice = k->twice || first->offset != second->offset;
    return 0;
}

static void
read_keys(struct keys *k, const struct dataset_file *file, uint64_t size)
{
    const struct aof_options options = {
        .key_seen = note_key,
        .command_seen = k->behind ? NULL : note_command,
        .context = k};
    struct aof_result ignored;
    struct source s;

    k->fd = file->fd;
    k->db = 0;
    if (k->error.kind != ERROR_NONE ||
        source_of_file(&s, file->fd, size, &k->error) != 0)
        return;
    aof_scan(&s, &options, NULL, &ignored, &k->error);
    source_close(&s);
}

static bool
is_part(const struct judge_file *f)
{
    return f->role == DATASET_ROLE_BASE || f->role == DATASET_ROLE_INCR;
}

/* Whether the RDB in file i holds a key of those before; true if nobody can
 * tell. */
static bool
share_keys(const struct judge *j, const struct dataset *d, size_t i)
{
    struct keys k = {0};

    if (j->count != d->count)
        return true;
    rdb_seen_begin(&k.seen);
    for (size_t n = 0; n <= i; n++) {
        k.behind = n == i;
        if (is_part(&j->files[n]))
            read_keys(&k, &d->files[n], j->files[n].size_bytes);
    }
    if (k.error.kind == ERROR_NONE)
        rdb_seen_end(&k.seen, note_pair, &k, &k.error);
    rdb_seen_clear(&k.seen);
    return k.twice || k.error.kind != ERROR_NONE;
}

bool
judge_behind(const struct judge *j, const struct dataset *d, size_t i,
             bool *crashes, struct report *report)
{
    const struct judge_file *f = &j->files[i];
    uint64_t commands = 0, keys = 0;
    unsigned others = 0;
    bool functions = false;

    if (!f->aof.has_rdb || f->role != DATASET_ROLE_INCR ||
        (f->rdb.keys == 0 && !f->rdb.functions))
        return false;
    for (size_t n = 0; n < i; n++) {
        if (!is_part(&j->files[n]))
            continue;
        commands += j->files[n].commands;
        keys += j->files[n].rdb.keys;
        functions = functions || j->files[n].rdb.functions;
        others += j->files[n].aof.has_rdb;
    }
    if (commands == 0 && keys == 0 && !functions)
        return false;
    *crashes = (functions && f->rdb.functions) || commands > COMMANDS_MAX ||
               others > BEHIND_MAX || (f->rdb.keys > 0 && share_keys(j, d, i));
    report_add(report, SEVERITY_ERROR, "aof-rdb-behind", 0,
               "look whether files were exchanged or the manifest is wrong; "
               "else restore a snapshot: redkeep restore latest --to DIR",
               "an RDB that is loaded behind other data: a server %s",
               *crashes ? "crashes at a key or library that both hold"
                        : "loads it, as both hold no key in common");
    return true;
}
