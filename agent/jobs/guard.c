#include "jobs/guard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/guard_names.h"
#include "jobs/guard_rules.h"
#include "jobs/journal.h"
#include "jobs/repair.h"
#include "jobs/restore.h"

static void
decide(struct guard *g, const char *why)
{
    free(g->why);
    g->why = memory_dup(why);
    g->starts = why == NULL;
}

/* The server finds nothing; is there something that it does not look for? */
static int
look_for_names(struct guard *g, const struct guard_options *o, struct error *e)
{
    int dir = file_open_directory(AT_FDCWD, o->directory, e);
    char *found, *path;

    if (dir < 0)
        return -1;
    found = guard_names_find(dir, !o->never_saves);
    close(dir);
    if (found == NULL)
        return 0;
    path = text_format("%s/%s", o->directory, found);
    report_about(&g->report, path);
    report_add(&g->report, SEVERITY_ERROR, "names-changed", -1,
               "give the server the names that the data has (dbfilename,"
               " appendfilename, appenddirname), or move this away",
               "the server's settings give other names: it finds no data,"
               " starts empty, and leaves this as it is");
    decide(g, "the server would start empty, though there is data by other"
              " names");
    free(path);
    free(found);
    return 0;
}

/* 1: there is one, of a file system that is not mounted, perhaps; nothing else
 * can be judged then. */
static int
look_for_gone(struct guard *g, const struct guard_options *o, struct error *e)
{
    int dir = file_open_directory(AT_FDCWD, o->directory, e);
    char *found, *path;

    if (dir < 0)
        return -1;
    found = guard_names_find_gone(dir, &o->judge.names);
    close(dir);
    if (found == NULL)
        return 0;
    path = text_format("%s/%s", o->directory, found);
    report_about(&g->report, path);
    report_add(&g->report, SEVERITY_ERROR, "link-to-nothing", -1,
               "mount what it leads to (ls -l shows it), or remove the link if"
               " there is to be no data",
               "a link to what is not there: the server takes it for no data,"
               " starts empty, and puts a file of its own in the link's place");
    decide(g,
           "the server would start empty: a link in its data leads to what is"
           " not there");
    g->check.judge.verdict = VERDICT_DAMAGED;
    g->check.judge.server = JUDGE_EMPTY;
    free(path);
    free(found);
    return 1;
}

static int
look(struct guard *g, const struct guard_options *o, struct error *e)
{
    if (check_path(&g->check, o->directory, &o->judge, &g->report, o->progress,
                   e) != 0)
        return -1;
    if (!g->exchanging)
        decide(g,
               guard_rules_find(&g->check, &g->report, o->corrupt_tail_bytes));
    if (g->starts && check_is_empty(&g->check))
        return look_for_names(g, o, e);
    return 0;
}

static bool
is_whole(const struct check *c)
{
    return c->judge.verdict == VERDICT_SOUND;
}

/* Whether the policy lets the plan be carried out. */
static bool
is_allowed(const struct repair *r, enum guard_repair repair)
{
    for (size_t i = 0; i < r->step_count && repair == GUARD_REPAIR_TAIL; i++)
        if (strcmp(r->steps[i].action, "cut-tail") != 0)
            return false;
    return r->step_count > 0;
}

/*
 * The server that we are run for is not there yet; where it cannot be told
 * whether another uses the directory, that is all there is to know.
 */
static int
mend(struct guard *g, const struct guard_options *o, struct error *e)
{
    const struct repair_options options = {
        .instance = o->instance,
        .judge = o->judge,
        .server_stopped = true,
        .progress = o->progress,
    };
    struct repair r;
    int rc = -1;

    if (repair_plan(&r, o->directory, &options, e) != 0)
        goto out;
    rc = 0;
    if (!is_allowed(&r, o->repair))
        goto out;
    rc = repair_check_ready(&r, e) == 0 ? repair_mend(&r, e) : -1;
    if (r.kept != NULL) {
        g->mended = true;
        free(g->kept);
        free(g->put_back);
        g->kept = memory_dup(r.kept);
        g->put_back = memory_dup(r.put_back);
    }

out:
    repair_clear(&r);
    return rc;
}

/* A server loads what lies where it works, whatever lies elsewhere. */
static int
look_elsewhere(struct guard *g, const struct guard_options *o, struct error *e)
{
    struct check c = {0};
    char *why;
    int dir = file_open_directory(AT_FDCWD, o->expected, e), rc;

    if (dir < 0)
        return -1;
    rc = dataset_open(&c.dataset, dir, &o->judge.names, e);
    if (rc == 0 && !check_is_empty(&c)) {
        why = text_format("it works in %s by its configuration, and would not"
                          " load what is in %s",
                          o->directory, o->expected);
        decide(g, why);
        free(why);
    }
    dataset_close(&c.dataset);
    close(dir);
    return rc;
}

static void
ask_for_hand(struct guard *g, const struct journal *j, const char *directory)
{
    char *folder = text_shell_word(directory);
    char *why = text_format(
        "a %s was cut off while it exchanged the files: finish it (redkeep"
        " restore --resume --to %s) or undo it (redkeep restore --undo --to"
        " %s)",
        j->job != NULL ? j->job : "restore", folder, folder);

    decide(g, why);
    g->exchanging = true;
    free(folder);
    free(why);
}

/* A mending of ours, perhaps, that a time limit or the power ended. */
static void
finish_repair(struct guard *g, const struct guard_options *o,
              const struct journal *j)
{
    const struct restore_options options = {
        .instance = o->instance,
        .target = o->directory,
        .server_stopped = true,
        .progress = o->progress,
    };
    struct restore r = {0};
    struct error why = {0};
    char *folder;

    if (restore_resume(&r, &options, &why) == 0) {
        folder = text_shell_word(o->directory);
        g->mended = true;
        g->kept = memory_dup(r.kept);
        g->put_back = text_format("redkeep restore --undo --to %s", folder);
        free(folder);
    } else {
        ask_for_hand(g, j, o->directory);
        free(g->unmended);
        g->unmended = memory_dup(why.text);
    }
    restore_clear(&r);
}

/*
 * A set that is half exchanged: tripwires keep any server from it, and only
 * redkeep can go on. One that cannot be read is no reason to keep a server away
 * that the tripwires do not.
 */
static int
look_at_journal(struct guard *g, const struct guard_options *o, struct error *e)
{
    struct journal j = {0};
    struct error why = {0};
    int dir = file_open_directory(AT_FDCWD, o->directory, e);

    if (dir < 0)
        return -1;
    if (journal_load(&j, dir, &why) != 0 || j.state != JOURNAL_PLACING)
        ; /* nothing is half done */
    else if (o->repair != GUARD_REPAIR_NEVER && j.job != NULL &&
             strcmp(j.job, "repair") == 0)
        finish_repair(g, o, &j);
    else
        ask_for_hand(g, &j, o->directory);
    journal_clear(&j);
    close(dir);
    return 0;
}

/*
 * What cannot be mended leaves it at what was judged; unless that was in the
 * midst of it.
 */
static int
mend_and_look(struct guard *g, const struct guard_options *o, struct error *e)
{
    struct error why = {0};

    if (mend(g, o, &why) != 0) {
        if (why.kind == ERROR_STOPPED) {
            *e = why;
            return -1;
        }
        free(g->unmended);
        g->unmended = memory_dup(why.text);
        if (look_at_journal(g, o, e) != 0)
            return -1;
    }
    if (!g->mended)
        return 0;
    check_clear(&g->check);
    report_clear(&g->report);
    return look(g, o, e);
}

int
guard_run(struct guard *g, const struct guard_options *options, struct error *e)
{
    int gone;

    *g = (struct guard){0};
    if (look_at_journal(g, options, e) != 0)
        return -1;
    gone = g->exchanging ? 0 : look_for_gone(g, options, e);
    if (gone != 0 || look(g, options, e) != 0)
        return gone > 0 ? 0 : -1;
    if (options->expected != NULL && look_elsewhere(g, options, e) != 0)
        return -1;
    if (g->exchanging || is_whole(&g->check) ||
        options->repair == GUARD_REPAIR_NEVER ||
        (options->repair == GUARD_REPAIR_TAIL &&
         !guard_rules_tail_only(&g->check)))
        return 0;
    return mend_and_look(g, options, e);
}

bool
guard_find_repair(const char *text, enum guard_repair *repair)
{
    static const char *const names[] = {"never", "tail", "all"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *repair = (enum guard_repair)i;
            return true;
        }
    return false;
}

void
guard_clear(struct guard *g)
{
    check_clear(&g->check);
    report_clear(&g->report);
    free(g->why);
    free(g->kept);
    free(g->put_back);
    free(g->unmended);
    *g = (struct guard){0};
}
