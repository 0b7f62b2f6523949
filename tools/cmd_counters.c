#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "answer.h"
#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "jobs/counters.h"
#include "hint.h"
#include "meter.h"
#include "screen.h"
#include "settings.h"
#include "table.h"

enum { STATUS_BEHIND = 1, STATUS_NOT_DONE = 3 };

static void
print_sets(const struct counters *c)
{
    static const char *const titles[] = {"SET",      ">CHECKED", ">BEHIND",
                                         ">MISSING", ">RAISED",  ">FAILED",
                                         ">TIME",    NULL};
    struct table t;

    table_begin(&t, titles);
    for (size_t i = 0; i < c->count; i++) {
        const struct counters_set *s = &c->sets[i];
        char words[TEXT_WORDS_SIZE];

        text_write_duration(words, s->took_ms);
        table_cell(&t, "%s", s->name);
        table_cell(&t, "%" PRIu64, s->checked);
        table_cell(&t, "%" PRIu64, s->inconsistent);
        table_cell(&t, "%" PRIu64, s->missing);
        table_cell(&t, "%" PRIu64, s->raised);
        table_cell(&t, "%" PRIu64, s->failed);
        table_cell(&t, "%s", s->error != NULL ? "-" : words);
    }
    table_print(&t);
    table_clear(&t);
}

static void
print_warnings(const struct counters *c, FILE *to)
{
    size_t told = json_array_size(c->warnings);

    for (size_t i = 0; i < told; i++)
        screen_print(to, 4, json_string_value(json_array_get(c->warnings, i)));
    if (c->warnings_total > told)
        fprintf(to, "... and %" PRIu64 " more\n", c->warnings_total - told);
}

/* What to do about it. */
static void
print_advice(const struct counters *c, const struct invocation *in,
             bool rebuild, FILE *to)
{
    uint64_t behind = 0, failed = 0, raised = 0;

    for (size_t i = 0; i < c->count; i++) {
        behind += c->sets[i].inconsistent;
        failed += c->sets[i].failed;
        raised += c->sets[i].raised;
    }
    if (behind > 0) {
        char *line = hint_complete(
            in, "'redkeep counters rebuild' raises what is behind");

        screen_print(to, 4, line);
        free(line);
    }
    if (failed > 0)
        screen_print(to, 4,
                     "what holds no number was left as it is: look at it with "
                     "redis-cli TYPE KEY, and remove it");
    if (rebuild && c->error != NULL)
        screen_print(to, 4,
                     raised > 0 ? "run it again: it raises what is left"
                                : "nothing was raised");
}

static void
show_sets(const struct counters *c)
{
    bool looked = false;

    for (size_t i = 0; i < c->count; i++)
        looked |= c->sets[i].error == NULL;
    if (c->count == 0)
        screen_print(
            stdout, 4,
            "the configuration has no [counters NAME]: nothing is compared;"
            " 'man redkeep.conf' tells how to have one");
    else if (looked)
        print_sets(c);
    if (c->count > 0 && counters_is_healthy(c))
        puts("Redis counters are consistent with database");
}

static void
show(const struct counters *c, const struct invocation *in, bool rebuild)
{
    FILE *to = c->error != NULL ? stderr : stdout;

    if (!in->json && !in->quiet)
        show_sets(c);
    /* The agent has them from the report, and tells them when they change. */
    if (!in->json || (c->error != NULL && !in->quiet))
        print_warnings(c, to);
    if (!in->json && !in->quiet)
        print_advice(c, in, rebuild, to);
}

static int
read_words(const struct invocation *in, bool *rebuild, struct error *e)
{
    *rebuild = strcmp(in->words[0], "rebuild") == 0;
    if (!*rebuild && strcmp(in->words[0], "check") != 0)
        return error_set(e, ERROR_USAGE, "'%s' is neither check nor rebuild",
                         in->words[0]);
    if (*rebuild && command_has(in, "sample"))
        return error_set(e, ERROR_USAGE,
                         "--sample is for check: a rebuild takes all");
    return 0;
}

static int
read_sample(const struct invocation *in, struct counters_options *o,
            struct error *e)
{
    const char *value = command_value_of(in, "sample");

    if (value != NULL && !text_number(value, UINT32_MAX, &o->sample))
        return error_set(e, ERROR_USAGE, "--sample: '%s' is no number", value);
    /* Which rows are chosen need not be secret. */
    if (getrandom(&o->seed, sizeof o->seed, 0) < 0)
        o->seed = clock_steady_us();
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    struct counters_options options = {.progress = &in->progress};
    struct counters c = {0};
    struct reach reach = {0};
    int rc;

    rc = read_words(in, &options.rebuild, e);
    if (rc == 0)
        rc = read_sample(in, &options, e);
    if (rc == 0)
        rc = reach_read(&reach, &in->config, e);
    if (rc == 0)
        rc = counters_begin(&c, &in->config, in->words + 1, in->word_count - 1,
                            e);
    options.link = &reach.link;
    if (rc == 0)
        rc = counters_run(&c, &options, e);
    meter_end();
    if (rc == 0) {
        show(&c, in, options.rebuild);
        rc = c.error != NULL            ? STATUS_NOT_DONE
             : !counters_is_healthy(&c) ? STATUS_BEHIND
                                        : 0;
    }
    if (rc >= 0 && in->json &&
        answer_print(counters_report(&c, clock_wall_ms()), e) != 0)
        rc = -1;
    counters_clear(&c);
    reach_clear(&reach);
    return rc;
}

const struct command cmd_counters = {
    .name = "counters",
    .words = "check|rebuild [NAME...]",
    .summary = "compare counters with the database, raise them",
    .details =
        "For each [counters NAME] of the configuration: what its source prints\n"
        "is compared with the server. rebuild raises what is missing or behind,\n"
        "in one atomic step a counter, and lowers nothing; it may run beside\n"
        "clients that count. It writes nothing unless all sources were whole.\n"
        "Exit status 1: a counter is behind, or no number; 3: a source or the\n"
        "server failed.\n",
    .words_min = 1,
    .words_max = 1001,
    .options =
        {
            {"sample", "N", "check N of each set, chosen at random"},
        },
    .run = run,
};
