/*
 * status_ask.h - asks the running agent for its state: one GET of /api/status
 * on the address the configuration has it listen at.
 *
 * HTTP/1.0 on a socket of our own: such an answer comes in one piece and ends
 * when the peer closes, and nothing else of HTTP is needed here.
 */
#ifndef TOOLS_STATUS_ASK_H
#define TOOLS_STATUS_ASK_H

#include <jansson.h>

#include "base/error.h"
#include "config/config.h"

enum { STATUS_ASK_MAX = 16 << 20 }; /* bytes of an answer */

struct status_ask {
    char *host; /* without brackets; NULL: listen is off */
    char *port;
    char *address; /* for people: "127.0.0.1:9736" */
    char *token;   /* NULL: none is wanted */
};

/*
 * Where to ask, by [http] listen, token and token_file (its first line). An
 * agent that listens at every address is asked at the loopback one.
 * ERROR_USAGE: the token file. Clear it in any case.
 */
int status_ask_read(struct status_ask *ask, const struct config *config,
                    struct error *e);
void status_ask_clear(struct status_ask *ask);

/*
 * The state, a new object of the shape of the contract (status_shape.h), within
 * limit_ms in all. ERROR_ABSENT: nobody listens there. ERROR_USAGE: the agent
 * does not take our token. ERROR_FAILED: what came is no such answer.
 * ERROR_STOPPED: a signal asked us to end.
 */
int status_ask_agent(const struct status_ask *ask, unsigned limit_ms,
                     json_t **state, struct error *e);

#endif
