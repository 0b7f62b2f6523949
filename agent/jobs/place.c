#include "jobs/place.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/place_steps.h"

/* Says of what could not be finished how it can be. */
static int
tell_unfinished(const struct place_options *o, struct error *e)
{
    char *word = text_shell_word(o->path);

    error_in(e,
             "%s is between two sets: type 'redkeep restore --resume --to %s'"
             " to go on, or --undo instead to go back",
             o->path, word);
    free(word);
    return -1;
}

/*
 * Back to where it began: what has come already may be in use, and stays. *e is
 * what went wrong.
 */
static int
go_back(struct journal *j, const struct place_options *options, struct error *e)
{
    struct place_options alone = *options;
    struct error none = {0};
    bool come = true, touched;

    alone.check_unused = NULL;
    if (place_steps_look(j, options, &come, &none) != 0 || come ||
        place_steps(j, true, &alone, &touched, &none) != 0)
        return tell_unfinished(options, e);
    j->state = JOURNAL_NONE;
    return e->kind == ERROR_REFUSED
               ? -1
               : error_in(e, "%s is as it was before", options->path);
}

static enum journal_state
end_of(const struct journal *j)
{
    return strcmp(j->job, "undo") == 0 ? JOURNAL_UNDONE : JOURNAL_PLACED;
}

static int
save_end(struct journal *j, enum journal_state end,
         const struct place_options *options, struct error *e)
{
    j->state = end;
    if (journal_save(j, options->target, e) == 0)
        return 0;
    j->state = JOURNAL_PLACING;
    return tell_unfinished(options, e);
}

int
place_run(struct journal *j, const struct place_options *options,
          struct error *e)
{
    bool touched;

    j->state = JOURNAL_PLACING;
    if (journal_save(j, options->target, e) != 0) {
        j->state = JOURNAL_NONE;
        return -1;
    }
    if (place_steps(j, false, options, &touched, e) == 0)
        return save_end(j, end_of(j), options, e);
    if (touched)
        return go_back(j, options, e);
    j->state = JOURNAL_NONE;
    return -1;
}

/* What an undo put aside is back: as if it had been placed a moment ago. */
static void
exchange_sets(struct journal *j)
{
    struct journal_set set = j->leaves;

    j->leaves = j->comes;
    j->comes = set;
    free(j->job);
    j->job = memory_dup("restore");
}

int
place_has_come(struct journal *j, const struct place_options *options,
               bool *come, struct error *e)
{
    return place_steps_look(j, options, come, e);
}

int
place_resume(struct journal *j, bool undo, const struct place_options *options,
             struct error *e)
{
    bool undoing = strcmp(j->job, "undo") == 0, come, touched, back;

    if (place_steps_look(j, options, &come, e) != 0)
        return tell_unfinished(options, e);
    back = undo != undoing && !come;
    if (place_steps(j, back, options, &touched, e) != 0)
        return tell_unfinished(options, e);
    if (!back)
        return save_end(j, end_of(j), options, e);
    if (undoing)
        exchange_sets(j);
    return save_end(j, undo ? JOURNAL_UNDONE : JOURNAL_PLACED, options, e);
}
