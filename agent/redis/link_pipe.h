/*
 * link_pipe.h - many commands under way on one link. Their replies come in the
 * order of the commands, to one function.
 *
 * Example: link_pipe_begin(&p, link, judge, &context);
 *          while (next(&key) && link_pipe_send(&p, 2, argv, NULL, e) == 0)
 *              continue;
 *          rc = link_pipe_drain(&p, e);
 */
#ifndef REDIS_LINK_PIPE_H
#define REDIS_LINK_PIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "redis/link.h"

/*
 * What became of a command: the reply, borrowed, or NULL and why: the server's
 * error reply, or the link was lost. -1 ends the piping with *e: this function
 * is not called again, and later sends fail.
 */
typedef int link_pipe_answer(void *context, const struct redisReply *reply,
                             const struct error *why, struct error *e);

enum { LINK_PIPE_MAX = 1000 }; /* commands under way */

/* Not to be moved, nor its link asked otherwise, between begin and drain. */
struct link_pipe {
    struct link *link;
    link_pipe_answer *answer;
    void *context;
    unsigned most, enough; /* commands under way: waited from, waited down to */
    unsigned under_way;
    bool failed;
    struct error error;
};

/* At most so many commands are under way, LINK_PIPE_MAX at most. */
void link_pipe_begin(struct link_pipe *p, struct link *link, unsigned most,
                     link_pipe_answer *answer, void *context);

/*
 * Sends a command; waits only while too many are under way. -1: this one or an
 * earlier one failed.
 */
int link_pipe_send(struct link_pipe *p, int argc, const char **argv,
                   const size_t *sizes, struct error *e);

/*
 * Waits until nothing is under way, also after a failure: the link may be used
 * again then, unless it was lost. -1: the first failure.
 */
int link_pipe_drain(struct link_pipe *p, struct error *e);

#endif
