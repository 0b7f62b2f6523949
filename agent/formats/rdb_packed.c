#include "formats/rdb_packed.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/intset.h"
#include "formats/listpack.h"
#include "formats/rdb_blob.h"
#include "formats/rdb_deep.h"
#include "formats/rdb_weigh.h"
#include "formats/stream_listpack.h"
#include "formats/ziplist.h"
#include "formats/zipmap.h"

enum form { ZIPMAP, INTSET, ZIPLIST, LISTPACK };

/* The longest score as text that is looked at. */
enum { SCORE_TEXT_MAX = 128 };

static const struct shape {
    enum form form;
    unsigned parts; /* entries of one element */
    bool members;   /* the first of each may come once only */
    bool scores;
    bool times;
    unsigned kept; /* elements that redis before 7.0 takes unseen */
} shapes[] = {
    [RDB_PACKED_HASH_ZIPMAP] = {ZIPMAP, 2, .members = true},
    [RDB_PACKED_SET_INTSET] = {INTSET, 1, .kept = 512},
    [RDB_PACKED_LIST_ZIPLIST] = {ZIPLIST, 1, .members = false},
    [RDB_PACKED_NODE_ZIPLIST] = {ZIPLIST, 1, .kept = ZIPLIST_COUNT_UNKNOWN},
    [RDB_PACKED_ZSET_ZIPLIST] = {ZIPLIST, 2, .members = true, .scores = true,
                                 .kept = 128},
    [RDB_PACKED_HASH_ZIPLIST] = {ZIPLIST, 2, .members = true, .kept = 512},
    [RDB_PACKED_LIST_LISTPACK] = {LISTPACK, 1, .members = false},
    [RDB_PACKED_SET_LISTPACK] = {LISTPACK, 1, .members = true},
    [RDB_PACKED_ZSET_LISTPACK] = {LISTPACK, 2, .members = true, .scores = true},
    [RDB_PACKED_HASH_LISTPACK] = {LISTPACK, 2, .members = true},
    [RDB_PACKED_HASH_TIMES] = {LISTPACK, 3, .members = true, .times = true},
};

static packed_next *const next_of[] = {
    [ZIPMAP] = zipmap_next,
    [ZIPLIST] = ziplist_next,
    [LISTPACK] = listpack_next,
};

/* The count in a head, with a value of its own for many. */
static bool
read_count(enum form form, const unsigned char *head, uint64_t *count)
{
    static const struct {
        unsigned at, bytes;
        uint64_t many;
    } places[] = {
        [ZIPMAP] = {0, 1, 254},
        [INTSET] = {4, 4, UINT64_MAX},
        [ZIPLIST] = {8, 2, UINT16_MAX},
        [LISTPACK] = {4, 2, UINT16_MAX},
    };

    *count = packed_number(head + places[form].at, places[form].bytes);
    return *count < places[form].many;
}

/* Elements by the count in the head; servers do not look further. */
static uint64_t
count_told(const struct shape *shape, const unsigned char *head)
{
    uint64_t count;

    read_count(shape->form, head, &count);
    return count / shape->parts;
}

/* Whether servers that do not walk it for its own sake unpack it. */
static bool
is_unpacked(const struct shape *shape, const unsigned char *head)
{
    return shape->form == ZIPMAP || count_told(shape, head) > shape->kept;
}

/* Who refuses what only a walk finds, by shape and grade. */
static unsigned
refused_by(const struct shape *shape, const unsigned char *head,
           enum packed_grade grade)
{
    if (grade == PACKED_UNSEEN)
        return 0;
    if (shape->form == LISTPACK)
        return RDB_BY_9_1;
    if (grade == PACKED_FATAL && is_unpacked(shape, head))
        return RDB_BY_ALL;
    return shape->form == ZIPMAP ? RDB_BY_LOOKING : RDB_BY_WALKING;
}

static const char *
check_head(const struct rdb_blob *b, enum form form)
{
    unsigned char last = b->last_known ? b->last : 0xff;

    switch (form) {
    case ZIPMAP:
        return b->size < ZIPMAP_MIN ? "a zipmap is shorter than its head"
                                    : NULL;
    case INTSET:
        return intset_check_head(b->head, b->size);
    case ZIPLIST:
        return ziplist_check_head(b->head, b->size, last);
    default:
        return listpack_check_head(b->head, b->size, last);
    }
}

/* Who refuses a wrong head. */
static unsigned
head_refused_by(const struct shape *shape, const struct rdb_blob *b)
{
    bool crashes = shape->form == ZIPLIST
                       ? b->size >= ZIPLIST_MIN && b->last != 0xff
                       : shape->form == INTSET && b->size >= INTSET_HEAD;

    return crashes && is_unpacked(shape, b->head) ? RDB_BY_ALL : RDB_BY_LOOKING;
}

static bool
is_not_a_number(const struct packed_entry *e)
{
    char text[SCORE_TEXT_MAX];
    double score;

    if (e->text == NULL || e->size >= sizeof text)
        return false;
    /* Nearly all begin with a digit. */
    if (e->size > 0 && *e->text <= '9')
        return false;
    memcpy(text, e->text, e->size);
    text[e->size] = '\0';
    return sscanf(text, "%lg", &score) == 1 && isnan(score);
}

/* Of field times: ascending, and then those without. */
struct order {
    int64_t last;
    bool none;
};

static const char *
check_time(struct order *o, const struct packed_entry *e)
{
    if (e->text != NULL || e->number < 0)
        return "the expiry of a field is not a number";
    if (e->number == 0) {
        o->none = true;
        return NULL;
    }
    if (o->none || e->number < o->last)
        return "the fields are not in the order of their expiries";
    o->last = e->number;
    return NULL;
}

/* What the entries mean; NULL or what is wrong, and who refuses it. */
static const char *
check_entry(struct rdb_read *r, const struct shape *shape, unsigned part,
            const struct packed_entry *e, struct order *order)
{
    if (part == 0 && shape->members && twins_add(rdb_deep_twins(r), e))
        return "a member comes twice";
    if (part == 1 && shape->scores && is_not_a_number(e))
        return "a score is not a number";
    if (part == 2 && shape->times)
        return check_time(order, e);
    return NULL;
}

static void
walk_entries(struct rdb_read *r, const struct shape *shape, struct packed *p,
             uint64_t start)
{
    struct order order = {0};
    struct packed_entry e;
    const char *wrong = NULL;
    unsigned part = 0, refused;

    if (shape->members)
        twins_begin(rdb_deep_twins(r));
    while (next_of[shape->form](p, &e)) {
        const char *now = check_entry(r, shape, part, &e, &order);

        if (now != NULL && part == 1) /* a score: no server minds */
            rdb_read_flawed(r, RDB_BY_9_1, start, "%s", now);
        else if (wrong == NULL)
            wrong = now;
        part = part + 1 == shape->parts ? 0 : part + 1;
    }
    refused = refused_by(shape, p->bytes, p->grade);
    if (p->wrong != NULL) {
        rdb_read_flawed(r, refused, start, "%s, at byte %zu of it", p->wrong,
                        (size_t)(p->at - p->bytes));
        return;
    }
    refused = refused_by(shape, p->bytes, PACKED_SEEN);
    if (part != 0)
        rdb_read_flawed(r, refused, start,
                        "%" PRIu64 " entries do not make pairs", p->seen);
    else if (wrong != NULL)
        rdb_read_flawed(r, refused, start, "%s", wrong);
}

static void
walk_blob(struct rdb_read *r, const struct shape *shape,
          const struct rdb_blob *b)
{
    struct packed p;
    const char *wrong;

    switch (shape->form) {
    case INTSET:
        wrong = intset_check_order(b->bytes);
        if (wrong != NULL)
            rdb_read_flawed(r, RDB_BY_9_1, b->start, "%s", wrong);
        return;
    case ZIPMAP:
        zipmap_begin(&p, b->bytes, b->size);
        break;
    case ZIPLIST:
        ziplist_begin(&p, b->bytes, b->size);
        break;
    case LISTPACK:
        listpack_begin(&p, b->bytes, b->size);
        break;
    }
    walk_entries(r, shape, &p, b->start);
}

/* By the count in the head; whether servers find no element. */
static bool
count_elements(struct rdb_read *r, const struct shape *shape,
               const struct rdb_blob *b)
{
    bool pairs = shape->form != ZIPMAP; /* a zipmap counts them itself */
    uint64_t count;

    if (!read_count(shape->form, b->head, &count)) {
        r->key.uncounted = true;
        return false;
    }
    count /= pairs ? shape->parts : 1;
    r->key.elements += count;
    return count == 0 && (shape->form == LISTPACK || shape->form == ZIPLIST);
}

bool
rdb_packed_read(struct rdb_read *r, enum rdb_packed_kind kind, bool *empty)
{
    const struct shape *shape = &shapes[kind];
    bool whole = r->deep != NULL || shape->form == ZIPLIST ||
                 shape->form == ZIPMAP;
    struct rdb_blob b;
    const char *wrong;

    *empty = false;
    if (!(whole                     ? rdb_blob_read(r, &b)
          : shape->form == LISTPACK ? rdb_blob_read_ends(r, &b)
                                    : rdb_blob_read_head(r, &b)))
        return false;
    if (r->weigh != NULL)
        rdb_weigh_packed(r, b.size);
    r->key.uncounted = r->key.uncounted || b.broken;
    if (b.broken)
        return true;
    wrong = check_head(&b, shape->form);
    if (wrong != NULL)
        return rdb_read_flawed(r, head_refused_by(shape, &b), b.start, "%s",
                               wrong);
    *empty = count_elements(r, shape, &b);
    if (whole && b.bytes == NULL)
        rdb_deep_tell_large(r, b.start, b.size);
    else if (whole)
        walk_blob(r, shape, &b);
    return true;
}

bool
rdb_packed_read_node(struct rdb_read *r, int64_t *live)
{
    struct rdb_blob b;
    const char *wrong;

    *live = -1;
    if (r->deep != NULL ? !rdb_blob_read(r, &b) : !rdb_blob_read_ends(r, &b))
        return false;
    if (r->weigh != NULL)
        rdb_weigh_packed(r, b.size);
    if (b.broken)
        return true;
    wrong = check_head(&b, LISTPACK);
    if (wrong != NULL)
        return rdb_read_flawed(r, RDB_BY_LOOKING, b.start, "%s", wrong);
    if (b.size == LISTPACK_MIN)
        return rdb_read_spoiled(r, b.start, "a stream node holds nothing");
    if (r->deep == NULL)
        return true;
    if (b.bytes == NULL)
        return rdb_deep_tell_large(r, b.start, b.size);
    wrong = stream_listpack_check(b.bytes, b.size, live);
    if (wrong != NULL)
        rdb_read_flawed(r, RDB_BY_9_1, b.start, "%s", wrong);
    return true;
}
