#include "base/source.h"
#include "formats/aof_salvage.h"
#include "formats/rdb_salvage.h"
#include "jobs/repair_work.h"

static int
salvage_from(const struct repair_work *w, const struct repair_file *f,
             struct source *s, struct mend *m, struct error *e)
{
    const struct aof_options options = {
        .release = &w->check.options.release,
        .own_commands = w->check.options.own_commands,
    };
    uint64_t end;

    if (f->role != DATASET_ROLE_DUMP)
        return aof_salvage(s, &options, m, e);
    if (rdb_salvage(s, m, e) != 0)
        return -1;
    end = source_offset(s);
    if (end < s->size_bytes)
        mend_lose(m, (struct mend_loss){.offset = end,
                                        .size_bytes = s->size_bytes - end,
                                        .why = "bytes behind the end",
                                        .after_s = -1,
                                        .before_s = -1});
    return 0;
}

int
repair_work_salvage(const struct repair_work *w, const struct repair_file *f,
                    int fd, struct mend *m, mend_write *write, void *context,
                    struct error *e)
{
    struct progress_file watch = {w->options->progress, f->from,
                                  f->id.size_bytes};
    struct source s;
    int rc;

    *m = (struct mend){0};
    if (source_of_file(&s, fd, f->id.size_bytes, e) != 0)
        return error_in(e, "%s/%s", w->folder, f->from);
    s.moved = progress_moved;
    s.moved_context = &watch;
    mend_begin(m, &s, write, context);
    rc = salvage_from(w, f, &s, m, e);
    if (rc == 0)
        rc = mend_end(m, e);
    source_close(&s);
    return rc == 0 ? 0 : error_in(e, "%s/%s", w->folder, f->from);
}
