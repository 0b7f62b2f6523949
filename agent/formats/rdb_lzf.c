#include "formats/rdb_lzf.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "formats/lzf.h"

/* So much waits, and no more than the first cache holds. */
enum { STRINGS_MAX = 64, BYTES_MAX = 16 << 10 };

struct rdb_lzf {
    struct lzf_string strings[STRINGS_MAX];
    struct place {
        uint64_t start, key;
        const char *inside;
        bool spoiled;
    } places[STRINGS_MAX];
    size_t count, bytes;
    struct doubt { /* the first broken one */
        struct place place;
        uint64_t plain;
        bool only_short, held;
    } doubt;
};

bool
rdb_lzf_broken(struct rdb_read *r, uint64_t start, uint64_t plain,
               bool only_short)
{
    return rdb_read_flawed(
        r, only_short ? RDB_BY_LOOKING : RDB_BY_ALL, start,
        "a compressed string of %" PRIu64 " bytes cannot be unpacked", plain);
}

static struct rdb_lzf *
strings_of(struct rdb_read *r)
{
    if (r->lzf == NULL)
        r->lzf = memory_new(sizeof *r->lzf);
    return r->lzf;
}

static void
judge(struct rdb_read *r, uint64_t start, const struct lzf *lzf, uint64_t plain)
{
    bool only_short = !lzf->broken && lzf->pending == 0 && lzf->made < plain;
    struct doubt *doubt;

    if (lzf_is_whole(lzf, plain))
        return;
    doubt = &strings_of(r)->doubt;
    if (r->deep != NULL || r->result->version < RDB_CHECKSUM_SINCE) {
        rdb_lzf_broken(r, start, plain, only_short);
    } else if (!doubt->held) {
        *doubt = (struct doubt){
            .place = {start, r->key.offset, r->inside, false},
            .plain = plain,
            .only_short = only_short,
            .held = true,
        };
    }
}

/* The bytes once more, as a stream, of which the end is not seen before. */
struct again {
    const struct source *s;
    uint64_t offset;
};

static int
pull_again(void *context, void *bytes, size_t size, size_t *got,
           struct error *e)
{
    struct again *a = context;

    if (source_read_at(a->s, bytes, size, a->offset, got, e) != 0)
        return -1;
    a->offset += *got;
    return 0;
}

/* What stood at the end was not the checksum, and there is none. */
static void
walk_again(struct rdb_read *r)
{
    struct again again = {r->s, r->begin};
    struct rdb_result result;
    struct error e = {0};
    struct source s;

    source_of_pull(&s, pull_again, &again, UINT64_MAX);
    if (rdb_walk(&s, NULL, NULL, &result, &e) != 0)
        r->s->error = e;
    else if (result.verdict == VERDICT_DAMAGED &&
             r->result->verdict != VERDICT_DAMAGED)
        rdb_read_note(r, result.refused_by, "rdb-value",
                      r->begin + result.damage_offset,
                      "a compressed string cannot be unpacked");
    source_close(&s);
}

void
rdb_lzf_end(struct rdb_read *r)
{
    struct doubt *doubt;

    rdb_lzf_flush(r);
    if (r->result->checksum != RDB_CHECKSUM_DISABLED || r->strange)
        return;
    if (r->trusted) {
        walk_again(r);
        return;
    }
    if (r->lzf == NULL || !r->lzf->doubt.held)
        return;
    doubt = &r->lzf->doubt;
    r->inside = doubt->place.inside;
    r->key.offset = doubt->place.key;
    r->spoiled = false;
    rdb_lzf_broken(r, doubt->place.start, doubt->plain, doubt->only_short);
    r->inside = NULL;
}

/* One by one, as if the walk were at each again. */
static void
tell_broken(struct rdb_read *r)
{
    const char *inside = r->inside;
    uint64_t key = r->key.offset, spoiled_key = UINT64_MAX;
    bool spoiled = r->spoiled;

    for (size_t i = 0; i < r->lzf->count; i++) {
        const struct lzf_string *s = &r->lzf->strings[i];
        const struct place *place = &r->lzf->places[i];
        struct lzf lzf = {0};

        if (lzf_walk(&lzf, s->at, s->end) != s->end)
            lzf.broken = true;
        r->inside = place->inside;
        r->key.offset = place->key;
        r->spoiled = place->spoiled || spoiled_key == place->key;
        judge(r, place->start, &lzf, s->size);
        if (r->spoiled)
            spoiled_key = place->key;
    }
    r->inside = inside;
    r->key.offset = key;
    r->spoiled = spoiled || spoiled_key == key;
}

void
rdb_lzf_flush(struct rdb_read *r)
{
    if (r->lzf == NULL || r->lzf->count == 0)
        return;
    if (!lzf_check(r->lzf->strings, r->lzf->count))
        tell_broken(r);
    r->lzf->count = r->lzf->bytes = 0;
}

static void
add(struct rdb_read *r, uint64_t start, size_t packed, uint64_t plain)
{
    struct rdb_lzf *l = strings_of(r);

    l->strings[l->count] = (struct lzf_string){
        r->s->at,
        r->s->at + packed,
        plain,
    };
    l->places[l->count++] = (struct place){
        start,
        r->key.offset,
        r->inside,
        r->spoiled,
    };
    r->s->at += packed;
    l->bytes += packed;
    /* Without a checksum each is told in its place. */
    if (l->count == STRINGS_MAX || l->bytes >= BYTES_MAX ||
        r->result->version < RDB_CHECKSUM_SINCE)
        rdb_lzf_flush(r);
}

/* One that is longer than the window. */
static bool
walk_long(struct rdb_read *r, uint64_t start, uint64_t packed, uint64_t plain)
{
    struct source *s = r->s;
    struct lzf lzf = {0};

    while (packed > 0) {
        size_t room = (size_t)(s->end - s->at);
        const unsigned char *end = packed < room ? s->at + packed : s->end;
        const unsigned char *at = lzf_walk(&lzf, s->at, end);

        packed -= (uint64_t)(at - s->at);
        s->at = at;
        if (packed == 0 || end != s->end)
            break;
        if (!rdb_read_more(r, packed < 3 ? (size_t)packed : 3))
            return rdb_read_cut(r, start, "a compressed string");
        if (packed < 3 && lzf.pending == 0) {
            at = lzf_walk(&lzf, s->at, s->at + packed);
            packed -= (uint64_t)(at - s->at);
            s->at = at;
            break;
        }
    }
    lzf.broken = lzf.broken || packed > 0;
    s->at += packed;
    judge(r, start, &lzf, plain);
    return true;
}

bool
rdb_lzf_skip(struct rdb_read *r, uint64_t start, uint64_t packed,
             uint64_t plain)
{
    const struct source *s = r->s;

    if (r->trusted)
        return rdb_read_skip(r, packed, start, "a compressed string");
    if (packed <= (uint64_t)(s->end - s->at) ||
        (packed <= SOURCE_WANT_MAX && rdb_read_want(r, (size_t)packed))) {
        add(r, start, (size_t)packed, plain);
        return true;
    }
    if (packed <= SOURCE_WANT_MAX ||
        (s->size_bytes != UINT64_MAX &&
         packed > s->size_bytes - source_offset(s)))
        return rdb_read_cut(r, start, "a compressed string");
    return walk_long(r, start, packed, plain);
}

void
rdb_lzf_free(struct rdb_read *r)
{
    free(r->lzf);
    r->lzf = NULL;
}
