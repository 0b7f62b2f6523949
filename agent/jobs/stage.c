#include "jobs/stage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define SWAP_PREFIX "swap-"
#define LOCK_NAME "lock"

static const char *const build_prefixes[] = {"restore-", "repair-"};

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_build(const char *name)
{
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

static int
clean_one(const struct stage *s, const char *name, stage_rescued *rescued,
          void *context, struct error *e)
{
    char *kept;
    int rc;

    if (is_build(name))
        return file_remove_tree(s->work_dir, name, e);
    if (!begins(name, SWAP_PREFIX))
        return 0;
    kept = new_kept_name(s->target);
    rc = file_move(s->work_dir, name, s->target, kept, e);
    if (rc == 0)
        rescued(context, kept);
    free(kept);
    return rc;
}

static int
clean_leftovers(const struct stage *s, stage_rescued *rescued, void *context,
                struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(s->work_dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = clean_one(s, names[i], rescued, context, e);
    file_free_names(names, count);
    return rc;
}

/* Takes the work folder; what others left in it is gone afterwards. */
static int
take(struct stage *s, stage_rescued *rescued, void *context, struct error *e)
{
    s->work_dir = file_open_inner(s->target, PLACE_WORK, e);
    if (s->work_dir < 0 || lock_take(&s->lock, s->work_dir, LOCK_NAME, e) != 0)
        return -1;
    return clean_leftovers(s, rescued, context, e);
}

int
stage_open(struct stage *s, int target, const char *job, stage_rescued *rescued,
           void *context, struct error *e)
{
    s->target = target;
    if (file_make_directory(target, PLACE_WORK, 0700, NULL, e) != 0 ||
        take(s, rescued, context, e) != 0 ||
        file_make_directory(s->work_dir, job, 0700, NULL, e) != 0)
        return -1;
    s->name = text_format("%s", job);
    s->dir = file_open_inner(s->work_dir, job, e);
    s->kept_name = new_kept_name(target);
    return s->dir < 0 ? -1 : 0;
}

int
stage_clean(int target, stage_rescued *rescued, void *context, struct error *e)
{
    struct stage s = STAGE_NONE;
    struct file_identity id;
    struct error none = {0};
    int rc;

    if (file_identify_at(target, PLACE_WORK, &id, &none) != 0)
        return 0;
    s.target = target;
    rc = take(&s, rescued, context, e);
    stage_close(&s);
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
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct error none = {0};
        int sub = file_open_directory(s->dir, names[i], &none);

        if (sub < 0)
            continue;
        rc = file_sync_directory(sub, e);
        close(sub);
    }
    file_free_names(names, count);
    return rc == 0 ? file_sync_directory(s->dir, e) : -1;
}

/* From here on the folder is one that may hold old data. */
static int
become_swap(struct stage *s, const char *path, struct error *e)
{
    char *swap =
        text_format("%s%s", SWAP_PREFIX, s->name + strcspn(s->name, "-") + 1);

    if (file_move(s->work_dir, s->name, s->work_dir, swap, e) != 0) {
        struct error none = {0};

        /* It may have its new name all the same, when the sync failed. */
        file_remove_tree(s->work_dir, swap, &none);
        free(swap);
        return error_in(e, "%s", path);
    }
    free(s->name);
    s->name = swap;
    return 0;
}

/* Says of a swap that failed where the old set is: first, as texts are cut. */
static int
tell_old_set(const struct stage *s, const char *path,
             const struct place_outcome *outcome, struct error *e)
{
    if (outcome->undone)
        return error_in(e, "%s is as it was before; put the new set in", path);
    return error_in(e,
                    "what was in %s is partly in %s/%s/%s%s%s%s%s, and could"
                    " not be put back; put the new set in",
                    path, path, PLACE_WORK, s->name,
                    outcome->kept ? " and " : "", outcome->kept ? path : "",
                    outcome->kept ? "/" : "",
                    outcome->kept ? s->kept_name : "");
}

int
stage_put_in(struct stage *s, const struct place_names *names, const char *path,
             struct place_outcome *outcome, struct error *e)
{
    int rc;

    *outcome = (struct place_outcome){.undone = true};
    if (become_swap(s, path, e) != 0)
        return -1;
    rc = place_swap(s->target, s->dir, names, s->kept_name, outcome, e);
    s->holds_old = rc != 0 && !outcome->undone;
    return rc == 0 ? 0 : tell_old_set(s, path, outcome, e);
}

void
stage_close(struct stage *s)
{
    struct error none = {0};

    if (s->dir >= 0)
        close(s->dir);
    if (s->work_dir >= 0 && s->lock.fd >= 0) {
        if (s->name != NULL && !s->holds_old)
            file_remove_tree(s->work_dir, s->name, &none);
        file_remove(s->work_dir, LOCK_NAME, &none);
        lock_release(&s->lock);
        file_remove_empty(s->target, PLACE_WORK, &none);
    }
    if (s->work_dir >= 0)
        close(s->work_dir);
    free(s->name);
    free(s->kept_name);
    *s = (struct stage)STAGE_NONE;
}
