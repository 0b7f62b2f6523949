#include "formats/aof_resync.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/server_command.h"

/* A proof walks over so much; what has held until then is taken. */
enum { PROOF_COMMANDS = 8, PROOF_ARGUMENTS = 64 };

/*
 * So many known commands must follow a place that nothing else speaks for. One
 * is enough behind a whole argument or an annotation, or at the file's end.
 */
enum { NEEDED_ALONE = 2, NEEDED_ANYHOW = 1 };

/* How a walk over commands came to its end. */
enum walk { WALK_GOES_ON, WALK_FILE_ENDS, WALK_ENOUGH, WALK_BREAKS };

struct proof {
    uint64_t at;
    unsigned known, commands, arguments;
};

static bool
is_known(struct aof_resync *r, uint64_t offset, uint64_t count)
{
    char words[2][SERVER_COMMAND_NAME_MAX] = {{0}};
    uint64_t size[2] = {0, 0}, least, most;
    struct server_command c;

    for (unsigned i = 0; i < 2 && i < count; i++) {
        size_t line = aof_peek_number(&r->far, offset, '$', &size[i]), have;
        const unsigned char *b;

        if (size[i] >= SERVER_COMMAND_NAME_MAX)
            break;
        b = aof_peek_at(&r->far, offset + line, (size_t)size[i], &have);
        if (line == 0 || have < size[i])
            break;
        memcpy(words[i], b, (size_t)size[i]);
        offset += line + size[i] + 2;
    }
    c = server_command_find(words[0], (size_t)size[0]);
    if (c.rows == NULL)
        return server_command_is_of_module(words[0], (size_t)size[0]);
    if (server_command_is_container(c) && count > 1)
        c = server_command_find_part(words[0], (size_t)size[0], words[1],
                                     (size_t)size[1]);
    return server_command_words(c, NULL, &least, &most) && count >= least &&
           count <= most;
}

/* "#TS:12\r\n": its size; 0: something else. */
static size_t
annotation_size(struct aof_peek *p, uint64_t offset)
{
    size_t have, i = 4;
    const unsigned char *b = aof_peek_at(p, offset, 32, &have);

    if (have < 7 || memcmp(b, "#TS:", 4) != 0)
        return 0;
    while (i < have && i < 30 && b[i] >= '0' && b[i] <= '9')
        i++;
    return i > 4 && have - i >= 2 && b[i] == '\r' && b[i + 1] == '\n' ? i + 2
                                                                      : 0;
}

static enum walk
walk_command(struct aof_resync *r, struct proof *p)
{
    uint64_t count, end;
    size_t line = aof_peek_number(&r->far, p->at, '*', &count);
    bool known;

    if (line == 0 || count == 0)
        return WALK_BREAKS;
    end = p->at + line;
    known = is_known(r, end, count) || r->own_commands;
    for (uint64_t i = 0; i < count; i++) {
        if (p->arguments++ == PROOF_ARGUMENTS) {
            p->known += known;
            return WALK_ENOUGH;
        }
        end = aof_peek_argument(&r->far, end);
        if (end == UINT64_MAX)
            return WALK_FILE_ENDS;
        if (end == 0)
            return WALK_BREAKS;
    }
    p->known += known;
    p->at = end;
    return ++p->commands == PROOF_COMMANDS ? WALK_ENOUGH : WALK_GOES_ON;
}

static enum walk
walk_item(struct aof_resync *r, struct proof *p)
{
    size_t annotation = annotation_size(&r->far, p->at);

    if (p->at == r->from->size_bytes)
        return WALK_FILE_ENDS;
    if (annotation == 0)
        return walk_command(r, p);
    p->at += annotation;
    return WALK_GOES_ON;
}

/* A value that holds commands is followed by CR LF, where a command is not. */
static bool
ends_a_value(struct aof_resync *r, uint64_t offset)
{
    size_t have;
    const unsigned char *b = aof_peek_at(&r->far, offset, 2, &have);

    return have >= 2 && memcmp(b, "\r\n", 2) == 0;
}

/* behind: a whole argument lies before offset. */
static bool
is_proven(struct aof_resync *r, uint64_t offset, bool behind)
{
    struct proof p = {.at = offset};
    bool dated = annotation_size(&r->far, offset) > 0;
    enum walk w;

    do
        w = walk_item(r, &p);
    while (w == WALK_GOES_ON);
    if (w == WALK_BREAKS && ends_a_value(r, p.at))
        return false;
    if (behind || dated || (w == WALK_FILE_ENDS && p.at == r->from->size_bytes))
        return p.known >= NEEDED_ANYHOW;
    return p.known >= NEEDED_ALONE;
}

static bool
is_mark(unsigned char c)
{
    return c == '*' || c == '$' || c == '#';
}

/* A whole argument with an item, or the end, behind: where that is; else 0. */
static uint64_t
pass_argument(struct aof_resync *r, uint64_t offset)
{
    uint64_t end = aof_peek_argument(&r->far, offset);
    size_t have;
    const unsigned char *b;

    if (end == 0 || end == UINT64_MAX)
        return 0;
    b = aof_peek_at(&r->far, end, 1, &have);
    return have == 0 || is_mark(*b) ? end : 0;
}

/* The next byte with which an item may begin; the end if there is none. */
static uint64_t
next_mark(struct aof_resync *r, uint64_t offset)
{
    size_t have;

    for (;;) {
        const unsigned char *b = aof_peek_at(&r->near, offset, 1, &have);
        size_t i = 0;

        while (i < have && !is_mark(b[i]))
            i++;
        if (i < have)
            return offset + i;
        if (have == 0)
            return r->from->size_bytes;
        offset += have;
        if (b[have - 1] == '\0')
            offset = source_data(r->from, offset);
    }
}

static uint64_t
search(struct aof_resync *r, uint64_t offset)
{
    uint64_t behind = 0, size = r->from->size_bytes;

    while ((offset = next_mark(r, offset)) < size) {
        size_t have;
        unsigned char mark = *aof_peek_at(&r->near, offset, 1, &have);
        uint64_t end = mark == '$' ? pass_argument(r, offset) : 0;

        if (mark != '$' && is_proven(r, offset, offset == behind))
            return offset;
        behind = end;
        offset = end != 0 ? end : offset + 1;
    }
    return size;
}

/* Whether one digit, wrong, missing or too many, makes a of b. */
static bool
is_one_digit_off(uint64_t a, uint64_t b)
{
    char x[24], y[24];
    size_t m = (size_t)snprintf(x, sizeof x, "%" PRIu64, a);
    size_t n = (size_t)snprintf(y, sizeof y, "%" PRIu64, b);
    size_t same = 0;

    if (m > n)
        return is_one_digit_off(b, a);
    while (same < m && x[same] == y[same])
        same++;
    return n - m <= 1 &&
           strcmp(x + same + (m == n && same < m), y + same + (same < n)) == 0;
}

/*
 * The file ends inside an argument. Torn, or is its length wrong? Then it ends
 * where another item begins, and its true length is much like that.
 */
static uint64_t
search_in_argument(struct aof_resync *r, uint64_t begin, uint64_t length)
{
    uint64_t size = r->from->size_bytes;

    for (uint64_t at = begin; (at = next_mark(r, at)) < size; at++) {
        uint64_t place;

        if (at < begin + 2 || !ends_a_value(r, at - 2) ||
            !is_one_digit_off(at - 2 - begin, length))
            continue;
        place = search(r, at);
        if (place < size)
            return place;
    }
    return size;
}

/* The end of the file lies in which argument of that command? 0: in none. */
static uint64_t
last_argument(struct aof_resync *r, uint64_t command, uint64_t *length)
{
    uint64_t value, at, end;
    size_t line = aof_peek_number(&r->far, command, '*', &value);

    end = command + line;
    do {
        at = end;
        end = aof_peek_argument(&r->far, at);
    } while (end != 0 && end != UINT64_MAX);
    line = aof_peek_number(&r->far, at, '$', length);
    return end == UINT64_MAX ? at + line : 0;
}

static uint64_t
search_unfinished(struct aof_resync *r, uint64_t command, bool *hides)
{
    uint64_t size = r->from->size_bytes, length, place;
    uint64_t begin = last_argument(r, command, &length);

    if (begin == 0)
        return size;
    place = search_in_argument(r, begin, length);
    *hides = place == size && search(r, begin) < size;
    return place;
}

/* Was the number of words of that argument's command taken for a value's end?
 */
static uint64_t
search_before(struct aof_resync *r, const struct aof_resync_hole *hole)
{
    enum { LEAST = 4, MOST = 12 }; /* "*1\r\n" and longer */
    uint64_t end = hole->argument, count;

    for (uint64_t back = LEAST; back <= MOST && back < end; back++)
        if (aof_peek_number(&r->far, end - back, '*', &count) == back &&
            is_proven(r, end - back, true))
            return end - back;
    return search(r, hole->command + 1);
}

int
aof_resync_find(struct aof_resync *r, const struct aof_resync_hole *hole,
                uint64_t *place, bool *hides, struct error *e)
{
    const struct error *failed = &r->near.error;

    r->near.from = r->far.from = r->from;
    *hides = false;
    if (hole->unfinished)
        *place = search_unfinished(r, hole->command, hides);
    else if (hole->argument > 0)
        *place = search_before(r, hole);
    else
        *place = search(r, hole->command + 1);
    if (failed->kind == ERROR_NONE)
        failed = &r->far.error;
    if (failed->kind == ERROR_NONE)
        return 0;
    *e = *failed;
    return -1;
}

bool
aof_resync_is_argument(struct aof_resync *r, uint64_t offset)
{
    r->far.from = r->from;
    return pass_argument(r, offset) != 0;
}
