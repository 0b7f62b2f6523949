#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "jobs/boot_check.h"
#include "jobs/restore_work.h"

/* As the target's server has it: with too few it would refuse the data. */
static int
find_databases(const struct restore_work *w)
{
    if (w->target.databases > 0)
        return (int)w->target.databases;
    if (w->server.settings.databases > 0)
        return (int)w->server.settings.databases;
    return w->databases;
}

int
restore_boot_check(struct restore_work *w, const struct stage *s,
                   struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    const struct dataset_names names = {
        .dbfilename = w->files.dbfilename,
        .appendfilename = w->files.appendfilename,
        .appenddirname = w->files.appenddirname,
    };
    char *name = text_format(BOOT_CHECK_PREFIX "%s", entry->id);
    const struct boot_check_options options = {
        .path = w->options->target,
        .target = w->dir,
        .built = s->dir,
        .name = name,
        .trial =
            {
                .valkey = entry->server.known &&
                          strcmp(entry->server.product, "valkey") == 0,
                .running_pid =
                    w->server.link != NULL ? w->server.info.process_id : 0,
                .names = &names,
                .appendonly = w->layout == RESTORE_AOF,
                .databases = find_databases(w),
                .uid = w->uid,
                .gid = w->gid,
                .dataset_bytes = w->memory_bytes,
                .load_limit_ms = w->options->boot_limit_ms,
                .rdb_version = entry->rdb_version,
                .valkey_magic = entry->valkey_magic,
                .progress = w->options->progress,
            },
    };
    char text[TRIAL_TEXT_SIZE];
    int rc = boot_check_run(&options, text, e);

    free(name);
    if (rc == 0)
        restore_plan_step(w->r, true, "%s", text);
    else if (e->kind == ERROR_DAMAGED)
        error_in(e, "snapshot %s: nothing was changed", entry->id);
    return rc;
}
