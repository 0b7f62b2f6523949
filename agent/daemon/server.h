/*
 * server.h - the agent's connection to the server it keeps: states, attempts
 * and their delays, PING, INFO, CONFIG GET, and what they told last. Nothing
 * here waits; what the server does not tell is unknown, never guessed.
 *
 * disconnected -> connecting -> connected -> disconnected -> connecting ...
 * and failed when the start-up attempts are used up: it goes on trying at the
 * last delay. LOADING is connecting, and uses up no attempt.
 */
#ifndef DAEMON_SERVER_H
#define DAEMON_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "daemon/notice.h"
#include "redis/info.h"
#include "redis/link_core.h"

struct event_base;

enum server_state {
    SERVER_DISCONNECTED,
    SERVER_CONNECTING,
    SERVER_CONNECTED,
    SERVER_FAILED,
};
enum { SERVER_STATES = 4 };

/* Label kind of redkeep_redis_errors_total. */
enum server_error {
    SERVER_ERROR_CONNECT,
    SERVER_ERROR_AUTH,
    SERVER_ERROR_TIMEOUT,
    SERVER_ERROR_PROTOCOL,
    SERVER_ERROR_REPLY,
};
enum { SERVER_ERRORS = 5 };

struct server_transition {
    int64_t time_ms;
    enum server_state from, to;
    char reason[160];
};
enum { SERVER_TRANSITIONS = 32 };

/* All that is known; times are wall clock in ms since 1970, -1 for never. */
struct server_view {
    enum server_state state;
    bool startup;        /* mode: start-up (true) or run time */
    bool ever_connected; /* by this process */
    bool loading;        /* it answers, and reads its data */
    unsigned retries;    /* failed attempts since last connected */
    uint64_t attempts;   /* all of this process */
    uint64_t reconnects; /* connected again after a loss */
    uint64_t errors[SERVER_ERRORS];
    uint64_t restarts;    /* another run id seen */
    int64_t restarted_ms; /* when the last of them was seen */
    int64_t connected_ms; /* since when; -1 unless connected */
    int64_t away_ms;      /* since when not connected; -1 while it is */
    int64_t next_ms;      /* of the next attempt; -1 none waits */
    int64_t response_us;  /* of the last PING; -1 unless connected */
    char last_error[480]; /* "": none yet; stays until the next */
    int64_t last_error_ms;
    char *url; /* for people: no password in it */
    struct server_transition transitions[SERVER_TRANSITIONS];
    unsigned transition_count; /* of all times; the last ones are kept */
    struct info info;          /* the last told */
    int64_t info_ms;           /* when; -1 never */
    struct info_settings settings;
    bool settings_known;
};

struct server_events {
    void (*changed)(void *context);  /* the state, or loading */
    void (*first)(void *context);    /* the first attempt has ended; once */
    void (*informed)(void *context); /* new INFO */
    void (*located)(void *context);  /* settings are known, or others */
    void *context;
};

struct server;

/*
 * Borrows config (until server_reload gives another) and notices. Does not
 * connect yet: server_begin. -1/NULL only for a configuration that names an
 * unreadable password file or the like: ERROR_USAGE.
 */
struct server *server_new(struct event_base *base, const struct config *config,
                          struct notices *notices,
                          const struct server_events *events, struct error *e);

void server_begin(struct server *s);

const struct server_view *server_view(const struct server *s);

/* Word of a state, as HTTP and metrics have it: "connected". */
const char *server_state_name(enum server_state state);
const char *server_error_name(enum server_error kind);

/*
 * Sends a command; answer is called once, also when the connection is lost.
 * -1: not connected. An answer READONLY makes it reconnect.
 */
int server_ask(struct server *s, int argc, const char **argv,
               link_core_answer *answer, void *context, struct error *e);

/* No answer with this context is called any more. */
void server_forget(struct server *s, const void *context);

/* A job met a READONLY: lets go of the connection and makes a new one. */
void server_reconnect(struct server *s, const char *why);

/*
 * Another configuration: reconnects if what a connection is made of changed
 * (the password file's content included), tries at once if there is none. On
 * failure the old one stays.
 */
int server_reload(struct server *s, const struct config *config,
                  struct error *e);

/* Answers that are waited for are not called; accepts NULL. */
void server_free(struct server *s);

#endif
