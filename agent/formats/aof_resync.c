#include "formats/aof_resync.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/aof_peek.h"
#include "formats/server_command.h"

/* A proof walks over so much; what has held until then is taken. */
enum { PROOF_COMMANDS = 8, PROOF_ARGUMENTS = 64 };

/*
 * So many known commands must follow a place that nothing else speaks for. One
 * is enough behind a whole argument or an annotation, or at the file's end.
 */
enum { NEEDED_ALONE = 2, NEEDED_ANYHOW = 1 };

struct search {
    const struct aof_resync *r;
    struct aof_peek near; /* goes through the file */
    struct aof_peek far;  /* tries what lies before it */
};

/* How a walk over commands came to its end. */
enum walk { WALK_GOES_ON, WALK_FILE_ENDS, WALK_ENOUGH, WALK_BREAKS };

struct proof {
    uint64_t at;
    unsigned known, commands, arguments;
};

static bool
is_known(struct search *s, uint64_t offset, uint64_t count)
{
    char words[2][SERVER_COMMAND_NAME_MAX] = {{0}};
    uint64_t size[2] = {0, 0}, least, most;
    struct server_command c;

    for (unsigned i = 0; i < 2 && i < count; i++) {
        size_t line = aof_peek_number(&s->far, offset, '$', &size[i]), have;
        const unsigned char *b;

        if (size[i] >= SERVER_COMMAND_NAME_MAX)
            break;
        b = aof_peek_at(&s->far, offset + line, (size_t)size[i], &have);
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
walk_command(struct search *s, struct proof *p)
{
    uint64_t count, end;
    size_t line = aof_peek_number(&s->far, p->at, '*', &count);
    bool known;

    if (line == 0 || count == 0)
        return WALK_BREAKS;
    end = p->at + line;
    known = is_known(s, end, count) || s->r->own_commands;
    for (uint64_t i = 0; i < count; i++) {
        if (p->arguments++ == PROOF_ARGUMENTS) {
            p->known += known;
            return WALK_ENOUGH;
        }
        end = aof_peek_argument(&s->far, end);
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
walk_item(struct search *s, struct proof *p)
{
    size_t annotation = annotation_size(&s->far, p->at);

    if (p->at == s->r->from->size_bytes)
        return WALK_FILE_ENDS;
    if (annotation == 0)
        return walk_command(s, p);
    p->at += annotation;
    return WALK_GOES_ON;
}

/* A value that holds commands is followed by CR LF, where a command is not. */
static bool
ends_a_value(struct search *s, uint64_t offset)
{
    size_t have;
    const unsigned char *b = aof_peek_at(&s->far, offset, 2, &have);

    return have >= 2 && memcmp(b, "\r\n", 2) == 0;
}

/* behind: a whole argument lies before offset. */
static bool
is_proven(struct search *s, uint64_t offset, bool behind)
{
    struct proof p = {.at = offset};
    bool dated = annotation_size(&s->far, offset) > 0;
    enum walk w;

    do
        w = walk_item(s, &p);
    while (w == WALK_GOES_ON);
    if (w == WALK_BREAKS && ends_a_value(s, p.at))
        return false;
    if (behind || dated ||
        (w == WALK_FILE_ENDS && p.at == s->r->from->size_bytes))
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
pass_argument(struct search *s, uint64_t offset)
{
    uint64_t end = aof_peek_argument(&s->far, offset);
    size_t have;
    const unsigned char *b;

    if (end == 0 || end == UINT64_MAX)
        return 0;
    b = aof_peek_at(&s->far, end, 1, &have);
    return have == 0 || is_mark(*b) ? end : 0;
}

/* The next byte with which an item may begin; the end if there is none. */
static uint64_t
next_mark(struct search *s, uint64_t offset)
{
    size_t have;

    for (;;) {
        const unsigned char *b = aof_peek_at(&s->near, offset, 1, &have);
        size_t i = 0;

        while (i < have && !is_mark(b[i]))
            i++;
        if (i < have)
            return offset + i;
        if (have == 0)
            return s->r->from->size_bytes;
        offset += have;
    }
}

static uint64_t
search(struct search *s, uint64_t offset)
{
    uint64_t behind = 0, size = s->r->from->size_bytes;

    while ((offset = next_mark(s, offset)) < size) {
        size_t have;
        unsigned char mark = *aof_peek_at(&s->near, offset, 1, &have);
        uint64_t end = mark == '$' ? pass_argument(s, offset) : 0;

        if (mark != '$' && is_proven(s, offset, offset == behind))
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
search_in_argument(struct search *s, uint64_t begin, uint64_t length)
{
    uint64_t size = s->r->from->size_bytes;

    for (uint64_t at = begin; (at = next_mark(s, at)) < size; at++) {
        uint64_t place;

        if (at < begin + 2 || !ends_a_value(s, at - 2) ||
            !is_one_digit_off(at - 2 - begin, length))
            continue;
        place = search(s, at);
        if (place < size)
            return place;
    }
    return size;
}

static uint64_t
search_unfinished(struct search *s)
{
    uint64_t value, at = s->r->command, end;
    size_t line = aof_peek_number(&s->far, at, '*', &value);

    end = at + line;
    do {
        at = end;
        end = aof_peek_argument(&s->far, at);
    } while (end != 0 && end != UINT64_MAX);
    line = aof_peek_number(&s->far, at, '$', &value);
    if (end == UINT64_MAX)
        return search_in_argument(s, at + line, value);
    return s->r->from->size_bytes;
}

/* Was the number of words of that argument's command taken for a value's end? */
static uint64_t
search_before(struct search *s)
{
    enum { LEAST = 4, MOST = 12 }; /* "*1\r\n" and longer */
    uint64_t end = s->r->argument, count;

    for (uint64_t back = LEAST; back <= MOST && back < end; back++)
        if (aof_peek_number(&s->far, end - back, '*', &count) == back &&
            is_proven(s, end - back, true))
            return end - back;
    return search(s, s->r->command + 1);
}

static uint64_t
find(struct search *s)
{
    if (s->r->unfinished)
        return search_unfinished(s);
    if (s->r->argument > 0)
        return search_before(s);
    return search(s, s->r->command + 1);
}

int
aof_resync_find(const struct aof_resync *r, uint64_t *place, struct error *e)
{
    struct search *s = memory_new(sizeof *s);
    int rc = 0;

    s->r = r;
    s->near.from = s->far.from = r->from;
    *place = find(s);
    for (unsigned i = 0; i < 2 && rc == 0; i++) {
        const struct error *failed = i == 0 ? &s->near.error : &s->far.error;

        if (failed->kind != ERROR_NONE) {
            *e = *failed;
            rc = -1;
        }
    }
    free(s);
    return rc;
}

bool
aof_resync_is_argument(const struct source *from, uint64_t offset)
{
    struct search *s = memory_new(sizeof *s);
    bool is;

    s->far.from = from;
    is = pass_argument(s, offset) != 0;
    free(s);
    return is;
}
