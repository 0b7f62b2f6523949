/*
 * The file is walked three times by the same code: to learn what the names of
 * its keys look like and how many there are, to find keys that come twice
 * among those that are good, and to write. So nothing is held in memory but
 * what was learned, however large the file.
 */
#include "formats/rdb_salvage.h"

#include <stdlib.h>

#include "base/memory.h"
#include "formats/rdb.h"
#include "formats/rdb_deep.h"
#include "formats/rdb_lzf.h"
#include "formats/rdb_salvage_walk.h"

static int
compare_offsets(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The new file's first and last bytes are made by RDB_SALVAGE_WRITE alone. */
static int
run(struct rdb_salvage *v, enum rdb_salvage_pass pass)
{
    int rc = 0;

    v->pass = pass;
    v->keys = 0;
    v->result = (struct rdb_result){
        .version = v->head.version,
        .valkey_magic = v->head.valkey,
    };
    rdb_salvage_sizes_begin(&v->sizes);
    rdb_read_begin(&v->r, v->s, NULL, &v->result);
    v->r.unsummed = true;
    rdb_deep_begin(&v->r);
    if (pass == RDB_SALVAGE_COMPARE)
        rdb_deep_tell_twice(&v->r, rdb_salvage_keep_note_twice, v);
    rdb_resync_begin(&v->resync, v->s, &v->names, &v->result);
    v->resync.memory = &v->memory;
    rdb_salvage_walk_allow(v);
    v->last = (struct held){0};
    v->select.end = 0;
    v->after_bad = false;
    rdb_salvage_keep_move(v, v->head.end_offset);
    rdb_salvage_walk(v);
    if (!v->failed)
        rdb_salvage_keep_settle(v);
    if (pass == RDB_SALVAGE_COMPARE && !v->failed)
        rc = rdb_deep_end(&v->r, v->e);
    rdb_resync_end(&v->resync);
    rdb_deep_free(&v->r);
    rdb_lzf_free(&v->r);
    free(v->r.buffer);
    if (rc == 0 && v->s->error.kind != ERROR_NONE) {
        *v->e = v->s->error;
        rc = -1;
    }
    return v->failed ? -1 : rc;
}

/* What was kept all the same although the checksum is wrong. */
static void
tell_doubt(struct rdb_salvage *v)
{
    if (v->whole.checksum == RDB_CHECKSUM_BAD && v->m->count == 0)
        rdb_salvage_keep_lose(
            v, v->head.begin, v->head.begin, 0, 0,
            "the checksum is wrong though all can be read: some value may "
            "have changed, and nobody can say which");
}

static int
write_new(struct rdb_salvage *v)
{
    if (rdb_salvage_head_write(&v->head, v->m, v->e) != 0 ||
        run(v, RDB_SALVAGE_WRITE) != 0)
        return -1;
    tell_doubt(v);
    if (mend_put_rdb_end(v->m, v->head.new_version, v->e) != 0)
        return -1;
    source_seek(v->s, v->end_offset);
    return 0;
}

static int
mend(struct rdb_salvage *v)
{
    if (run(v, RDB_SALVAGE_LEARN) != 0)
        return -1;
    rdb_salvage_sizes_freeze(&v->sizes);
    v->learned = v->keys;
    if (!v->head.intact && v->keys == 0)
        return error_set(v->e, ERROR_REFUSED,
                         "neither the head of an RDB nor any key can be found "
                         "in it; " REPORT_RESTORE);
    if (run(v, RDB_SALVAGE_COMPARE) != 0)
        return -1;
    if (v->twice_count == RDB_SALVAGE_TWICE_MAX)
        return error_set(v->e, ERROR_REFUSED,
                         "more than %d keys come twice: this is no RDB that a "
                         "server wrote",
                         (int)RDB_SALVAGE_TWICE_MAX);
    if (v->twice_count > 0)
        qsort(v->twice, v->twice_count, sizeof *v->twice, compare_offsets);
    return write_new(v);
}

int
rdb_salvage(struct source *s, struct mend *m, struct error *e)
{
    struct rdb_options deep = {.deep = true};
    uint64_t begin = source_offset(s);
    struct rdb_salvage *v;
    int rc = -1;

    v = memory_new(sizeof *v);
    v->s = s;
    v->m = m;
    v->e = e;
    if (rdb_walk(s, &deep, NULL, &v->whole, e) != 0 ||
        rdb_salvage_head_read(&v->head, s, begin, &v->whole, e) != 0)
        goto out;
    if (v->whole.verdict == VERDICT_SOUND) {
        m->keys += v->whole.keys;
        source_seek(s, v->whole.end_offset);
        rc = mend_keep(m, begin, v->whole.end_offset - begin, e);
        goto out;
    }
    rc = mend(v);

out:
    free(v->twice);
    free(v);
    return rc;
}
