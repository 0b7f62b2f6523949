/*
 * Strings wait in a batch until it is full, or until what they were found in
 * goes away. A full one is judged by a thread while the walk fills another; if
 * the thread is not done by then, the walk judges that one itself. They are
 * told in the order of the file, whoever was first.
 */
#include "formats/rdb_lzf.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/thread.h"
#include "formats/lzf.h"

/* A full batch: worth to wake a thread, and within the second-level cache. */
enum { STRINGS_MAX = 1024, BYTES_MAX = 256 << 10 };

struct batch {
    struct lzf_string strings[STRINGS_MAX];
    struct place {
        uint64_t start, key;
        const char *inside;
        bool spoiled;
    } places[STRINGS_MAX];
    size_t count, bytes;
};

struct rdb_lzf {
    struct batch batches[2], *filling;
    struct batch *beside; /* the thread's, or not yet told; NULL: neither */
    bool telling;
    uint64_t spoiled_key; /* the last that was told; UINT64_MAX: none */
    enum { UNTRIED, RUNS, REFUSED } thread_state;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t turned;
    bool busy, good, quit;
};

static struct rdb_lzf *
lzf_of(struct rdb_read *r)
{
    if (r->lzf == NULL) {
        r->lzf = memory_new(sizeof *r->lzf);
        r->lzf->filling = &r->lzf->batches[0];
        r->lzf->spoiled_key = UINT64_MAX;
        pthread_mutex_init(&r->lzf->lock, NULL);
        pthread_cond_init(&r->lzf->turned, NULL);
    }
    return r->lzf;
}

static void *
run(void *context)
{
    struct rdb_lzf *l = context;

    pthread_mutex_lock(&l->lock);
    while (!l->quit) {
        bool good;

        if (!l->busy) {
            pthread_cond_wait(&l->turned, &l->lock);
            continue;
        }
        pthread_mutex_unlock(&l->lock);
        good = lzf_check(l->beside->strings, l->beside->count);
        pthread_mutex_lock(&l->lock);
        l->good = good;
        l->busy = false;
        pthread_cond_signal(&l->turned);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

bool
rdb_lzf_broken(struct rdb_read *r, uint64_t start, uint64_t plain,
               bool only_short)
{
    return rdb_read_flawed(
        r, only_short ? RDB_BY_LOOKING : RDB_BY_ALL, start,
        "a compressed string of %" PRIu64 " bytes cannot be unpacked", plain);
}

static void
judge(struct rdb_read *r, uint64_t start, const struct lzf *lzf, uint64_t plain)
{
    if (!lzf_is_whole(lzf, plain))
        rdb_lzf_broken(r, start, plain,
                       !lzf->broken && lzf->pending == 0 && lzf->made < plain);
}

/* One by one, as if the walk were at each again. */
static void
tell_broken(struct rdb_read *r, const struct batch *b)
{
    struct rdb_lzf *l = r->lzf;
    const char *inside = r->inside;
    uint64_t key = r->key.offset;
    bool spoiled = r->spoiled;

    l->telling = true;
    for (size_t i = 0; i < b->count; i++) {
        const struct lzf_string *s = &b->strings[i];
        const struct place *place = &b->places[i];
        struct lzf lzf = {0};

        if (lzf_walk(&lzf, s->at, s->end) != s->end)
            lzf.broken = true;
        r->inside = place->inside;
        r->key.offset = place->key;
        r->spoiled = place->spoiled || l->spoiled_key == place->key;
        judge(r, place->start, &lzf, s->size);
        if (r->spoiled)
            l->spoiled_key = place->key;
    }
    l->telling = false;
    r->inside = inside;
    r->key.offset = key;
    r->spoiled = spoiled || l->spoiled_key == key;
}

/* Waits for what the thread has, and tells it. */
static void
settle(struct rdb_read *r)
{
    struct rdb_lzf *l = r->lzf;
    const struct batch *b = l->beside;
    bool good;

    if (b == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    while (l->busy)
        pthread_cond_wait(&l->turned, &l->lock);
    good = l->good;
    pthread_mutex_unlock(&l->lock);
    l->beside = NULL;
    if (!good)
        tell_broken(r, b);
}

static void
judge_here(struct rdb_read *r)
{
    struct batch *b = r->lzf->filling;

    if (!lzf_check(b->strings, b->count)) {
        settle(r);
        tell_broken(r, b);
    }
    b->count = b->bytes = 0;
}

/* Whether the thread has nothing to do; it is begun when there is work. */
static bool
is_idle(struct rdb_lzf *l)
{
    bool idle;

    if (l->thread_state == UNTRIED)
        l->thread_state = thread_start(&l->thread, run, l) ? RUNS : REFUSED;
    if (l->thread_state == REFUSED)
        return false;
    pthread_mutex_lock(&l->lock);
    idle = !l->busy;
    pthread_mutex_unlock(&l->lock);
    return idle;
}

static void
judge_full(struct rdb_read *r)
{
    struct rdb_lzf *l = r->lzf;
    struct batch *b = l->filling;

    if (!is_idle(l)) {
        judge_here(r);
        return;
    }
    settle(r);
    l->filling = &l->batches[b == &l->batches[0]];
    l->filling->count = l->filling->bytes = 0;
    pthread_mutex_lock(&l->lock);
    l->beside = b;
    l->busy = true;
    pthread_cond_signal(&l->turned);
    pthread_mutex_unlock(&l->lock);
}

void
rdb_lzf_flush(struct rdb_read *r)
{
    if (r->lzf == NULL || r->lzf->telling)
        return;
    judge_here(r);
    settle(r);
}

static void
add(struct rdb_read *r, uint64_t start, size_t packed, uint64_t plain)
{
    struct batch *b = lzf_of(r)->filling;

    b->strings[b->count] = (struct lzf_string){
        r->s->at,
        r->s->at + packed,
        plain,
    };
    b->places[b->count++] = (struct place){
        start,
        r->key.offset,
        r->inside,
        r->spoiled,
    };
    r->s->at += packed;
    b->bytes += packed;
    if (b->count == STRINGS_MAX || b->bytes >= BYTES_MAX)
        judge_full(r);
}

/* One that is longer than the window, or at its end. */
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

/* Whether a string and what must lie behind it are in the window. */
static bool
is_near(struct rdb_read *r, uint64_t packed)
{
    uint64_t n = packed + LZF_BEHIND;

    return n <= (uint64_t)(r->s->end - r->s->at) ||
           (n <= SOURCE_WANT_MAX && rdb_read_want(r, (size_t)n));
}

bool
rdb_lzf_skip(struct rdb_read *r, uint64_t start, uint64_t packed,
             uint64_t plain)
{
    const struct source *s = r->s;

    if (is_near(r, packed)) {
        add(r, start, (size_t)packed, plain);
        return true;
    }
    if (s->size_bytes != UINT64_MAX &&
        packed > s->size_bytes - source_offset(s))
        return rdb_read_cut(r, start, "a compressed string");
    return walk_long(r, start, packed, plain);
}

void
rdb_lzf_free(struct rdb_read *r)
{
    struct rdb_lzf *l = r->lzf;

    if (l == NULL)
        return;
    if (l->thread_state == RUNS) {
        pthread_mutex_lock(&l->lock);
        l->quit = true;
        pthread_cond_signal(&l->turned);
        pthread_mutex_unlock(&l->lock);
        pthread_join(l->thread, NULL);
    }
    pthread_cond_destroy(&l->turned);
    pthread_mutex_destroy(&l->lock);
    free(l);
    r->lzf = NULL;
}
