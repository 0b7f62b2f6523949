#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/restore_work.h"
#include "jobs/unpack.h"

/* What a file system may need for folders and journals beside the data. */
enum { SPACE_SLACK = 4 << 20 };

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

static int
check_space(struct restore_work *w, int fd, struct error *e)
{
    struct restore_plan *p = &w->r->plan;
    char need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];

    p->bytes_needed = unpack_bytes(w->entry, SPACE_SLACK);
    if (file_free_bytes(fd, &p->bytes_free, e) != 0)
        return error_in(e, "%s", w->options->target);
    text_write_size(need, p->bytes_needed);
    text_write_size(has, p->bytes_free);
    if (p->bytes_free >= p->bytes_needed) {
        restore_plan_step(w->r, false,
                          "%s are needed beside what is there, %s"
                          " are free",
                          need, has);
        return 0;
    }
    return error_set(e, ERROR_FAILED,
                     "%s: %s are needed beside the old data, %s are free: make"
                     " room, or restore elsewhere",
                     w->options->target, need, has);
}

/*
 * The folder above the target, by its whole path, and the target's name in it.
 */
static char *
find_parent(const char *target, char **name, struct error *e)
{
    char *path = memory_dup(target), *slash, *parent;
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    slash = strrchr(path, '/');
    *name = memory_dup(slash != NULL ? slash + 1 : path);
    if (slash != NULL)
        slash[slash == path] = '\0';
    parent = realpath(slash != NULL ? path : ".", NULL);
    if (parent == NULL) {
        error_sys(e, "the folder above %s: %s", target,
                  slash != NULL ? path : ".");
        e->kind = ERROR_FAILED;
    }
    free(path);
    return parent;
}

/*
 * A folder that is called as a file of the data is: the server that works above
 * it could write that file no more.
 */
static int
check_name(const struct restore_work *w, const char *parent, const char *name,
           struct error *e)
{
    if (w->options->yes || !place_is_top(&w->names, name))
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s is what a server calls its data: --to names the"
                     " folder that holds it, %s; add --yes if a folder shall"
                     " be called so",
                     w->options->target, parent);
}

/* A folder that is to be created: its parent must be there. */
int
restore_room_check_new(struct restore_work *w, struct error *e)
{
    char *name, *parent = find_parent(w->options->target, &name, e);
    int rc = parent == NULL ? -1 : check_name(w, parent, name, e);
    int fd = rc == 0 ? file_open_directory(AT_FDCWD, parent, e) : -1;

    if (fd >= 0) {
        rc = check_space(w, fd, e);
        close(fd);
        w->uid = w->entry->file_count > 0 ? w->entry->files[0].uid : geteuid();
        w->gid = w->entry->file_count > 0 ? w->entry->files[0].gid : getegid();
        w->dir_mode = 0750;
        w->r->target =
            text_format("%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name);
        restore_plan_step(w->r, false, "%s will be created", w->r->target);
    }
    free(parent);
    free(name);
    return fd >= 0 ? rc : -1;
}

static int
find_aside(struct restore_work *w, struct error *e)
{
    struct restore_plan *p = &w->r->plan;
    struct journal_set set = {.folder = NULL};
    int rc = place_find(&set, w->dir, &w->names, NULL, e);

    if (rc == 0) {
        p->aside = memory_new((set.count + 1) * sizeof *p->aside);
        for (size_t n = 0; n < set.count; n++)
            p->aside[p->aside_count++] = memory_dup(set.files[n].path);
    }
    journal_set_clear(&set);
    return rc == 0 ? 0 : error_in(e, "%s", w->r->target);
}

int
restore_room_check(struct restore_work *w, struct error *e)
{
    struct restore_plan *p = &w->r->plan;

    if (find_owner(w, e) != 0 || check_space(w, w->dir, e) != 0 ||
        find_aside(w, e) != 0)
        return -1;
    for (size_t n = 0; n < p->aside_count && n < RESTORE_FILES_TOLD; n++)
        restore_plan_step(w->r, false, "%s is moved to %s/%sTIME/", p->aside[n],
                          w->r->target, PLACE_KEPT_PREFIX);
    if (p->aside_count > RESTORE_FILES_TOLD)
        restore_plan_step(w->r, false, "so are %zu more",
                          p->aside_count - RESTORE_FILES_TOLD);
    return 0;
}
