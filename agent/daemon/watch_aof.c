/*
 * watch_aof.c - the files of the AOF and their manifest. The files are told by
 * their names; which of them a server needs, the manifest says.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/watch_state.h"

/* So many files are looked at each time, should their events not come. */
enum { FEW = 16 };

static bool
is_part(const struct watch *w, const char *name)
{
    size_t size = strlen(w->appendfilename);

    if (w->single)
        return strcmp(name, w->appendfilename) == 0;
    return strncmp(name, w->appendfilename, size) == 0 && name[size] == '.' &&
           strcmp(name, w->manifest) != 0;
}

static struct watch_part *
find_part(const struct watch *w, const char *name)
{
    for (size_t i = 0; i < w->part_count; i++)
        if (strcmp(w->parts[i].name, name) == 0)
            return &w->parts[i];
    return NULL;
}

bool
watch_aof_mark(struct watch *w, const char *name)
{
    struct watch_part *part = find_part(w, name);

    if (part == NULL) {
        if (!is_part(w, name) || w->part_count == WATCH_PARTS_MAX)
            return false;
        w->parts = memory_grow(w->parts, w->part_count, &w->part_capacity,
                               sizeof *w->parts);
        part = &w->parts[w->part_count++];
        *part = (struct watch_part){.name = memory_dup(name)};
    }
    part->look = true;
    return true;
}

static bool
identify(const struct watch *w, const char *name, struct file_identity *id)
{
    char *path = w->single ? memory_dup(w->aof_path)
                           : text_format("%s/%s", w->aof_path, name);
    bool there = w->aof.there && watch_folder_see(path, id);

    free(path);
    return there;
}

static void
remove_part(struct watch *w, struct watch_part *part)
{
    free(part->name);
    *part = w->parts[--w->part_count];
}

/* A server cuts off what it could not write whole; others may cut anything. */
static void
tell_shrunk(struct watch *w, const struct watch_part *part, uint64_t size,
            int64_t now_ms)
{
    char name[128];

    text_quote(name, sizeof name, part->name, strlen(part->name));
    watch_tell(w, now_ms, LOG_LEVEL_WARNING,
               "%s became smaller: %llu bytes, it had %llu", name,
               (unsigned long long)size,
               (unsigned long long)part->id.size_bytes);
}

/* Whether it is still there. */
static bool
look_at_part(struct watch *w, struct watch_part *part, int64_t now_ms)
{
    struct file_identity id;
    bool same;

    part->look = false;
    if (!identify(w, part->name, &id)) {
        w->parts_differ = true;
        return false;
    }
    same = part->there && file_same(&id, &part->id);
    w->parts_differ = w->parts_differ || !same;
    if (same && id.size_bytes < part->id.size_bytes)
        tell_shrunk(w, part, id.size_bytes, now_ms);
    if (w->parts_known && (!same || !file_unchanged(&id, &part->id)))
        w->view.aof_seen_ms = now_ms;
    part->there = true;
    part->id = id;
    return true;
}

static void
look_at_parts(struct watch *w, int64_t now_ms)
{
    uint64_t size = 0;
    int64_t modified_ms = -1;

    for (size_t i = 0; i < w->part_count;) {
        struct watch_part *part = &w->parts[i];

        if (part->look && !look_at_part(w, part, now_ms)) {
            remove_part(w, part);
            continue;
        }
        size += part->id.size_bytes;
        if (part->id.mtime_ns / 1000000 > modified_ms)
            modified_ms = part->id.mtime_ns / 1000000;
        i++;
    }
    w->view.aof_size = w->part_count > 0 ? (int64_t)size : -1;
    w->view.aof_modified_ms = modified_ms;
}

/*
 * "file NAME seq N type b": the files that are needed, as servers write the
 * line. Names in quotes, which only odd settings give, are left out.
 */
static bool
read_needed(const char *line, char name[256])
{
    char type;

    return sscanf(line, "file %255s seq %*d type %c", name, &type) == 2 &&
           name[0] != '"' && strchr(name, '/') == NULL && type != 'h';
}

/* Looks for each file that the manifest names; the first that is missing. */
static void
compare(struct watch *w)
{
    struct error none = {0};
    char *text, *rest, *line, name[256];
    size_t size;

    w->missing[0] = '\0';
    if (!w->list.there ||
        file_load(AT_FDCWD, w->manifest_path, WATCH_MANIFEST_MAX, &text, &size,
                  &none) != 0)
        return;
    rest = text;
    for (unsigned n = 0;
         n < WATCH_PARTS_MAX && (line = strsep(&rest, "\n")) != NULL; n++) {
        struct file_identity id;

        if (!read_needed(line, name) || find_part(w, name) != NULL ||
            identify(w, name, &id))
            continue;
        text_quote(w->missing, sizeof w->missing, name, strlen(name));
        break;
    }
    free(text);
}

static void
look_at_manifest(struct watch *w, int64_t now_ms)
{
    struct file_identity id;
    bool there = identify(w, w->manifest, &id);
    bool differs = there != w->list.there ||
                   (there && !file_unchanged(&id, &w->list.id));

    if (!differs)
        return;
    if (w->list.known)
        w->view.aof_seen_ms = now_ms;
    w->list.known = w->list.known || there;
    w->list.there = there;
    if (there)
        w->list.id = id;
    w->parts_differ = w->changed = true;
}

void
watch_aof_look(struct watch *w, unsigned what, int64_t now_ms)
{
    bool all = !w->aof.there || (what & WATCH_LOOK_SCAN) != 0 ||
               ((what & WATCH_LOOK_MANIFEST) != 0 && w->part_count <= FEW);

    for (size_t i = 0; all && i < w->part_count; i++)
        w->parts[i].look = true;
    if (w->single && w->aof.there)
        watch_aof_mark(w, w->appendfilename);
    else if (w->aof.there && (what & WATCH_LOOK_SCAN) != 0)
        watch_folder_scan(w, w->aof_path, watch_aof_mark);
    look_at_parts(w, now_ms);
    w->parts_known = w->parts_known || w->aof.there;
    if (w->single)
        return;
    if (what & WATCH_LOOK_MANIFEST)
        look_at_manifest(w, now_ms);
    if (w->parts_differ || w->missing[0] != '\0')
        compare(w);
    w->parts_differ = false;
}

void
watch_aof_forget(struct watch *w)
{
    while (w->part_count > 0)
        free(w->parts[--w->part_count].name);
    free(w->parts);
    w->parts = NULL;
    w->part_capacity = 0;
    w->parts_known = w->parts_differ = false;
    w->missing[0] = '\0';
    w->list = (struct watch_known){0};
}
