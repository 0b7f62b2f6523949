#include "formats/aof_manifest_words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, SERVER_LINE_MAX = 1024 };

/* In the C locale, whatever the program's is. */
static bool
is_space(char c)
{
    return c != '\0' && strchr(" \t\n\v\f\r", c) != NULL;
}

static bool
is_printable(unsigned char c)
{
    return c >= 0x20 && c < 0x7f;
}

static int
hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL
                               : strchr(digits, tolower((unsigned char)c));

    return at == NULL ? -1 : (int)(at - digits);
}

/* The character behind a backslash in double quotes. */
static char
unescape(char c)
{
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    const char *at = strchr(from, c);

    return at == NULL ? c : to[at - from];
}

/* From behind the opening quote to behind the closing one; NULL: it is open. */
static const char *
double_quoted(const char *at, char **out)
{
    while (*at != '"') {
        if (*at == '\0')
            return NULL;
        if (at[0] == '\\' && at[1] == 'x' && hex_value(at[2]) >= 0 &&
            hex_value(at[3]) >= 0) {
            *(*out)++ = (char)(hex_value(at[2]) * 16 + hex_value(at[3]));
            at += 4;
        } else if (at[0] == '\\' && at[1] != '\0') {
            *(*out)++ = unescape(at[1]);
            at += 2;
        } else {
            *(*out)++ = *at++;
        }
    }
    return at + 1;
}

static const char *
single_quoted(const char *at, char **out)
{
    while (*at != '\'') {
        if (*at == '\0')
            return NULL;
        if (at[0] == '\\' && at[1] == '\'')
            at++;
        *(*out)++ = *at++;
    }
    return at + 1;
}

/* One word; a quote may begin in its middle, and its end ends the word. */
static const char *
read_word(const char *at, char **out)
{
    while (*at != '\0' && strchr(" \n\r\t", *at) == NULL) {
        if (*at == '"' || *at == '\'') {
            at = *at == '"' ? double_quoted(at + 1, out)
                            : single_quoted(at + 1, out);
            if (at == NULL || (*at != '\0' && !is_space(*at)))
                return NULL;
            break;
        }
        *(*out)++ = *at++;
    }
    return at;
}

bool
aof_manifest_words_split(char *line, char *words[], size_t *count)
{
    const char *at = line;
    char *out = line;

    *count = 0;
    for (;;) {
        while (is_space(*at))
            at++;
        if (*at == '\0')
            return true;
        words[(*count)++] = out;
        at = read_word(at, &out);
        if (at == NULL)
            return false;
        /* The end of the word may be where its NUL goes: step over it. */
        if (*at != '\0')
            at++;
        *out++ = '\0';
    }
}

/* Servers leave an apostrophe bare, and then cannot read their own line. */
static bool
needs_quotes(const char *name)
{
    if (*name == '\0')
        return true;
    for (; *name != '\0'; name++)
        if (!is_printable((unsigned char)*name) ||
            strchr(" \\\"'", *name) != NULL)
            return true;
    return false;
}

static size_t
escape(char *out, char c, bool terse)
{
    static const char from[] = "\n\r\t\b\a\\\"", to[] = "nrtba\\\"";
    const char *at = strchr(from, c);

    if (at != NULL) {
        out[0] = '\\';
        out[1] = to[at - from];
        return 2;
    }
    if (terse || is_printable((unsigned char)c)) {
        out[0] = c;
        return 1;
    }
    return (size_t)sprintf(out, "\\x%02x", (unsigned)(unsigned char)c);
}

static size_t
write_name(char *out, const char *name, bool terse)
{
    size_t size = 0;

    out[size++] = '"';
    for (size_t i = 0; name[i] != '\0' && i < NAME_MAX_BYTES; i++)
        size += escape(out + size, name[i], terse);
    out[size++] = '"';
    return size;
}

static size_t
write_line(char *line, const struct aof_part *part, bool terse)
{
    size_t size = (size_t)sprintf(line, "file ");

    if (needs_quotes(part->name))
        size += write_name(line + size, part->name, terse);
    else
        size +=
            (size_t)sprintf(line + size, "%.*s", NAME_MAX_BYTES, part->name);
    size += (size_t)sprintf(line + size, " seq %" PRId64 " type %c", part->seq,
                            (char)part->type);
    if (part->start_offset != -1)
        size += (size_t)sprintf(line + size, " startoffset %" PRId64,
                                part->start_offset);
    if (part->end_offset != -1)
        size += (size_t)sprintf(line + size, " endoffset %" PRId64,
                                part->end_offset);
    line[size++] = '\n';
    return size;
}

size_t
aof_manifest_words_write(char line[AOF_MANIFEST_WORDS_LINE_MAX],
                         const struct aof_part *part)
{
    size_t size = write_line(line, part, false);

    /* Bare bytes are read as well, and a long line is not. */
    return size <= SERVER_LINE_MAX ? size : write_line(line, part, true);
}
