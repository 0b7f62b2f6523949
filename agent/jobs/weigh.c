#include "jobs/weigh.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "repo/pack.h"

enum { MAGIC_SIZE = 9 };

/* Of a table's entries, about. */
enum { KEY_SLOT = 12, EXPIRY_SLOT = 36 };

/* A twentieth of what is used cannot be told from other things in it. */
enum { SPARE_MIN = 20 };

/* The file on its way out of the archive. */
struct reading {
    struct pack_reader *pack;
    const struct progress *progress;
    const struct catalog_file *file;
    struct digest digest;
    uint64_t done;
};

/* The file that holds an RDB, if one does; what is behind it is counted. */
static const struct catalog_file *
find_file(const struct catalog_entry *entry, uint64_t *after)
{
    const struct catalog_file *found = NULL;

    *after = 0;
    for (size_t i = 0; i < entry->file_count; i++) {
        const struct catalog_file *f = &entry->files[i];

        if (f->config)
            continue;
        if (f->role == DATASET_ROLE_DUMP || f->role == DATASET_ROLE_BASE ||
            f->role == DATASET_ROLE_SINGLE)
            found = f;
        else if (f->role == DATASET_ROLE_INCR)
            *after += f->size_bytes;
    }
    return found;
}

static int
pull(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct reading *r = context;

    if (process_check_stop(e) != 0 ||
        pack_reader_pull(r->pack, bytes, size, got, e) != 0)
        return -1;
    digest_add(&r->digest, bytes, *got);
    r->done += *got;
    progress_tell(r->progress, "weighing the keys", r->done,
                  r->file->size_bytes);
    return 0;
}

static bool
begins_an_rdb(struct source *s)
{
    return source_want(s, MAGIC_SIZE) &&
           (memcmp(s->at, "REDIS", 5) == 0 || memcmp(s->at, "VALKEY", 6) == 0);
}

/* As if streams have nothing in reserve, and as if they have: which it is
 * depends on whether the server has loaded them since they were written to. */
struct scales {
    struct judge_stats *bare, *spare;
};

static struct judge_stats *
begin_stats(const struct weigh_options *options, bool spare)
{
    struct judge_stats *s = judge_stats_new(options->now_ms);

    s->rdb.most = options->most;
    s->rdb.separator = options->separator;
    s->rdb.weighed = true;
    s->rdb.spare = spare;
    return s;
}

static void
add_key(void *context, const struct rdb_key *key)
{
    const struct scales *s = context;

    judge_stats_key(s->bare, key);
    judge_stats_key(s->spare, key);
}

/* What a database needs for its tables: a slot for each key, and another for
 * each that expires. */
static uint64_t
add_tables(const struct rdb_stats_count *c)
{
    return c->bytes + c->keys * KEY_SLOT + c->expires * EXPIRY_SLOT;
}

/* The server told in the RDB what it used: which of the two is nearer to it. If
 * that cannot be told apart, nobody restarted it. */
static bool
has_spare(const struct scales *s, const struct rdb_result *result)
{
    uint64_t bare = add_tables(&s->bare->rdb.all);
    uint64_t spare = add_tables(&s->spare->rdb.all);

    if (result->used_memory < 0 ||
        (spare - bare) < (uint64_t)result->used_memory / SPARE_MIN)
        return true;
    return (uint64_t)result->used_memory >= bare + (spare - bare) / 2;
}

static int
end_walk(struct weigh *w, const struct rdb_result *result,
         const struct source *s, struct error *e)
{
    if (result->verdict != VERDICT_SOUND)
        return error_set(e, ERROR_DAMAGED, "its RDB is %s at byte %llu",
                         verdict_name(result->verdict),
                         (unsigned long long)result->damage_offset);
    if (s->size_bytes > result->end_offset)
        w->after_bytes += s->size_bytes - result->end_offset;
    return 0;
}

static int
walk(struct weigh *w, struct source *s, const struct weigh_options *options,
     struct error *e)
{
    struct scales scales = {begin_stats(options, false),
                            begin_stats(options, true)};
    const struct rdb_options walk_options = {.key_seen = add_key,
                                             .context = &scales,
                                             .weigh = true,
                                             .pages = options->pages,
                                             .now_ms = options->now_ms};
    struct rdb_result result;
    int rc = rdb_walk(s, &walk_options, NULL, &result, e);
    bool spare = rc == 0 && has_spare(&scales, &result);

    w->stats = spare ? scales.spare : scales.bare;
    judge_stats_free(spare ? scales.bare : scales.spare);
    if (rc != 0)
        return -1;
    judge_stats_end(w->stats, &result, NULL);
    return end_walk(w, &result, s, e);
}

static int
read_file(struct weigh *w, struct reading *r,
          const struct weigh_options *options, struct error *e)
{
    char hex[DIGEST_HEX_SIZE];
    struct source s;
    int rc = 0;

    digest_begin(&r->digest);
    source_of_pull(&s, pull, r, r->file->size_bytes);
    if (begins_an_rdb(&s))
        rc = walk(w, &s, options, e);
    else
        w->after_bytes += r->file->size_bytes;
    if (rc == 0) {
        source_drain(&s);
        if (s.error.kind != ERROR_NONE) {
            *e = s.error;
            rc = -1;
        }
    }
    if (rc == 0) {
        digest_end(&r->digest, hex);
        if (r->done != r->file->size_bytes || strcmp(hex, r->file->sha256) != 0)
            rc = error_set(e, ERROR_DAMAGED,
                           "its bytes are not those that were stored");
    }
    digest_clear(&r->digest);
    source_close(&s);
    return rc == 0 ? 0 : error_in(e, "%s", r->file->path);
}

/* Moves to the file's member. */
static int
find_member(struct reading *r, struct error *e)
{
    struct pack_member member;
    bool more;

    do {
        if (pack_reader_next(r->pack, &member, &more, e) != 0)
            return -1;
        if (!more)
            return error_set(e, ERROR_DAMAGED, "%s is not in the archive",
                             r->file->path);
    } while (strcmp(member.path, r->file->path) != 0);
    if (member.size_bytes != r->file->size_bytes)
        return error_set(e, ERROR_DAMAGED,
                         "%s has %llu bytes, the entry says %llu",
                         r->file->path, (unsigned long long)member.size_bytes,
                         (unsigned long long)r->file->size_bytes);
    return 0;
}

int
weigh_read(struct weigh *w, const struct storage *storage,
           const struct catalog_entry *entry,
           const struct weigh_options *options, struct error *e)
{
    struct reading r = {.progress = options->progress};
    int fd, rc = -1;

    *w = (struct weigh){0};
    r.file = find_file(entry, &w->after_bytes);
    if (r.file == NULL)
        return 0;
    w->path = memory_dup(r.file->path);
    fd = storage_open_archive(storage, entry, e);
    if (fd >= 0)
        r.pack = pack_reader_new(fd, entry->archive.codec, e);
    if (r.pack != NULL && find_member(&r, e) == 0)
        rc = read_file(w, &r, options, e);
    pack_reader_free(r.pack);
    if (fd >= 0)
        close(fd);
    return rc == 0 ? 0 : error_in(e, "snapshot %s", entry->id);
}

void
weigh_clear(struct weigh *w)
{
    judge_stats_free(w->stats);
    free(w->path);
    *w = (struct weigh){0};
}
