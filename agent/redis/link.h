/*
 * link.h - the connection to a server: libevent carries the bytes (TCP, unix
 * socket, TLS alike), hiredis formats commands and parses replies. Nothing
 * waits without a limit.
 *
 * A job opens a link with a loop of its own (link_open) and asks one command at
 * a time (link_ask). A program with a loop uses link_core.h in it.
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/url.h"

struct link;
struct redisReply; /* hiredis' */

struct link_options {
    const struct url *url;
    unsigned connect_timeout_ms;
    unsigned command_timeout_ms;
    const char *tls_ca, *tls_cert, *tls_key; /* paths, or NULL */
    bool tls_insecure;                       /* do not verify the server */
    const char *password; /* used where the URL has none; may be NULL */
};

/*
 * Connects, does the TLS handshake, AUTH and SELECT. What options point to is
 * borrowed for this call only. SIGPIPE is ignored from now on. NULL on failure;
 * the text has the server's or the system's own words ("Connection refused",
 * "WRONGPASS ...", "timeout after 5 s").
 */
struct link *link_open(const struct link_options *options, struct error *e);

/*
 * Sends one command and waits for its reply, at most the command's time limit.
 * Error replies are failures with the server's words: ERROR_DENIED for NOPERM,
 * unknown commands and NOAUTH, else ERROR_FAILED. After a lost connection or a
 * timeout every later call fails. While waiting a request to stop
 * (process_check_stop) ends it. The reply is the caller's: link_reply_free.
 */
struct redisReply *link_ask(struct link *link, int argc, const char **argv,
                            struct error *e);

/* The same for words that may hold any bytes: their sizes. */
struct redisReply *link_ask_bytes(struct link *link, int argc,
                                  const char **argv, const size_t *sizes,
                                  struct error *e);

/*
 * The same for words; ends with NULL: link_say(l, &e, "CONFIG", "GET", "dir",
 * NULL).
 */
struct redisReply *link_say(struct link *link, struct error *e, ...)
    __attribute__((sentinel));

void link_reply_free(struct redisReply *reply);

/* The time limit of commands from now on; returns the one before. */
unsigned link_set_timeout(struct link *link, unsigned command_timeout_ms);

void link_close(struct link *link);

#endif
