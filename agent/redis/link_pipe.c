#include "redis/link_pipe.h"

#include "redis/link_work.h"

static void
fail(struct link_pipe *p, const struct error *why)
{
    if (!p->failed)
        p->error = *why;
    p->failed = true;
}

static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct link_pipe *p = context;
    struct error e = {0};

    p->under_way--;
    if (!p->failed && p->answer(p->context, reply, why, &e) != 0)
        fail(p, &e);
    link_reply_free(reply);
    if (p->under_way <= p->enough)
        p->link->waiting = false;
}

/* Until so few are under way. */
static void
wait_for(struct link_pipe *p, unsigned enough)
{
    struct error e = {0};

    p->enough = enough;
    while (p->under_way > enough) {
        if (link_wait(p->link, &e) != 0) {
            fail(p, &e);
            p->under_way = 0;
        }
    }
}

void
link_pipe_begin(struct link_pipe *p, struct link *link, unsigned most,
                link_pipe_answer *answer, void *context)
{
    *p = (struct link_pipe){
        .link = link,
        .answer = answer,
        .context = context,
        .most = most < LINK_PIPE_MAX ? most : LINK_PIPE_MAX,
    };
}

int
link_pipe_send(struct link_pipe *p, int argc, const char **argv,
               const size_t *sizes, struct error *e)
{
    struct error why = {0};

    /* Down to half: so the server has work while we make more. */
    if (p->under_way >= p->most)
        wait_for(p, p->most / 2);
    if (!p->failed && p->link->core == NULL)
        fail(p, &p->link->why);
    if (!p->failed && link_core_ask_bytes(p->link->core, argc, argv, sizes,
                                          on_answer, p, &why) != 0)
        fail(p, &why);
    if (p->failed) {
        *e = p->error;
        return -1;
    }
    p->under_way++;
    return 0;
}

int
link_pipe_drain(struct link_pipe *p, struct error *e)
{
    wait_for(p, 0);
    if (!p->failed)
        return 0;
    *e = p->error;
    return -1;
}
