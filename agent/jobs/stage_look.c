#include <stdlib.h>

#include "base/text.h"
#include "jobs/stage.h"

#define REMEDY                                                            \
    "finish it: redkeep restore --resume --to DIR; or put back what was " \
    "there: redkeep restore --undo --to DIR"

int
stage_refuse(const struct journal *j, const char *path, struct error *e)
{
    char *word = text_shell_word(path), when[TEXT_TIME_SIZE];
    int rc;

    text_write_time(when, j->began_ms);
    rc = error_set(e, ERROR_REFUSED,
                   "a %s that began at %s was cut off: type 'redkeep restore"
                   " --resume --to %s' to finish it, or --undo instead to put"
                   " back what was there",
                   j->job, when, word);
    free(word);
    return rc;
}

static pid_t
find_holder(int target)
{
    return lock_find_holder(target, PLACE_WORK "/" STAGE_LOCK);
}

void
stage_report(int target, struct report *report)
{
    struct error e = {0};
    struct journal j;
    int rc = journal_load(&j, target, &e);

    report_about(report, PLACE_WORK "/" JOURNAL_NAME);
    if (rc != 0)
        report_add(report, SEVERITY_ERROR, "restore-unfinished", -1, REMEDY,
                   "a restore or repair may have been cut off: %s", e.text);
    else if (journal_is_unfinished(&j) && find_holder(target) == 0)
        report_add(report,
                   j.state == JOURNAL_PLACING ? SEVERITY_ERROR
                                              : SEVERITY_WARNING,
                   "restore-unfinished", -1, REMEDY,
                   j.state == JOURNAL_PLACING
                       ? "a %s was cut off while the new set took the old"
                         " one's place: neither is whole here"
                       : "a %s was cut off while it built the new set: the"
                         " old one is untouched",
                   j.job);
    else if ((j.service != NULL || j.stop_command != NULL) &&
             find_holder(target) == 0)
        report_add(report, SEVERITY_WARNING, "restore-unfinished", -1, REMEDY,
                   "a %s was cut off before it had the server started again",
                   j.job);
    journal_clear(&j);
}

int
stage_check(int target, const char *path, struct error *e)
{
    pid_t holder = find_holder(target);
    struct journal j;
    int rc = journal_load(&j, target, e);

    if (rc != 0)
        error_in(e, "%s", path);
    else if (j.state == JOURNAL_PLACING && holder == 0)
        rc = stage_refuse(&j, path, e);
    else if (j.state == JOURNAL_PLACING)
        rc = error_set(e, ERROR_LOCKED, "%s: process %d puts a set in it now",
                       path, (int)holder);
    journal_clear(&j);
    return rc;
}
