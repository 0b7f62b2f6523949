#include "formats/rdb_weigh.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/packed.h"
#include "formats/rdb_string.h"
#include "formats/release.h"

/* Of longer texts none is a 64-bit number. */
enum { NUMBER_TEXT_MAX = 20 };

/* Of a packed list, by default; what a text takes in it beside itself. */
enum { LIST_NODE_BYTES = 8192, LIST_ENTRY = 3 };

static void
find_server(struct rdb_read *r)
{
    const char *told = strchr(r->result->server, ' ');
    struct release release;

    if (told == NULL || !release_read(&release, told + 1))
        release = release_newest();
    release.valkey = strncmp(r->result->server, "valkey ", 7) == 0;
    footprint_of(&r->weigh->server, &release, r->weigh->pages);
    r->weigh->begun = true;
}

void
rdb_weigh_begin(struct rdb_read *r)
{
    struct rdb_weigh *w = r->weigh;

    if (!w->begun)
        find_server(r);
    w->plain = false;
    w->bytes = w->members = w->nodes = w->packed = w->last = 0;
    w->tree = (struct footprint_tree){0};
}

static size_t
count_digits(int64_t number)
{
    size_t n = number < 0 ? 2 : 1;

    while (number / 10 != 0) {
        number /= 10;
        n++;
    }
    return n;
}

/* Moves over a string; a number's size is that of its text. */
static bool
read_size(struct rdb_read *r, uint64_t *size)
{
    const unsigned char *p;
    unsigned width;

    if (!rdb_read_want(r, 1) || *r->s->at < 0xc0 || *r->s->at > 0xc2)
        return rdb_string_skip(r, size);
    width = 1u << (*r->s->at & 3);
    p = rdb_read_raw(r, 1 + width, "a number");
    if (p != NULL)
        *size = count_digits(packed_signed(p + 1, width));
    return p != NULL;
}

/* Whether servers keep it as a number: the text that such a one has. */
static bool
is_number(const unsigned char *text, size_t size)
{
    char copy[NUMBER_TEXT_MAX + 1];
    size_t sign = size > 0 && text[0] == '-';
    long long number;
    char *end;

    if (size == sign || size > NUMBER_TEXT_MAX)
        return false;
    for (size_t i = sign; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    number = strtoll(copy, &end, 10);
    if (number == INT64_MAX || number == INT64_MIN)
        return false;
    return text[sign] != '0' || size == 1;
}

bool
rdb_weigh_text(struct rdb_read *r)
{
    struct rdb_weigh *w = r->weigh;
    bool number = false;
    uint64_t size;

    rdb_read_want(r, 1 + NUMBER_TEXT_MAX); /* else there is no more */
    if (r->s->at < r->s->end) {
        unsigned c = *r->s->at;
        size_t room = (size_t)(r->s->end - r->s->at) - 1;

        number =
            (c >= 0xc0 && c <= 0xc2) ||
            (c <= NUMBER_TEXT_MAX && c <= room && is_number(r->s->at + 1, c));
    }
    if (!read_size(r, &size))
        return false;
    w->bytes = footprint_string(&w->server, r->key.name_whole,
                                r->key.expire_ms != -1, size, number);
    return true;
}

bool
rdb_weigh_elements(struct rdb_read *r, uint64_t n)
{
    uint64_t size, node = 0;

    for (; n > 0; n--) {
        if (!read_size(r, &size))
            return false;
        node += size + LIST_ENTRY;
        if (node > LIST_NODE_BYTES || n == 1) {
            rdb_weigh_packed(r, node);
            node = 0;
        }
    }
    return true;
}

bool
rdb_weigh_members(struct rdb_read *r, uint64_t n)
{
    struct rdb_weigh *w = r->weigh;
    uint64_t size;

    for (; n > 0; n--) {
        if (!read_size(r, &size))
            return false;
        w->members++;
        w->bytes += footprint_text(&w->server, size);
    }
    return true;
}

bool
rdb_weigh_scored(struct rdb_read *r)
{
    struct rdb_weigh *w = r->weigh;
    uint64_t size;

    if (!read_size(r, &size))
        return false;
    w->members++;
    w->bytes += footprint_skiplist_member(&w->server, size);
    return true;
}

bool
rdb_weigh_fields(struct rdb_read *r, uint64_t n, bool timed)
{
    struct rdb_weigh *w = r->weigh;
    uint64_t name, value;

    for (; n > 0; n--) {
        if (!read_size(r, &name) || !read_size(r, &value))
            return false;
        w->members++;
        w->bytes += footprint_field(&w->server, name, value, timed);
    }
    return true;
}

void
rdb_weigh_packed(struct rdb_read *r, uint64_t size)
{
    struct rdb_weigh *w = r->weigh;

    w->nodes++;
    w->packed += footprint_packed(&w->server, size);
    w->last = size;
}

void
rdb_weigh_plain(struct rdb_read *r, uint64_t size)
{
    rdb_weigh_packed(r, size);
    r->weigh->plain = true;
}

void
rdb_weigh_id(struct rdb_read *r, const unsigned char *id)
{
    footprint_tree_add(&r->weigh->tree, id);
}

void
rdb_weigh_tree(struct rdb_read *r)
{
    struct rdb_weigh *w = r->weigh;

    w->bytes += footprint_tree_end(&w->tree, &w->server);
}

void
rdb_weigh_pending(struct rdb_read *r, uint64_t n)
{
    r->weigh->bytes += n * footprint_pending();
}

void
rdb_weigh_group(struct rdb_read *r)
{
    r->weigh->bytes += footprint_group(&r->weigh->server);
}

void
rdb_weigh_consumer(struct rdb_read *r, uint64_t name)
{
    r->weigh->bytes += footprint_consumer(&r->weigh->server, name);
}

static uint64_t
end_value(const struct rdb_read *r, unsigned type)
{
    const struct rdb_weigh *w = r->weigh;

    switch (type) {
    case 1:
    case 10:
    case 14:
    case 18:
        return footprint_list(&w->server, w->nodes, w->packed, !w->plain);
    case 3:
    case 5:
        return w->bytes + footprint_skiplist(&w->server) +
               footprint_table(&w->server, w->members);
    case 2:
    case 4:
    case 22:
    case 24:
        return w->bytes + footprint_table(&w->server, w->members);
    case 15:
    case 19:
    case 21:
    case 26:
    case 27:
        return footprint_stream(&w->server) + w->bytes + w->packed;
    case 23:
    case 25:
        return footprint_timed() + w->packed;
    case 7:
    case 28:
        return source_offset(r->s) - r->key.value_offset;
    default:
        return w->packed;
    }
}

static bool
is_stream(unsigned type)
{
    return type == 15 || type == 19 || type == 21 || type == 26 || type == 27;
}

void
rdb_weigh_end(struct rdb_read *r, unsigned type)
{
    const struct rdb_weigh *w = r->weigh;
    struct rdb_key *key = &r->key;

    key->spare_bytes = 0;
    key->memory_bytes = w->bytes;
    if (type == 0)
        return;
    key->memory_bytes =
        footprint_key(&w->server, key->name_whole, key->expire_ms != -1) +
        end_value(r, type);
    if (is_stream(type) && w->nodes > 0)
        key->spare_bytes = footprint_reserve(&w->server, w->last);
}
