#include "jobs/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "jobs/unpack.h"

/* How far all of it is: what unpack tells is of one snapshot. */
struct whole {
    const struct progress *outer;
    uint64_t before_bytes, total_bytes;
};

static void
tell_whole(void *context, const char *what, uint64_t done, uint64_t total)
{
    const struct whole *w = context;

    (void)total;
    progress_tell(w->outer, what, w->before_bytes + done, w->total_bytes);
}

/* What failed deep may pass a look that is not: that would not mend it. */
static bool
is_deep(const struct catalog_entry *entry, const struct verify_options *o)
{
    return o->deep || (entry->failed && entry->look.deep);
}

static void
tell_broken(const struct catalog_item *item, struct verify_result *result)
{
    result->outcome = VERIFY_WRONG;
    report_about(&result->report, item->id);
    report_add(&result->report, SEVERITY_ERROR, "snapshot-entry", -1,
               item->broken.kind == ERROR_REFUSED
                   ? "a newer redkeep wrote it: use that"
                   : "this snapshot's entry is damaged: use another"
                     " snapshot",
               "%s", item->broken.text);
}

/* The finding that makes it wrong; others are of data that was kept so. */
static void
write_wrong(char *out, size_t size, const struct report *report)
{
    *out = '\0';
    for (size_t i = 0; i < report->count; i++) {
        const struct finding *f = &report->findings[i];

        if (f->severity == SEVERITY_ERROR &&
            strncmp(f->code, "snapshot-", strlen("snapshot-")) == 0) {
            snprintf(out, size, "%s: %s", f->code, f->text);
            return;
        }
    }
}

/* A repository that is read-only keeps no note; that is nobody's fault. */
static void
note(const struct storage *storage, struct verify_result *result)
{
    struct catalog_look look = {
        .at_ms = clock_wall_ms(),
        .ok = result->outcome == VERIFY_OK,
        .deep = result->deep,
    };
    struct error e = {0};

    if (!look.ok)
        write_wrong(look.wrong, sizeof look.wrong, &result->report);
    if (catalog_note_verified(storage->snapshots_dir, result->id, &look, &e) ==
        0)
        return;
    if (e.kind != ERROR_ABSENT)
        log_line(look.ok ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
                 "the outcome could not be noted in the repository id=%s"
                 " error=\"%s\"",
                 result->id, e.text);
    else if (!look.ok)
        result->outcome = VERIFY_GONE;
}

static int
read_one(const struct storage *storage, const struct catalog_item *item,
         const struct progress *progress, struct verify_result *result,
         struct error *e)
{
    const struct unpack_options options = {
        .entry = &item->entry,
        .to_dir = -1,
        .deep = result->deep,
        .progress = progress,
    };
    struct unpack u;
    bool ok;
    int rc = unpack(&u, storage, &options, &result->report, &ok, e);

    unpack_clear(&u);
    if (rc != 0)
        return error_in(e, "%s", item->id);
    result->outcome = ok ? VERIFY_OK : VERIFY_WRONG;
    note(storage, result);
    return 0;
}

int
verify_run(const struct storage *storage, const struct verify_choice *v,
           const struct verify_options *options, struct error *e)
{
    struct whole whole = {.outer = options->progress};
    const struct progress progress = {.tell = tell_whole, .context = &whole};
    int rc = 0;

    for (size_t i = 0; i < v->count; i++)
        whole.total_bytes += v->items[i]->entry.bytes_source;
    for (size_t i = 0; i < v->count && rc == 0; i++) {
        const struct catalog_item *item = v->items[i];
        struct verify_result result = {
            .id = item->id,
            .deep = is_deep(&item->entry, options),
        };

        if (item->broken.kind != ERROR_NONE)
            tell_broken(item, &result);
        else
            rc = read_one(storage, item, &progress, &result, e);
        if (rc == 0)
            options->ended(options->context, &result);
        whole.before_bytes += item->entry.bytes_source;
        report_clear(&result.report);
    }
    return rc;
}
