#include "daemon/plan_saved.h"

#include <stdio.h>
#include <string.h>

#include "jobs/value.h"

/* Larger reports are not kept over a restart. */
enum { REPORT_MAX_BYTES = 256 * 1024 };

static json_t *
write_last(const struct plan_run *run)
{
    return json_pack("{s:o, s:o, s:s, s:i, s:i, s:o}", "started",
                     value_time(run->started_ms), "finished",
                     value_time(run->finished_ms), "result",
                     plan_result_name(run->result), "exit_status",
                     run->exit_status, "signal", run->signal, "text",
                     value_string(run->text));
}

static json_t *
write_results(const struct plan_view *v)
{
    json_t *object = json_object();

    for (int i = 0; i < PLAN_RESULTS; i++)
        json_object_set_new(object, plan_result_name((enum plan_result)i),
                            json_integer((json_int_t)v->results[i]));
    return object;
}

static json_t *
write_report(json_t *report)
{
    if (report == NULL ||
        json_dumpb(report, NULL, 0, JSON_COMPACT) > REPORT_MAX_BYTES)
        return json_null();
    return json_incref(report);
}

json_t *
plan_saved_write(const struct plan_one *one)
{
    const struct plan_view *v = &one->view;
    bool again = one->again || one->tries > 0;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:b, s:I, s:I, s:o, s:o, s:o, s:o}", "schedule",
        v->schedule, "due", value_time(one->due.due_ms), "next",
        value_time(one->due.at_ms), "running", value_time(v->running_ms),
        "again", again, "runs", (json_int_t)v->runs, "failures",
        (json_int_t)v->failures, "results", write_results(v), "last",
        v->runs > 0 ? write_last(&v->last) : json_null(), "last_ok",
        value_time(v->last_ok_ms), "report", write_report(v->report));
}

static uint64_t
read_count(const json_t *object, const char *key)
{
    json_int_t count = json_integer_value(json_object_get(object, key));

    return count > 0 ? (uint64_t)count : 0;
}

static int
read_small(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);

    return json_is_integer(value) && number >= -1 && number <= 255 ? (int)number
                                                                   : -1;
}

/* False: it is none that we wrote. */
static bool
read_last(struct plan_run *run, const json_t *last)
{
    const char *text = json_string_value(json_object_get(last, "text"));
    const char *name = json_string_value(json_object_get(last, "result"));
    int result = 0;

    while (result < PLAN_RESULTS && name != NULL &&
           strcmp(name, plan_result_name((enum plan_result)result)) != 0)
        result++;
    run->started_ms = value_read_time(last, "started");
    run->finished_ms = value_read_time(last, "finished");
    if (text == NULL || name == NULL || result == PLAN_RESULTS ||
        run->started_ms < 0 || run->finished_ms < run->started_ms)
        return false;
    run->result = (enum plan_result)result;
    run->exit_status = read_small(last, "exit_status");
    run->signal = read_small(last, "signal");
    if (run->signal < 0)
        run->signal = 0;
    snprintf(run->text, sizeof run->text, "%s", text);
    return true;
}

void
plan_saved_read(struct plan_one *one, const json_t *saved,
                struct plan_saved *state)
{
    struct plan_view *v = &one->view;
    const json_t *results = json_object_get(saved, "results");
    const char *schedule =
        json_string_value(json_object_get(saved, "schedule"));

    *state = (struct plan_saved){
        .same_schedule = schedule != NULL && strcmp(schedule, v->schedule) == 0,
        .due_ms = value_read_time(saved, "due"),
        .at_ms = value_read_time(saved, "next"),
        .running_ms = value_read_time(saved, "running"),
        .again = json_is_true(json_object_get(saved, "again")),
    };
    if (!read_last(&v->last, json_object_get(saved, "last")))
        return;
    v->runs = read_count(saved, "runs");
    v->failures = read_count(saved, "failures");
    for (int i = 0; i < PLAN_RESULTS; i++)
        v->results[i] =
            read_count(results, plan_result_name((enum plan_result)i));
    v->last_ok_ms = value_read_time(saved, "last_ok");
    v->report = json_deep_copy(json_object_get(saved, "report"));
    if (!json_is_object(v->report)) {
        json_decref(v->report);
        v->report = NULL;
    }
}
