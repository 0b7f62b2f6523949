#include "redis/link.h"

#include <stdarg.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"
#include "base/process.h"
#include "redis/link_core.h"
#include "redis/link_work.h"

enum {
    LINK_WORDS_MAX = 16,
    LINK_LOOK_MS = 50, /* between two looks at the request to stop */
};

static void
on_connected(void *context)
{
    struct link *link = context;

    link->waiting = false;
}

static void
on_lost(void *context, const struct error *why)
{
    struct link *link = context;

    link->waiting = false;
    link->why = *why;
}

static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct link *link = context;

    link->waiting = false;
    link->reply = reply;
    link->why = *why;
}

static void
on_look(int unused, short what, void *context)
{
    (void)unused;
    (void)what;
    (void)context;
}

int
link_wait(struct link *link, struct error *e)
{
    static const struct timeval interval = {.tv_usec = LINK_LOOK_MS * 1000};

    link->waiting = true;
    event_add(link->look, &interval);
    while (link->waiting && process_check_stop(e) == 0)
        event_base_loop(link->base, EVLOOP_ONCE);
    event_del(link->look);
    if (!link->waiting)
        return 0;
    link_core_free(link->core);
    link->core = NULL;
    link->why = *e;
    return -1;
}

struct link *
link_open(const struct link_options *options, struct error *e)
{
    struct link *link = memory_new(sizeof *link);
    struct link_core_events events = {on_connected, on_lost, link};
    char *url = url_write(options->url);

    link->base = event_base_new();
    link->look = event_new(link->base, -1, EV_PERSIST, on_look, link);
    link->core = link_core_new(link->base, options, &events, e);
    if (link->core == NULL || link_wait(link, e) != 0)
        goto fail;
    if (link->why.kind == ERROR_NONE) {
        free(url);
        return link;
    }
    *e = link->why;
fail:
    error_in(e, "%s", url);
    free(url);
    link_close(link);
    return NULL;
}

struct redisReply *
link_ask_bytes(struct link *link, int argc, const char **argv,
               const size_t *sizes, struct error *e)
{
    struct redisReply *reply;

    if (process_check_stop(e) != 0)
        return NULL;
    if (link->core == NULL) {
        *e = link->why;
        return NULL;
    }
    if (link_core_ask_bytes(link->core, argc, argv, sizes, on_answer, link,
                            e) != 0)
        return NULL;
    if (link_wait(link, e) != 0)
        return NULL;
    reply = link->reply;
    link->reply = NULL;
    if (reply == NULL)
        *e = link->why;
    return reply;
}

struct redisReply *
link_ask(struct link *link, int argc, const char **argv, struct error *e)
{
    return link_ask_bytes(link, argc, argv, NULL, e);
}

struct redisReply *
link_say(struct link *link, struct error *e, ...)
{
    const char *argv[LINK_WORDS_MAX];
    const char *word;
    va_list words;
    int argc = 0;

    va_start(words, e);
    while ((word = va_arg(words, const char *)) != NULL) {
        if (argc == LINK_WORDS_MAX)
            break;
        argv[argc++] = word;
    }
    va_end(words);
    if (word != NULL) {
        error_set(e, ERROR_FAILED, "%s has more than %d words", argv[0],
                  LINK_WORDS_MAX);
        return NULL;
    }
    return link_ask(link, argc, argv, e);
}

void
link_reply_free(struct redisReply *reply)
{
    if (reply != NULL)
        freeReplyObject(reply);
}

unsigned
link_set_timeout(struct link *link, unsigned command_timeout_ms)
{
    return link->core ? link_core_set_timeout(link->core, command_timeout_ms)
                      : command_timeout_ms;
}

void
link_close(struct link *link)
{
    if (link == NULL)
        return;
    link_core_free(link->core);
    event_free(link->look);
    event_base_free(link->base);
    free(link);
}
