#include "formats/lzf.h"

#include <string.h>

enum { RUN_MAX = 32, LONG = 224 };

/* Copies go over their end by up to so much, where there is room. */
enum { SLACK = 32 };

/*
 * One head of at least 3 bytes; returns its first. They are hard to foretell,
 * so that this is done without branches, and written so that the compiler
 * makes none. The highest bit of broken is what counts.
 */
static inline unsigned
step(const unsigned char **at, uint64_t *made, uint64_t *broken)
{
    const unsigned char *p = *at;
    uint64_t c = *p;
    uint64_t reference = 0 - ((c + 256 - RUN_MAX) >> 8); /* all bits or none */
    uint64_t longer = (c + 256 - LONG) >> 8;
    uint64_t distance = ((c & 31) << 8 | p[1 + longer]) + 1;
    uint64_t length = (c >> 5) + 2 + (p[1] & (0 - longer));

    *broken |= reference & (*made - distance);
    *made += (length & reference) | ((c + 1) & ~reference);
    *at = p + 2 + longer + (c & ~reference);
    return (unsigned)c;
}

static const unsigned char *
walk_near(struct lzf *l, const unsigned char *at, const unsigned char *end)
{
    uint64_t made = l->made, broken = 0;
    unsigned c = 0;

    while (end - at >= 3)
        c = step(&at, &made, &broken);
    l->made = made;
    l->broken = l->broken || broken >> 63 != 0;
    l->in_run = c < RUN_MAX;
    return at;
}

const unsigned char *
lzf_walk(struct lzf *l, const unsigned char *at, const unsigned char *end)
{
    uint64_t room = (uint64_t)(end - at);

    if (l->pending > 0) {
        uint64_t n = l->pending < room ? l->pending : room;

        l->pending -= n;
        at += n;
    }
    if (end - at >= 3)
        at = walk_near(l, at, end);
    /* The last two bytes: the rest of a run, a run, or a short reference. */
    while (at < end && (*at < RUN_MAX || (*at < LONG && end - at >= 2))) {
        unsigned c = *at;

        l->in_run = c < RUN_MAX;
        if (l->in_run) {
            l->made += c + 1;
            at += c + 2;
        } else {
            l->broken = l->broken || ((c & 31u) << 8 | at[1]) + 1u > l->made;
            l->made += (c >> 5) + 2;
            at += 2;
        }
    }
    if (at > end) {
        l->pending = (uint64_t)(at - end);
        at = end;
    }
    return at;
}

bool
lzf_is_whole(const struct lzf *l, uint64_t size)
{
    return !l->broken && l->pending == 0 && l->made == size;
}

/*
 * What each first byte of a head says; so that nothing is decided by it, which
 * would be hard to foretell. back is what the distance has beside the byte it
 * ends with, and for a run so far ahead that it is never too much.
 */
static const struct head {
    uint16_t size, made;
    uint16_t more; /* mask of the byte that adds to made */
    int16_t back;
} heads[256] = {
#define RUN(c)                         \
    {                                  \
        (c) + 2, (c) + 1, 0, INT16_MIN \
    }
#define NEAR(c)                                  \
    {                                            \
        2, ((c) >> 5) + 2, 0, ((c)&31) * 256 + 1 \
    }
#define FAR(c)                                      \
    {                                               \
        3, ((c) >> 5) + 2, 0xff, ((c)&31) * 256 + 1 \
    }
#define FOUR(kind, c) kind(c), kind((c) + 1), kind((c) + 2), kind((c) + 3)
#define ROW(kind, c)                                                      \
    FOUR(kind, c), FOUR(kind, (c) + 4), FOUR(kind, (c) + 8),              \
        FOUR(kind, (c) + 12), FOUR(kind, (c) + 16), FOUR(kind, (c) + 20), \
        FOUR(kind, (c) + 24), FOUR(kind, (c) + 28)
    ROW(RUN, 0),    ROW(NEAR, 32),  ROW(NEAR, 64),  ROW(NEAR, 96),
    ROW(NEAR, 128), ROW(NEAR, 160), ROW(NEAR, 192), ROW(FAR, LONG),
#undef RUN
#undef NEAR
#undef FAR
#undef FOUR
#undef ROW
};

/* Over a head. Below 0 in broken: to what is before the beginning. */
static inline void
pass(const unsigned char **at, int64_t *made, int64_t *broken)
{
    const unsigned char *p = *at;
    const struct head *h = &heads[*p];

    *at = p + h->size;
    *broken |= *made - h->back - p[h->size - 1];
    *made += (int64_t)((uint64_t)h->made + (p[1] & (uint64_t)h->more));
}

static inline bool
is_whole(const unsigned char *at, int64_t made, const struct lzf_string *s)
{
    return at == s->end && (uint64_t)made == s->size;
}

/* Walks a string from a head on, when made came out before. */
static bool
is_good(const unsigned char *at, int64_t made, const struct lzf_string *s)
{
    int64_t broken = 0;

    while (at < s->end)
        pass(&at, &made, &broken);
    return broken >= 0 && is_whole(at, made, s);
}

static bool
are_good(const struct lzf_string *s, const struct lzf_string *end)
{
    for (; s < end; s++)
        if (!is_good(s->at, 0, s))
            return false;
    return true;
}

/* Four lanes; a lane whose string ends takes the next one. */
bool
lzf_check(const struct lzf_string *strings, size_t n)
{
    const struct lzf_string *end = strings + n, *next = strings, *lane[4];
    const unsigned char *a0, *a1, *a2, *a3;
    int64_t m0 = 0, m1 = 0, m2 = 0, m3 = 0, broken = 0;
    bool good = true;

    if (n < 4)
        return are_good(strings, end);
    for (unsigned i = 0; i < 4; i++)
        lane[i] = next++;
    a0 = lane[0]->at;
    a1 = lane[1]->at;
    a2 = lane[2]->at;
    a3 = lane[3]->at;
#define LANE(i)                                       \
    if (a##i >= lane[i]->end) {                       \
        good = good && is_whole(a##i, m##i, lane[i]); \
        if (next == end)                              \
            break;                                    \
        lane[i] = next++;                             \
        a##i = lane[i]->at;                           \
        m##i = 0;                                     \
    }                                                 \
    pass(&a##i, &m##i, &broken)
    for (;;) {
        LANE(0);
        LANE(1);
        LANE(2);
        LANE(3);
    }
#undef LANE
    good = is_good(a0, m0, lane[0]) && good;
    good = is_good(a1, m1, lane[1]) && good;
    good = is_good(a2, m2, lane[2]) && good;
    good = is_good(a3, m3, lane[3]) && good;
    return good && broken >= 0;
}

static void
copy_back(unsigned char *out, size_t distance, size_t n, size_t room)
{
    const unsigned char *from = out - distance;

    if (distance >= 8 && room >= n + 8) {
        for (size_t i = 0; i < n; i += 8)
            memcpy(out + i, from + i, 8);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = from[i];
}

static void
copy_run(unsigned char *out, const unsigned char *at, size_t n, bool roomy)
{
    if (roomy)
        memcpy(out, at, SLACK);
    else
        memcpy(out, at, n);
}

/* From *from on, which is moved. A last part that is cut off stays there. */
static size_t
unpack(const unsigned char **from, const unsigned char *end, unsigned char *out,
       size_t size)
{
    const unsigned char *at = *from;
    size_t made = 0, n;

    while (at < end && made < size) {
        size_t room = size - made, c = *at++;

        if (c < RUN_MAX) {
            size_t here = (size_t)(end - at);

            n = c + 1 < room ? c + 1 : room;
            if (n > here)
                break;
            copy_run(out + made, at, n, here >= SLACK && room >= SLACK);
            at += n;
            made += n;
            *from = n == c + 1 ? at : *from;
            continue;
        }
        size_t longer = c >= LONG;

        if ((size_t)(end - at) < 1 + longer)
            break;
        n = (c >> 5) + 2 + (longer ? at[0] : 0);
        size_t distance = ((c & 31) << 8 | at[longer]) + 1;

        at += 1 + longer;
        if (distance > made)
            break;
        copy_back(out + made, distance, n < room ? n : room, room);
        if (n > room)
            return size;
        made += n;
        *from = at;
    }
    return made;
}

size_t
lzf_unpack(const unsigned char *at, size_t packed, unsigned char *out,
           size_t size)
{
    return unpack(&at, at + packed, out, size);
}

bool
lzf_unpack_whole(const unsigned char *at, size_t packed, unsigned char *out,
                 size_t size)
{
    const unsigned char *end = at + packed;
    size_t made = unpack(&at, end, out, size);

    return made == size && at == end;
}
