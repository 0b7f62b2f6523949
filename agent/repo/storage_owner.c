#include "repo/storage_owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "repo/storage_absent.h"
#include "repo/storage_agent.h"
#include "repo/storage_instance.h"

enum { WHOSE_SIZE = 176 };

static void
set_owner(struct storage_instance *mark, const struct storage_owner *owner)
{
    free(mark->machine_id);
    free(mark->host);
    mark->machine_id = memory_dup(owner->machine_id);
    mark->host = memory_dup(owner->host);
    if (owner->directory == NULL)
        return;
    free(mark->directory);
    mark->directory = memory_dup(owner->directory);
}

/*
 * Only in a folder that is empty but for an agent's, so that no mistyped path
 * is taken over.
 */
static int
mark_new(struct storage *s, const struct storage_owner *owner, struct error *e)
{
    char names[STORAGE_ABSENT_NAMES_SIZE];
    struct storage_instance mark = {.format = STORAGE_FORMAT};
    bool only;
    int rc;

    if (file_sweep(s->instance_dir, e) != 0)
        return error_in(e, "%s/%s", s->path, s->instance);
    if (storage_agent_is_only(s->instance_dir, &only, e) != 0)
        return error_in(e, "%s/%s", s->path, s->instance);
    if (!only) {
        storage_absent_names(s->instance_dir, names);
        return error_set(e, ERROR_REFUSED,
                         "%s/%s is neither empty nor an instance of a "
                         "repository: it holds %s",
                         s->path, s->instance, names);
    }
    if (storage_instance_new_uuid(mark.uuid, e) != 0)
        return -1;
    mark.created_ms = clock_wall_ms();
    set_owner(&mark, owner);
    rc = storage_instance_save(&mark, s->instance_dir, e);
    storage_instance_clear(&mark);
    s->made = rc == 0;
    return rc;
}

/* "/data on alpha (machine 12ab)", each part shortened. */
static void
describe(char out[WHOSE_SIZE], const char *directory, const char *host,
         const char *machine_id)
{
    char where[80], name[32], machine[40];

    text_quote(where, sizeof where, directory, strlen(directory));
    text_quote(name, sizeof name, host, strlen(host));
    text_quote(machine, sizeof machine, machine_id, strlen(machine_id));
    snprintf(out, WHOSE_SIZE, "%s on %s (machine %s)", where, name, machine);
}

static int
check_owner(struct storage *s, struct storage_instance *mark,
            const struct storage_owner *owner, bool adopt, struct error *e)
{
    char theirs[WHOSE_SIZE], ours[WHOSE_SIZE];

    if (strcmp(mark->machine_id, owner->machine_id) == 0 &&
        (owner->directory == NULL ||
         strcmp(mark->directory, owner->directory) == 0))
        return 0;
    if (adopt) {
        set_owner(mark, owner);
        return storage_instance_save(mark, s->instance_dir, e);
    }
    describe(theirs, mark->directory, mark->host, mark->machine_id);
    describe(ours,
             owner->directory != NULL ? owner->directory : mark->directory,
             owner->host, owner->machine_id);
    return error_set(e, ERROR_REFUSED,
                     "%s/%s holds the snapshots of %s, not of %s: choose "
                     "another --instance, or adopt it with --yes",
                     s->path, s->instance, theirs, ours);
}

int
storage_owner_mark(struct storage *s, const struct storage_owner *owner,
                   bool adopt, struct error *e)
{
    struct storage_instance mark;
    int rc;

    if (storage_instance_load(&mark, s->instance_dir, e) != 0)
        return e->kind == ERROR_ABSENT
                   ? mark_new(s, owner, e)
                   : error_in(e, "%s/%s", s->path, s->instance);
    rc = check_owner(s, &mark, owner, adopt, e);
    storage_instance_clear(&mark);
    return rc;
}
