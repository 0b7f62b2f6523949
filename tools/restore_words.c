#include "restore_words.h"

#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "base/text.h"
#include "jobs/value.h"
#include "screen.h"

static json_t *
puts_list(const struct restore_plan *p)
{
    json_t *list = json_array();

    for (size_t n = 0; n < p->put_count; n++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:I}", "from",
                                        value_string(p->puts[n].from), "to",
                                        value_string(p->puts[n].to), "bytes",
                                        (json_int_t)p->puts[n].bytes));
    return list;
}

static json_t *
texts_list(char *const *texts, size_t count)
{
    json_t *list = json_array();

    for (size_t n = 0; n < count; n++)
        json_array_append_new(list, value_string(texts[n]));
    return list;
}

static json_t *
steps_list(const struct restore *r, bool advice)
{
    json_t *list = json_array();

    for (size_t n = 0; n < r->step_count; n++)
        if (r->steps[n].advice == advice)
            json_array_append_new(list, value_string(r->steps[n].text));
    return list;
}

static json_t *
server_json(const struct target *t)
{
    const struct ties *ties = &t->ties;

    if (t->source == NULL)
        return json_null();
    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "told_by", value_string(t->source), "running", t->running, "appendonly",
        value_flag(t->appendonly >= 0, t->appendonly == 1), "dbfilename",
        value_string(t->dbfilename), "appendfilename",
        value_string(t->appendfilename), "appenddirname",
        value_string(t->appenddirname), "saves",
        value_flag(ties->saves >= 0, ties->saves == 1), "primary",
        value_string(ties->primary), "replicas", value_number(ties->replicas),
        "sentinels", value_number(ties->sentinels), "cluster",
        value_flag(ties->cluster >= 0, ties->cluster == 1), "service",
        value_string(t->service));
}

static json_t *
plan_json(const struct restore *r)
{
    const struct restore_plan *p = &r->plan;

    /* An undo has steps and no more. */
    if (p->layout == NULL)
        return json_pack("{s:o, s:o}", "steps", steps_list(r, false), "advice",
                         steps_list(r, true));
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "puts", puts_list(p), "aside", texts_list(p->aside, p->aside_count),
        "layout", value_string(p->layout), "bytes_needed",
        (json_int_t)p->bytes_needed, "bytes_free", (json_int_t)p->bytes_free,
        "rdb_version", value_number(p->rdb_version > 0 ? p->rdb_version : -1),
        "judged_for", value_string(r->judged_for), "server",
        server_json(&p->server), "modules",
        texts_list(p->modules, p->module_count), "functions",
        value_flag(p->functions >= 0, p->functions == 1), "expired",
        value_number(p->expired), "steps", steps_list(r, false), "advice",
        steps_list(r, true));
}

json_t *
restore_words_json(const struct restore *r)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o, s:o}", "id",
                     value_text(r->id), "to", value_string(r->target), "point",
                     value_time(r->point_ms), "kept", value_string(r->kept),
                     "keys", value_number(r->keys), "seconds",
                     (double)r->took_ms / 1000.0, "down_seconds",
                     r->served ? json_real((double)r->down_ms / 1000.0)
                               : json_null(),
                     "journal", journal_state_name(r->state), "plan",
                     plan_json(r), "findings", answer_findings(&r->report));
}

/* A line with a path in it, whatever that is made of. Frees text. */
static void
say(char *text)
{
    screen_print(stdout, 4, text);
    free(text);
}

/* How long clients had no server. */
static void
show_downtime(const struct restore *r)
{
    char down[TEXT_WORDS_SIZE], load[TEXT_WORDS_SIZE];

    if (!r->served)
        return;
    text_write_duration(down, r->down_ms);
    text_write_duration(load, r->load_ms);
    printf("the server was away for %s, %s of that loading\n", down, load);
}

/* A line of its own, never folded: it is there to be pasted. */
static void
show_undo(const struct restore *r, const char *when)
{
    char *folder = text_shell_word(r->target);

    printf("%s, while no server runs:\n    redkeep restore --undo --to %s\n",
           when, folder);
    free(folder);
}

static const char *
why_nothing(const struct restore *r)
{
    switch (r->state) {
    case JOURNAL_PLACED:
        return "the new set is in its place";
    case JOURNAL_UNDONE:
        return "what was there before is back in its place";
    default:
        return "nothing is unfinished there, and nothing to put back is known";
    }
}

/* What became of what a journal speaks of. */
static void
show_journal(const struct restore *r, const struct invocation *in)
{
    const char *what = command_has(in, "forget") ? "an older set stays"
                                                 : "what was there is";

    if (r->nothing)
        say(text_format("%s: there is nothing to do: %s", r->target,
                        why_nothing(r)));
    else if (command_has(in, "forget"))
        say(text_format("%s: what was done before is forgotten", r->target));
    else if (command_has(in, "undo") || r->state == JOURNAL_UNDONE)
        say(text_format("%s is as it was before", r->target));
    else
        say(text_format("%s holds the new set", r->target));
    if (r->kept != NULL)
        say(text_format("%s in %s", what, r->kept));
    show_downtime(r);
}

static void
show_outcome(const struct restore *r, bool quiet)
{
    char when[TEXT_TIME_SIZE], size[TEXT_WORDS_SIZE], took[TEXT_WORDS_SIZE];

    text_write_time(when, r->point_ms);
    text_write_size(size, r->bytes);
    text_write_duration(took, r->took_ms);
    say(text_format("restored %s to %s", r->id, r->target));
    printf("data as of %s, %s in %s\n", when, size, took);
    if (r->keys >= 0)
        printf("%lld key%s\n", (long long)r->keys, r->keys == 1 ? "" : "s");
    if (r->kept != NULL) {
        say(text_format("what was there is in %s", r->kept));
        if (!quiet)
            show_undo(r, "to put it back");
    }
    show_downtime(r);
}

void
restore_words_plan(const struct restore *r, struct restore_words *words)
{
    if (words->in->json)
        return;
    for (; words->shown < r->step_count; words->shown++)
        if (!words->in->quiet)
            screen_print(stdout, 4, r->steps[words->shown].text);
    fflush(stdout);
}

void
restore_words_show(const struct restore *r, struct restore_words *words,
                   bool dry_run)
{
    const struct invocation *in = words->in;

    if (dry_run)
        restore_words_plan(r, words);
    for (size_t n = words->shown; n < r->step_count && !in->quiet; n++)
        if (in->verbose || r->steps[n].advice)
            screen_print(stdout, 4, r->steps[n].text);
    if (dry_run) {
        puts("dry run: nothing was changed");
        if (r->point_ms >= 0 && !in->quiet)
            show_undo(r, "once it is done, this undoes it");
    } else if (r->point_ms < 0)
        show_journal(r, in);
    else
        show_outcome(r, in->quiet);
}
