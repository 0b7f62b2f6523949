#include "redis/persistence.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

enum {
    POLL_FIRST_MS = 10,
    POLL_MAX_MS = 200,
    SETTLE_POLL_MAX_MS = 50,
    /* The server forks before it answers: a second for each 50-100 GB. */
    REPLY_MS = 60000,
    BGSAVE_TRIES = 3,
    SECOND_MS = 1000,
};

/* One look after another, ever slower, until a deadline. */
struct pace {
    uint64_t deadline_ms; /* 0: none */
    unsigned pause_ms;
};

/* A save that was asked for, and what INFO said just before. */
struct save {
    const struct persistence_options *options;
    uint64_t deadline_ms; /* 0: none */
    uint64_t shown_ms;    /* when progress was last told */
    struct info before;
    bool scheduled; /* it begins when another child has ended */
};

/* What the server says instead of beginning a save, and what to do. */
static const struct {
    const char *words;
    const char *hint;
} refusals[] = {
    {"LOADING", "wait until it has loaded its dataset"},
    {"BUSY", "a script is running; wait, or end it with SCRIPT KILL"},
    {"MISCONF", "its last save or AOF write failed: look at its log, its disk "
                "and the rights of its dir"},
    {"NOPERM", "allow this user INFO and BGSAVE (ACL: +info +bgsave)"},
    {"ERR unknown command", "BGSAVE is renamed or disabled there"},
    {"READONLY", "ask its primary"},
};

static void
pause_for(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000,
                         .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL); /* a signal ends it, which is what we want */
}

/*
 * A save in another second than the one before is known by its time. (Should
 * the server's clock count its seconds from another moment than ours, the next
 * try but one is in another second for certain.)
 */
static int
wait_for_next_second(struct error *e)
{
    int64_t second = clock_wall_ms() / SECOND_MS;

    while (clock_wall_ms() / SECOND_MS == second) {
        if (process_check_stop(e) != 0)
            return -1;
        pause_for(POLL_FIRST_MS);
    }
    return 0;
}

/* Pauses before the next look. False: the deadline has passed. */
static bool
pace_next(struct pace *p, unsigned max_ms)
{
    uint64_t now = clock_steady_ms(), left = UINT64_MAX;

    if (p->deadline_ms != 0)
        left = p->deadline_ms > now ? p->deadline_ms - now : 0;
    if (left == 0)
        return false;
    if (p->pause_ms == 0)
        p->pause_ms = POLL_FIRST_MS;
    pause_for(left < p->pause_ms ? (unsigned)left : p->pause_ms);
    p->pause_ms = p->pause_ms * 3 / 2;
    if (p->pause_ms > max_ms)
        p->pause_ms = max_ms;
    return true;
}

static bool
child_is_running(const struct info *i)
{
    return i->bgsave_in_progress || i->rewrite_in_progress || i->other_child;
}

static const char *
child_name(const struct info *i)
{
    if (i->rewrite_in_progress)
        return "a rewrite of the AOF";
    return i->other_child ? "a module's child" : "a save or a replica's sync";
}

static void
show_progress(struct save *s, const struct info *i)
{
    uint64_t now = clock_steady_ms();
    int percent = -1;

    if (s->options->progress == NULL || now < s->shown_ms + POLL_MAX_MS)
        return;
    s->shown_ms = now;
    if (i->bgsave_in_progress && i->save_keys_total > 0 &&
        i->save_keys_done >= 0 && i->save_keys_done <= i->save_keys_total)
        percent =
            (int)((double)i->save_keys_done * 100 / (double)i->save_keys_total);
    s->options->progress(s->options->context, percent);
}

static int
late(const struct save *s, const char *what, struct error *e)
{
    char limit[TEXT_WORDS_SIZE];

    text_write_duration(limit, s->options->time_limit_ms);
    return error_set(e, ERROR_FAILED, "%s has not ended after %s", what, limit);
}

/* Leaves in s->before what INFO says when no child is running. */
static int
wait_for_quiet(struct link *link, struct save *s, struct error *e)
{
    struct pace p = {.deadline_ms = s->deadline_ms};

    for (;;) {
        if (info_ask(link, &s->before, e) != 0)
            return -1;
        if (s->before.loading)
            return error_set(e, ERROR_FAILED,
                             "the server is loading its dataset: wait until "
                             "it has");
        if (!child_is_running(&s->before))
            return 0;
        show_progress(s, &s->before);
        if (!pace_next(&p, POLL_MAX_MS))
            return late(s, child_name(&s->before), e);
    }
}

/* Puts a hint behind the words of a refusal. */
static int
explain_refusal(struct error *e)
{
    struct error words = *e;

    if (e->kind == ERROR_STOPPED)
        return -1;
    if (strcmp(words.text, "ERR") == 0)
        return error_set(e, ERROR_FAILED,
                         "BGSAVE: the server could not fork (its log says "
                         "why): free memory, or set vm.overcommit_memory=1");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strncmp(words.text, refusals[i].words, strlen(refusals[i].words)) ==
            0)
            return error_set(e, words.kind, "BGSAVE: %.300s: %s", words.text,
                             refusals[i].hint);
    return error_in(e, "BGSAVE");
}

/* 1: it has begun or is scheduled. 0: another child was faster. -1: refused. */
static int
ask_bgsave(struct link *link, struct save *s, struct error *e)
{
    if (persistence_ask(link, "BGSAVE", &s->scheduled, e) != 0) {
        if (strstr(e->text, "already in progress") != NULL ||
            strstr(e->text, "child process is active") != NULL ||
            strstr(e->text, "log rewriting in progress") != NULL)
            return 0;
        return explain_refusal(e);
    }
    return 1;
}

/* Whether a save has ended well since s->before was read. */
static bool
has_saved(const struct save *s, const struct info *now)
{
    /*
     * No child was running then, so whatever the server has counted as saved
     * since has begun since. The time of the last save alone does not tell
     * within one second; the number of unsaved changes falls only by a save.
     */
    return now->last_bgsave_ok &&
           (now->last_save_time != s->before.last_save_time ||
            now->changes_since_save < s->before.changes_since_save);
}

/* A scheduled save has no result as long as it has not begun. */
static bool
has_begun(struct save *s, const struct info *now)
{
    if (!s->scheduled || now->bgsave_in_progress ||
        (now->saves != INFO_UNKNOWN && now->saves != s->before.saves) ||
        now->last_save_time != s->before.last_save_time)
        s->scheduled = false;
    return !s->scheduled;
}

/* 1: a dump was made. 0: the save ended, but it cannot be told how. */
static int
follow(struct link *link, struct save *s, struct info *now, struct error *e)
{
    struct pace p = {.deadline_ms = s->deadline_ms};

    while (pace_next(&p, POLL_MAX_MS)) {
        if (info_ask(link, now, e) != 0)
            return -1;
        show_progress(s, now);
        if (!has_begun(s, now))
            continue;
        if (has_saved(s, now))
            return 1;
        if (now->bgsave_in_progress)
            continue;
        if (!now->last_bgsave_ok)
            return error_set(e, ERROR_FAILED,
                             "the server's save failed: look at its log, the "
                             "space on its disk and the rights of its dir");
        return 0;
    }
    return late(s, "the save", e);
}

static int
save_once(struct link *link, struct save *s, struct info *now, struct error *e)
{
    struct pace p = {.deadline_ms = s->deadline_ms};
    int rc;

    do {
        if (wait_for_quiet(link, s, e) != 0)
            return -1;
        rc = ask_bgsave(link, s, e);
        if (rc != 0)
            return rc < 0 ? -1 : follow(link, s, now, e);
    } while (pace_next(&p, POLL_MAX_MS));
    return late(s, "another child of the server", e);
}

int
persistence_bgsave(struct link *link, const struct persistence_options *options,
                   struct info *after, struct error *e)
{
    uint64_t limit_ms = options->time_limit_ms;
    struct save s = {.options = options};
    int rc;

    if (limit_ms != 0)
        s.deadline_ms = clock_steady_ms() + limit_ms;
    for (int i = 0; i < BGSAVE_TRIES; i++) {
        rc = save_once(link, &s, after, e);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (wait_for_next_second(e) != 0)
            return -1;
    }
    return error_set(e, ERROR_FAILED,
                     "the server's save ended %d times without a dump "
                     "(cancelled by FLUSHALL, BGSAVE CANCEL or a full resync)",
                     BGSAVE_TRIES);
}

int
persistence_ask(struct link *link, const char *command, bool *scheduled,
                struct error *e)
{
    unsigned limit = link_set_timeout(link, REPLY_MS);
    struct redisReply *reply = link_say(link, e, command, NULL);

    link_set_timeout(link, limit);
    if (reply == NULL)
        return -1;
    *scheduled = reply->type == REDIS_REPLY_STATUS &&
                 strstr(reply->str, "scheduled") != NULL;
    link_reply_free(reply);
    return 0;
}

/*
 * Whether the server will have written its whole buffer when the reply to this
 * INFO leaves it. It holds the buffer back only while a background fsync is
 * pending; without one it writes all of it at the end of the very pass of its
 * event loop in which it ran INFO, and sends the replies of that pass after
 * that. (The buffer itself is never seen empty under constant writes.)
 */
static bool
writes_all(const struct info *i)
{
    return i->aof_pending_fsync == 0 || i->aof_pending_fsync == INFO_UNKNOWN;
}

int
persistence_settle(struct link *link, unsigned limit_ms, bool *settled,
                   struct info *now, struct error *e)
{
    struct pace p = {.deadline_ms = clock_steady_ms() + limit_ms};
    bool written = false;

    for (;;) {
        if (info_ask(link, now, e) != 0)
            return -1;
        *settled = !now->aof_enabled || now->aof_buffer_length == 0 ||
                   now->aof_buffer_length == INFO_UNKNOWN ||
                   (written && now->last_write_ok);
        if (*settled)
            return 0;
        /* A second INFO, at once, tells whether that write went well. */
        written = !written && writes_all(now);
        if (!written && !pace_next(&p, SETTLE_POLL_MAX_MS))
            return 0;
    }
}
