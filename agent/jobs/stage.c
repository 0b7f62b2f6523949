#include "jobs/stage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/boot_check.h"

#define SWAP_PREFIX "swap-"

static const char *const build_prefixes[] = {"restore-", "repair-",
                                             BOOT_CHECK_PREFIX};

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What we were making when we were killed. */
static bool
is_build(const char *name)
{
    if (strcmp(name, JOURNAL_ASIDE) == 0 || strcmp(name, PLACE_ASIDE) == 0)
        return true;
    for (size_t i = 0; i < sizeof build_prefixes / sizeof *build_prefixes; i++)
        if (begins(name, build_prefixes[i]))
            return true;
    return false;
}

/* "redkeep-before-20261120T113000Z", "-2" if it is taken. */
static char *
new_kept_name(int dir)
{
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct file_identity id;
    struct error none = {0};
    char stamp[32];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    for (int n = 1;; n++) {
        char *name = n == 1
                         ? text_format("%s%s", PLACE_KEPT_PREFIX, stamp)
                         : text_format("%s%s-%d", PLACE_KEPT_PREFIX, stamp, n);
        if (file_identify_at(dir, name, &id, &none) != 0)
            return name;
        free(name);
    }
}

/* What the journal is to say again is needed as long as it says this. */
static bool
is_building(const struct stage *s)
{
    return s->before.state == JOURNAL_BUILDING ||
           s->journal.state == JOURNAL_BUILDING;
}

static int
clean_one(const struct stage *s, const struct stage_options *o,
          const char *name, struct error *e)
{
    char *kept;
    int rc;

    if (is_build(name) ||
        (strcmp(name, JOURNAL_BEFORE) == 0 && !is_building(s)))
        return file_remove_tree(s->work_dir, name, e);
    if (!begins(name, SWAP_PREFIX))
        return 0;
    kept = new_kept_name(s->target);
    rc = file_move(s->work_dir, name, s->target, kept, e);
    if (rc == 0)
        o->rescued(o->context, kept);
    free(kept);
    return rc;
}

static int
clean_leftovers(const struct stage *s, const struct stage_options *o,
                struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(s->work_dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = clean_one(s, o, names[i], e);
    file_free_names(names, count);
    return rc;
}

/* Takes the work folder and its journal. */
static int
take(struct stage *s, struct error *e)
{
    s->work_dir = file_open_inner(s->target, PLACE_WORK, e);
    if (s->work_dir < 0 || lock_take(&s->lock, s->work_dir, STAGE_LOCK, e) != 0)
        return -1;
    s->taken = journal_load(&s->before, s->target, e) == 0;
    return s->taken ? 0 : -1;
}

static int
take_to_build(struct stage *s, const struct stage_options *o, struct error *e)
{
    if (take(s, e) != 0)
        return -1;
    if (s->before.state == JOURNAL_PLACING ||
        (s->before.state == JOURNAL_BUILDING && !o->anew))
        return stage_refuse(&s->before, o->path, e);
    return clean_leftovers(s, o, e);
}

static void
keep_names(struct journal_names *n, const char *dbfilename,
           const char *appendfilename, const char *appenddirname)
{
    free(n->dbfilename);
    free(n->appendfilename);
    free(n->appenddirname);
    n->dbfilename = memory_dup(dbfilename);
    n->appendfilename = memory_dup(appendfilename);
    n->appenddirname = memory_dup(appenddirname);
}

/* A server that the job before has stopped, and this one is not to start. */
static void
keep_words(struct journal *j, const struct journal *before)
{
    if (j->service != NULL || j->stop_command != NULL)
        return;
    j->service = memory_dup(before->service);
    j->stop_command = memory_dup(before->stop_command);
    j->start_command = memory_dup(before->start_command);
}

static void
begin_journal(struct journal *j, const struct journal *begun)
{
    *j = (struct journal){
        .state = JOURNAL_BUILDING,
        .job = memory_dup(begun->job),
        .id = memory_dup(begun->id),
        .began_ms = clock_wall_ms(),
        .service = memory_dup(begun->service),
        .stop_command = memory_dup(begun->stop_command),
        .start_command = memory_dup(begun->start_command),
        .repo = memory_dup(begun->repo),
        .instance = memory_dup(begun->instance),
        .layout = memory_dup(begun->layout),
        .trusted = true,
        .name_count = begun->name_count,
    };
    for (size_t i = 0; i < begun->name_count; i++)
        keep_names(&j->names[i], begun->names[i].dbfilename,
                   begun->names[i].appendfilename,
                   begun->names[i].appenddirname);
}

/* The way back of an earlier job, for as long as this one may be given up. */
static int
keep_before(const struct stage *s, struct error *e)
{
    if (s->before.state == JOURNAL_NONE || s->before.state == JOURNAL_BUILDING)
        return 0;
    return journal_save_before(&s->before, s->target, e);
}

int
stage_open(struct stage *s, const struct stage_options *options,
           const struct journal *begun, struct error *e)
{
    s->target = options->target;
    if (file_make_directory(s->target, PLACE_WORK, 0700, NULL, e) != 0 ||
        take_to_build(s, options, e) != 0)
        return e->kind == ERROR_REFUSED ? -1 : error_in(e, "%s", options->path);
    s->name = memory_dup(options->name);
    if (keep_before(s, e) != 0)
        return error_in(e, "%s", options->path);
    begin_journal(&s->journal, begun);
    keep_words(&s->journal, &s->before);
    if (journal_save(&s->journal, s->target, e) != 0 ||
        file_make_directory(s->work_dir, s->name, 0700, NULL, e) != 0)
        return error_in(e, "%s", options->path);
    s->dir = file_open_inner(s->work_dir, s->name, e);
    s->kept_name = new_kept_name(s->target);
    return s->dir < 0 ? -1 : 0;
}

int
stage_take(struct stage *s, int target, struct error *e)
{
    struct file_identity id;
    struct error none = {0};

    s->target = target;
    if (file_identify_at(target, PLACE_WORK, &id, &none) != 0) {
        if (none.kind == ERROR_ABSENT)
            return 0;
        *e = none;
        return -1;
    }
    if (take(s, e) != 0)
        return -1;
    s->journal = s->before;
    s->before = (struct journal){.began_ms = -1};
    s->kept_name = new_kept_name(target);
    return 0;
}

int
stage_sweep(struct stage *s, stage_rescued *rescued, void *context,
            struct error *e)
{
    const struct stage_options options = {.rescued = rescued,
                                          .context = context};

    if (!s->taken || s->journal.state == JOURNAL_PLACING)
        return 0;
    return clean_leftovers(s, &options, e);
}

int
stage_clean(int target, stage_rescued *rescued, void *context, struct error *e)
{
    struct stage s = STAGE_NONE;
    int rc = stage_take(&s, target, e);

    if (rc == 0 && s.journal.state != JOURNAL_BUILDING)
        rc = stage_sweep(&s, rescued, context, e);
    stage_close(&s);
    return rc;
}

/* A folder that cannot be opened is one that is not on the disk. */
static int
sync_folder(const struct stage *s, const char *name, struct error *e)
{
    struct file_identity id;
    int fd, rc;

    if (file_identify_at(s->dir, name, &id, e) != 0)
        return -1;
    if (!S_ISDIR(id.mode))
        return 0;
    fd = file_open_inner(s->dir, name, e);
    if (fd < 0)
        return -1;
    rc = file_sync_directory(fd, e);
    close(fd);
    return rc;
}

int
stage_sync(const struct stage *s, struct error *e)
{
    char **names;
    size_t count;
    int rc = file_names(s->dir, &names, &count, e);

    if (rc != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = sync_folder(s, names[i], e);
    file_free_names(names, count);
    return rc == 0 ? file_sync_directory(s->dir, e) : -1;
}

static void
copy_names(struct journal *j, const struct place_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        keep_names(&j->names[i], names->sets[i].dbfilename,
                   names->sets[i].appendfilename, names->sets[i].appenddirname);
    j->name_count = names->count;
}

int
stage_put_in(struct stage *s, const struct place_names *names,
             const struct place_options *options, struct error *e)
{
    struct journal *j = &s->journal;

    if (place_find_built(&j->comes, s->dir, names, e) != 0 ||
        place_find(&j->leaves, s->target, names, &j->comes, e) != 0)
        return error_in(e, "%s", options->path);
    copy_names(j, names);
    j->comes.folder = text_format("%s/%s", PLACE_WORK, s->name);
    if (j->leaves.count > 0)
        j->leaves.folder = memory_dup(s->kept_name);
    return place_run(j, options, e);
}

/* Of a set that was only being built nothing is to be told. */
static void
forget_building(const struct stage *s)
{
    struct error none = {0};

    if (s->before.state == JOURNAL_NONE)
        journal_remove(s->target, &none);
    else if (journal_save(&s->before, s->target, &none) != 0)
        return;
    if (s->before.state != JOURNAL_BUILDING)
        file_remove(s->work_dir, JOURNAL_BEFORE, &none);
}

static void
clean_up(const struct stage *s)
{
    struct error none = {0};

    if (s->name != NULL && s->journal.state != JOURNAL_PLACING) {
        file_remove_tree(s->work_dir, s->name, &none);
        if (s->journal.state == JOURNAL_BUILDING ||
            s->journal.state == JOURNAL_NONE)
            forget_building(s);
        else
            file_remove(s->work_dir, JOURNAL_BEFORE, &none);
    }
    file_remove(s->work_dir, STAGE_LOCK, &none);
}

void
stage_close(struct stage *s)
{
    struct error none = {0};

    if (s->dir >= 0)
        close(s->dir);
    if (s->work_dir >= 0 && s->lock.fd >= 0) {
        clean_up(s);
        lock_release(&s->lock);
        file_remove_empty(s->target, PLACE_WORK, &none);
    }
    if (s->work_dir >= 0)
        close(s->work_dir);
    journal_clear(&s->journal);
    journal_clear(&s->before);
    free(s->name);
    free(s->kept_name);
    *s = (struct stage)STAGE_NONE;
}
