#include "config/config_file.h"

#include <ctype.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "config/config_block.h"

/*
 * The library cuts long lines and long names of sections in silence, takes ':'
 * for '=' and indented lines for continued ones. So we look at each line
 * first, keep the section ourselves, and hand it only lines with a key.
 */
struct reader {
    struct config *config;
    struct config_sink *sink;
    const char *path;
    const char *at, *end; /* what is left of the file */
    unsigned line;
    char section[CONFIG_LINE_MAX + 1]; /* "": none yet, or an unknown one */
    bool known;                        /* keys that follow are looked at */
    struct config_block *block;        /* of a named section; else NULL */
};

enum { SHOWN_BYTES = 100 };

static void complain(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct reader *r, const char *format, ...)
{
    struct error text;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text.text, sizeof text.text, format, arguments);
    va_end(arguments);
    config_sink_add(r->sink, "%s:%u: %s", r->path, r->line, text.text);
}

/* What stands where a key would, for messages: up to '=', or one word. */
static const char *
name_key(const char *line, size_t size, char out[SHOWN_BYTES])
{
    const char *equals = memchr(line, '=', size), *end = line + size;

    while (line < end && (*line == ' ' || *line == '\t'))
        line++;
    if (equals != NULL)
        end = equals;
    else
        end = line + strcspn(line, " \t\r\n:");
    while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end == line && size > 0)
        end++; /* the '=' itself */
    return text_quote(out, SHOWN_BYTES, line, (size_t)(end - line));
}

void
config_sink_add(struct config_sink *sink, const char *format, ...)
{
    struct error problem;
    va_list arguments;

    problem.kind = ERROR_USAGE;
    va_start(arguments, format);
    vsnprintf(problem.text, sizeof problem.text, format, arguments);
    va_end(arguments);
    if (sink->count++ == 0)
        *sink->first = problem;
    if (sink->report != NULL)
        sink->report(sink->context, problem.text);
}

static void
begin_block(struct reader *r, const char *kind, const char *name)
{
    struct error e;

    r->block = config_block_add(r->config, kind, name, r->line, &e);
    r->known = r->block != NULL;
    if (!r->known)
        complain(r, "%s", e.text);
}

/* "kind" or "kind name", without the brackets. */
static void
begin_section(struct reader *r, char *text)
{
    char *name = text + strcspn(text, " \t"), quoted[SHOWN_BYTES];
    const char *nearest;

    if (*name != '\0')
        *name++ = '\0';
    name += strspn(name, " \t");
    text_quote(quoted, sizeof quoted, text, strlen(text));
    if (!config_keys_is_section(text)) {
        nearest = config_keys_nearest_section(text);
        complain(r, "[%s]: there is no such section%s%s%s", quoted,
                 nearest == NULL ? "" : "; did you mean [",
                 nearest == NULL ? "" : nearest, nearest == NULL ? "" : "]?");
        return;
    }
    snprintf(r->section, sizeof r->section, "%s", text);
    if (config_keys_is_named(text)) {
        if (*name == '\0')
            complain(r, "[%s]: a name is missing, as in [%s NAME]", text, text);
        else
            begin_block(r, text, name);
        return;
    }
    r->known = *name == '\0';
    if (!r->known)
        complain(r, "[%s]: takes no name", text);
}

/* "[section]", and perhaps a comment behind it. */
static void
take_section(struct reader *r, char *line)
{
    char *close = strchr(line, ']'), *text = line + 1, *rest;
    char quoted[SHOWN_BYTES];

    r->block = NULL;
    r->known = false;
    r->section[0] = '\0';
    if (close == NULL) {
        complain(r, "%s: a section begins with '[', but no ']' follows",
                 name_key(line, strlen(line), quoted));
        return;
    }
    rest = close + 1 + strspn(close + 1, " \t");
    if (*rest != '\0' && (*rest != ';' || rest == close + 1)) {
        complain(r, "%s: there is more behind the ']' of a section",
                 text_quote(quoted, sizeof quoted, line,
                            (size_t)(close + 1 - line)));
        return;
    }
    text += strspn(text, " \t");
    while (close > text && (close[-1] == ' ' || close[-1] == '\t'))
        close--;
    *close = '\0';
    begin_section(r, text);
}

static bool
is_key(const char *text)
{
    const char *at = text;

    while (islower((unsigned char)*at) || isdigit((unsigned char)*at) ||
           *at == '_')
        at++;
    return at > text && *at == '\0';
}

/* Whether the library may have the line; else it is dealt with. */
static bool
is_pair(struct reader *r, const char *line)
{
    char key[SHOWN_BYTES], room[CONFIG_KEYS_OPTION_SIZE];
    const char *nearest = NULL;

    name_key(line, strlen(line), key);
    if (strchr(line, '=') == NULL) {
        complain(r, "%s: the line is not of the form key = value", key);
        return false;
    }
    if (is_key(key))
        return true;
    if (r->section[0] != '\0')
        nearest = config_keys_nearest(r->section, key, room);
    complain(r, "%s: no name of a key (of a-z, 0-9 and '_')%s%s%s", key,
             nearest == NULL ? "" : "; did you mean ",
             nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    return false;
}

static bool
judge_line(struct reader *r, char *line)
{
    size_t blanks = strspn(line, " \t");
    char key[SHOWN_BYTES];

    if (line[blanks] == '\0' || line[0] == ';' || line[0] == '#')
        return false;
    if (blanks > 0) {
        complain(r,
                 "%s: the line is indented: no line continues another, begin "
                 "it at the margin",
                 name_key(line, strlen(line), key));
        return false;
    }
    if (line[0] == '[') {
        take_section(r, line);
        return false;
    }
    return is_pair(r, line);
}

/* One line without its end; false at the end of the file. */
static bool
next_line(struct reader *r, char line[CONFIG_LINE_MAX + 1], bool *usable)
{
    const char *begin = r->at, *newline;
    char key[SHOWN_BYTES];
    size_t length;

    if (begin == r->end)
        return false;
    newline = memchr(begin, '\n', (size_t)(r->end - begin));
    length = (size_t)((newline == NULL ? r->end : newline) - begin);
    r->at = newline == NULL ? r->end : newline + 1;
    r->line++;
    if (length > 0 && begin[length - 1] == '\r')
        length--;
    *usable = false;
    name_key(begin, length, key);
    if (memchr(begin, '\0', length) != NULL)
        complain(r, "%s: the line holds a NUL byte", key);
    else if (length > CONFIG_LINE_MAX)
        complain(r, "%s: the line has %zu bytes, at most %d are allowed", key,
                 length, (int)CONFIG_LINE_MAX);
    else
        *usable = true;
    if (*usable) {
        memcpy(line, begin, length);
        line[length] = '\0';
    }
    return true;
}

/* Like fgets, for the library. */
static char *
give_line(char *out, int room, void *stream)
{
    struct reader *r = stream;
    char line[CONFIG_LINE_MAX + 1] = "", key[SHOWN_BYTES];
    bool usable;

    while (next_line(r, line, &usable)) {
        if (!usable || !judge_line(r, line))
            continue;
        if (strlen(line) < (size_t)room)
            return memcpy(out, line, strlen(line) + 1);
        complain(r, "%s: the line is longer than the INI library allows (%d)",
                 name_key(line, strlen(line), key), room - 1);
    }
    return NULL;
}

static void
refuse_key(struct reader *r, const char *name)
{
    char nearest[CONFIG_KEYS_OPTION_SIZE];

    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++)
        if (strcmp(config_keys[i].name, name) == 0) {
            complain(r, "%s: there is no such key in [%s]; it belongs to [%s]",
                     name, r->section, config_keys[i].section);
            return;
        }
    if (config_keys_nearest(r->section, name, nearest) != NULL)
        complain(r, "%s: there is no such key in [%s]; did you mean %s?", name,
                 r->section, nearest);
    else
        complain(r, "%s: there is no such key in [%s]", name, r->section);
}

/* Called by the library; never 0, which would mean an error to it. */
static int
take_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reader *r = user;
    const struct config_key_info *key;
    struct config_value *slot;
    struct error e;

    (void)section;
    if (!r->known) {
        if (r->section[0] == '\0' && r->config->block_count == 0 &&
            r->sink->count == 0)
            complain(r, "%s: no section has begun, like [redkeep]", name);
        return 1;
    }
    key = config_keys_find(r->section, name);
    if (key == NULL) {
        refuse_key(r, name);
        return 1;
    }
    slot = r->block == NULL ? &r->config->values[key - config_keys]
                            : &r->block->values[key - r->block->first];
    if (slot->line != 0) {
        complain(r, "%s: given twice, first on line %u", name, slot->line);
        return 1;
    }
    slot->line = r->line;
    if (config_value_put(slot, key, value, CONFIG_FROM_FILE, &e) != 0)
        complain(r, "%s: %s", name, e.text);
    return 1;
}

/* The first key of a named section is the one it cannot do without. */
static void
check_blocks(struct reader *r)
{
    for (size_t i = 0; i < r->config->block_count; i++) {
        const struct config_block *block = &r->config->blocks[i];

        r->line = block->line;
        if (block->values[0].line == 0)
            complain(r, "%s: is missing in [%s %s]", block->first->name,
                     block->first->section, block->name);
    }
}

int
config_file_load(struct config *c, const char *path, struct config_sink *sink,
                 struct error *e)
{
    char *bytes;
    struct reader r = {.config = c, .sink = sink, .path = path};
    size_t size;

    if (file_load_named(path, CONFIG_FILE_MAX, &bytes, &size, e) != 0)
        return -1;
    r.at = bytes;
    r.end = bytes + size;
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    if (ini_parse_stream(give_line, &r, take_pair, &r) != 0)
        complain(&r, "the INI library cannot read this line");
    check_blocks(&r);
    free(bytes);
    return 0;
}
