#include "daemon/http_counters.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/agent.h"
#include "daemon/health.h"
#include "daemon/http_answer.h"
#include "daemon/http_guard.h"
#include "daemon/metrics_counters.h"

/* One request that waits. */
struct wait {
    const struct agent *agent;
    struct http_guards *guards;
    struct evhttp_request *request;
};

/* A Prometheus scrape; it wants text. */
static bool
wants_text(struct evhttp_request *request)
{
    const char *accept =
        evhttp_find_header(evhttp_request_get_input_headers(request), "Accept");
    const char *text;

    if (accept == NULL)
        return false;
    text = strcasestr(accept, "text/plain");
    return strcasestr(accept, "application/openmetrics-text") != NULL ||
           (text != NULL && strcasestr(text, "version=0.0.4") != NULL);
}

/* Without sets there is nothing to say. */
static void
answer_text(const struct wait *w, bool consistent)
{
    struct evbuffer *body = evbuffer_new();
    size_t count;

    tally_view(w->agent->tally, &count);
    if (count > 0)
        metrics_counters_write_status(body, consistent);
    http_answer_send(w->request, 200, HTTP_ANSWER_METRICS, body);
    evbuffer_free(body);
}

static void
answer(const struct wait *w)
{
    bool consistent;
    json_t *object = health_counters(w->agent, clock_wall_ms(), &consistent);

    if (wants_text(w->request)) {
        json_decref(object);
        answer_text(w, consistent);
    } else
        http_answer_json(w->request, consistent ? 200 : 503, object);
}

static void
on_done(void *context)
{
    struct wait *w = context;

    http_guard_go_on(w->guards, w->request);
    /* Those who waited together are all answered in one go. */
    if (http_guard_pending(w->guards) > HTTP_GUARD_PENDING_MAX)
        http_answer_error(w->request, 503);
    else
        answer(w);
    free(w);
}

static void
on_gone(void *context)
{
    struct wait *w = context;

    tally_forget(w->agent->tally, w);
    free(w);
}

void
http_counters_answer(const struct agent *agent, struct http_guards *guards,
                     struct evhttp_request *request)
{
    struct wait *w = memory_new(sizeof *w);

    *w = (struct wait){agent, guards, request};
    if (!http_guard_wait(guards, request, on_gone, w)) {
        http_answer_error(request, 503);
        free(w);
        return;
    }
    tally_ask(agent->tally, on_done, w);
}
