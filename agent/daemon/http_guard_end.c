#include "daemon/http_guard_work.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>

#include "daemon/timer.h"

void
http_guard_drop(struct http_guard *g)
{
    *g->link = g->next;
    if (g->next != NULL)
        g->next->link = g->link;
    event_free(g->timer);
    evbuffer_remove_cb_entry(bufferevent_get_input(g->bev), g->input);
    evbuffer_remove_cb_entry(bufferevent_get_output(g->bev), g->output);
    bufferevent_setcb(g->bev, NULL, NULL, NULL, NULL);
    bufferevent_decref(g->bev);
    free(g);
}

static void
on_drain(struct bufferevent *bev, void *context)
{
    struct evbuffer *input = bufferevent_get_input(bev);

    (void)context;
    evbuffer_drain(input, evbuffer_get_length(input));
}

static void
on_gone(struct bufferevent *bev, short what, void *context)
{
    (void)bev;
    (void)what;
    http_guard_drop(context);
}

void
http_guard_linger(struct http_guard *g)
{
    unsigned count = 0;

    for (const struct http_guard *o = g->all->first; o != NULL; o = o->next)
        count += o->state == HTTP_GUARD_LINGERING;
    if (count >= g->all->limits.connections) {
        http_guard_drop(g);
        return;
    }
    g->state = HTTP_GUARD_LINGERING;
    timer_set(g->timer, HTTP_GUARD_LINGER_MS);
    bufferevent_setcb(g->bev, on_drain, NULL, on_gone, g);
    on_drain(g->bev, NULL);
    bufferevent_enable(g->bev, EV_READ);
}
