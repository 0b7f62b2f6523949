#include "jobs/restore_exchange.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/restore_work.h"

/*
 * Long enough for a save at shutdown and for a load from a slow disk: what ends
 * before is seen before.
 */
enum { STOP_LIMIT_MS = 15 * 60 * 1000, LOAD_LIMIT_MS = 6 * 60 * 60 * 1000 };

bool
restore_exchange_asked(const struct restore_options *o)
{
    return o->service != NULL || o->stop_command != NULL ||
           o->start_command != NULL;
}

static int
check_words(const struct restore_options *o, struct error *e)
{
    if (o->service != NULL &&
        (o->stop_command != NULL || o->start_command != NULL))
        return error_set(e, ERROR_USAGE,
                         "--service goes without --stop-command and"
                         " --start-command");
    if (o->service == NULL &&
        (o->stop_command == NULL || o->stop_command[0] == '\0' ||
         o->start_command == NULL || o->start_command[0] == '\0'))
        return error_set(e, ERROR_USAGE,
                         "--stop-command and --start-command go together");
    return 0;
}

void
restore_exchange_tell(const struct restore_exchange *x, struct restore *r)
{
    const struct exchange_options *o = &x->options;

    if (!x->wanted)
        return;
    if (o->service != NULL)
        restore_plan_step(r, false,
                          "%s is stopped and masked, and started again when"
                          " the new set is in its place",
                          x->exchange.unit.name);
    else
        restore_plan_step(r, false,
                          "the server is stopped by '%s', and started by '%s'"
                          " when the new set is in its place",
                          o->stop_command, o->start_command);
    restore_plan_step(r, false,
                      "if it does not load it, the old set goes back");
}

/* The journal that they may be from is written anew meanwhile. */
static void
take(struct restore_exchange *x, const char *service, const char *stop,
     const char *start)
{
    x->options.service = x->service = memory_dup(service);
    x->options.stop_command = x->stop_command = memory_dup(stop);
    x->options.start_command = x->start_command = memory_dup(start);
}

int
restore_exchange_begin(struct restore_exchange *x,
                       const struct restore_options *options,
                       const struct journal *journal, int target,
                       const char *path, struct error *e)
{
    bool asked = restore_exchange_asked(options);
    bool begun = journal != NULL &&
                 (journal->service != NULL || journal->stop_command != NULL ||
                  journal->foreign != NULL);

    *x = (struct restore_exchange){
        .options = {.instance = &options->instance,
                    .target = target,
                    .path = path,
                    .stop_limit_ms = STOP_LIMIT_MS,
                    .load_limit_ms = LOAD_LIMIT_MS,
                    .again = begun || options->anew},
    };
    if (options->stopped_by_us)
        return 0;
    if (asked && check_words(options, e) != 0)
        return -1;
    if (asked)
        take(x, options->service, options->stop_command,
             options->start_command);
    else if (begun)
        take(x, journal->service, journal->stop_command,
             journal->start_command);
    x->wanted = asked || x->options.service != NULL ||
                x->options.stop_command != NULL;
    if (!x->wanted)
        return 0;
    if (target < 0)
        return error_set(
            e, ERROR_REFUSED,
            "%s is not there, so no server uses it: restore"
            " without %s, and start a server on it",
            path, x->options.service != NULL ? "--service" : "--stop-command");
    return exchange_check(&x->exchange, &x->options, e);
}

/* As it was asked for, to be typed again. */
static char *
words_again(const struct restore_exchange *x)
{
    const struct exchange_options *o = &x->options;
    char *first =
        text_shell_word(o->service != NULL ? o->service : o->stop_command);
    char *second = text_shell_word(o->service != NULL ? "" : o->start_command);
    char *words = o->service != NULL
                      ? text_format("--service %s", first)
                      : text_format("--stop-command %s --start-command %s",
                                    first, second);

    free(first);
    free(second);
    return words;
}

/* The server must not be started on half a set; whoever does meets tripwires. */
static int
leave_down(const struct restore_exchange *x, struct error *e)
{
    struct error why = *e;

    return error_set(e, why.kind,
                     "%.250s; the server is kept stopped: 'redkeep restore"
                     " --resume --to %s' goes on, --undo puts back what was"
                     " there, and each starts it",
                     why.text, x->options.path);
}

static int
serve(struct restore_exchange *x, struct restore *r,
      const struct exchange_expected *expected, struct error *e)
{
    int64_t keys;

    if (exchange_start(&x->exchange, &keys, e) != 0 ||
        (expected != NULL && exchange_compare(&x->exchange, expected, e) != 0))
        return -1;
    r->keys = keys;
    r->served = x->exchange.stopped_ms != 0;
    r->down_ms = x->exchange.down_ms;
    r->load_ms = x->exchange.load_ms;
    return 0;
}

static void
forget_words(struct journal *j)
{
    free(j->service);
    free(j->stop_command);
    free(j->start_command);
    free(j->foreign);
    j->service = j->stop_command = j->start_command = j->foreign = NULL;
}

/* Nothing is left to be done with the server. */
static int
settle(const struct restore_exchange *x, struct journal *j, struct error *e)
{
    if (j->service == NULL && j->stop_command == NULL && j->foreign == NULL)
        return 0;
    forget_words(j);
    return journal_save(j, x->options.target, e);
}

int
restore_exchange_note(const struct restore_exchange *x, struct journal *j,
                      struct error *e)
{
    const struct exchange_options *o = &x->options;

    if (!x->wanted)
        return 0;
    forget_words(j);
    j->service = memory_dup(o->service);
    j->stop_command = memory_dup(o->stop_command);
    j->start_command = memory_dup(o->start_command);
    return journal_save(j, o->target, e);
}

/* It runs as before: nothing is left to be done with it. */
static int
not_stopped(const struct restore_exchange *x, struct journal *j)
{
    struct error none = {0};

    if (x->exchange.stopped_ms != 0 && !x->exchange.stopped &&
        (j->state == JOURNAL_PLACED || j->state == JOURNAL_UNDONE))
        settle(x, j, &none);
    return -1;
}

static int
not_put(struct restore_exchange *x, const struct restore_exchange_work *work,
        struct error *e)
{
    if (work->journal->state == JOURNAL_PLACING)
        return leave_down(x, e);
    exchange_give_up(&x->exchange, e);
    return not_stopped(x, work->journal);
}

static int
put_back(struct restore_exchange *x, struct restore *r,
         const struct restore_exchange_work *work, struct error *e)
{
    struct error why = *e, more = {0};

    if (exchange_stop(&x->exchange, &more) != 0)
        return error_set(e, more.kind,
                         "%.150s; before the old set could go back: %.150s;"
                         " 'redkeep restore --undo --to %s' puts it back when"
                         " the server is stopped",
                         why.text, more.text, x->options.path);
    if (work->put_back(work->context, &more) != 0) {
        error_set(e, more.kind, "%.150s; then putting back the old set: %.200s",
                  why.text, more.text);
        return not_put(x, work, e);
    }
    if (serve(x, r, NULL, &more) != 0)
        return error_set(e, ERROR_FAILED,
                         "%.200s; the old set is back in its place, but:"
                         " %.220s",
                         why.text, more.text);
    settle(x, work->journal, &more);
    return error_set(e, ERROR_FAILED,
                     "%.220s; the old set is back in its place, and the server"
                     " serves it: %lld keys; the other is in %s",
                     why.text, (long long)r->keys,
                     r->kept != NULL ? r->kept : "no place");
}

/* Who presses Ctrl-C while it loads wants no other load. */
static int
stopped_while_loading(const struct restore_exchange *x, struct journal *journal,
                      struct error *e)
{
    struct error why = *e, none = {0};
    char *words = words_again(x);

    error_set(e, why.kind,
              "%.60s while the server loaded the new set: it goes on; 'redkeep"
              " restore --undo --to %s %s' puts back the old one",
              why.text, x->options.path, words);
    free(words);
    settle(x, journal, &none);
    return -1;
}

int
restore_exchange_run(struct restore_exchange *x, struct restore *r,
                     const struct restore_exchange_work *work, struct error *e)
{
    if (!x->wanted)
        return work->put(work->context, e);
    if (exchange_stop(&x->exchange, e) != 0)
        return not_stopped(x, work->journal);
    if (work->put(work->context, e) != 0)
        return not_put(x, work, e);
    if (serve(x, r, work->expected, e) == 0)
        return settle(x, work->journal, e);
    if (e->kind == ERROR_STOPPED)
        return stopped_while_loading(x, work->journal, e);
    return work->put_back != NULL ? put_back(x, r, work, e) : -1;
}

int
restore_exchange_start(struct restore_exchange *x, struct restore *r,
                       struct journal *journal, struct error *e)
{
    if (!x->wanted)
        return 0;
    x->exchange.masked = x->options.service != NULL;
    if (serve(x, r, NULL, e) != 0)
        return -1;
    return journal != NULL ? settle(x, journal, e) : 0;
}

void
restore_exchange_end(struct restore_exchange *x)
{
    exchange_clear(&x->exchange);
    free(x->service);
    free(x->stop_command);
    free(x->start_command);
    *x = (struct restore_exchange){0};
}
