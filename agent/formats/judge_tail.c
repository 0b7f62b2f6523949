#include "formats/judge_tail.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const tail_codes[] = {
    "aof-torn",
    "aof-multi-open",
    "aof-annotation-torn",
    "aof-torn-front",
};

static bool
is_of_tail(const struct finding *finding, const char *path)
{
    if (strcmp(finding->path, path) != 0)
        return false;
    for (size_t i = 0; i < sizeof tail_codes / sizeof *tail_codes; i++)
        if (strcmp(finding->code, tail_codes[i]) == 0)
            return true;
    return false;
}

void
judge_tail_take_back(struct report *report, const char *path)
{
    size_t kept = 0;

    if (report == NULL)
        return;
    for (size_t i = 0; i < report->count; i++) {
        struct finding *finding = &report->findings[i];

        if (!is_of_tail(finding, path)) {
            report->findings[kept++] = *finding;
            continue;
        }
        free(finding->path);
        free(finding->text);
        free(finding->remedy);
    }
    report->count = kept;
}
