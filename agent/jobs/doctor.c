#include "jobs/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { TEXT_MAX = 1024 };

const char *const doctor_severity_names[] = {
    [DOCTOR_INFO] = "info",
    [DOCTOR_WARNING] = "warning",
    [DOCTOR_ERROR] = "error",
};

const char *const doctor_scope_names[] = {
    [DOCTOR_SERVER] = "server",
    [DOCTOR_HOST] = "host",
    [DOCTOR_REPOSITORY] = "repository",
};

const char *
doctor_setting(const struct doctor_scene *scene, const char *name)
{
    return scene->settings == NULL
               ? NULL
               : survey_settings_find(scene->settings, name);
}

int64_t
doctor_number(const struct doctor_scene *scene, const char *name)
{
    size_t size = strlen(name);
    char digits[24];
    uint64_t number;

    for (const char *line = scene->info_text; line != NULL && *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, size) != 0 || line[size] != ':')
            continue;
        snprintf(digits, sizeof digits, "%.*s",
                 (int)strcspn(line + size + 1, "\r\n"), line + size + 1);
        return text_number(digits, INT64_MAX, &number) ? (int64_t)number : -1;
    }
    return -1;
}

struct doctor_finding *
doctor_add(struct doctor_findings *all, const char *code,
           enum doctor_severity severity, enum doctor_scope scope,
           const char *format, ...)
{
    char text[TEXT_MAX];
    struct doctor_finding *found;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    all->items = memory_resize(all->items, all->count + 1, sizeof *all->items);
    found = &all->items[all->count++];
    *found = (struct doctor_finding){.code = code,
                                     .severity = severity,
                                     .scope = scope,
                                     .text = memory_dup(text)};
    return found;
}

static void
put(char **slot, const char *text)
{
    free(*slot);
    *slot = memory_dup(text);
}

void
doctor_about(struct doctor_finding *found, const char *setting,
             const char *value, const char *wanted)
{
    put(&found->setting, setting);
    put(&found->value, value);
    put(&found->wanted, wanted);
}

void
doctor_remedy(struct doctor_finding *found, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(&found->remedy, text);
}

/* Stable: rules speak in an order that is meant. */
static void
sort(struct doctor_findings *all)
{
    for (size_t i = 1; i < all->count; i++) {
        struct doctor_finding one = all->items[i];
        size_t k = i;

        for (; k > 0 && (all->items[k - 1].scope > one.scope ||
                         (all->items[k - 1].scope == one.scope &&
                          all->items[k - 1].severity < one.severity));
             k--)
            all->items[k] = all->items[k - 1];
        all->items[k] = one;
    }
}

void
doctor_judge(const struct doctor_scene *scene, struct doctor_findings *all)
{
    doctor_rule *const *const lists[] = {
        doctor_rules_server,
        doctor_rules_host,
        doctor_rules_repository,
    };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (doctor_rule *const *rule = lists[i]; *rule != NULL; rule++)
            (*rule)(scene, all);
    sort(all);
}

void
doctor_clear(struct doctor_findings *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct doctor_finding *f = &all->items[i];

        free(f->setting);
        free(f->value);
        free(f->wanted);
        free(f->text);
        free(f->remedy);
    }
    free(all->items);
    *all = (struct doctor_findings){0};
}
