#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "command.h"
#include "file_json.h"
#include "guard_child.h"
#include "guard_settings.h"
#include "guard_words.h"
#include "jobs/guard.h"
#include "jobs/guard_memory.h"
#include "jobs/guard_note.h"
#include "jobs/value.h"
#include "meter.h"
#include "server_settings.h"

/* How the child ends: with a decision, or without one, in words or for a
 * signal. 3 it is where there is no memory. */
enum { MAY_START = 0, MUST_NOT = 1, UNDECIDED = 4 };
enum { NOTE_LIMIT_MS = 5000 };

static json_t *
to_json(const struct guard *g, const struct release *release)
{
    char text[RELEASE_TEXT_SIZE];
    const struct judge *j = &g->check.judge;
    json_t *files = json_array();

    for (size_t i = 0; i < j->count; i++)
        json_array_append_new(files, file_json_make(&j->files[i]));
    release_write(text, release);
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "verdict",
        verdict_name(j->verdict), "server", judge_server_name(j->server),
        "release", text, "starts", g->starts, "why", value_string(g->why),
        "mended", g->mended, "kept", value_string(g->kept), "put_back",
        value_string(g->put_back), "unmended", value_string(g->unmended),
        "files", files, "findings", answer_findings(&g->report));
}

/* NULL: e says why there is no answer. */
static json_t *
judge(struct guard_settings *s, const struct invocation *in, struct error *e)
{
    json_t *answer = NULL;
    struct guard g;
    char *words;

    guard_settings_find_release(s, in);
    if (guard_run(&g, &s->options, e) == 0) {
        words = guard_settings_words(s);
        report_fill_options(&g.report, words);
        free(words);
        answer = to_json(&g, &s->options.judge.release);
    }
    guard_clear(&g);
    return answer;
}

/* The same, or what was found last time. */
static json_t *
look(struct guard_settings *s, const struct invocation *in, struct error *e)
{
    const struct guard_memory_options options = {
        .path = s->options.directory,
        .judge = &s->options.judge,
        .programs = {s->programs[0], s->programs[1]},
        .repo = config_text(&in->config, CONFIG_REPO),
        .instance = config_text(&in->config, CONFIG_INSTANCE),
    };
    int64_t now_ms = clock_wall_ms();
    struct guard_memory memory;
    json_t *answer = NULL;

    guard_memory_open(&memory, &options);
    if (s->options.expected == NULL) /* that is not in the key */
        answer = guard_memory_find(&memory);
    if (answer == NULL) {
        answer = judge(s, in, e);
        if (answer != NULL)
            guard_memory_keep(&memory, answer, now_ms);
    }
    if (answer != NULL)
        guard_note_remove(s->options.directory);
    guard_memory_close(&memory);
    return answer;
}

/* In the child: the whole work. */
static int
work(const struct invocation *in, struct error *e)
{
    struct guard_settings settings;
    json_t *answer = NULL;
    int rc = UNDECIDED;

    if (guard_settings_read(&settings, in, e) == 0)
        answer = look(&settings, in, e);
    meter_end();
    if (answer != NULL) {
        rc = json_is_true(json_object_get(answer, "starts")) ? MAY_START
                                                             : MUST_NOT;
        if (!in->json)
            guard_words_show(answer, settings.options.directory, in);
        else if (answer_print(json_incref(answer), e) != 0)
            log_line(LOG_LEVEL_WARNING, "%s", e->text);
    }
    json_decref(answer);
    guard_settings_clear(&settings);
    return rc;
}

/* For the agent; in a process of its own, as what failed may fail again. */
static void
leave_note(const struct invocation *in, const char *why)
{
    struct guard_settings settings;
    struct error none = {0};

    if (guard_settings_find_directory(&settings, in, &none) == 0)
        guard_note_put(settings.options.directory, why, clock_wall_ms());
    guard_settings_clear(&settings);
}

/* We could not tell: that must not keep the server away. */
static void
let_start(const struct invocation *in, const char *why)
{
    struct error none = {0};

    meter_end();
    log_line(LOG_LEVEL_ERROR,
             "guard could not judge the data; the server is let start: %s",
             why);
    if (in->json)
        answer_print(
            json_pack("{s:o, s:b}", "error", value_string(why), "starts", true),
            &none);
}

static int
run(struct invocation *in, struct error *e)
{
    struct error failure = {0};
    char why[sizeof failure.text];
    uint64_t limit_ms;
    int status;

    if (guard_settings_check(in, e) != 0 ||
        guard_settings_limit(in, &limit_ms, e) != 0)
        return -1;
    if (guard_child_begin(limit_ms, &status, why, sizeof why)) {
        status = work(in, &failure);
        if (status != UNDECIDED || failure.kind == ERROR_STOPPED)
            return status;
        let_start(in, failure.text);
        leave_note(in, failure.text);
        return MAY_START;
    }
    if (status == MAY_START || status == MUST_NOT)
        return status;
    if (process_check_stop(e) != 0)
        return -1; /* whoever wants us to end wants no server */
    if (status == UNDECIDED)
        return error_set(e, ERROR_FAILED, "stopped by a signal");
    if (status >= 0)
        return error_set(e, ERROR_FAILED, "ended with exit status %d", status);
    return error_set(e, ERROR_FAILED, "%s", why);
}

static int
failed(const struct invocation *in, const char *why)
{
    char none[1];
    int status;

    let_start(in, why);
    fflush(stdout);
    if (guard_child_begin(NOTE_LIMIT_MS, &status, none, sizeof none))
        leave_note(in, why);
    return MAY_START;
}

const struct command cmd_guard = {
    .name = "guard",
    .words = "[-- SERVER FILE OPTIONS...]",
    .summary = "judge a data directory before its server starts",
    .details =
        "For ExecStartPre= and entrypoints: says what the server would do, and\n"
        "stops it where it would start empty though there was data, cut in the\n"
        "middle, or lose what it writes later. Behind -- stands what the server\n"
        "is started with: redis-server /etc/redis/redis.conf --appendonly yes.\n"
        "Exit status 0: the server may start, or it could not be told, be it for\n"
        "a mistake in these options; 1: it must not; 3: a signal stopped this.\n",
    .words_max = 10000,
    .lenient = true,
    .options =
        {
            {"redis-conf", "FILE", "the server's configuration"},
            {"repair", "never|tail|all", "mend first (never)"},
            {"time-limit", "TIME", "let the server start then (5m)"},
            SERVER_SETTINGS_OPTIONS,
        },
    .run = run,
    .failed = failed,
};
