/*
 * watch_rdb.c - the dump. Servers write aside and rename, so that another inode
 * is another dump, whole at once; what is copied over it in place is one when a
 * later look finds it as the look before.
 */
#include "base/file.h"
#include "base/text.h"
#include "daemon/watch_state.h"

enum {
    /* Dumps of a few keys come and go. */
    COLLAPSE_FLOOR_BYTES = 64 * 1024,
    /* For so long a smaller dump is compared with the one before. */
    COLLAPSE_HOLD_MS = 60 * 60 * 1000,
};

static bool
is_collapse(const struct watch *w, int64_t before, int64_t size)
{
    return w->collapse_percent > 0 && before >= COLLAPSE_FLOOR_BYTES &&
           (double)(before - size) * 100 >=
               (double)before * w->collapse_percent;
}

static void
judge_size(struct watch *w, int64_t before, int64_t size, int64_t now_ms)
{
    char was[TEXT_WORDS_SIZE], is[TEXT_WORDS_SIZE];

    if (w->view.collapsed) {
        w->view.collapsed = is_collapse(w, w->rdb_before, size);
        return;
    }
    if (!is_collapse(w, before, size))
        return;
    w->view.collapsed = true;
    w->rdb_before = before;
    w->rdb_collapsed_ms = now_ms;
    text_write_size(was, (uint64_t)before);
    text_write_size(is, (uint64_t)size);
    watch_tell(w, now_ms, LOG_LEVEL_WARNING,
               "%s has collapsed: %s, the one before had %s", w->view.rdb_path,
               is, was);
}

static void
forget_collapse(struct watch *w, int64_t now_ms)
{
    if (!w->view.collapsed ||
        (w->collapse_percent > 0 && now_ms >= w->rdb_collapsed_ms &&
         now_ms - w->rdb_collapsed_ms < COLLAPSE_HOLD_MS))
        return;
    w->view.collapsed = false;
    w->changed = true;
}

static void
show(struct watch *w)
{
    w->view.rdb_size = w->rdb.there ? (int64_t)w->rdb.id.size_bytes : -1;
    w->view.rdb_modified_ms = w->rdb.there ? w->rdb.id.mtime_ns / 1000000 : -1;
    w->changed = true;
}

/* Another dump than was there before, or the same one changed. */
static void
take(struct watch *w, const struct file_identity *id, int64_t now_ms)
{
    bool first = !w->rdb_looked;
    bool same = w->rdb.known && file_same(id, &w->rdb.id);
    int64_t before = w->rdb.known ? (int64_t)w->rdb.id.size_bytes : -1;
    int64_t size = (int64_t)id->size_bytes;

    w->rdb = (struct watch_known){.known = true, .there = true, .id = *id};
    show(w);
    if (first)
        return;
    w->view.rdb_seen_ms = now_ms;
    if (same && size < before)
        watch_tell(w, now_ms, LOG_LEVEL_WARNING,
                   "%s became smaller in place: %lld bytes, it had %lld",
                   w->view.rdb_path, (long long)size, (long long)before);
    w->rdb_settling = same;
    w->new_rdb = w->new_rdb || !same;
    if (!same)
        judge_size(w, before, size, now_ms);
}

void
watch_rdb_look(struct watch *w, int64_t now_ms)
{
    struct file_identity id;

    forget_collapse(w, now_ms);
    if (!w->data.there || !watch_folder_see(w->view.rdb_path, &id)) {
        if (w->rdb.there) {
            w->rdb.there = false;
            show(w);
        }
    } else if (!w->rdb.there || !file_unchanged(&id, &w->rdb.id)) {
        take(w, &id, now_ms);
    } else if (w->rdb_settling) {
        w->rdb_settling = false;
        w->new_rdb = true;
    }
    w->rdb_looked = w->rdb_looked || w->data.there;
}
