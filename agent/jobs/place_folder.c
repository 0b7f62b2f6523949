#include "jobs/place_folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* A folder of the target, or one of .redkeep. -1 and ERROR_ABSENT: none. */
static int
open_root(int target, const char *path, struct error *e)
{
    const char *slash = strchr(path, '/');
    char *first;
    int outer, inner;

    if (slash == NULL)
        return file_open_inner(target, path, e);
    first = memory_copy(path, (size_t)(slash - path));
    outer = file_open_inner(target, first, e);
    free(first);
    if (outer < 0)
        return -1;
    inner = file_open_inner(outer, slash + 1, e);
    close(outer);
    return inner;
}

static int
check_folder(const struct place_work *w, int fd, const char *name,
             struct error *e)
{
    struct file_identity top, id;

    if (file_identify(w->target, &top, e) != 0 ||
        file_identify(fd, &id, e) != 0)
        return -1;
    if (file_same_mount(&top, &id))
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s is a mount of its own: nothing can be moved into"
                     " it in one step",
                     w->path, name);
}

/* A set may have a file of the name that the other has for its folder. */
static int
open_inner(int root, const char *name, struct error *e)
{
    struct file_identity id;

    if (root < 0)
        return error_set(e, ERROR_ABSENT, "the folder above is not there");
    if (file_identify_at(root, name, &id, e) != 0)
        return -1;
    if (S_ISREG(id.mode))
        return error_set(e, ERROR_ABSENT, "%s is a file", name);
    return file_open_inner(root, name, e);
}

static int
open_there(const struct place_work *w, const struct place_folder *f,
           enum place_where where, struct error *e)
{
    if (f->name[0] != '\0')
        return open_inner(w->folders[0].fd[where], f->name, e);
    if (where == PLACE_HERE)
        return file_open_directory(w->target, ".", e);
    return open_root(w->target, w->roots[where], e);
}

int
place_folder_open(struct place_work *w, struct place_folder *f,
                  enum place_where where, struct error *e)
{
    struct error why = {0};

    if (where != PLACE_HERE && w->roots[where] == NULL)
        return 0;
    f->fd[where] = open_there(w, f, where, &why);
    if (f->fd[where] >= 0)
        return check_folder(w, f->fd[where], f->name, e);
    if (why.kind == ERROR_ABSENT)
        return 0;
    *e = why;
    return error_in(e, "%s", w->path);
}

/* Owner and mode of a folder as that of the same name elsewhere. */
static int
adopt(const struct place_folder *f, int fd, struct error *e)
{
    struct file_identity id;
    int like = -1;

    for (int where = PLACE_WHERES - 1; where >= 0; where--)
        if (f->fd[where] >= 0)
            like = f->fd[where];
    if (like < 0)
        return file_set_mode(fd, 0755, e);
    if (file_identify(like, &id, e) != 0 ||
        (geteuid() == 0 && file_give(fd, id.uid, id.gid, e) != 0))
        return -1;
    return file_set_mode(fd, id.mode, e);
}

/* Made aside, so that it is what it should be from the first moment. */
static int
make_inner(struct place_work *w, struct place_folder *f, enum place_where where,
           struct error *e)
{
    int fd, rc = -1, work = file_open_inner(w->target, PLACE_WORK, e);

    if (work < 0)
        return -1;
    if (file_remove_tree(work, PLACE_ASIDE, e) != 0 ||
        file_make_directory(work, PLACE_ASIDE, 0700, NULL, e) != 0)
        goto out;
    fd = file_open_inner(work, PLACE_ASIDE, e);
    if (fd < 0)
        goto out;
    rc = adopt(f, fd, e);
    close(fd);
    if (rc == 0)
        rc = file_move(work, PLACE_ASIDE, w->folders[0].fd[where], f->name, e);

out:
    close(work);
    return rc;
}

static int
make_folder(struct place_work *w, struct place_folder *f,
            enum place_where where, struct error *e)
{
    int rc;

    if (f->name[0] == '\0')
        rc = file_make_directory(w->target, w->roots[where], 0700, NULL, e);
    else if (w->folders[0].fd[where] < 0 &&
             make_folder(w, &w->folders[0], where, e) != 0)
        return -1;
    else
        rc = make_inner(w, f, where, e);
    return rc == 0 ? place_folder_open(w, f, where, e) : -1;
}

int
place_folder_of(struct place_work *w, const struct place_slot *slot,
                enum place_where where, struct error *e)
{
    struct place_folder *f = &w->folders[slot->folder];

    if (f->fd[where] < 0 && make_folder(w, f, where, e) != 0)
        return error_in(e, "%s", w->path);
    return f->fd[where];
}

int
place_folder_sync(const struct place_work *w, enum place_where where,
                  struct error *e)
{
    for (size_t i = w->folder_count; i > 0; i--)
        if (w->folders[i - 1].fd[where] >= 0 &&
            file_sync_directory(w->folders[i - 1].fd[where], e) != 0)
            return error_in(e, "%s", w->path);
    return 0;
}

void
place_folder_sweep(const struct place_work *w)
{
    struct error none = {0};

    for (size_t i = 0; i < w->folder_count; i++)
        for (int where = 0; where < PLACE_BUILT; where++)
            if (w->folders[i].fd[where] >= 0)
                file_sweep(w->folders[i].fd[where], &none);
}

void
place_folder_clean(struct place_work *w)
{
    struct error none = {0};

    for (int where = 0; where < PLACE_WHERES; where++)
        for (size_t i = 1; i < w->folder_count; i++)
            if (w->folders[i].fd[where] >= 0)
                file_remove_empty(w->folders[0].fd[where], w->folders[i].name,
                                  &none);
    if (w->roots[PLACE_BUILT] != NULL)
        file_remove_empty(w->target, w->roots[PLACE_BUILT], &none);
}
