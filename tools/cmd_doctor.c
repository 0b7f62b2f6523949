#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "doctor_words.h"
#include "jobs/reach.h"
#include "jobs/value.h"
#include "meter.h"
#include "question.h"
#include "screen.h"
#include "settings.h"

enum { STATUS_BAD = 1, STATUS_AWAY = 3 };

/* One run: what was seen, what was found, what was done about it. */
struct visit {
    const struct invocation *in;
    struct settings settings;
    struct status_words words;
    struct doctor_gathering scene;
    struct doctor_findings found;
    struct doctor_changes changes;
    bool applied;
};

static int
look(struct visit *v, struct error *e)
{
    const char *root = getenv("REDKEEP_TEST_ROOT");
    struct doctor_gather_options options = {
        .config = &v->in->config,
        .link = &v->settings.reach.link,
        .root = root != NULL ? root : "",
        .now_ms = clock_wall_ms(),
    };

    if (doctor_gather(&v->scene, &options, &v->found, e) != 0)
        return -1;
    doctor_judge(&v->scene.scene, &v->found);
    return 0;
}

static int
look_again(struct visit *v, struct error *e)
{
    doctor_clear(&v->found);
    doctor_gather_clear(&v->scene);
    return look(v, e);
}

/* Nothing to set, or no server to set it: nothing to ask. */
static int
apply(struct visit *v, struct error *e)
{
    struct doctor_apply_options options = {
        .scene = &v->scene.scene,
        .time_limit_ms =
            config_duration_ms(&v->in->config, CONFIG_JOBS_TIME_LIMIT),
        .progress = &v->in->progress,
    };
    int rc;

    doctor_apply_plan(&v->changes, &v->found);
    if (v->changes.count == 0 || v->scene.link == NULL)
        return 0;
    if (!command_has(v->in, "yes")) {
        if (!v->in->json)
            doctor_words_show(&v->found, &v->words, v->in->quiet);
        doctor_words_plan(&v->changes, v->scene.info.config_file[0] != '\0');
        if (question_ask(v->in, "have it set them?", e) != 0)
            return -1;
    }
    v->applied = true;
    rc = doctor_apply_run(&v->changes, v->scene.link, &options, e);
    meter_end();
    if (!v->in->quiet)
        doctor_words_changed(&v->changes);
    if (rc == 0)
        rc = look_again(v, e);
    if (rc == 0)
        doctor_apply_mark(&v->changes, &v->found);
    else if (e->kind == ERROR_STOPPED)
        error_set(e, ERROR_FAILED,
                  "stopped; what was set stays set, and was not judged again");
    return rc;
}

static bool
is_bad(const struct doctor_findings *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->items[i].severity != DOCTOR_INFO)
            return true;
    return false;
}

static int
print_json(const struct visit *v, struct error *e)
{
    bool away = v->scene.link == NULL;
    json_t *answer =
        json_pack("{s:s, s:o}", "status", is_bad(&v->found) ? "findings" : "ok",
                  "findings", doctor_words_findings(&v->found, &v->words));

    if (command_has(v->in, "apply")) {
        json_object_set_new(answer, "changes",
                            doctor_words_changes(&v->changes));
        json_object_set_new(answer, "lasting",
                            value_flag(v->applied, v->changes.lasting));
    }
    if (away)
        json_object_set_new(answer, "error", value_string(v->scene.why.text));
    return answer_print(answer, e);
}

static int
tell(const struct visit *v, struct error *e)
{
    if (v->in->json && print_json(v, e) != 0)
        return -1;
    if (!v->in->json) {
        doctor_words_show(&v->found, &v->words, v->in->quiet);
        if (!v->in->quiet)
            doctor_words_end(&v->found, v->applied);
    }
    if (v->scene.link == NULL) {
        char *line = text_format("redkeep doctor: %s%s", v->scene.why.text,
                                 reach_advice(&v->scene.why));

        screen_print(stderr, 4, line);
        free(line);
        return STATUS_AWAY;
    }
    return is_bad(&v->found) ? STATUS_BAD : 0;
}

static int
run(struct invocation *in, struct error *e)
{
    struct visit v = {.in = in};
    int rc = -1;

    doctor_words_read(&v.words, &in->config);
    if (settings_read(&v.settings, in, e) == 0 && look(&v, e) == 0 &&
        (!command_has(in, "apply") || apply(&v, e) == 0))
        rc = tell(&v, e);
    doctor_apply_clear(&v.changes);
    doctor_clear(&v.found);
    doctor_gather_clear(&v.scene);
    status_words_clear(&v.words);
    settings_clear(&v.settings);
    return rc;
}

const struct command cmd_doctor = {
    .name = "doctor",
    .words = "",
    .summary = "judge server, host and repository for production",
    .details =
        "Looks at the server's settings and figures, at the host and at the\n"
        "repository, and says what is wrong, why it matters, and the command\n"
        "that mends it. Nothing is changed. --apply has the server set what it\n"
        "can at run time, and judges again. Exit status 1: there are errors or\n"
        "warnings; 3: the server is away, the rest was judged.\n",
    .options =
        {
            {"apply", NULL, "have the server set what it can; asks first"},
            {"yes", NULL, "do not ask (needed without a terminal)"},
        },
    .settings =
        {
            {"jobs-time-limit", "DURATION",
             "how long an AOF's first rewrite may take"},
        },
    .run = run,
};
