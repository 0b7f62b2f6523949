#include "formats/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { TEXT_MAX = 1024 };

static const char *const severity_names[] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_ERROR] = "error",
};

void
report_about(struct report *r, const char *path)
{
    if (r == NULL)
        return;
    char *copy = memory_dup(path); /* path may be the old one */
    free(r->path);
    r->path = copy;
}

void
report_add(struct report *r, enum severity severity, const char *code,
           int64_t offset, const char *remedy, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    if (r == NULL)
        return;
    if (r->count == REPORT_FINDINGS_MAX) {
        r->dropped++;
        return;
    }
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    r->findings =
        memory_grow(r->findings, r->count, &r->capacity, sizeof *r->findings);
    r->findings[r->count++] = (struct finding){
        .code = code,
        .severity = severity,
        .path = memory_dup(r->path != NULL ? r->path : ""),
        .offset = offset,
        .text = memory_dup(text),
        .remedy = memory_dup(remedy != NULL ? remedy : ""),
    };
}

/*
 * Puts a word for a shell where the last word of phrase first stands behind
 * from. Where that word ends; 0: phrase is not there.
 */
static size_t
fill(struct finding *f, const char *phrase, const char *value, size_t from)
{
    char *at = strstr(f->remedy + from, phrase), *path, *word, *filled;
    size_t before;

    if (at == NULL)
        return 0;
    before = (size_t)(at - f->remedy) +
             (size_t)(strrchr(phrase, ' ') + 1 - phrase);
    path = text_format("%s%s", value[0] == '-' ? "./" : "", value);
    word = text_shell_word(path);
    free(path);
    filled = text_format("%.*s%s%s", (int)before, f->remedy, word,
                         at + strlen(phrase));
    before += strlen(word);
    free(word);
    free(f->remedy);
    f->remedy = filled;
    return before;
}

void
report_fill(struct report *r, size_t first, const char *path,
            const char *directory)
{
    for (size_t i = first; i < r->count; i++) {
        size_t from = 0;

        fill(&r->findings[i], REPORT_REPAIR, path, 0);
        while (directory != NULL &&
               (from = fill(&r->findings[i], "--to DIR", directory, from)) > 0)
            continue;
    }
}

void
report_fill_options(struct report *r, const char *options)
{
    static const char command[] = "redkeep repair";

    for (size_t i = 0; i < r->count; i++) {
        struct finding *f = &r->findings[i];
        char *at = strstr(f->remedy, command), *filled;
        size_t before;

        /* A remedy may have brought its own. */
        if (at == NULL || strstr(at, options) != NULL)
            continue;
        before = (size_t)(at - f->remedy) + strlen(command);
        filled = text_format("%.*s%s%s", (int)before, f->remedy, options,
                             f->remedy + before);
        free(f->remedy);
        f->remedy = filled;
    }
}

void
report_clear(struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->findings[i].path);
        free(r->findings[i].text);
        free(r->findings[i].remedy);
    }
    free(r->findings);
    free(r->path);
    *r = (struct report){0};
}

const char *
report_severity_name(enum severity s)
{
    return severity_names[s];
}
