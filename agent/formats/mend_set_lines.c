#include "formats/mend_set_lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/aof_manifest_words.h"

/* Longer ones than servers read may be a line that lost its line feed. */
enum { LINE_MAX_BYTES = 4096 };

static void
add(struct mend_set_lines *lines, const char *name, int64_t seq, char type,
    size_t order)
{
    lines->lines = memory_grow(lines->lines, lines->count, &lines->capacity,
                               sizeof *lines->lines);
    lines->lines[lines->count++] = (struct mend_set_line){
        .name = memory_dup(name), .seq = seq, .type = type, .order = order};
}

/* The last name of a path; NULL: it is none. */
static const char *
bare_name(const char *path)
{
    const char *at = path + strlen(path);

    while (at > path && at[-1] != '/' && at[-1] != '\\')
        at--;
    return text_is_name(at) ? at : NULL;
}

/*
 * Pairs in any order; a word without a partner is passed over. False: it is no
 * whole line, or more than one; what it says counts all the same.
 */
static bool
read_words(struct mend_set_lines *lines, char *words[], size_t count,
           size_t order)
{
    const char *name = NULL;
    size_t pairs = 0;
    int64_t seq = 0;
    char type = 0;

    for (size_t i = 0; i + 1 < count; i++, pairs++) {
        if (strcasecmp(words[i], "file") == 0)
            name = bare_name(words[++i]);
        else if (strcasecmp(words[i], "seq") == 0)
            seq = strtoll(words[++i], NULL, 10);
        else if (strcasecmp(words[i], "type") == 0)
            type = words[++i][0];
        else if (count % 2 == 0)
            i++;
    }
    if (name == NULL)
        return false;
    if (type != AOF_BASE && type != AOF_INCR && type != AOF_HISTORY)
        type = 0;
    add(lines, name, seq, type, order);
    return count % 2 == 0 && pairs * 2 == count && count >= 6;
}

/* Splits at blanks; where quotes do not match, as if there were none. */
static size_t
split(const char *text, size_t size, char *line, char *words[])
{
    size_t count;

    memcpy(line, text, size);
    line[size] = '\0';
    if (aof_manifest_words_split(line, words, &count))
        return count;
    for (size_t i = 0; i < size; i++)
        line[i] = text[i] == '"' || text[i] == '\'' ? ' ' : text[i];
    line[size] = '\0';
    return aof_manifest_words_split(line, words, &count) ? count : 0;
}

static void
read_line(struct mend_set_lines *lines, const char *text, size_t size,
          size_t order)
{
    char line[LINE_MAX_BYTES + 1], *words[LINE_MAX_BYTES / 2 + 1];
    size_t count, blanks = 0;

    while (blanks < size && strchr(" \t\r", text[blanks]) != NULL)
        blanks++;
    if (blanks < size && text[blanks] == '#')
        return;
    if (size > LINE_MAX_BYTES) {
        lines->bad++;
        return;
    }
    count = split(text, size, line, words);
    if (count > 0 && !read_words(lines, words, count, order))
        lines->bad++;
}

static bool
is_whole(const struct mend_set_line *line)
{
    return line->type != 0 && line->seq != 0;
}

/* By name; whole lines first, what was replaced last. */
static int
compare(const void *a, const void *b)
{
    const struct mend_set_line *x = a, *y = b;
    int names = strcmp(x->name, y->name);

    if (names != 0)
        return names;
    if (is_whole(x) != is_whole(y))
        return is_whole(x) ? -1 : 1;
    if ((x->type == AOF_HISTORY) != (y->type == AOF_HISTORY))
        return x->type == AOF_HISTORY ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Sorts by name and keeps one line of each. */
static void
sort(struct mend_set_lines *lines)
{
    size_t kept = 0;

    if (lines->count > 0)
        qsort(lines->lines, lines->count, sizeof *lines->lines, compare);
    for (size_t i = 0; i < lines->count; i++) {
        if (kept > 0 &&
            strcmp(lines->lines[kept - 1].name, lines->lines[i].name) == 0)
            free(lines->lines[i].name);
        else
            lines->lines[kept++] = lines->lines[i];
    }
    lines->count = kept;
}

/* A zero byte ends a line too: a page that never reached the disk is zeros. */
static size_t
line_size(const char *text, size_t left)
{
    size_t size = 0;

    while (size < left && text[size] != '\n' && text[size] != '\0')
        size++;
    return size;
}

void
mend_set_lines_read(struct mend_set_lines *lines, const char *text, size_t size)
{
    size_t order = 0, line;

    *lines = (struct mend_set_lines){0};
    /* Where the last line is torn others may be gone behind it. */
    if (size > 0 && text[size - 1] != '\n')
        lines->bad++;
    for (size_t at = 0; at < size; at += line + 1) {
        line = line_size(text + at, size - at);
        if (lines->count < AOF_MANIFEST_PARTS_MAX)
            read_line(lines, text + at, line, order++);
    }
    sort(lines);
}

void
mend_set_lines_take(struct mend_set_lines *lines, const struct aof_manifest *m)
{
    *lines = (struct mend_set_lines){0};
    for (size_t i = 0; i < m->count; i++)
        add(lines, m->parts[i].name, m->parts[i].seq, (char)m->parts[i].type,
            i);
    sort(lines);
}

static int
compare_name(const void *name, const void *line)
{
    return strcmp(name, ((const struct mend_set_line *)line)->name);
}

const struct mend_set_line *
mend_set_lines_find(const struct mend_set_lines *lines, const char *name)
{
    return lines->count == 0 ? NULL
                             : bsearch(name, lines->lines, lines->count,
                                       sizeof *lines->lines, compare_name);
}

void
mend_set_lines_clear(struct mend_set_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->lines[i].name);
    free(lines->lines);
    *lines = (struct mend_set_lines){0};
}
