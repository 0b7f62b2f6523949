#include "jobs/verify.h"

#include <string.h>

#include "base/clock.h"
#include "jobs/unpack.h"

int
verify_one(const struct storage *storage, const struct catalog_item *item,
           const struct progress *progress, struct report *report, bool *ok,
           struct error *e)
{
    const struct unpack_options options = {
        .entry = &item->entry,
        .to_dir = -1,
        .progress = progress,
    };
    struct error none = {0};
    struct unpack u;
    int rc;

    *ok = false;
    if (item->broken.kind != ERROR_NONE) {
        report_about(report, item->id);
        report_add(report, SEVERITY_ERROR, "snapshot-entry", -1,
                   item->broken.kind == ERROR_REFUSED
                       ? "a newer redkeep wrote it: use that"
                       : "this snapshot's entry is damaged: use another"
                         " snapshot",
                   "%s", item->broken.text);
        return 0;
    }
    rc = unpack(&u, storage, &options, report, ok, e);
    unpack_clear(&u);
    /* A read-only repository keeps no note. */
    if (rc == 0)
        catalog_note_verified(storage->snapshots_dir, item->id, clock_wall_ms(),
                              *ok, &none);
    return rc;
}
