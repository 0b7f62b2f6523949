#include "jobs/doctor_apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "formats/release.h"

/* CONFIG SET appendonly forks before it answers, which takes long for many
 * gigabytes. */
enum { SET_LIMIT_MS = 60000, LOOK_MS = 100 };

/*
 * Save points come last: a server that cannot write its dump refuses all writes
 * once it has some, and the AOF's first rewrite proves that it can.
 */
static const char *const last[] = {"appendonly", "save"};
enum { AOF, SAVE, LAST_COUNT };

static struct doctor_change *
find(const struct doctor_changes *changes, const char *setting)
{
    for (size_t i = 0; setting != NULL && i < changes->count; i++)
        if (strcmp(changes->items[i].setting, setting) == 0)
            return &changes->items[i];
    return NULL;
}

/* 0: among the first. */
static size_t
turn_of(const char *setting)
{
    for (size_t i = 0; i < LAST_COUNT; i++)
        if (strcmp(setting, last[i]) == 0)
            return i + 1;
    return 0;
}

static void
plan_turn(struct doctor_changes *changes, const struct doctor_findings *all,
          size_t turn)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct doctor_finding *f = &all->items[i];

        if (!f->runtime || turn_of(f->setting) != turn ||
            find(changes, f->setting) != NULL)
            continue;
        changes->items = memory_resize(changes->items, changes->count + 1,
                                       sizeof *changes->items);
        changes->items[changes->count++] = (struct doctor_change){
            .setting = memory_dup(f->setting),
            .before = memory_dup(f->value),
            .wanted = memory_dup(f->wanted),
        };
    }
}

void
doctor_apply_plan(struct doctor_changes *changes,
                  const struct doctor_findings *all)
{
    *changes = (struct doctor_changes){0};
    for (size_t turn = 0; turn <= LAST_COUNT; turn++)
        plan_turn(changes, all, turn);
}

/* -1 only where the server is lost. */
static int
set_one(struct doctor_change *c, struct link *link, struct error *e)
{
    struct redisReply *reply =
        link_say(link, e, "CONFIG", "SET", c->setting, c->wanted, NULL);
    struct error none = {0};

    c->done = reply != NULL;
    link_reply_free(reply);
    if (c->done)
        return 0;
    c->refused = memory_dup(e->text);
    reply = link_say(link, &none, "PING", NULL);
    link_reply_free(reply);
    if (reply != NULL || none.kind == ERROR_DENIED)
        return 0;
    return error_in(e, "CONFIG SET %s", c->setting);
}

static void
pause_for(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000,
                         .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL); /* a signal ends it, which is what we want */
}

static void
tell(const struct progress *p, const struct info *i)
{
    bool told = i->save_keys_total > 0 && i->save_keys_done >= 0;

    progress_tell(p, "rewriting the AOF",
                  told ? (uint64_t)i->save_keys_done : 0,
                  told ? (uint64_t)i->save_keys_total : 0);
}

/*
 * A server that failed to write its first AOF tries again at once, and may never
 * be seen at rest.
 */
static bool
has_failed(const struct info *before, const struct info *i, bool ran)
{
    if (i->last_rewrite_ok)
        return false;
    return before->last_rewrite_ok ||
           (!i->rewrite_in_progress && (ran || !i->rewrite_scheduled));
}

static int
tell_unended(struct error *e)
{
    return error_set(e, ERROR_FAILED,
                     "the first rewrite of the AOF has not ended yet; when it"
                     " has: redis-cli CONFIG REWRITE");
}

/*
 * Until no rewrite is on its way. ERROR_DAMAGED: one failed; else it was not
 * waited for to its end.
 */
static int
await_rewrite(struct link *link, const struct doctor_apply_options *o,
              struct error *e)
{
    uint64_t deadline = clock_steady_ms() + o->time_limit_ms;
    bool ran = false;
    struct info i;

    for (;;) {
        if (info_ask(link, &i, e) != 0)
            return e->kind == ERROR_STOPPED ? tell_unended(e) : -1;
        if (has_failed(o->scene->info, &i, ran))
            return error_set(e, ERROR_DAMAGED,
                             "the rewrite of the AOF failed, the server's log"
                             " says why");
        if (!i.rewrite_in_progress && !i.rewrite_scheduled)
            return 0;
        ran = ran || i.rewrite_in_progress;
        tell(o->progress, &i);
        if (process_check_stop(e) != 0 || clock_steady_ms() > deadline)
            return tell_unended(e);
        pause_for(LOOK_MS);
    }
}

/* CONFIG REWRITE of 7.0.0 drops rename-command and include (7.0.1's notes). */
static bool
rewrites_badly(const struct info *info)
{
    struct release r;

    return !info->valkey && release_read(&r, info->version) && r.major == 7 &&
           r.minor == 0 && r.patch == 0;
}

/* Where it fails it is off again: such a server forks for ever. *e says why it
 * is on and not ready, else it stays empty. */
static void
follow_appendonly(struct doctor_change *c, struct link *link,
                  const struct doctor_apply_options *o, struct error *e)
{
    struct error why = {0};
    struct redisReply *reply;

    if (await_rewrite(link, o, &why) == 0)
        return;
    *e = why;
    if (why.kind != ERROR_DAMAGED)
        return;
    reply = link_say(link, e, "CONFIG", "SET", c->setting, "no", NULL);
    link_reply_free(reply);
    if (reply == NULL)
        return;
    c->done = false;
    c->refused = text_format("%s; it is off again", why.text);
    *e = (struct error){0};
}

static int
make_lasting(struct link *link, const struct doctor_apply_options *o,
             struct error *e)
{
    const struct info *info = o->scene->info;
    struct redisReply *reply;

    if (info->config_file[0] == '\0')
        return error_set(e, ERROR_FAILED,
                         "the server has no configuration file");
    if (rewrites_badly(info))
        return error_set(e, ERROR_FAILED,
                         "CONFIG REWRITE of redis 7.0.0 loses lines of the"
                         " file: write them yourself");
    /* One that somebody switched on just before may hold nothing yet. */
    if (info->aof_enabled && await_rewrite(link, o, e) != 0)
        return -1;
    reply = link_say(link, e, "CONFIG", "REWRITE", NULL);
    link_reply_free(reply);
    return reply != NULL ? 0 : error_in(e, "CONFIG REWRITE");
}

static size_t
count_done(const struct doctor_changes *changes)
{
    size_t done = 0;

    for (size_t i = 0; i < changes->count; i++)
        done += changes->items[i].done;
    return done;
}

/* Whether it has written where a dump would lie, or has save points anyway. */
static bool
can_save(const struct doctor_changes *changes, const struct doctor_change *save,
         const struct doctor_scene *scene, bool ready)
{
    const struct doctor_change *aof = find(changes, last[AOF]);

    if (save->before != NULL && save->before[0] != '\0')
        return true;
    return aof != NULL ? aof->done && ready
                       : scene->info->aof_enabled && scene->info->last_write_ok;
}

/* *why is set where the AOF was switched on and is not ready. */
static int
set_in_turn(struct doctor_changes *changes, struct link *link,
            const struct doctor_apply_options *o, struct error *why,
            struct error *e)
{
    for (size_t i = 0; i < changes->count; i++) {
        struct doctor_change *c = &changes->items[i];

        if (strcmp(c->setting, last[SAVE]) == 0 &&
            !can_save(changes, c, o->scene, why->text[0] == '\0')) {
            c->refused = memory_dup("it has not proven that it can write to"
                                    " its dir, and would refuse all writes");
            continue;
        }
        if (set_one(c, link, e) != 0)
            return -1;
        if (c->done && strcmp(c->setting, last[AOF]) == 0)
            follow_appendonly(c, link, o, why);
    }
    return 0;
}

static void
finish(struct doctor_changes *changes, struct link *link,
       const struct doctor_apply_options *o, struct error *why)
{
    if (count_done(changes) == 0)
        return;
    changes->lasting = why->text[0] == '\0' && make_lasting(link, o, why) == 0;
    if (!changes->lasting)
        changes->not_so = memory_dup(why->text);
}

int
doctor_apply_run(struct doctor_changes *changes, struct link *link,
                 const struct doctor_apply_options *o, struct error *e)
{
    unsigned limit = link_set_timeout(link, SET_LIMIT_MS);
    struct error why = {0};
    int rc = set_in_turn(changes, link, o, &why, e);

    if (rc == 0)
        finish(changes, link, o, &why);
    else
        changes->not_so = memory_dup("the last one was not answered, and may"
                                     " be set, too");
    link_set_timeout(link, limit);
    return rc;
}

void
doctor_apply_mark(const struct doctor_changes *changes,
                  struct doctor_findings *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct doctor_finding *f = &all->items[i];
        const struct doctor_change *c = find(changes, f->setting);
        char *longer;

        if (c == NULL || !f->runtime)
            continue;
        f->applied = c->done;
        if (c->refused == NULL)
            continue;
        longer = text_format("%s; not set: %s", f->text, c->refused);
        free(f->text);
        f->text = longer;
    }
}

void
doctor_apply_clear(struct doctor_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        free(changes->items[i].setting);
        free(changes->items[i].before);
        free(changes->items[i].wanted);
        free(changes->items[i].refused);
    }
    free(changes->items);
    free(changes->not_so);
    *changes = (struct doctor_changes){0};
}
