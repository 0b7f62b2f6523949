/*
 * watch_temp.c - temporary files of servers' children: a leftover is one that
 * has not changed for a while and whose process is not there. In a container
 * the process cannot be seen, but what it writes changes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "daemon/watch_state.h"
#include "jobs/leftovers.h"

/* A finished file waits for a busy server to rename it. */
enum { YOUNG_MS = 60 * 1000 };

bool
watch_temp_mark(struct watch *w, const char *name)
{
    uint64_t pid;

    if (!leftovers_read_name(name, &pid))
        return false;
    for (size_t i = 0; i < w->temp_count; i++)
        if (strcmp(w->temps[i], name) == 0)
            return true;
    if (w->temp_count < WATCH_TEMPS_MAX)
        w->temps[w->temp_count++] = memory_dup(name);
    return true;
}

/* The process of that number that was there when the file last changed. */
static bool
is_alive(const char *name, const struct file_identity *id)
{
    struct process_view process;
    struct error none = {0};
    uint64_t pid;

    return leftovers_read_name(name, &pid) && pid > 0 && pid <= INT32_MAX &&
           process_look((pid_t)pid, &process, &none) == 0 &&
           process.started_ms <= id->mtime_ns / 1000000 + 1000;
}

static bool
identify(const struct watch *w, const char *name, struct file_identity *id)
{
    char *path = text_format("%s/%s", w->view.data_dir, name);
    bool there = w->data.there && watch_folder_see(path, id);

    free(path);
    return there;
}

static void
tell(struct watch *w, const char *name, int64_t now_ms)
{
    char quoted[128];

    text_quote(quoted, sizeof quoted, name, strlen(name));
    watch_tell(w, now_ms, LOG_LEVEL_WARNING,
               "a server's child died and left %s in %s", quoted,
               w->view.data_dir);
}

void
watch_temp_look(struct watch *w, int64_t now_ms)
{
    unsigned leftovers = 0;

    for (size_t i = 0; i < w->temp_count;) {
        struct file_identity id;

        if (!identify(w, w->temps[i], &id)) {
            free(w->temps[i]);
            w->temps[i] = w->temps[--w->temp_count];
            continue;
        }
        if (now_ms - id.mtime_ns / 1000000 >= YOUNG_MS &&
            !is_alive(w->temps[i], &id) && ++leftovers > w->view.leftovers)
            tell(w, w->temps[i], now_ms);
        i++;
    }
    w->changed = w->changed || leftovers != w->view.leftovers;
    w->view.leftovers = leftovers;
}

void
watch_temp_forget(struct watch *w)
{
    while (w->temp_count > 0)
        free(w->temps[--w->temp_count]);
    w->view.leftovers = 0;
}
