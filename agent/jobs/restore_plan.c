#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/in_use.h"
#include "jobs/local_server.h"
#include "jobs/restore_work.h"

/* What a file system may need for folders and journals beside the data. */
enum { SPACE_SLACK = 4 << 20 };

void
restore_plan_step(struct restore *r, bool advice, const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int n;

    va_start(list, format);
    n = vasprintf(&text, format, list);
    va_end(list);
    if (n < 0)
        return;
    r->steps = memory_resize(r->steps, r->step_count + 1, sizeof *r->steps);
    r->steps[r->step_count++] =
        (struct restore_step){.text = text, .advice = advice};
}

/* After a FLUSHALL the latest is rarely what one wants back. */
static int
check_collapse(const struct restore_work *w, struct error *e)
{
    const struct catalog_entry *before = retention_collapsed(
        &w->catalog, &w->accepted, w->options->collapse_percent, w->entry);
    char text[RETENTION_TEXT_SIZE];

    if (before == NULL || w->options->yes)
        return 0;
    retention_write_collapse(text, w->entry, before,
                             w->options->collapse_percent);
    return error_set(e, ERROR_REFUSED,
                     "the latest snapshot %s: name the one you want, or add"
                     " --yes",
                     text);
}

static int
choose_latest(struct restore_work *w, struct error *e)
{
    const struct catalog_entry *any = catalog_newest(&w->catalog, false);

    w->entry = catalog_newest(&w->catalog, true);
    if (w->entry != NULL)
        return check_collapse(w, e);
    if (any == NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot in %s/%s: take one with 'redkeep"
                         " snapshot'",
                         w->storage.path, w->storage.instance);
    return error_set(e, ERROR_FAILED,
                     "no good snapshot in %s/%s; the newest, %s, is %s: name"
                     " it if it is all there is",
                     w->storage.path, w->storage.instance, any->id,
                     verdict_name(any->verdict));
}

static int
choose_by_id(struct restore_work *w, const char *id, struct error *e)
{
    const struct catalog_item *item = catalog_find(&w->catalog, id);

    if (item == NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, w->storage.path, w->storage.instance);
    if (item->broken.kind != ERROR_NONE) {
        *e = item->broken;
        return error_in(e, "snapshot %s", id);
    }
    w->entry = &item->entry;
    if (w->entry->verdict == VERDICT_SOUND || w->options->yes)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "snapshot %s is %s: 'redkeep list' shows good ones; add"
                     " --yes to restore it as it is",
                     id, verdict_name(w->entry->verdict));
}

int
restore_plan_choose(struct restore_work *w, struct error *e)
{
    const char *id = w->options->id;
    char when[TEXT_TIME_SIZE], size[TEXT_WORDS_SIZE];

    if ((id == NULL ? choose_latest(w, e) : choose_by_id(w, id, e)) != 0 ||
        w->entry == NULL)
        return -1;
    memcpy(w->r->id, w->entry->id, sizeof w->r->id);
    w->r->point_ms = w->entry->state_time_ms;
    w->r->keys = w->entry->keys;
    w->r->bytes = w->entry->bytes_source;
    text_write_time(when, w->entry->state_time_ms);
    text_write_size(size, w->entry->bytes_source);
    restore_plan_step(w->r, false, "snapshot %s: the data as of %s, %s",
                      w->entry->id, when, size);
    return 0;
}

static int
check_release(struct restore_work *w, struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    char name[RELEASE_TEXT_SIZE];

    w->release_known = instance_release(&w->server, &w->release);
    if (!w->release_known)
        w->release_known = local_server_release(
            entry->server.known && strcmp(entry->server.product, "valkey") == 0,
            &w->release);
    if (!w->release_known) {
        restore_plan_step(w->r, true,
                          "no server answers and none is in PATH:"
                          " whether its version can load this is not"
                          " judged");
        return 0;
    }
    release_write(name, &w->release);
    w->r->judged_for = memory_dup(name);
    if (entry->rdb_version != 0 &&
        !release_loads_rdb(&w->release, entry->rdb_version,
                           entry->valkey_magic))
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s has RDB version %d%s, which %s cannot"
                         " load: restore it for a server that is at least as"
                         " new as the one it was taken from (%s %s)",
                         entry->id, entry->rdb_version,
                         entry->valkey_magic ? " of valkey" : "", name,
                         entry->server.known ? entry->server.product : "its",
                         entry->server.known ? entry->server.version
                                             : "release is not known");
    if (entry->dataset == DATASET_AOF && !release_has_manifest(&w->release))
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s is an AOF with a manifest, which %s does"
                         " not know: restore it for redis 7.0 or later",
                         entry->id, name);
    restore_plan_step(w->r, false, "its version was judged for %s", name);
    if (entry->dataset != DATASET_RDB && w->server.settings_known &&
        !w->server.settings.appendonly)
        restore_plan_step(w->r, true,
                          "the server at %s has appendonly no: only with"
                          " appendonly yes does a server load this AOF, else"
                          " it starts empty",
                          w->server.url);
    return 0;
}

/* An RDB for a server that reads its AOF would be ignored as dump.rdb. */
static int
decide_layout(struct restore_work *w, bool has_aof, struct error *e)
{
    bool wants_aof = w->entry->dataset != DATASET_RDB;

    if (wants_aof && w->options->layout == RESTORE_RDB)
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s is an AOF, it cannot become a dump.rdb:"
                         " restore it as it is, start a server with appendonly"
                         " yes on it, and have that one BGSAVE",
                         w->entry->id);
    w->layout = w->options->layout;
    if (w->layout != RESTORE_AUTO)
        return 0;
    w->layout = wants_aof || has_aof ? RESTORE_AOF : RESTORE_RDB;
    if (!wants_aof && has_aof)
        restore_plan_step(w->r, true,
                          "there is an AOF in the target: the RDB goes"
                          " in as its base (--layout rdb if the server"
                          " has appendonly no)");
    else if (wants_aof && !has_aof && w->had_data)
        restore_plan_step(w->r, true,
                          "there was a dump in the target, and this is an AOF:"
                          " the server must have appendonly yes, or it starts"
                          " empty");
    else if (!wants_aof)
        restore_plan_step(w->r, true,
                          "the RDB goes in as %s; a server with"
                          " appendonly yes would ignore it (--layout"
                          " aof)",
                          w->entry->dbfilename);
    return 0;
}

static int
collect_names(struct restore_work *w, struct error *e)
{
    const struct dataset_names usual = {.dbfilename = NULL};
    const struct dataset_names own = {
        .dbfilename = w->entry->dbfilename,
        .appendfilename = w->entry->appendfilename,
        .appenddirname = w->entry->appenddirname,
    };
    const char *name;

    place_add(&w->names, &usual);
    place_add(&w->names, &own);
    for (size_t n = 0; (name = place_top(&w->names, n)) != NULL; n++)
        if (place_is_ours(name))
            return error_set(e, ERROR_DAMAGED,
                             "snapshot %s: its data goes by the name %s, which"
                             " redkeep uses itself",
                             w->entry->id, name);
    return 0;
}

/* The owner of the dataset that is there, else of the folder. */
static int
find_owner(struct restore_work *w, struct error *e)
{
    struct file_identity id;
    const char *name;

    if (file_identify(w->dir, &id, e) != 0)
        return -1;
    w->dir_mode = id.mode & 0777;
    w->uid = id.uid;
    w->gid = id.gid;
    for (size_t n = 0; (name = place_top(&w->names, n)) != NULL; n++) {
        struct error none = {0};

        if (file_identify_at(w->dir, name, &id, &none) != 0)
            continue;
        w->uid = id.uid;
        w->gid = id.gid;
        if (S_ISDIR(id.mode))
            w->dir_mode = id.mode & 0777;
        break;
    }
    return 0;
}

/* What will be written, whatever the entry calls the whole. */
static uint64_t
needed_bytes(const struct catalog_entry *entry)
{
    uint64_t sum = SPACE_SLACK;

    for (size_t n = 0; n < entry->file_count; n++)
        if (!entry->files[n].config &&
            __builtin_add_overflow(sum, entry->files[n].size_bytes, &sum))
            return UINT64_MAX;
    return sum;
}

static int
check_space(const struct restore_work *w, int fd, struct error *e)
{
    char need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];
    uint64_t free_bytes;

    if (file_free_bytes(fd, &free_bytes, e) != 0)
        return error_in(e, "%s", w->options->target);
    if (free_bytes >= needed_bytes(w->entry))
        return 0;
    text_write_size(need, needed_bytes(w->entry));
    text_write_size(has, free_bytes);
    return error_set(e, ERROR_FAILED,
                     "%s: %s are needed beside the old data, %s are free: make"
                     " room, or restore elsewhere",
                     w->options->target, need, has);
}

/* A folder that is to be created: its parent must be there. */
static int
plan_new_target(struct restore_work *w, struct error *e)
{
    char *parent = memory_dup(w->options->target), *slash;
    size_t n = strlen(parent);
    int fd, rc;

    while (n > 1 && parent[n - 1] == '/')
        parent[--n] = '\0';
    slash = strrchr(parent, '/');
    if (slash != NULL)
        slash[slash == parent] = '\0';
    fd = file_open_directory(AT_FDCWD, slash != NULL ? parent : ".", e);
    free(parent);
    if (fd < 0) {
        e->kind = ERROR_FAILED;
        return error_in(e, "the folder above %s", w->options->target);
    }
    rc = check_space(w, fd, e);
    close(fd);
    w->uid = w->entry->file_count > 0 ? w->entry->files[0].uid : geteuid();
    w->gid = w->entry->file_count > 0 ? w->entry->files[0].gid : getegid();
    w->dir_mode = 0750;
    w->r->target = memory_dup(w->options->target);
    restore_plan_step(w->r, false, "%s will be created", w->options->target);
    return rc == 0 ? decide_layout(w, false, e) : -1;
}

static bool
server_uses_aof(const struct restore_work *w)
{
    struct file_identity id;
    struct error none = {0};

    return file_identify_at(w->dir, w->entry->appenddirname, &id, &none) == 0 ||
           file_identify_at(w->dir, w->entry->appendfilename, &id, &none) == 0;
}

static int
plan_target(struct restore_work *w, struct error *e)
{
    w->r->target = realpath(w->options->target, NULL);
    if (w->r->target == NULL)
        return error_sys(e, "%s", w->options->target);
    /* One that we are to stop is looked at by exchange_check. */
    if ((!restore_exchange_asked(w->options) &&
         in_use_check(&w->server, w->dir, NULL, w->r->target,
                      w->options->server_stopped, e) != 0) ||
        place_has_any(w->dir, &w->names, &w->had_data, e) != 0)
        return -1;
    if (!w->had_data && !w->options->yes &&
        place_check_foreign(w->dir, &w->names, w->r->target, e) != 0)
        return -1;
    if (find_owner(w, e) != 0 || check_space(w, w->dir, e) != 0)
        return -1;
    if (w->had_data)
        restore_plan_step(w->r, false, "what is in %s now is kept in %s/%s...",
                          w->r->target, w->r->target, PLACE_KEPT_PREFIX);
    return decide_layout(w, server_uses_aof(w), e);
}

int
restore_plan_target(struct restore_work *w, struct error *e)
{
    struct error none = {0};

    if (collect_names(w, e) != 0)
        return -1;
    if (w->server.settings_known && w->server.settings.dir != NULL)
        w->server.dir =
            file_open_directory(AT_FDCWD, w->server.settings.dir, &none);
    w->dir = file_open_directory(AT_FDCWD, w->options->target, e);
    if (w->dir < 0 && e->kind != ERROR_ABSENT)
        return error_in(e, "target");
    memset(e, 0, sizeof *e);
    if (check_release(w, e) != 0)
        return -1;
    return w->dir < 0 ? plan_new_target(w, e) : plan_target(w, e);
}
