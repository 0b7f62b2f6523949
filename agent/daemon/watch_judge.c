/* watch_judge.c - whether what should be there is there. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "daemon/watch_state.h"

/* An AOF that is switched on has its folder by then. */
enum { GRACE_MS = 10 * 1000 };

/* What is wrong with the folders; gone: with what should be in them. */
static bool
find_trouble(const struct watch *w, int64_t now_ms, char *out, size_t size)
{
    const struct watch_view *v = &w->view;

    out[0] = '\0';
    if (!v->present) {
        snprintf(out, size, "the data directory %s cannot be seen: %s",
                 v->data_dir, w->why);
        return false;
    }
    if (!w->appendonly) {
        if (w->rdb.known && !w->rdb.there)
            snprintf(out, size, "%s is gone", v->rdb_path);
    } else if (!v->aof_present) {
        if (v->aof_seen || now_ms - w->aof_absent_ms >= GRACE_MS)
            snprintf(out, size, "the AOF%s %s is gone",
                     w->single ? "" : " directory", w->aof_path);
    } else if (w->list.known && !w->list.there) {
        snprintf(out, size, "the manifest %s is gone", w->manifest_path);
    } else if (w->missing[0] != '\0') {
        snprintf(out, size, "the manifest %s names %s, which is gone",
                 w->manifest_path, w->missing);
    }
    return out[0] != '\0';
}

void
watch_judge(struct watch *w, int64_t now_ms)
{
    struct watch_view *v = &w->view;
    char raw[sizeof v->trouble], trouble[sizeof v->trouble];

    v->present = w->data.there;
    v->aof_present = w->aof.there;
    v->aof_seen = v->aof_seen || v->aof_present;
    v->manifest_path = w->list.there ? w->manifest_path : NULL;
    if (w->single && w->aof.there)
        v->manifest_path = w->aof_path;
    v->gone = find_trouble(w, now_ms, raw, sizeof raw);
    text_quote(trouble, sizeof trouble, raw, strlen(raw));
    if (strcmp(trouble, v->trouble) == 0)
        return;
    memcpy(v->trouble, trouble, sizeof trouble);
    if (trouble[0] != '\0')
        watch_tell(w, now_ms, LOG_LEVEL_WARNING, "%s", trouble);
    else
        watch_tell(w, now_ms, LOG_LEVEL_INFO,
                   "the files in %s are all there again", v->data_dir);
}
