#include "daemon/server_work.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct server_request {
    struct server_request *next;
    struct server *server;
    link_core_answer *answer; /* NULL: nobody waits for it any more */
    void *context;
};

static void
take_out(struct server *s, const struct server_request *r)
{
    struct server_request **at = &s->requests;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
}

static void
answer(struct server_request *r, struct redisReply *reply,
       const struct error *why)
{
    if (r->answer != NULL)
        r->answer(r->context, reply, why);
    else
        link_reply_free(reply);
    free(r);
}

/* Only a primary takes writes: one that became a replica is left at once. */
static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct server_request *r = context;
    struct server *s = r->server;
    bool refused = reply == NULL && link_core_fault(s->core) == LINK_FAULT_NONE;
    bool readonly = refused && strncmp(why->text, "READONLY", 8) == 0;
    struct error e = *why;

    take_out(s, r);
    if (refused)
        server_tell_error(s, SERVER_ERROR_REPLY, why);
    answer(r, reply, why);
    if (readonly)
        server_connect_anew(s, e.text);
}

int
server_ask(struct server *s, int argc, const char **argv,
           link_core_answer *then, void *context, struct error *e)
{
    struct server_request *r;

    if (s->view.state != SERVER_CONNECTED)
        return error_set(e, ERROR_FAILED,
                         "there is no connection to the server");
    r = memory_new(sizeof *r);
    *r = (struct server_request){s->requests, s, then, context};
    if (link_core_ask(s->core, argc, argv, on_answer, r, e) != 0) {
        free(r);
        return -1;
    }
    s->requests = r;
    return 0;
}

void
server_forget(struct server *s, const void *context)
{
    for (struct server_request *r = s->requests; r != NULL; r = r->next)
        if (r->context == context)
            r->answer = NULL;
}

void
server_request_fail(struct server *s, const struct error *why)
{
    while (s->requests != NULL) {
        struct server_request *r = s->requests;

        s->requests = r->next;
        answer(r, NULL, why);
    }
}

void
server_request_clear(struct server *s)
{
    while (s->requests != NULL) {
        struct server_request *r = s->requests;

        s->requests = r->next;
        free(r);
    }
}
