#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/value.h"
#include "screen.h"

json_t *
answer_findings(const struct report *report)
{
    json_t *all = json_array();

    for (size_t n = 0; n < report->count; n++) {
        const struct finding *f = &report->findings[n];

        json_array_append_new(
            all,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "code", f->code,
                      "severity", report_severity_name(f->severity), "path",
                      value_string(f->path), "offset", value_number(f->offset),
                      "text", value_string(f->text), "remedy",
                      value_string(f->remedy)));
    }
    return all;
}

const char *
answer_server_does(enum judge_server s)
{
    static const char *const does[] = {
        [JUDGE_LOADS] = "loads it",
        [JUDGE_TRUNCATES] = "starts, and cuts off the unfinished tail",
        [JUDGE_EMPTY] = "starts empty",
        [JUDGE_REFUSES] = "refuses to start",
    };

    return does[s];
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

/* The first command of a remedy; NULL: there is none. */
static const char *
find_command(const char *remedy)
{
    static const char *const begins[] = {"redkeep re", "rm -- "};
    const char *first = NULL;

    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        const char *at = strstr(remedy, begins[i]);

        if (at != NULL && (first == NULL || at < first))
            first = at;
    }
    return first;
}

/* Ended by a semicolon, but not by one in a name (text_shell_word). */
static size_t
measure_command(const char *command)
{
    bool quoted = false;
    size_t n = 0;

    for (; command[n] != '\0' && (quoted || command[n] != ';'); n++)
        if (command[n] == '\\' && !quoted && command[n + 1] != '\0')
            n++;
        else if (command[n] == '\'')
            quoted = !quoted;
    return n;
}

static void
show_remedy(const char *remedy)
{
    bool folded = screen_columns(stdout) > 0;
    const char *begin = "    to do: ", *command;

    while (folded && (command = find_command(remedy)) != NULL) {
        size_t size = measure_command(command);
        /* Without the blank before the command. */
        int before = (int)(command - remedy) - (command > remedy);
        char *line = text_format("%s%.*s", begin, before, remedy);

        screen_print(stdout, 11, line);
        free(line);
        line = memory_copy(command, size);
        printf("%*s%s\n", 15, "", screen_tame(line));
        free(line);
        remedy = command + size + strspn(command + size, "; ");
        begin = "           ";
    }
    if (*remedy != '\0') {
        char *line = text_format("%s%s", begin, remedy);

        screen_print(stdout, 11, line);
        free(line);
    }
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
}

bool
answer_show_findings(const struct report *report, bool all)
{
    const char *remedy = "";
    bool shown = false;

    for (size_t n = 0; n < report->count; n++) {
        const struct finding *f = &report->findings[n];

        if (!all && f->severity == SEVERITY_INFO)
            continue;
        show_finding(f);
        if (strcmp(f->remedy, remedy) != 0)
            show_remedy(f->remedy);
        else if (*remedy != '\0')
            puts("    to do: as above");
        remedy = f->remedy;
        shown = true;
    }
    if (report->dropped > 0)
        printf("... and %llu more findings\n",
               (unsigned long long)report->dropped);
    return shown;
}
