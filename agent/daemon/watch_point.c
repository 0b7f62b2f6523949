/* watch_point.c - what is watched, by names that a server tells. */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/watch_state.h"

static bool
is_text_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Without slashes at its end; NULL for what is no absolute path. */
static char *
copy_folder(const char *path)
{
    size_t size = path == NULL || path[0] != '/' ? 0 : strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    return size == 0 ? NULL : memory_copy(path, size);
}

/* A server may say anything: what is no name is not looked for. */
static char *
copy_name(const char *name, const char *usual)
{
    return memory_dup(name != NULL && text_is_name(name) ? name : usual);
}

void
watch_forget(struct watch *w)
{
    struct watch_view *v = &w->view;

    if (w->poll != NULL)
        event_del(w->poll);
    watch_folder_forget(w);
    watch_aof_forget(w);
    watch_temp_forget(w);
    free(v->data_dir);
    free(v->rdb_path);
    free(w->dbfilename);
    free(w->appendfilename);
    free(w->appenddirname);
    free(w->aof_path);
    free(w->manifest);
    free(w->manifest_path);
    v->data_dir = v->rdb_path = v->manifest_path = NULL;
    w->dbfilename = w->appendfilename = w->appenddirname = NULL;
    w->aof_path = w->manifest = w->manifest_path = NULL;
    v->present = v->aof_present = v->aof_seen = v->collapsed = v->gone = false;
    v->rdb_size = v->rdb_modified_ms = v->rdb_seen_ms = -1;
    v->aof_size = v->aof_modified_ms = v->aof_seen_ms = -1;
    v->free_bytes = v->total_bytes = -1;
    v->trouble[0] = '\0';
    w->rdb = (struct watch_known){0};
    w->rdb_looked = w->rdb_settling = w->changed = w->new_rdb = false;
    w->dirty = 0;
}

static void
take_names(struct watch *w, char *data_dir, const struct watch_names *names)
{
    w->view.data_dir = data_dir;
    w->single = names->appenddirname == NULL;
    w->dbfilename = copy_name(names->dbfilename, "dump.rdb");
    w->appendfilename = copy_name(names->appendfilename, "appendonly.aof");
    w->appenddirname = copy_name(names->appenddirname, "appendonlydir");
    if (strcmp(data_dir, "/") == 0)
        data_dir = "";
    w->view.rdb_path = text_format("%s/%s", data_dir, w->dbfilename);
    w->aof_path = text_format("%s/%s", data_dir,
                              w->single ? w->appendfilename : w->appenddirname);
    if (w->single)
        return;
    w->manifest = text_format("%s.manifest", w->appendfilename);
    w->manifest_path = text_format("%s/%s", w->aof_path, w->manifest);
}

static bool
is_pointed_at(const struct watch *w, const char *data_dir,
              const struct watch_names *names)
{
    return is_text_same(w->view.data_dir, data_dir) &&
           is_text_same(w->dbfilename, names->dbfilename) &&
           is_text_same(w->appendfilename, names->appendfilename) &&
           is_text_same(w->single ? NULL : w->appenddirname,
                        names->appenddirname);
}

void
watch_point(struct watch *w, const struct watch_names *names)
{
    char *data_dir = copy_folder(names->data_dir);
    bool same = is_pointed_at(w, data_dir, names);

    w->appendonly = names->appendonly;
    if (data_dir == NULL || same) {
        if (data_dir == NULL)
            watch_forget(w);
        else
            watch_judge(w, clock_wall_ms());
        free(data_dir);
        return;
    }
    watch_forget(w);
    take_names(w, data_dir, names);
    watch_look(w, WATCH_LOOK_FOLDERS, clock_wall_ms());
    watch_look_later(w);
    w->changed = w->new_rdb = false;
    if (w->readable != NULL)
        event_add(w->readable, NULL);
}
