/*
 * server_work.h - what the parts of the connection share: server_connect
 * (attempts and losses), server_talk (what is asked of the server, again and
 * again), server_request (what others ask), server_tell (what became of it, for
 * all who look).
 */
#ifndef DAEMON_SERVER_WORK_H
#define DAEMON_SERVER_WORK_H

#include "daemon/server.h"
#include "jobs/reach.h"

struct event;

/* What the agent itself asks, again and again. */
enum server_question {
    SERVER_PING,
    SERVER_INFO,
    SERVER_SETTINGS,
};
enum { SERVER_QUESTIONS = 3 };

struct server_turn {
    uint64_t due_ms; /* steady clock */
    uint64_t asked_us;
    unsigned waits;   /* answers that have not come */
    bool again;       /* was wanted while it waited */
    char refused[48]; /* how the server's refusal began; told once */
};

/* A place for each setting's answer to know which it is. */
struct server_slot {
    struct server *server;
    unsigned number;
};

struct server {
    struct event_base *base;     /* borrowed, as are the next two */
    const struct config *config; /* in force */
    struct notices *notices;
    struct server_events events;
    struct server_view view;
    struct reach *reach;

    /* server_connect */
    struct link_core *core; /* NULL: none, and none is tried */
    bool open;              /* it is made; the server may still be loading */
    bool lost;              /* it was connected, and is to be so again */
    bool refused;           /* the last attempt, for its user or password */
    bool first_told;        /* that the first attempt has ended */
    unsigned waits;         /* run-time attempts that failed since the loss */
    uint64_t series_ms;     /* when the first attempt since began; steady */
    struct event *attempt;  /* the next */
    struct server_request *requests; /* of others, not answered */

    /* server_talk */
    struct event *beat;
    struct server_turn turns[SERVER_QUESTIONS];
    struct server_slot slots[INFO_SETTINGS];
    struct info_settings heard; /* settings as they come in */
    bool settings_bad;          /* one of them did not */
    char run_id[48];            /* the last told; "" */
};

/* server_connect */

/* For the timer of attempts; context is the server. */
void server_connect_try(int unused, short what, void *context);

/* The next attempt so much later. */
void server_connect_after(struct server *s, uint64_t ms);

/* The server answers: the state says so, whatever it was before. */
void server_connect_reached(struct server *s);

/* It answers that it loads its data. */
void server_connect_loading(struct server *s);

/* An attempt, or the connection, came to nothing: tries again in its time. */
void server_connect_fail(struct server *s, enum server_error kind,
                         const struct error *why);

/* Lets go of what there is, for a reason of our own, and tries at once. */
void server_connect_anew(struct server *s, const char *reason);

/* server_talk */

/* For the timer of questions; context is the server. */
void server_talk_turn(int unused, short what, void *context);

/* The link is made: asks everything. */
void server_talk_begin(struct server *s);
void server_talk_end(struct server *s);

/* Asks one question as soon as it can. */
void server_talk_soon(struct server *s, enum server_question question);

/* What was heard does not hold any more: it is another server's. */
void server_talk_forget(struct server *s);

/* server_request */

/* Those not answered hear that they will not be; or, at the end, nothing. */
void server_request_fail(struct server *s, const struct error *why);
void server_request_clear(struct server *s);

/* server_tell */

void server_tell_state(struct server *s, enum server_state to,
                       const char *reason);
void server_tell_error(struct server *s, enum server_error kind,
                       const struct error *why);

/* That the first attempt has ended; once. */
void server_tell_first(struct server *s);

#endif
