#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "screen.h"

json_t *
answer_text(const char *text)
{
    json_t *value;
    char *shown;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    shown = memory_new(4 * strlen(text) + 4);
    value = json_string(
        text_quote(shown, 4 * strlen(text) + 4, text, strlen(text)));
    free(shown);
    return value;
}

json_t *
answer_time(int64_t ms)
{
    char text[TEXT_TIME_SIZE];

    if (ms < 0)
        return json_null();
    text_write_time(text, ms);
    return json_string(text);
}

json_t *
answer_number(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

json_t *
answer_findings(const struct report *report)
{
    json_t *all = json_array();

    for (size_t n = 0; n < report->count; n++) {
        const struct finding *f = &report->findings[n];

        json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}",
                                             "code", f->code, "severity",
                                             report_severity_name(f->severity),
                                             "path", answer_text(f->path),
                                             "offset", answer_number(f->offset),
                                             "text", answer_text(f->text),
                                             "remedy", answer_text(f->remedy)));
    }
    return all;
}

int
answer_print(json_t *object, struct error *e)
{
    int rc = json_dumpf(object, stdout,
                        JSON_INDENT(2) | JSON_PRESERVE_ORDER |
                            JSON_REAL_PRECISION(9));

    json_decref(object);
    if (rc != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return error_sys(e, "write to standard output");
    return 0;
}

static void
show_finding(const struct finding *f)
{
    char *line, where[32] = "";

    if (f->offset >= 0)
        snprintf(where, sizeof where, " at byte %lld", (long long)f->offset);
    if (asprintf(&line, "%s: %s%s: %s [%s]", report_severity_name(f->severity),
                 f->path, where, f->text, f->code) < 0)
        return;
    screen_print(stdout, 4, line);
    free(line);
    if (f->remedy[0] == '\0' || asprintf(&line, "    to do: %s", f->remedy) < 0)
        return;
    screen_print(stdout, 11, line);
    free(line);
}

bool
answer_show_findings(const struct report *report, bool all)
{
    bool shown = false;

    for (size_t n = 0; n < report->count; n++) {
        if (!all && report->findings[n].severity == SEVERITY_INFO)
            continue;
        show_finding(&report->findings[n]);
        shown = true;
    }
    if (report->dropped > 0)
        printf("... and %llu more findings\n",
               (unsigned long long)report->dropped);
    return shown;
}
