#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/storage.h"
#include "repo/storage_trash.h"

/* What means nothing without an entry. */
static bool
needs_entry(const char *suffix)
{
    return strcmp(suffix, ".tar") == 0 || strcmp(suffix, ".tar.gz") == 0 ||
           strcmp(suffix, ".tar.zst") == 0 ||
           strcmp(suffix, ".verified") == 0 || strcmp(suffix, ".drilled") == 0;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* names are sorted by strcmp. */
static bool
has_entry(char **names, size_t count, const char *name, size_t length)
{
    char *entry = text_format("%.*s.json", (int)length, name);
    bool has = bsearch(&entry, names, count, sizeof *names, compare_names);

    free(entry);
    return has;
}

/* A note is of a snapshot that was listed, never of one in the making. */
static bool
is_note(const char *name)
{
    return text_has_suffix(name, ".verified") ||
           text_has_suffix(name, ".drilled");
}

/*
 * What has no entry goes to the trash if prune has taken the entry there, just
 * now perhaps; all else is of a snapshot that was never finished, or a note
 * that came when the trash was emptied.
 */
static int
sweep_name(struct storage *s, const char *name, bool pruned_only,
           struct error *e)
{
    bool taken;

    if (storage_trash_take_rest(s, name, &taken, e) != 0)
        return -1;
    if (taken || (pruned_only && !is_note(name)) ||
        file_remove(s->snapshots_dir, name, e) == 0)
        return 0;
    return e->kind == ERROR_ABSENT ? 0 : -1; /* another was here first */
}

static int
sweep(struct storage *s, bool pruned_only, struct error *e)
{
    char **names;
    size_t count;
    int rc = 0;

    if (file_names(s->snapshots_dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t length = catalog_id_length(names[i]);

        if (length > 0 && needs_entry(names[i] + length) &&
            !has_entry(names, count, names[i], length))
            rc = sweep_name(s, names[i], pruned_only, e);
    }
    file_free_names(names, count);
    return rc;
}

int
storage_sweep(struct storage *s, struct error *e)
{
    if (file_sweep(s->instance_dir, e) == 0 &&
        file_sweep(s->snapshots_dir, e) == 0 && sweep(s, false, e) == 0)
        return 0;
    return error_in(e, "clean up %s/%s", s->path, s->instance);
}

int
storage_sweep_pruned(struct storage *s, struct error *e)
{
    if (file_sweep(s->instance_dir, e) == 0 && sweep(s, true, e) == 0)
        return 0;
    return error_in(e, "clean up %s/%s", s->path, s->instance);
}
