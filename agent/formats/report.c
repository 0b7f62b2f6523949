#include "formats/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
