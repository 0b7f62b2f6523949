/*
 * link_core.h - a connection in somebody's event loop. Nothing here waits: the
 * loop calls back.
 *
 * dial -> TLS handshake -> AUTH, SELECT, PING -> connected -> commands -> lost.
 * All up to connected happens within connect_timeout_ms. Commands are answered
 * in their order, each within the command's time limit; one that is late loses
 * the connection, since its reply could no longer be told from the next.
 */
#ifndef REDIS_LINK_CORE_H
#define REDIS_LINK_CORE_H

#include "base/error.h"
#include "redis/link.h"

struct event_base;
struct link_core;
struct redisReply;

struct link_core_events {
    /* AUTH and SELECT are done: the server answers. Called at most once. */
    void (*connected)(void *context);
    /* Called once, whether it was connected before or not; then only free. */
    void (*lost)(void *context, const struct error *why);
    void *context;
};

/*
 * What became of a command: the reply, which is the callee's (link_reply_free),
 * or NULL and why (the server's error reply, or the connection was lost).
 */
typedef void link_core_answer(void *context, struct redisReply *reply,
                              const struct error *why);

/*
 * Begins to connect. What options point to is borrowed until connected or lost
 * is called; no callback comes before this function has returned. NULL: the
 * host's name cannot be looked up now. Callbacks may ask and may free the link.
 */
struct link_core *link_core_new(struct event_base *base,
                                const struct link_options *options,
                                const struct link_core_events *events,
                                struct error *e);

/*
 * Queues a command; answer is called exactly once, unless the link is freed
 * before. Allowed once connected. -1: the link is lost, and e says why it was.
 */
int link_core_ask_bytes(struct link_core *core, int argc, const char **argv,
                        const size_t *sizes, link_core_answer *answer,
                        void *context, struct error *e);

/* The same for strings. */
static inline int
link_core_ask(struct link_core *core, int argc, const char **argv,
              link_core_answer *answer, void *context, struct error *e)
{
    return link_core_ask_bytes(core, argc, argv, NULL, answer, context, e);
}

/* For those who count: by what a connection was lost. */
enum link_fault {
    LINK_FAULT_NONE,    /* it is not lost */
    LINK_FAULT_CONNECT, /* no connection, or an end of it; TLS */
    LINK_FAULT_AUTH,    /* the server wants another user or password */
    LINK_FAULT_TIMEOUT,
    LINK_FAULT_PROTOCOL, /* that was no Redis server, or a mad one */
    LINK_FAULT_REPLY,    /* the server said why */
};

/* May be asked in every callback. */
enum link_fault link_core_fault(const struct link_core *core);

/* The time limit of commands queued from now on; returns the one before. */
unsigned link_core_set_timeout(struct link_core *core,
                               unsigned command_timeout_ms);

/* Ends the connection without another callback; accepts NULL. */
void link_core_free(struct link_core *core);

#endif
