#include "formats/aof_manifest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/aof_manifest_words.h"

/* The server's line buffer, line feed included. */
enum { LINE_MAX_BYTES = 1024 };

/* What the server says; operators search for these words. */
#define FORMAT "(Invalid AOF manifest file format)"

static int
damaged(struct error *e, const char *text)
{
    return error_set(e, ERROR_DAMAGED, "%s", text);
}

/* Like fgets: up to and with the line feed, at most LINE_MAX_BYTES. */
static size_t
line_size(const char *text, size_t left)
{
    size_t most = left < LINE_MAX_BYTES ? left : LINE_MAX_BYTES;
    const char *lf = memchr(text, '\n', most);

    return lf == NULL ? most : (size_t)(lf - text) + 1;
}

static int
check_word(struct aof_part *part, const char *key, char *value, struct error *e)
{
    if (strcasecmp(key, "file") == 0) {
        if (strpbrk(value, "/\\") != NULL)
            return error_set(e, ERROR_DAMAGED,
                             "file '%.100s' is a path (File can't be a path, "
                             "just a filename)",
                             value);
        part->name = value;
    } else if (strcasecmp(key, "seq") == 0) {
        part->seq = strtoll(value, NULL, 10);
    } else if (strcasecmp(key, "type") == 0) {
        part->type = (enum aof_part_type)(unsigned char)value[0];
    } else if (strcasecmp(key, "startoffset") == 0) {
        part->start_offset = strtoll(value, NULL, 10);
    } else if (strcasecmp(key, "endoffset") == 0) {
        part->end_offset = strtoll(value, NULL, 10);
    }
    /* Servers pass over keys that they do not know. */
    return 0;
}

/* Judges a whole part against those before it. */
static int
check_part(const struct aof_manifest *m, const struct aof_part *part,
           int64_t newest, struct error *e)
{
    if (part->name == NULL)
        return damaged(e, "file is missing " FORMAT);
    if (part->seq == 0)
        return damaged(e, "seq is missing, 0 or no number " FORMAT);
    if (part->type == 0)
        return damaged(e, "type is missing " FORMAT);
    if (part->type != AOF_BASE && part->type != AOF_INCR &&
        part->type != AOF_HISTORY)
        return damaged(e, "type is not b, i or h (Unknown AOF file type)");
    if (part->type == AOF_BASE && aof_manifest_base(m) != NULL)
        return damaged(e, "a second base file (Found duplicate base file "
                          "information)");
    if (part->type == AOF_INCR && part->seq <= newest)
        return error_set(e, ERROR_DAMAGED,
                         "seq %lld does not rise above %lld (Found a "
                         "non-monotonic sequence number)",
                         (long long)part->seq, (long long)newest);
    if (m->count >= AOF_MANIFEST_PARTS_MAX)
        return error_set(e, ERROR_DAMAGED, "more than %d files",
                         AOF_MANIFEST_PARTS_MAX);
    return 0;
}

static int
read_words(struct aof_manifest *m, char *words[], size_t count, int64_t *newest,
           struct error *e)
{
    struct aof_part part = {.start_offset = -1, .end_offset = -1};

    if (count < 6 || count % 2 != 0)
        return error_set(e, ERROR_DAMAGED,
                         "%zu words, expected three or more pairs " FORMAT,
                         count);
    for (size_t i = 0; i < count; i += 2)
        if (check_word(&part, words[i], words[i + 1], e) != 0)
            return -1;
    if (check_part(m, &part, *newest, e) != 0)
        return -1;
    if (part.type == AOF_INCR)
        *newest = part.seq;
    aof_manifest_add(m, &part);
    return 0;
}

/* One line that is no comment. */
static int
read_line(struct aof_manifest *m, const char *text, size_t size,
          int64_t *newest, struct error *e)
{
    char line[LINE_MAX_BYTES + 1], *words[LINE_MAX_BYTES / 2 + 1];
    char *start = line, *end;
    size_t count;

    memcpy(line, text, size);
    line[size] = '\0';
    if (strchr(line, '\n') == NULL)
        return error_set(e, ERROR_DAMAGED,
                         "%s (The AOF manifest file contains too long line)",
                         strlen(line) < size ? "a zero byte"
                         : size < LINE_MAX_BYTES
                             ? "the last line has no line feed"
                             : "longer than 1024 bytes");
    end = line + size;
    while (end > line && strchr(" \t\r\n", end[-1]) != NULL)
        *--end = '\0';
    start += strspn(start, " \t\r\n");
    if (*start == '\0')
        return damaged(e, "a blank line " FORMAT);
    if (!aof_manifest_words_split(start, words, &count))
        return damaged(e, "quotes do not match " FORMAT);
    return read_words(m, words, count, newest, e);
}

int
aof_manifest_read(struct aof_manifest *m, const char *text, size_t size,
                  struct error *e)
{
    unsigned long number = 0;
    int64_t newest = 0;
    size_t line;

    *m = (struct aof_manifest){0};
    if (size == 0)
        return damaged(e, "it is empty (Found an empty AOF manifest)");
    if (size > AOF_MANIFEST_SIZE_MAX)
        return error_set(e, ERROR_DAMAGED, "%zu bytes are no manifest", size);
    for (size_t at = 0; at < size; at += line) {
        line = line_size(text + at, size - at);
        number++;
        if (text[at] == '#' || read_line(m, text + at, line, &newest, e) == 0)
            continue;
        aof_manifest_clear(m);
        return error_in(e, "line %lu", number);
    }
    return 0;
}

/* Bytes that grow by doubling. */
struct output {
    char *bytes;
    size_t size, capacity;
};

static void
append(struct output *t, const char *bytes, size_t size)
{
    if (size == 0)
        return;
    while (t->capacity - t->size < size) {
        t->capacity = t->capacity == 0 ? 256 : t->capacity * 2;
        t->bytes = memory_resize(t->bytes, t->capacity, 1);
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
}

static void
append_part(struct output *t, const struct aof_part *part)
{
    char line[AOF_MANIFEST_WORDS_LINE_MAX];
    size_t size = aof_manifest_words_write(line, part);

    append(t, line, size);
}

char *
aof_manifest_write(const struct aof_manifest *m, size_t *size)
{
    static const char order[] = {AOF_BASE, AOF_HISTORY, AOF_INCR};
    struct output t = {0};

    for (size_t i = 0; i < sizeof order; i++)
        for (size_t j = 0; j < m->count; j++)
            if ((char)m->parts[j].type == order[i])
                append_part(&t, &m->parts[j]);
    *size = t.size;
    append(&t, "", 1);
    return t.bytes;
}

void
aof_manifest_add(struct aof_manifest *m, const struct aof_part *part)
{
    m->parts = memory_grow(m->parts, m->count, &m->capacity, sizeof *m->parts);
    m->parts[m->count] = *part;
    m->parts[m->count++].name = memory_dup(part->name);
}

const struct aof_part *
aof_manifest_base(const struct aof_manifest *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].type == AOF_BASE)
            return &m->parts[i];
    return NULL;
}

const struct aof_part *
aof_manifest_last_incr(const struct aof_manifest *m)
{
    for (size_t i = m->count; i > 0; i--)
        if (m->parts[i - 1].type == AOF_INCR)
            return &m->parts[i - 1];
    return NULL;
}

const struct aof_part *
aof_manifest_replaced_base(const struct aof_manifest *m)
{
    if (aof_manifest_base(m) != NULL)
        return NULL;
    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].type == AOF_HISTORY &&
            (text_has_suffix(m->parts[i].name, ".base.rdb") ||
             text_has_suffix(m->parts[i].name, ".base.aof")))
            return &m->parts[i];
    return NULL;
}

const struct aof_part *
aof_manifest_replaced_incr(const struct aof_manifest *m,
                           const char *appendfilename)
{
    size_t size = strlen(appendfilename);

    if (aof_manifest_last_incr(m) != NULL)
        return NULL;
    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].type == AOF_HISTORY &&
            strncmp(m->parts[i].name, appendfilename, size) == 0 &&
            strcmp(m->parts[i].name + size, ".1.incr.aof") == 0)
            return &m->parts[i];
    return NULL;
}

void
aof_manifest_clear(struct aof_manifest *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->parts[i].name);
    free(m->parts);
    *m = (struct aof_manifest){0};
}
