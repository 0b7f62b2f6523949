#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/restore_work.h"

void
restore_plan_step(struct restore *r, bool advice, const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int n;

    va_start(list, format);
    n = vasprintf(&text, format, list);
    va_end(list);
    if (n < 0)
        return;
    r->steps = memory_resize(r->steps, r->step_count + 1, sizeof *r->steps);
    r->steps[r->step_count++] =
        (struct restore_step){.text = text, .advice = advice};
}

/* After a FLUSHALL the latest is rarely what one wants back. */
static int
check_collapse(const struct restore_work *w, struct error *e)
{
    bool named = w->options->id != NULL;
    const struct catalog_entry *before = retention_collapsed(
        &w->catalog, &w->accepted, w->options->collapse_percent, w->entry);
    char text[RETENTION_TEXT_SIZE];

    if (before == NULL)
        return 0;
    retention_write_collapse(text, w->entry, before,
                             w->options->collapse_percent);
    if (named || w->options->yes) {
        restore_plan_step(w->r, true, "snapshot %s", text);
        return 0;
    }
    return error_set(e, ERROR_REFUSED,
                     "the latest snapshot %s: name the one you want, or add"
                     " --yes",
                     text);
}

/* What is there and cannot be read is no reason to take a first one. */
static int
tell_none(const struct restore_work *w, struct error *e)
{
    const struct catalog *c = &w->catalog;

    if (c->count == 0)
        return error_set(e, ERROR_FAILED,
                         "no snapshot in %s/%s: take one with 'redkeep"
                         " snapshot'",
                         w->storage.path, w->storage.instance);
    return error_set(e, ERROR_FAILED, "no snapshot in %s/%s can be read: %s",
                     w->storage.path, w->storage.instance,
                     c->items[c->count - 1].broken.text);
}

/* Whoever takes the newest good one is to know of newer data. */
static void
tell_passed_over(const struct restore_work *w)
{
    const struct catalog *c = &w->catalog;

    for (size_t n = 0; n < c->count; n++)
        if (strcmp(c->items[n].id, w->entry->id) > 0)
            restore_plan_step(w->r, true,
                              "%s is newer, but not good: 'redkeep verify %s'"
                              " says more",
                              c->items[n].id, c->items[n].id);
}

static int
choose_latest(struct restore_work *w, struct error *e)
{
    const struct catalog_entry *any = catalog_newest(&w->catalog, false);

    w->entry = catalog_newest(&w->catalog, true);
    if (w->entry != NULL) {
        tell_passed_over(w);
        return 0;
    }
    if (any == NULL)
        return tell_none(w, e);
    return error_set(e, ERROR_FAILED,
                     "no good snapshot in %s/%s; the newest, %s, is %s: name"
                     " it if it is all there is",
                     w->storage.path, w->storage.instance, any->id,
                     catalog_word(any));
}

static int
choose_by_id(struct restore_work *w, const char *id, struct error *e)
{
    const struct catalog_item *item = catalog_find(&w->catalog, id);

    if (item == NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, w->storage.path, w->storage.instance);
    if (item->broken.kind != ERROR_NONE) {
        *e = item->broken;
        return error_in(e, "snapshot %s", id);
    }
    w->entry = &item->entry;
    if (catalog_is_good(item) || w->options->yes)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "snapshot %s is %s: 'redkeep list' shows good ones; add"
                     " --yes to restore it as it is",
                     id, catalog_word(w->entry));
}

int
restore_plan_choose(struct restore_work *w, struct error *e)
{
    const char *id = w->options->id;
    char when[TEXT_TIME_SIZE], size[TEXT_WORDS_SIZE];

    if ((id == NULL ? choose_latest(w, e) : choose_by_id(w, id, e)) != 0 ||
        w->entry == NULL || check_collapse(w, e) != 0)
        return -1;
    memcpy(w->r->id, w->entry->id, sizeof w->r->id);
    w->r->point_ms = w->entry->state_time_ms;
    w->r->keys = w->entry->keys;
    w->r->bytes = w->entry->bytes_source;
    text_write_time(when, w->entry->state_time_ms);
    text_write_size(size, w->entry->bytes_source);
    restore_plan_step(w->r, false, "snapshot %s: the data as of %s, %s",
                      w->entry->id, when, size);
    return 0;
}

static const char *
or_unknown(const char *name)
{
    return name != NULL ? name : "not told";
}

static void
tell_settings(struct restore_work *w)
{
    const struct target *t = &w->target;

    if (t->source == NULL)
        return;
    restore_plan_step(w->r, false,
                      "by %s: appendonly %s, dbfilename %s, appendfilename %s,"
                      " appenddirname %s",
                      t->source, t->appendonly == 1 ? "yes" : "no",
                      or_unknown(t->dbfilename), or_unknown(t->appendfilename),
                      or_unknown(t->appenddirname));
    if (t->elsewhere)
        restore_plan_step(w->r, true,
                          "%s has another directory than %s: a server that is"
                          " started with it does not find what is restored",
                          t->file, w->options->target);
    if (t->odd != NULL)
        restore_plan_step(w->r, true,
                          "by %s %s: if it is started again it goes by that"
                          " file, unless CONFIG REWRITE is sent to it before",
                          t->source, t->odd);
    if (t->service != NULL && !restore_exchange_asked(w->options))
        restore_plan_step(w->r, false,
                          "its service is %s: with --service %s it is stopped"
                          " and started by redkeep",
                          t->service, t->service);
}

/* What the running server was told matters only if it is the target's. */
static int
look_at_server(struct restore_work *w, struct error *e)
{
    struct target_options options = {.server = &w->server,
                                     .file = w->options->redis_conf};
    struct error none = {0};

    if (w->server.settings_known && w->server.settings.dir != NULL)
        w->server.dir =
            file_open_directory(AT_FDCWD, w->server.settings.dir, &none);
    w->dir = file_open_directory(AT_FDCWD, w->options->target, e);
    if (w->dir < 0 && e->kind != ERROR_ABSENT)
        return error_in(e, "target");
    memset(e, 0, sizeof *e);
    options.dir = w->dir;
    if (target_look(&w->target, &options, e) != 0)
        return error_in(e, "--redis-conf");
    tell_settings(w);
    return 0;
}

/* By whatever name it has its files there. */
static int
find_user(const struct restore_work *w, struct error *e)
{
    for (size_t n = 0; n < w->names.count; n++)
        if (in_use_check(&w->server, w->dir, &w->names.sets[n], w->r->target,
                         w->options->server_stopped, e) != 0)
            return -1;
    return 0;
}

/* What could be typed instead of stopping it by hand. */
static void
tell_service(const struct restore_work *w, struct error *e)
{
    char *text = memory_dup(e->text);

    if (w->target.service != NULL && w->target.running)
        error_set(e, ERROR_REFUSED, "%s; or add --service %s", text,
                  w->target.service);
    free(text);
}

/* A dry run goes on, and says what a restore would refuse. */
static int
check_unused(struct restore_work *w, struct error *e)
{
    /* One that we are to stop is looked at by exchange_check. */
    if (restore_exchange_asked(w->options) || find_user(w, e) == 0)
        return 0;
    if (e->kind != ERROR_REFUSED)
        return -1;
    tell_service(w, e);
    if (!w->options->dry_run)
        return -1;
    restore_plan_step(w->r, true, "not now: %s", e->text);
    memset(e, 0, sizeof *e);
    return 0;
}

static int
plan_old_target(struct restore_work *w, struct error *e)
{
    w->r->target = realpath(w->options->target, NULL);
    if (w->r->target == NULL)
        return error_sys(e, "%s", w->options->target);
    if (check_unused(w, e) != 0 ||
        place_has_any(w->dir, &w->names, &w->had_data, e) != 0)
        return -1;
    if (!w->had_data && !w->options->yes &&
        place_check_foreign(w->dir, &w->names, w->r->target, e) != 0)
        return -1;
    return restore_room_check(w, e);
}

int
restore_plan_target(struct restore_work *w, struct error *e)
{
    if (look_at_server(w, e) != 0 || restore_layout_choose_names(w, e) != 0 ||
        restore_fit_check(w, e) != 0)
        return -1;
    if ((w->dir < 0 ? restore_room_check_new(w, e) : plan_old_target(w, e)) !=
        0)
        return -1;
    return restore_layout_decide(w, e);
}

void
restore_plan_clear(struct restore_plan *p)
{
    for (size_t n = 0; n < p->put_count; n++) {
        free(p->puts[n].from);
        free(p->puts[n].to);
    }
    for (size_t n = 0; n < p->aside_count; n++)
        free(p->aside[n]);
    for (size_t n = 0; n < p->module_count; n++)
        free(p->modules[n]);
    target_clear(&p->server);
    free(p->puts);
    free(p->aside);
    free(p->modules);
    memset(p, 0, sizeof *p);
}
