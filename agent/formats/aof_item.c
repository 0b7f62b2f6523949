#include "formats/aof_item.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

_Static_assert((int)AOF_NAME_MAX == (int)AOF_COMMAND_KEPT,
               "as much of a word as is judged");

/* Lines are read into 1024 bytes with a NUL: redis/src/aof.c, valkey alike. */
enum { LINE_MAX_BYTES = 1023 };

/* Arguments are counted in an int; no value is longer than a terabyte. */
#define ARGUMENTS_MAX INT32_MAX
#define LENGTH_MAX (INT64_C(1) << 40)

/* No server takes a longer value unless it is told to: proto-max-bulk-len. */
#define LENGTH_USUAL (INT64_C(512) << 20)

/* One line where it lies, not yet passed. */
struct line {
    const unsigned char *text;
    size_t size;
    bool ended; /* by a line feed */
};

static bool
find_line(struct source *s, struct line *line)
{
    const unsigned char *lf;
    size_t have;

    /* Fewer bytes are fine: then they are the last. */
    source_want(s, LINE_MAX_BYTES);
    have = (size_t)(s->end - s->at);
    if (have > LINE_MAX_BYTES)
        have = LINE_MAX_BYTES;
    lf = have == 0 ? NULL : memchr(s->at, '\n', have);
    *line = (struct line){
        .text = s->at,
        .size = lf == NULL ? have : (size_t)(lf - s->at) + 1,
        .ended = lf != NULL,
    };
    return have > 0;
}

static bool
refuse(struct aof_item_scan *a, const char *code, const char *text,
       const struct line *line)
{
    char found[40];
    size_t size = line->size;

    while (size > 0 && strchr("\r\n", line->text[size - 1]) != NULL &&
           line->text[size - 1] != '\0')
        size--;
    text_quote(found, sizeof found, line->text, size);
    a->result->server_refuses = true;
    a->result->damage_offset = source_offset(a->s);
    report_add(a->report, SEVERITY_ERROR, code, (int64_t)source_offset(a->s),
               "no server loads what lies behind this place; " REPORT_MEND,
               "%s: found '%s'", text, found);
    return false;
}

/* Damage that a loading server does not see, and redis-check-aof does. */
static void
tolerate(struct aof_item_scan *a, uint64_t offset, const char *code,
         const char *text)
{
    if (!a->tolerated)
        a->result->damage_offset = offset;
    a->tolerated = a->odd = true;
    report_add(a->report, SEVERITY_ERROR, code, (int64_t)offset,
               "compare what the server loads with a snapshot; "
               "redis-check-aof refuses this file; " REPORT_MEND,
               "%s", text);
}

static bool
torn_command(struct aof_item_scan *a)
{
    a->result->ends_in_command = true;
    return false;
}

static bool
is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The digits of a line as strtol reads them, and how much it read. */
static bool
read_digits(const struct line *line, size_t *at, int64_t max, int64_t *value)
{
    size_t i = 1;
    bool minus = false;

    *value = 0;
    while (i < line->size && is_blank(line->text[i]))
        i++;
    if (i < line->size && (line->text[i] == '+' || line->text[i] == '-'))
        minus = line->text[i++] == '-';
    for (; i < line->size && line->text[i] >= '0' && line->text[i] <= '9';
         i++) {
        *value = *value * 10 + (line->text[i] - '0');
        if (*value > max)
            return false;
    }
    *at = i;
    return !minus || *value == 0;
}

static bool
is_plain(const struct line *line, size_t at)
{
    size_t rest = line->size - at;

    if (at < 2 || line->text[1] < '0' || line->text[1] > '9')
        return !line->ended && line->size == 1;
    if (!line->ended)
        return rest == 0 || (rest == 1 && line->text[at] == '\r');
    return rest == 2 && line->text[at] == '\r';
}

/* A line "*12\r\n" or "$12\r\n". */
static bool
read_number(struct aof_item_scan *a, int64_t max, int64_t *value)
{
    bool count = *a->s->at == '*';
    struct line line;
    size_t at;

    find_line(a->s, &line);
    if (!line.ended && line.size == LINE_MAX_BYTES)
        return refuse(a, "aof-format", "a line without end", &line);
    if (!read_digits(&line, &at, max, value))
        return refuse(a, count ? "aof-count" : "aof-length",
                      count ? "not a number of arguments"
                            : "not a length of an argument",
                      &line);
    if (count && *value == 0 && line.size > 1)
        return refuse(a, "aof-count", "no arguments", &line);
    if (!is_plain(&line, at))
        tolerate(a, source_offset(a->s), "aof-number",
                 count ? "a number of arguments that is not followed by CR LF"
                       : "a length that is not followed by CR LF");
    a->s->at += line.size;
    return line.ended || torn_command(a);
}

/* Keeps the first bytes of a word, if they are there. */
static void
keep_name(struct source *s, char *name, uint64_t size)
{
    size_t kept = size < AOF_NAME_MAX ? (size_t)size : AOF_NAME_MAX;

    if (source_want(s, kept))
        memcpy(name, s->at, kept);
}

static bool
read_argument(struct aof_item_scan *a, char *name, uint64_t *size)
{
    struct source *s = a->s;
    uint64_t offset = source_offset(s);
    struct line line;
    int64_t length = 0;

    if (!source_want(s, 1))
        return torn_command(a);
    if (*s->at != '$') {
        find_line(s, &line);
        return refuse(a, "aof-format", "expected an argument ('$')", &line);
    }
    if (!read_number(a, LENGTH_MAX, &length))
        return false;
    *size = (uint64_t)length;
    if (name != NULL)
        keep_name(s, name, *size);
    if (!source_skip(s, *size) || !source_want(s, 2)) {
        if (length > LENGTH_USUAL)
            tolerate(a, offset, "aof-length-unusual",
                     "the last argument would be longer than 512 MiB: its "
                     "length may be damaged, and hide what lies behind it");
        return torn_command(a);
    }
    if (s->at[0] != '\r' || s->at[1] != '\n')
        tolerate(a, source_offset(s), "aof-crlf",
                 "an argument that CR LF does not end");
    s->at += 2;
    return true;
}

static bool
begins_with(struct source *s, const char *text)
{
    size_t size = strlen(text);

    return source_want(s, size) && memcmp(s->at, text, size) == 0;
}

bool
aof_item_is_rdb(struct source *s)
{
    return begins_with(s, "REDIS") || begins_with(s, "VALKEY") ||
           begins_with(s, "VKCS");
}

bool
aof_item_is_bracket(const char *name, uint64_t size)
{
    return (size == 5 && strncasecmp(name, "multi", 5) == 0) ||
           (size == 4 && strncasecmp(name, "exec", 4) == 0);
}

/* Follows MULTI and EXEC as a loading server does. */
static void
turn_bracket(struct aof_item_scan *a, const struct aof_command *c, bool multi)
{
    if (a->bracket_seen != NULL)
        a->bracket_seen(a->bracket_context, c, multi);
    if (multi && a->in_multi)
        report_add(a->report, SEVERITY_WARNING, "aof-multi-nested",
                   (int64_t)c->offset,
                   "redis-check-aof refuses this file; servers load it",
                   "MULTI inside a MULTI");
    if (!multi && !a->in_multi)
        report_add(a->report, SEVERITY_WARNING, "aof-exec-alone",
                   (int64_t)c->offset,
                   "a MULTI before it may be lost; redis-check-aof refuses "
                   "this file, servers log an error and go on",
                   "EXEC without MULTI");
    if (multi) {
        a->multi_offset = a->in_multi ? a->multi_offset : c->offset;
        a->multi_server = a->command_end;
    }
    a->in_multi = multi;
}

void
aof_item_complete(struct aof_item_scan *a, struct aof_command *c)
{
    bool bracket = aof_item_is_bracket(c->name, c->name_size);
    bool was_in_multi = a->in_multi;

    if (bracket)
        turn_bracket(a, c, c->name_size == 5);
    a->command_begin = c->offset;
    a->command_end = c->end_offset;
    a->result->commands++;
    c->in_multi = a->in_multi || was_in_multi;
    c->time = a->time;
    if (a->options->command_seen != NULL)
        a->options->command_seen(a->options->context, c);
}

/* By its name and number of words, as a server does before it runs it. */
static void
judge_command(struct aof_item_scan *a, const struct aof_command_words *w)
{
    enum aof_command_verdict verdict = aof_command_judge_words(a->judge, w);

    if (verdict == AOF_COMMAND_FINE)
        return;
    if (verdict != AOF_COMMAND_DAMAGED)
        a->result->command_refused = true;
    if (verdict == AOF_COMMAND_REFUSED)
        return;
    if (!a->tolerated)
        a->result->damage_offset = w->offset;
    a->tolerated = a->unfit = true;
}

static bool
read_command(struct aof_item_scan *a)
{
    struct aof_command c = {.offset = source_offset(a->s)};
    char words[2][AOF_NAME_MAX];
    uint64_t size[2] = {0, 0}, other;
    int64_t count;

    if (!read_number(a, ARGUMENTS_MAX, &count))
        goto unfinished;
    for (int64_t i = 0; i < count; i++) {
        if (!read_argument(a, i < 2 ? words[i] : NULL,
                           i < 2 ? &size[i] : &other))
            goto unfinished;
    }
    judge_command(a, &(struct aof_command_words){.word = {words[0], words[1]},
                                                 .size = {size[0], size[1]},
                                                 .count = (uint64_t)count,
                                                 .offset = c.offset,
                                                 .in_multi = a->in_multi});
    c.argc = (uint64_t)count;
    c.name = words[0];
    c.name_size = size[0] < AOF_NAME_MAX ? (uint32_t)size[0] : AOF_NAME_MAX;
    c.end_offset = source_offset(a->s);
    aof_item_complete(a, &c);
    return true;

unfinished:
    if (a->result->ends_in_command && !a->tolerated)
        a->result->damage_offset = c.offset;
    return false;
}

/* The seconds of "#TS:123\r\n"; other annotations are passed over. */
static void
note_time(struct aof_item_scan *a, const struct line *line)
{
    size_t at = 4;
    int64_t time = 0;

    if (line->size < 6 || memcmp(line->text, "#TS:", 4) != 0)
        return;
    for (; at < line->size && at < 4 + 18 && line->text[at] >= '0' &&
           line->text[at] <= '9';
         at++)
        time = time * 10 + (line->text[at] - '0');
    if (at == 4 || (line->text[at] != '\r' && line->text[at] != '\n'))
        return;
    a->time = time;
    if (a->result->first_time == -1)
        a->result->first_time = time;
    a->result->last_time = time;
}

/*
 * A line that is longer than the server's buffer goes on as the next item,
 * which then is no command: redis 7.0.15 refuses it there.
 */
static bool
read_annotation(struct aof_item_scan *a)
{
    struct line line;

    a->result->annotated = true;
    find_line(a->s, &line);
    if (!line.ended && line.size < LINE_MAX_BYTES) {
        a->result->ends_in_annotation = true;
        if (!a->tolerated)
            a->result->damage_offset = source_offset(a->s);
        a->s->at += line.size;
        return false;
    }
    if (line.ended)
        note_time(a, &line);
    a->s->at += line.size;
    return true;
}

bool
aof_item_next(struct aof_item_scan *a)
{
    struct line line;

    if (!source_want(a->s, 1))
        return false;
    if (*a->s->at == '*')
        return read_command(a);
    if (*a->s->at == '#')
        return read_annotation(a);
    find_line(a->s, &line);
    return refuse(a, "aof-format",
                  *line.text == '\0'
                      ? "zero bytes, as a power cut leaves them"
                      : "expected a command ('*') or annotation ('#')",
                  &line);
}
