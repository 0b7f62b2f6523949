#include "guard_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "screen.h"

static const char *
text_of(const json_t *answer, const char *key)
{
    return json_string_value(json_object_get(answer, key));
}

/* Back from JSON; the codes are borrowed from it. */
static void
read_findings(struct report *report, const json_t *all)
{
    size_t i;
    const json_t *one;

    json_array_foreach(all, i, one)
    {
        const char *code = text_of(one, "code");
        const char *severity = text_of(one, "severity");
        const char *path = text_of(one, "path"), *text = text_of(one, "text");
        const char *remedy = text_of(one, "remedy");
        const json_t *offset = json_object_get(one, "offset");
        enum severity s = SEVERITY_INFO;

        while (severity != NULL && s < SEVERITY_ERROR &&
               strcmp(severity, report_severity_name(s)) != 0)
            s++;
        report_about(report, path != NULL ? path : "");
        report_add(report, s, code != NULL ? code : "",
                   json_is_integer(offset) ? json_integer_value(offset) : -1,
                   remedy != NULL ? remedy : "", "%s",
                   text != NULL ? text : "");
    }
}

static void
print(char *line)
{
    screen_print(stdout, 4, line);
    free(line);
}

static const char *
server_does(const char *server)
{
    for (enum judge_server s = JUDGE_LOADS; s <= JUDGE_REFUSES; s++)
        if (server != NULL && strcmp(server, judge_server_name(s)) == 0)
            return answer_server_does(s);
    return "";
}

void
guard_words_show(const json_t *answer, const char *directory,
                 const struct invocation *in)
{
    const char *why = text_of(answer, "why"), *kept = text_of(answer, "kept");
    const char *unmended = text_of(answer, "unmended");
    const char *verdict = text_of(answer, "verdict");
    const char *release = text_of(answer, "release");
    struct report report = {0};

    read_findings(&report, json_object_get(answer, "findings"));
    if (!in->quiet || why != NULL)
        answer_show_findings(&report, in->verbose);
    if (!in->quiet || why != NULL || kept != NULL)
        print(text_format("%s: %s; %s %s", directory,
                          verdict != NULL ? verdict : "",
                          release != NULL ? release : "",
                          server_does(text_of(answer, "server"))));
    if (kept != NULL)
        print(text_format("mended; the originals are in %s; to put them"
                          " back: %s",
                          kept, text_of(answer, "put_back")));
    if (unmended != NULL)
        print(text_format("could not be mended: %s", unmended));
    if (why != NULL)
        print(text_format("the server must not start: %s", why));
    report_clear(&report);
}
