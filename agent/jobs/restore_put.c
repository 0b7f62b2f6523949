#include "base/process.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/restore_use.h"
#include "jobs/restore_work.h"

static int
place(struct restore_work *w, struct stage *s, struct error *e)
{
    const struct restore_use use = {
        .server = &w->server, .dir = w->dir, .path = w->r->target};
    const struct place_options options = {
        .target = w->dir,
        .path = w->r->target,
        .check_unused = restore_use_check,
        .context = (void *)&use,
    };
    int rc = stage_put_in(s, &w->names, &options, e);

    w->r->state = s->journal.state;
    if (s->journal.leaves.count > 0 && s->journal.state != JOURNAL_NONE)
        w->r->kept = text_format("%s/%s", w->r->target, s->kept_name);
    return rc;
}

int
restore_put(struct restore_work *w, struct stage *s, struct error *e)
{
    int rc;

    if (process_check_stop(e) != 0)
        return -1;
    /* exchange_stop goes here. */
    /* A server may have been started while we were building. */
    rc = in_use_check(&w->server, w->dir, NULL, w->r->target,
                      w->options->server_stopped, e);
    if (rc == 0)
        rc = place(w, s, e);
    /* exchange_start goes here, whatever rc is; with place_resume(.., true,
     * ..) if what was placed does not load. */
    return rc;
}
