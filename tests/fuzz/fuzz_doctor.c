/*
 * What a server tells of itself, up to an empty line INFO, then settings as
 * "name value" lines: the rules on it find what they find, and every finding
 * is one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/doctor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct survey_settings *
read_settings(char *text)
{
    struct survey_settings *s = survey_settings_new();
    char *line;

    while (text != NULL && (line = strsep(&text, "\n")) != NULL) {
        char *name = strsep(&line, " ");

        if (line != NULL)
            survey_settings_add(s, name, line);
    }
    return s;
}

static void
check(const struct doctor_finding *f)
{
    if (f->code == NULL || f->text == NULL || f->text[0] == '\0' ||
        f->scope != DOCTOR_SERVER || f->applied)
        abort();
    if (f->runtime &&
        (f->setting == NULL || f->wanted == NULL || f->remedy == NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size), *rest = strstr(text, "\n\n");
    struct config config;
    struct info info;
    struct doctor_findings found = {0};
    struct doctor_scene scene = {.info = &info,
                                 .info_text = text,
                                 .root = "",
                                 .pid = -1,
                                 .config = &config};

    config_init(&config);
    if (rest != NULL) {
        *rest = '\0';
        scene.settings = read_settings(rest + 2);
    }
    info_read(&info, text);
    scene.memory_bytes = doctor_number(&scene, "total_system_memory");
    scene.stranger = (enum survey_stranger)(size % 4);
    scene.jobs_found = size % 2 == 0;
    for (doctor_rule *const *rule = doctor_rules_server; *rule != NULL; rule++)
        (*rule)(&scene, &found);
    for (size_t i = 0; i < found.count; i++)
        check(&found.items[i]);
    doctor_clear(&found);
    survey_settings_free((struct survey_settings *)scene.settings);
    config_clear(&config);
    free(text);
    return 0;
}
