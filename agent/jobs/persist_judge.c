#include "jobs/persist_judge.h"

#include <string.h>

#include "base/text.h"

const char *
persist_judge_command(enum persist_kind kind)
{
    return kind == PERSIST_BGSAVE ? "BGSAVE" : "BGREWRITEAOF";
}

static int
lacks(struct error *e, const char *what, int64_t needed, int64_t there)
{
    char want[TEXT_WORDS_SIZE], have[TEXT_WORDS_SIZE];

    text_write_size(want, (uint64_t)needed);
    text_write_size(have, (uint64_t)there);
    return error_set(e, ERROR_DENIED, "%s: about %s are needed, %s are free",
                     what, want, have);
}

/*
 * fork copies nothing at first; pages that are written to meanwhile are copied.
 * The last child tells how many; else a tenth is a fair guess.
 */
static int
check_memory(const struct info *i, const struct persist_host *h,
             struct error *e)
{
    int64_t copies = i->last_cow_size > 0
                         ? i->last_cow_size + i->last_cow_size / 5
                         : i->used_memory / 10;

    if (i->used_memory <= 0)
        return 0;
    /* 2: the child's whole memory is counted as if it were used. */
    if (h->overcommit == 2 && h->commit_left >= 0 &&
        h->commit_left < i->used_memory)
        return lacks(e, "memory for the fork (vm.overcommit_memory is 2)",
                     i->used_memory, h->commit_left);
    /* 0: the kernel refuses what is beyond all there is. */
    if (h->overcommit == 0 && h->memory_total >= 0 &&
        h->memory_total < i->used_memory)
        return lacks(e, "memory for the fork (vm.overcommit_memory is 0)",
                     i->used_memory, h->memory_total);
    if (h->memory_available >= 0 && h->memory_available < copies)
        return lacks(e, "memory for the pages that are written to meanwhile",
                     copies, h->memory_available);
    return 0;
}

static int
check_disk(enum persist_kind kind, const struct info *i,
           const struct persist_host *h, struct error *e)
{
    int64_t last = kind == PERSIST_BGSAVE ? h->dump_size : i->aof_base_size;
    int64_t needed = last > 0 ? last + last / 10 : i->used_memory;

    if (h->disk_free >= 0 && needed > 0 && h->disk_free < needed)
        return lacks(e, "space on the server's disk", needed, h->disk_free);
    return 0;
}

int
persist_judge_idle(enum persist_kind kind, const struct info *i,
                   struct error *e)
{
    const char *reason = NULL;

    if (i->loading)
        reason = "the server is loading its data";
    else if (!i->link_up)
        reason = "the replica's link to its primary is down";
    else if (i->bgsave_in_progress)
        reason = "a save or a replica's sync is running";
    else if (i->rewrite_in_progress || i->rewrite_scheduled)
        reason = "a rewrite of the AOF is running";
    else if (i->other_child)
        reason = "a module's child is running";
    else if (kind == PERSIST_BGREWRITEAOF && !i->aof_enabled)
        reason = "the server's AOF is off; CONFIG SET appendonly yes"
                 " writes one";
    return reason == NULL ? 0 : error_set(e, ERROR_DENIED, "%s", reason);
}

int
persist_judge_room(enum persist_kind kind, const struct info *i,
                   const struct persist_host *host, struct error *e)
{
    if (check_memory(i, host, e) != 0)
        return -1;
    return check_disk(kind, i, host, e);
}

int
persist_judge_can(enum persist_kind kind, const struct info *i,
                  const struct persist_host *host, struct error *e)
{
    if (persist_judge_idle(kind, i, e) != 0)
        return -1;
    return persist_judge_room(kind, i, host, e);
}

/* What the server says instead of beginning; the first that fits. */
static const struct {
    const char *words; /* anywhere in it */
    enum error_kind kind;
    const char *hint;
} refusals[] = {
    {"LOADING", ERROR_DENIED, "the server is loading its data"},
    {"BUSY", ERROR_DENIED, "a script is running"},
    {"in progress", ERROR_DENIED, "another child is running"},
    {"process is active", ERROR_DENIED, "another child is running"},
    {"NOPERM", ERROR_FAILED, "allow this user the command (ACL)"},
    {"unknown command", ERROR_FAILED, "it is renamed or disabled there"},
};

int
persist_judge_refusal(enum persist_kind kind, struct error *e)
{
    struct error words = *e;

    if (strcmp(words.text, "ERR") == 0 ||
        strstr(words.text, "Can't execute an AOF background rewriting") != NULL)
        return error_set(e, ERROR_FAILED,
                         "%s: the server could not fork (its log says why): "
                         "free memory, or set vm.overcommit_memory=1",
                         persist_judge_command(kind));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strstr(words.text, refusals[i].words) != NULL)
            return error_set(e, refusals[i].kind, "%s: %.300s: %s",
                             persist_judge_command(kind), words.text,
                             refusals[i].hint);
    return error_set(e, ERROR_FAILED, "%s: %.400s", persist_judge_command(kind),
                     words.text);
}

static enum persist_outcome
lost(struct error *e, const char *why)
{
    error_set(e, ERROR_FAILED, "%s", why);
    return PERSIST_LOST;
}

/* None ran before; what the server has counted as saved has begun since. */
static bool
has_saved(const struct info *before, const struct info *now)
{
    return now->last_bgsave_ok &&
           (now->last_save_time != before->last_save_time ||
            now->changes_since_save < before->changes_since_save);
}

static enum persist_outcome
look_at_save(struct persist_ask *ask, const struct info *now, struct error *e)
{
    if (has_saved(&ask->before, now))
        return PERSIST_DONE;
    if (now->bgsave_in_progress) {
        ask->seen = true;
        return PERSIST_GOES_ON;
    }
    /* What waits for another child has no result yet. */
    if (ask->scheduled && !ask->seen && now->rewrite_in_progress)
        return PERSIST_GOES_ON;
    if (!ask->begun && !ask->seen)
        return lost(e, "the connection was lost when it was asked for, and no "
                       "save has begun");
    if (!now->last_bgsave_ok)
        return lost(e, "the server's save failed: look at its log, the space "
                       "on its disk and the rights of its dir");
    return lost(e, "the server's save ended without a dump (FLUSHALL, BGSAVE "
                   "CANCEL or a full resync ends it)");
}

static enum persist_outcome
look_at_rewrite(struct persist_ask *ask, const struct info *now,
                struct error *e)
{
    if (now->rewrite_in_progress || now->rewrite_scheduled) {
        ask->seen = true;
        return PERSIST_GOES_ON;
    }
    if (!ask->begun && !ask->seen)
        return lost(e, "the connection was lost when it was asked for, and no "
                       "rewrite has begun");
    if (!now->aof_enabled)
        return lost(e, "the AOF was switched off meanwhile");
    if (!now->last_rewrite_ok)
        return lost(e, "the server's rewrite failed: look at its log and the "
                       "space on its disk");
    return PERSIST_DONE;
}

enum persist_outcome
persist_judge_look(struct persist_ask *ask, const struct info *now,
                   struct error *e)
{
    if (strcmp(now->run_id, ask->before.run_id) != 0)
        return lost(e, "the server was restarted meanwhile");
    return ask->kind == PERSIST_BGSAVE ? look_at_save(ask, now, e)
                                       : look_at_rewrite(ask, now, e);
}
