#include "jobs/repair.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/repair_work.h"
#include "jobs/stage.h"

int
repair_plan(struct repair *r, const char *path,
            const struct repair_options *options, struct error *e)
{
    struct repair_work *w = memory_new(sizeof *w);

    *r = (struct repair){.work = w};
    *w = (struct repair_work){.options = options, .r = r, .dir = -1};
    w->server.dir = -1;
    if (repair_work_look(w, path, e) != 0 ||
        stage_check(w->dir, w->folder, e) != 0)
        return -1;
    return repair_work_plan(w, e);
}

/* How a server would call what is mended. */
static struct dataset_names
names_of(const struct repair_work *w)
{
    struct dataset_names names = w->check.options.names;

    if (w->file == NULL)
        return names;
    names.appendonly = w->check.dataset.kind == DATASET_RDB
                           ? DATASET_APPENDONLY_NO
                           : DATASET_APPENDONLY_YES;
    names.dbfilename = names.appendfilename = w->file;
    return names;
}

static int
connect_server(struct repair_work *w, struct error *e)
{
    struct error none = {0};

    if (w->server.url != NULL)
        return 0;
    if (instance_connect(&w->server, &w->options->instance, e) != 0)
        return -1;
    if (w->server.settings_known && w->server.settings.dir != NULL)
        w->server.dir =
            file_open_directory(AT_FDCWD, w->server.settings.dir, &none);
    return 0;
}

static int
begin_use(struct repair_work *w, struct in_use *use, struct error *e)
{
    struct dataset_names names = names_of(w);
    const struct in_use_options options = {
        .server = &w->server,
        .dir = w->dir,
        .names = &names,
        .path = w->folder,
        .stopped = w->options->server_stopped,
    };

    *use = (struct in_use){.options = options};
    return connect_server(w, e) == 0 ? in_use_begin(use, &options, e) : -1;
}

static int
check_unused(struct repair_work *w, struct error *e)
{
    struct in_use use;
    int rc = begin_use(w, &use, e);

    in_use_end(&use);
    return rc;
}

static int
check_space(const struct repair *r, struct error *e)
{
    char need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];

    if (r->bytes_free >= r->bytes_needed)
        return 0;
    text_write_size(need, r->bytes_needed);
    text_write_size(has, r->bytes_free);
    return error_set(e, ERROR_FAILED,
                     "%s: %s are needed beside the originals, %s are free:"
                     " make room, or copy the folder elsewhere and mend it"
                     " there",
                     r->path, need, has);
}

int
repair_check_ready(struct repair *r, struct error *e)
{
    return check_unused(r->work, e) == 0 ? check_space(r, e) : -1;
}

void
repair_note_ready(struct repair *r)
{
    struct error refusal = {0};

    if (r->step_count > 0 && repair_check_ready(r, &refusal) != 0)
        repair_work_note(r, "would %s now: %s",
                         refusal.kind == ERROR_REFUSED ? "be refused" : "fail",
                         refusal.text);
}

/* Told by stage_open and stage_clean. */
static void
rescued(void *context, const char *kept_name)
{
    struct repair_work *w = context;

    /* It may be all there is, if the job ended between two steps. */
    w->r->well &= w->r->server != JUDGE_EMPTY;
    repair_work_note(w->r,
                     "an earlier job was cut off; what it had not put in, or"
                     " taken out, is in %s/%s",
                     w->folder, kept_name);
}

static uint64_t
count_errors(const struct report *report)
{
    uint64_t count = report->dropped;

    for (size_t i = 0; i < report->count; i++)
        count += report->findings[i].severity == SEVERITY_ERROR;
    return count;
}

/* Whether the new set is worth the change: by verdict, server, findings. */
static bool
is_better(const struct repair *r, const struct check *c,
          const struct report *report)
{
    static const int verdicts[] = {
        [VERDICT_SOUND] = 0,
        [VERDICT_TORN] = 1,
        [VERDICT_UNKNOWN] = 2,
        [VERDICT_DAMAGED] = 3,
    };

    if (c->judge.verdict != r->verdict)
        return verdicts[c->judge.verdict] < verdicts[r->verdict];
    if (c->judge.server != r->server)
        return c->judge.server < r->server;
    return count_errors(report) < count_errors(&r->report);
}

/* The text of the first finding that is an error. */
static const char *
first_fault(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].severity == SEVERITY_ERROR)
            return report->findings[i].text;
    return "it would be as before";
}

/* Judges what is in a folder like what was there before. */
static int
check_again(const struct repair_work *w, const char *folder, struct check *c,
            struct report *report, struct error *e)
{
    struct judge_options options = w->check.options;
    char *path = w->file == NULL ? memory_dup(folder)
                                 : text_format("%s/%s", folder, w->file);
    int rc = check_path(c, path, &options, report, w->options->progress, e);

    free(path);
    return rc;
}

/* The set that was built is judged before it takes any place. */
static int
check_built(const struct repair_work *w, const struct stage *s, struct error *e)
{
    char *folder = text_format("%s/%s/%s", w->folder, PLACE_WORK, s->name);
    struct report report = {0};
    struct check c;
    int rc = check_again(w, folder, &c, &report, e);

    if (rc == 0) {
        if (!is_better(w->r, &c, &report))
            rc = error_set(e, ERROR_DAMAGED,
                           "the mended set would still be %s (%s): nothing"
                           " was changed; restore a snapshot: redkeep restore"
                           " latest --to DIR",
                           verdict_name(c.judge.verdict), first_fault(&report));
        check_clear(&c);
    }
    report_clear(&report);
    free(folder);
    return rc;
}

static int
is_unused(void *context, struct error *e)
{
    return in_use_again(context, e);
}

static int
place(struct repair_work *w, struct stage *s, struct in_use *use,
      struct error *e)
{
    const struct place_options options = {
        .target = w->dir,
        .path = w->folder,
        .check_unused = is_unused,
        .context = use,
    };
    char *folder;
    int rc;

    /* A server may have written meanwhile. */
    if (repair_work_compare(w, e) != 0 || process_check_stop(e) != 0)
        return -1;
    rc = stage_put_in(s, &w->names, &options, e);
    if (s->journal.leaves.count == 0 || s->journal.state == JOURNAL_NONE)
        return rc;
    w->r->kept = text_format("%s/%s", w->folder, s->kept_name);
    folder = text_shell_word(w->folder);
    w->r->put_back = text_format("redkeep restore --undo --to %s", folder);
    free(folder);
    return rc;
}

static int
put_in(struct repair_work *w, struct stage *s, struct error *e)
{
    struct in_use use;
    int rc = begin_use(w, &use, e);

    if (rc == 0)
        rc = place(w, s, &use, e);
    in_use_end(&use);
    return rc;
}

static int
open_stage(struct repair_work *w, struct stage *s, struct error *e)
{
    const struct journal begun = {.job = "repair"};
    time_t now = (time_t)(clock_wall_ms() / 1000);
    char name[64];
    const struct stage_options options = {
        .target = w->dir,
        .path = w->folder,
        .name = name,
        .anew = true,
        .rescued = rescued,
        .context = w,
    };
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(name, sizeof name, "repair-%Y%m%dT%H%M%SZ", &tm);
    return stage_open(s, &options, &begun, e);
}

static int
execute(struct repair_work *w, struct error *e)
{
    struct stage s = STAGE_NONE;
    int rc = -1;

    if (open_stage(w, &s, e) == 0 && repair_work_build(w, s.dir, e) == 0 &&
        stage_sync(&s, e) == 0 && check_built(w, &s, e) == 0)
        rc = put_in(w, &s, e);
    stage_close(&s);
    return rc;
}

/* It is done; the last word is what the disk holds now. */
static int
look_again(struct repair_work *w, struct error *e)
{
    struct repair *r = w->r;
    struct check c;

    report_clear(&r->report);
    if (check_again(w, w->folder, &c, &r->report, e) != 0) {
        /* Also when asked to stop: nothing is as it was. */
        e->kind = ERROR_FAILED;
        return error_in(e,
                        "the mended set is in place and the originals are in"
                        " %s, but it could not be judged once more",
                        r->kept);
    }
    r->verdict = c.judge.verdict;
    r->server = c.judge.server;
    r->well = r->verdict == VERDICT_SOUND && r->server != JUDGE_REFUSES &&
              r->server != JUDGE_TRUNCATES;
    check_clear(&c);
    return 0;
}

int
repair_mend(struct repair *r, struct error *e)
{
    struct repair_work *w = r->work;
    struct error none = {0};

    if (r->step_count == 0) {
        if (stage_clean(w->dir, rescued, w, &none) != 0)
            repair_work_note(r, "leftovers in %s/%s could not be removed: %s",
                             w->folder, PLACE_WORK, none.text);
        return 0;
    }
    if (execute(w, e) != 0) {
        if (e->kind != ERROR_CHANGED)
            return -1;
        e->kind = ERROR_REFUSED;
        return error_in(e, "nothing was changed; is a server running?");
    }
    return look_again(w, e);
}

static void
clear_work(struct repair_work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->files[i].path);
        free(w->files[i].from);
    }
    free(w->files);
    mend_set_clear(&w->set);
    check_clear(&w->check);
    instance_close(&w->server);
    if (w->dir >= 0)
        close(w->dir);
    free(w->folder);
    free(w->file);
    free(w);
}

void
repair_clear(struct repair *r)
{
    for (size_t i = 0; i < r->step_count; i++) {
        free(r->steps[i].path);
        free(r->steps[i].name);
        free(r->steps[i].text);
    }
    for (size_t i = 0; i < r->note_count; i++)
        free(r->notes[i]);
    free(r->steps);
    free(r->notes);
    report_clear(&r->report);
    free(r->path);
    free(r->kept);
    free(r->put_back);
    if (r->work != NULL)
        clear_work(r->work);
    *r = (struct repair){0};
}
