#include "daemon/tally_work.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/timer.h"

enum { OPTIONS_MAX = 128 };

struct tally_view *
tally_view_of(const struct tally *t, const struct tally_set *set)
{
    return &t->views[set - t->sets];
}

static void
show(struct tally_view *v, const struct tally_report *r)
{
    if (v->state != r->state)
        v->since_ms = clock_wall_ms();
    v->state = r->state;
    v->checked = r->checked;
    v->inconsistent = r->inconsistent + (r->failed > 0 ? r->failed : 0);
    v->no_server = r->no_server;
    snprintf(v->problem, sizeof v->problem, "%s", r->text);
}

static void
keep_sample(struct tally_set *set, const struct tally_report *r, unsigned round)
{
    json_decref(set->items);
    json_decref(set->warnings);
    set->items = json_incref(r->items);
    set->warnings = json_incref(r->warnings);
    set->consistent = r->state == TALLY_CONSISTENT;
    set->round = round;
    set->sampled_ms = clock_wall_ms();
}

/* How many are looked at; 0: all, as a sample may miss what is behind. */
static uint64_t
sample_of(const struct tally_set *set, enum tally_kind kind)
{
    if (kind == TALLY_WHOLE || (kind == TALLY_START && set->behind))
        return 0;
    return config_block_number(set->block, kind == TALLY_START
                                               ? CONFIG_COUNTERS_STARTUP_SAMPLE
                                               : CONFIG_COUNTERS_SAMPLE);
}

/* Whether a set that was behind may be so still: others were looked at. */
static bool
is_in_doubt(const struct tally_set *set, enum tally_kind kind,
            const struct tally_report *r)
{
    return set->behind && r->state == TALLY_CONSISTENT &&
           kind == TALLY_SAMPLE && sample_of(set, kind) > 0;
}

/* What is no number is left to people. */
bool
tally_run_mends(const struct tally_set *set, const struct tally_report *r)
{
    return r->inconsistent > 0 &&
           config_block_number(set->block, CONFIG_COUNTERS_REBUILD) == 0;
}

/* What follows from a start that looked, or from its rebuild. */
static void
follow(struct tally *t, struct tally_set *set, const struct tally_report *r,
       enum tally_kind kind, uint64_t now)
{
    if (r->state == TALLY_UNCLEAR)
        tally_due_again(set, now);
    else if (kind == TALLY_START && r->state == TALLY_BEHIND)
        set->rebuild = tally_run_mends(set, r);
    /* A primary that became a replica: the next one may be found anew. */
    if (r->readonly && !set->reconnected)
        server_reconnect(t->server, r->text);
    set->reconnected |= r->readonly;
}

/* What the last look or rebuild says of the set. */
static void
judge(struct tally *t, struct tally_set *set, enum tally_kind kind,
      const struct tally_report *r, uint64_t took_ms)
{
    struct tally_view *v = tally_view_of(t, set), was = *v;

    /* A rebuild that failed leaves them behind. */
    if (kind == TALLY_REBUILD && r->state == TALLY_UNCLEAR)
        snprintf(v->problem, sizeof v->problem, "%s", r->text);
    else
        show(v, r);
    if (r->state != TALLY_UNCLEAR)
        set->behind = r->state == TALLY_BEHIND;
    if (kind == TALLY_REBUILD) {
        v->rebuild_ms = (int64_t)took_ms;
        tally_tell_rebuild(t, set, r, took_ms);
    } else
        tally_tell_look(t, set, &was, r, kind);
}

/* One look, or a rebuild, has ended. */
static void
take(struct tally *t, struct tally_set *set, enum tally_kind kind,
     const struct tally_report *r, uint64_t took_ms)
{
    struct tally_view *v = tally_view_of(t, set);
    uint64_t now = clock_steady_ms();

    if (!is_in_doubt(set, kind, r))
        judge(t, set, kind, r, took_ms);
    else if (set->sample_ms > now + TALLY_DOUBT_MS)
        set->sample_ms = now + TALLY_DOUBT_MS;
    if (kind == TALLY_SAMPLE)
        keep_sample(set, r, t->busy_round);
    else if (kind != TALLY_WHOLE)
        follow(t, set, r, kind, now);
    v->mending = set->rebuild;
    t->changed(t->context);
}

static void
child_ended(void *context, const struct worker_outcome *outcome)
{
    struct tally *t = context;
    struct tally_set *set = t->busy;
    struct tally_report r;

    t->worker = NULL;
    t->busy = NULL;
    timer_set(t->timer, 0);
    if (set == NULL || t->stopping)
        return;
    tally_report_read(&r, set->block->name, outcome);
    take(t, set, t->kind, &r, outcome->took_ms);
    tally_report_clear(&r);
}

/* Everything but a sample may take as long as a job. */
static struct worker *
start_child(struct tally *t, const struct tally_set *set, enum tally_kind kind,
            struct error *e)
{
    const char *argv[OPTIONS_MAX + 9] = {"redkeep"};
    struct worker_task task = {
        .program = t->program,
        .argv = argv,
        .death_signal = SIGTERM, /* it takes its source with it */
        .keep = t->terms->copy > 0 ? t->terms->copy : 0,
    };
    char number[24];
    size_t n = 0;

    worker_limit(&task, &t->terms->config);
    if (kind == TALLY_SAMPLE)
        task.time_limit_ms =
            config_block_duration_ms(set->block, CONFIG_COUNTERS_TIMEOUT) +
            TALLY_SLACK_MS;
    for (; t->terms->options[n] != NULL && n < OPTIONS_MAX; n++)
        argv[n + 1] = t->terms->options[n];
    argv[++n] = "counters";
    argv[++n] = "--quiet";
    snprintf(number, sizeof number, "--sample=%llu",
             (unsigned long long)sample_of(set, kind));
    if (kind != TALLY_REBUILD)
        argv[++n] = number;
    argv[++n] = "--";
    argv[++n] = kind == TALLY_REBUILD ? "rebuild" : "check";
    argv[++n] = set->block->name;
    return worker_start(t->base, &task, child_ended, t, e);
}

static const char *
why_away(const struct server_view *v)
{
    if (v->loading)
        return "it is loading its data";
    return *v->last_error != '\0' ? v->last_error : "not connected yet";
}

void
tally_run_start(struct tally *t, struct tally_set *set, enum tally_kind kind)
{
    const struct server_view *server = server_view(t->server);
    struct tally_report r;
    struct error e = {0};

    if (kind == TALLY_START)
        set->start_ms = TALLY_NEVER;
    if (kind == TALLY_REBUILD)
        set->rebuild = false;
    if (kind == TALLY_SAMPLE || kind == TALLY_WHOLE)
        set->sample_ms = clock_steady_ms() + tally_view_of(t, set)->every_ms;
    t->busy_round = t->round;
    if (server->state == SERVER_CONNECTED) {
        t->worker = start_child(t, set, kind, &e);
        t->busy = set;
        t->kind = kind;
        if (t->worker != NULL)
            return;
        t->busy = NULL;
        tally_report_fail(&r, set->block->name, e.text);
    } else
        tally_report_away(&r, why_away(server));
    take(t, set, kind, &r, 0);
    tally_report_clear(&r);
}
