#include "jobs/place_work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/place_folder.h"

static bool
is_file(const struct journal_file *f, const struct file_identity *id)
{
    if (f == NULL)
        return false;
    return (f->id.inode == id->inode && f->id.birth_ns == id->birth_ns) ||
           (f->copy.links > 0 && f->copy.inode == id->inode &&
            f->copy.birth_ns == id->birth_ns);
}

static int
look_at(const struct place_work *w, const struct place_slot *slot,
        enum place_where where, bool *there, struct file_identity *id,
        struct error *e)
{
    int fd = w->folders[slot->folder].fd[where];

    *there = false;
    if (fd < 0)
        return 0;
    if (file_identify_at(fd, slot->base, id, e) == 0) {
        *there = true;
        return 0;
    }
    if (e->kind != ERROR_ABSENT)
        return error_in(e, "%s", w->path);
    memset(e, 0, sizeof *e);
    return 0;
}

static int
look_for_tripwire(const struct place_work *w, const struct place_slot *slot,
                  const struct file_identity *id, bool *tripwire,
                  struct error *e)
{
    int fd = w->folders[slot->folder].fd[PLACE_HERE];
    size_t size;
    char *text;

    *tripwire =
        slot->entry && S_ISREG(id->mode) &&
        (id->size_bytes == 0 || id->size_bytes == strlen(PLACE_TRIPWIRE));
    if (!*tripwire || id->size_bytes == 0)
        return 0;
    if (file_load(fd, slot->base, id->size_bytes, &text, &size, e) != 0)
        return error_in(e, "%s", w->path);
    *tripwire = strcmp(text, PLACE_TRIPWIRE) == 0;
    free(text);
    return 0;
}

int
place_work_look(const struct place_work *w, const struct place_slot *slot,
                struct place_sight *sight, struct error *e)
{
    struct file_identity here, kept, built;
    bool is_here, is_kept, is_built, old, new;

    if (look_at(w, slot, PLACE_HERE, &is_here, &here, e) != 0 ||
        look_at(w, slot, PLACE_KEPT, &is_kept, &kept, e) != 0 ||
        look_at(w, slot, PLACE_BUILT, &is_built, &built, e) != 0)
        return -1;
    *sight = (struct place_sight){
        .kept = is_kept && is_file(slot->leaves, &kept),
        .built = is_built && is_file(slot->comes, &built),
    };
    sight->kept_other = is_kept && !sight->kept;
    old = is_here && is_file(slot->leaves, &here);
    new = is_here &&is_file(slot->comes, &here);
    /* One file may be of both sets, by two names: it comes when the second of
     * them is gone. */
    sight->comes = new && !(old && sight->built);
    sight->leaves = old && !sight->comes;
    if (!is_here || old || new)
        return 0;
    if (look_for_tripwire(w, slot, &here, &sight->tripwire, e) != 0)
        return -1;
    /* What came, and a server has put another in its place since. */
    sight->comes = !sight->tripwire && slot->comes != NULL && !is_built;
    sight->other = !sight->tripwire && !sight->comes;
    return 0;
}

static int
open_folders(struct place_work *w, struct error *e)
{
    for (size_t i = 0; i < w->folder_count; i++)
        for (int where = 0; where < PLACE_WHERES; where++)
            if (place_folder_open(w, &w->folders[i], (enum place_where)where,
                                  e) != 0)
                return -1;
    return 0;
}

static void
add_folder(struct place_work *w, const char *name)
{
    for (size_t i = 0; i < w->folder_count; i++)
        if (strcmp(w->folders[i].name, name) == 0)
            return;
    w->folders[w->folder_count++] =
        (struct place_folder){.name = memory_dup(name), .fd = {-1, -1, -1}};
}

static size_t
find_folder(const struct place_work *w, const char *path)
{
    size_t size = strcspn(path, "/");

    for (size_t i = 1; i < w->folder_count && path[size] == '/'; i++)
        if (strlen(w->folders[i].name) == size &&
            strncmp(w->folders[i].name, path, size) == 0)
            return i;
    return 0;
}

static struct place_slot *
add_slot(struct place_work *w, const char *path, bool entry)
{
    struct place_slot *slot = &w->slots[w->count++];
    const char *slash = strchr(path, '/');

    *slot = (struct place_slot){.path = memory_dup(path),
                                .folder = find_folder(w, path),
                                .entry = entry};
    slot->base = slash != NULL ? slot->path + (slash + 1 - path) : slot->path;
    return slot;
}

static int
compare_slots(const void *a, const void *b)
{
    return strcmp(((const struct place_slot *)a)->path,
                  ((const struct place_slot *)b)->path);
}

/* Those of the same path become one. */
static void
join_slots(struct place_work *w)
{
    size_t last = 0;

    if (w->count == 0)
        return;
    qsort(w->slots, w->count, sizeof *w->slots, compare_slots);
    for (size_t i = 1; i < w->count; i++) {
        struct place_slot *a = &w->slots[last], *b = &w->slots[i];

        if (strcmp(a->path, b->path) != 0) {
            w->slots[++last] = *b;
            continue;
        }
        a->entry |= b->entry;
        a->leaves = a->leaves != NULL ? a->leaves : b->leaves;
        a->comes = a->comes != NULL ? a->comes : b->comes;
        free(b->path);
    }
    w->count = last + 1;
}

/*
 * Since 7.0 a server takes a single AOF for its own where it finds no manifest:
 * one that is empty keeps it from doing so with a tripwire.
 */
static void
add_guards(struct place_work *w, const struct journal *j)
{
    size_t count = w->count;

    for (size_t n = 0; n < j->name_count; n++)
        for (size_t i = 0; i < count; i++) {
            char *path;

            if (strcmp(w->slots[i].path, j->names[n].appendfilename) != 0 ||
                strcmp(w->slots[i].path, j->names[n].appenddirname) == 0)
                continue;
            path = text_format("%s/%s.manifest", j->names[n].appenddirname,
                               j->names[n].appendfilename);
            add_slot(w, path, true);
            free(path);
            break;
        }
}

int
place_work_open(struct place_work *w, struct journal *j, bool back,
                const struct place_options *options, struct error *e)
{
    struct journal_set *leaves = back ? &j->comes : &j->leaves;
    struct journal_set *comes = back ? &j->leaves : &j->comes;

    *w = (struct place_work){
        .target = options->target,
        .path = options->path,
        .roots = {[PLACE_KEPT] = leaves->folder, [PLACE_BUILT] = comes->folder},
    };
    add_folder(w, "");
    for (size_t i = 0; i < j->name_count; i++)
        add_folder(w, j->names[i].appenddirname);
    w->slots = memory_new((leaves->count + comes->count + JOURNAL_NAMES_MAX) *
                          sizeof *w->slots);
    for (size_t i = 0; i < leaves->count; i++)
        add_slot(w, leaves->files[i].path, leaves->files[i].entry)->leaves =
            &leaves->files[i];
    for (size_t i = 0; i < comes->count; i++)
        add_slot(w, comes->files[i].path, comes->files[i].entry)->comes =
            &comes->files[i];
    add_guards(w, j);
    join_slots(w);
    return open_folders(w, e);
}

void
place_work_close(struct place_work *w)
{
    for (size_t i = 0; i < w->folder_count; i++) {
        for (int where = 0; where < PLACE_WHERES; where++)
            if (w->folders[i].fd[where] >= 0)
                close(w->folders[i].fd[where]);
        free(w->folders[i].name);
    }
    for (size_t i = 0; i < w->count; i++)
        free(w->slots[i].path);
    free(w->slots);
    *w = (struct place_work){.target = -1};
}
