#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/restore_change.h"

/* Puts, with the server stopped before and started after where that is asked
 * for, now or by what was cut off. */
static int
exchange(struct restore_change *c, int (*put)(void *, struct error *),
         struct error *e)
{
    const struct restore_exchange_work work = {
        .put = put, .context = c, .journal = &c->stage.journal};

    if (restore_exchange_begin(&c->exchange, c->options, &c->stage.journal,
                               c->dir, c->r->target, e) != 0)
        return -1;
    restore_exchange_tell(&c->exchange, c->r);
    if (c->options->dry_run)
        return put(c, e);
    if (restore_exchange_note(&c->exchange, &c->stage.journal, e) != 0)
        return -1;
    return restore_exchange_run(&c->exchange, c->r, &work, e);
}

static void
tell_kept(struct restore_change *c)
{
    const struct journal_set *set = &c->stage.journal.leaves;

    if (set->count > 0 && set->folder != NULL)
        c->r->kept = text_format("%s/%s", c->r->target, set->folder);
}

/* The old set as it lies in its folder now. */
static int
find_kept(const struct restore_change *c, const struct journal_set *was,
          struct journal_set *comes, struct error *e)
{
    for (size_t i = 0; i < was->count; i++) {
        const struct journal_file *f = &was->files[i];
        char *path = text_format("%s/%s", was->folder, f->path);
        struct file_identity id;
        int rc = file_identify_at(c->dir, path, &id, e);

        free(path);
        if (rc != 0 && e->kind != ERROR_ABSENT)
            return error_in(e, "%s", c->r->target);
        if (rc != 0) {
            e->kind = ERROR_REFUSED;
            return error_in(e, "the old set is not complete: %s", c->r->target);
        }
        journal_add_file(comes, f->path, f->entry, &id);
    }
    comes->folder = memory_dup(was->folder);
    return 0;
}

static struct place_names
names_of(const struct journal *j)
{
    struct place_names names = {.count = j->name_count};

    for (size_t i = 0; i < j->name_count; i++)
        names.sets[i] = (struct dataset_names){
            .dbfilename = j->names[i].dbfilename,
            .appendfilename = j->names[i].appendfilename,
            .appenddirname = j->names[i].appenddirname,
        };
    return names;
}

/* A server may have been started on it, and run. */
static int
check_kept(const struct restore_change *c, const struct place_names *names,
           int dir, const char *folder, struct error *e)
{
    const struct restore_options *o = c->options;
    bool stopped = o->server_stopped || o->stopped_by_us || c->exchange.wanted;
    char *path = text_format("%s/%s", c->r->target, folder);
    int rc = 0;

    for (size_t i = 0; i < names->count && rc == 0; i++)
        rc = in_use_check(NULL, dir, &names->sets[i], path, stopped, e);
    free(path);
    return rc;
}

/* With what a server has added that was started on the folder: its manifest
 * names it. */
static int
find_added(const struct restore_change *c, const struct place_names *names,
           struct journal_set *comes, struct error *e)
{
    struct journal_set all = {0};
    int rc, dir;

    if (comes->count == 0)
        return 0;
    dir = file_open_inner(c->dir, comes->folder, e);
    if (dir < 0)
        return error_in(e, "%s", c->r->target);
    rc = check_kept(c, names, dir, comes->folder, e);
    if (rc == 0)
        rc = place_find(&all, dir, names, comes, e);
    close(dir);
    if (rc != 0) {
        journal_set_clear(&all);
        return error_in(e, "%s/%s", c->r->target, comes->folder);
    }
    all.folder = memory_dup(comes->folder);
    journal_set_clear(comes);
    *comes = all;
    return 0;
}

/* What is there now leaves, whatever a server has made of it since. */
static int
find_present(const struct restore_change *c, struct journal *undo,
             struct error *e)
{
    const struct place_names names = names_of(undo);

    if (find_added(c, &names, &undo->comes, e) != 0)
        return -1;
    if (place_find(&undo->leaves, c->dir, &names, &undo->comes, e) != 0)
        return error_in(e, "%s", c->r->target);
    if (undo->leaves.count > 0)
        undo->leaves.folder = memory_dup(c->stage.kept_name);
    return 0;
}

/* The journal of an undo of what j has placed. */
static int
plan_undo(const struct restore_change *c, const struct journal *j,
          struct journal *undo, struct error *e)
{
    *undo = (struct journal){
        .job = memory_dup("undo"),
        .id = memory_dup(j->id),
        .began_ms = clock_wall_ms(),
        .service = memory_dup(j->service),
        .stop_command = memory_dup(j->stop_command),
        .start_command = memory_dup(j->start_command),
        .trusted = true,
        .name_count = j->name_count,
    };
    for (size_t i = 0; i < j->name_count; i++)
        undo->names[i] = (struct journal_names){
            .dbfilename = memory_dup(j->names[i].dbfilename),
            .appendfilename = memory_dup(j->names[i].appendfilename),
            .appenddirname = memory_dup(j->names[i].appenddirname),
        };
    if (find_kept(c, &j->leaves, &undo->comes, e) != 0)
        return -1;
    return find_present(c, undo, e);
}

static void
tell_undo(struct restore_change *c, const struct journal *undo)
{
    struct restore *r = c->r;

    if (undo->leaves.count > 0)
        restore_plan_step(r, false, "what is in %s now is kept in %s/%s",
                          r->target, r->target, undo->leaves.folder);
    if (undo->comes.count > 0)
        restore_plan_step(r, false, "what is in %s/%s goes back to its place",
                          r->target, undo->comes.folder);
    else
        restore_plan_step(r, true,
                          "there was no dataset in %s before: none is there"
                          " afterwards",
                          r->target);
}

/* After success: the present set leaves, for a folder of its own. */
static int
undo_placed(void *context, struct error *e)
{
    struct restore_change *c = context;
    struct journal *j = &c->stage.journal, undo;
    struct error none = {0};
    int rc = restore_change_check(c, e);

    if (rc != 0)
        return -1;
    rc = plan_undo(c, j, &undo, e);
    if (rc == 0)
        tell_undo(c, &undo);
    if (rc != 0 || c->options->dry_run) {
        journal_clear(&undo);
        return rc;
    }
    rc = place_run(&undo, &c->place, e);
    if (rc != 0 && undo.state == JOURNAL_NONE) {
        journal_save(j, c->dir, &none);
        journal_clear(&undo);
        return -1;
    }
    journal_clear(j);
    *j = undo;
    if (rc == 0)
        tell_kept(c);
    return rc;
}

/*
 * From the middle, to either end. What a server may have begun to use comes to
 * its end first, so that an undo keeps what was written to it.
 */
static int
go_on(void *context, struct error *e)
{
    struct restore_change *c = context;
    struct journal *j = &c->stage.journal;
    bool come;

    if (place_has_come(j, &c->place, &come, e) != 0 ||
        (!come && restore_change_check(c, e) != 0))
        return -1;
    restore_plan_step(c->r, false, "the files of the %s set go to their place",
                      c->undo ? "old" : "new");
    if (c->options->dry_run)
        return 0;
    if (place_resume(j, c->undo, &c->place, e) != 0)
        return -1;
    if (c->undo && j->state == JOURNAL_PLACED)
        return undo_placed(c, e);
    if (j->state == JOURNAL_PLACED || strcmp(j->job, "undo") == 0)
        tell_kept(c);
    return 0;
}

/* As long as the journal says how, the server was not started. */
static bool
is_to_start(const struct journal *j)
{
    return j->service != NULL || j->stop_command != NULL;
}

/* All is in its place; it may be that only the server was not started yet. */
static int
start_only(struct restore_change *c, struct error *e)
{
    struct journal *j = &c->stage.journal;

    c->r->nothing = !is_to_start(j) &&
                    (j->foreign == NULL || !restore_exchange_asked(c->options));
    if (c->r->nothing)
        return 0;
    if (restore_exchange_begin(&c->exchange, c->options, j, c->dir,
                               c->r->target, e) != 0)
        return -1;
    if (c->options->dry_run)
        return 0;
    return restore_exchange_start(&c->exchange, c->r, j, e);
}

int
restore_resume(struct restore *r, const struct restore_options *options,
               struct error *e)
{
    uint64_t begin = clock_steady_ms();
    struct journal building;
    struct restore_change c;
    int rc = restore_change_open(&c, r, options, e);

    if (rc == 0)
        rc = restore_change_check_words(&c, e);
    if (rc == 0 && c.stage.journal.state == JOURNAL_BUILDING) {
        building = c.stage.journal;
        c.stage.journal =
            (struct journal){.state = JOURNAL_BUILDING, .began_ms = -1};
        restore_change_close(&c, 0);
        rc = restore_begin_anew(r, options, &building, e);
        journal_clear(&building);
        return rc;
    }
    if (rc == 0 && c.stage.journal.state == JOURNAL_PLACING)
        rc = exchange(&c, go_on, e);
    else if (rc == 0)
        rc = start_only(&c, e);
    r->took_ms = clock_steady_ms() - begin;
    return restore_change_close(&c, rc);
}

/* Nothing had been changed yet. */
static int
undo_building(struct restore_change *c, struct error *e)
{
    restore_plan_step(c->r, false, "what was being built is removed");
    if (restore_exchange_begin(&c->exchange, c->options, &c->stage.journal,
                               c->dir, c->r->target, e) != 0)
        return -1;
    if (c->options->dry_run)
        return 0;
    if (stage_sweep(&c->stage, restore_tell_rescued, c->r, e) != 0)
        return error_in(e, "%s", c->r->target);
    /* It may have been cut off when the server was stopped already; until that
     * runs the journal knows how it is started. */
    if (restore_exchange_start(&c->exchange, c->r, NULL, e) != 0)
        return -1;
    if (journal_revert(&c->stage.journal, c->dir, e) != 0)
        return error_in(e, "%s", c->r->target);
    if (c->stage.journal.state == JOURNAL_PLACED)
        restore_plan_step(c->r, true,
                          "an earlier %s is known again: another --undo takes"
                          " that back too",
                          c->stage.journal.job);
    return 0;
}

int
restore_undo(struct restore *r, const struct restore_options *options,
             struct error *e)
{
    uint64_t begin = clock_steady_ms();
    struct restore_change c;
    int rc = restore_change_open(&c, r, options, e);

    c.undo = true;
    if (rc == 0)
        rc = restore_change_check_words(&c, e);
    if (rc == 0 && c.stage.journal.state == JOURNAL_BUILDING)
        rc = undo_building(&c, e);
    else if (rc == 0 && c.stage.journal.state == JOURNAL_PLACING)
        rc = exchange(&c, go_on, e);
    else if (rc == 0 && c.stage.journal.state == JOURNAL_PLACED)
        rc = exchange(&c, undo_placed, e);
    else if (rc == 0)
        rc = start_only(&c, e);
    r->took_ms = clock_steady_ms() - begin;
    return restore_change_close(&c, rc);
}

int
restore_forget(struct restore *r, const struct restore_options *options,
               struct error *e)
{
    struct restore_change c;
    int rc = restore_change_open(&c, r, options, e);

    if (rc != 0)
        return restore_change_close(&c, rc);
    r->nothing = c.stage.journal.state == JOURNAL_NONE;
    tell_kept(&c);
    if (journal_is_unfinished(&c.stage.journal))
        return restore_change_close(
            &c, error_set(e, ERROR_REFUSED,
                          "%s: a %s was cut off there: finish"
                          " it with --resume, or take it back"
                          " with --undo",
                          r->target, c.stage.journal.job));
    if (is_to_start(&c.stage.journal) ||
        (c.stage.journal.foreign != NULL && !options->server_stopped))
        return restore_change_close(
            &c, error_set(e, ERROR_REFUSED,
                          "%s: a %s was cut off before it had the server"
                          " started again: --resume starts it",
                          r->target, c.stage.journal.job));
    if (!r->nothing && !options->dry_run) {
        rc = journal_remove(c.dir, e);
        c.stage.journal.state = JOURNAL_NONE;
    }
    return restore_change_close(&c, rc);
}
