#include "daemon/http.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/agent.h"
#include "daemon/gate.h"
#include "daemon/health.h"
#include "daemon/http_answer.h"
#include "daemon/http_counters.h"
#include "daemon/http_guard.h"
#include "daemon/http_head.h"
#include "daemon/http_listen.h"
#include "daemon/http_room.h"
#include "daemon/http_token.h"
#include "daemon/metrics.h"
#include "daemon/status.h"

enum {
    BODY_MAX = 64 * 1024,
    NEVER_S = 1000000000, /* the guards have the better clocks */
};

struct http {
    const struct agent *agent;
    struct evhttp *server;
    struct http_guards *guards;
    struct http_listen *listener;
    char *token; /* NULL: none is asked for */
    bool token_probes;
    struct http_view view;
};

/* What may be asked for; the first that answers the path. */
static const struct route {
    const char *path;
    json_t *(*make)(const struct agent *agent, int64_t now_ms);
    bool probe; /* free of the token, unless token_probes */
    bool small; /* answered whatever is pending */
} routes[] = {
    {"/health/live", health_live, true, true},
    {"/health/ready", health_ready, true, false},
    {"/health/detailed", health_detailed, false, false},
    {"/health/dependencies", health_dependencies, false, false},
    {"/health/redis_counters", NULL, false, false},
    {"/gate/require", gate_require, false, true},
    {"/gate/check", gate_check, false, true},
    {"/metrics", NULL, false, false},
    {"/api/status", status_json, false, false},
    {"/api/snapshots", status_snapshots, false, false},
};

static const struct route *
find_route(const char *path)
{
    size_t length = strcspn(path, "?");

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strlen(routes[i].path) == length &&
            strncmp(routes[i].path, path, length) == 0)
            return &routes[i];
    return NULL;
}

/* http://host/path is the same as /path; whose host we are does not matter. */
static const char *
find_path(struct evhttp_request *request)
{
    const char *uri = evhttp_request_get_uri(request);
    const struct evhttp_uri *parts = evhttp_request_get_evhttp_uri(request);

    if (*uri == '/' || parts == NULL || evhttp_uri_get_scheme(parts) == NULL)
        return uri;
    uri = evhttp_uri_get_path(parts);
    return uri == NULL ? "" : uri;
}

static unsigned
count_headers(struct evhttp_request *request, const char *name)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    unsigned count = 0;

    for (const struct evkeyval *h = headers->tqh_first; h != NULL;
         h = h->next.tqe_next)
        count += strcasecmp(h->key, name) == 0;
    return count;
}

/* To evhttp "Content-Length :" is some other header, and "+3" is a length. */
static bool
has_doubtful_header(struct evhttp_request *request)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);

    for (const struct evkeyval *h = headers->tqh_first; h != NULL;
         h = h->next.tqe_next)
        if (strpbrk(h->key, " \t") != NULL ||
            (strcasecmp(h->key, "Content-Length") == 0 &&
             h->value[strspn(h->value, " \t0123456789")] != '\0'))
            return true;
    return false;
}

/*
 * Where the next request would begin must be beyond doubt. evhttp reads no
 * body to HEAD and TRACE, and of two lengths it takes the first.
 */
static int
judge_framing(struct evhttp_request *request)
{
    unsigned lengths = count_headers(request, "Content-Length"),
             encodings = count_headers(request, "Transfer-Encoding");
    enum evhttp_cmd_type method = evhttp_request_get_command(request);

    if (lengths + encodings > 1 || has_doubtful_header(request)) {
        http_answer_last(request);
        return 400;
    }
    if (encodings > 0 || (lengths > 0 && method != EVHTTP_REQ_GET))
        http_answer_last(request);
    return 0;
}

static bool
is_allowed(const struct http *h, struct evhttp_request *request,
           const struct route *route)
{
    const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);

    return h->token == NULL ||
           (route != NULL && route->probe && !h->token_probes) ||
           http_token_matches(h->token,
                              evhttp_find_header(headers, "Authorization"));
}

static void
answer_metrics(struct http *h, struct evhttp_request *request, int64_t now_ms)
{
    struct evbuffer *body = evbuffer_new();

    metrics_write(h->agent, now_ms, body);
    http_answer_send(request, 200, HTTP_ANSWER_METRICS, body);
    evbuffer_free(body);
}

/* 503 where the answer is no. */
static int
status_of(const struct agent *agent, const struct route *route)
{
    bool bad = false;

    if (route->make == health_ready || route->make == health_detailed)
        bad = health_of(agent) == HEALTH_UNHEALTHY;
    else if (route->make == gate_require)
        bad = !gate_is_open(agent);
    return bad ? 503 : 200;
}

/* What proxies read of a gate; they throw its body away. */
static void
add_gate_headers(const struct agent *agent, struct evhttp_request *request,
                 const struct route *route)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    bool open = gate_is_open(agent);

    if (route->make == gate_require && !open)
        evhttp_add_header(headers, "Retry-After", GATE_RETRY_AFTER);
    if (route->make == gate_check)
        evhttp_add_header(headers, "X-Redis-Available",
                          open ? "true" : "false");
}

static void
answer_route(struct http *h, struct evhttp_request *request,
             const struct route *route)
{
    int64_t now_ms = clock_wall_ms();

    if (!route->small && http_guard_pending(h->guards) > HTTP_GUARD_PENDING_MAX)
        http_answer_error(request, 503);
    else if (strcmp(route->path, "/metrics") == 0)
        answer_metrics(h, request, now_ms);
    else if (route->make == NULL)
        http_counters_answer(h->agent, h->guards, request);
    else {
        add_gate_headers(h->agent, request, route);
        http_answer_json(request, status_of(h->agent, route),
                         route->make(h->agent, now_ms));
    }
}

static void
on_request(struct evhttp_request *request, void *context)
{
    struct http *h = context;
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    const struct route *route = find_route(find_path(request));
    int refusal;

    if (!http_guard_begin(h->guards, request))
        return;
    refusal = judge_framing(request);
    if (refusal == 0 && !is_allowed(h, request, route))
        refusal = 401;
    if (refusal == 0 && method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD)
        refusal = 405;
    if (refusal == 0 && route == NULL)
        refusal = 404;
    if (refusal != 0)
        http_answer_error(request, refusal);
    else
        answer_route(h, request, route);
}

static void
count_code(void *context, int code)
{
    struct http_view *view = &((struct http *)context)->view;
    unsigned room = sizeof view->codes / sizeof *view->codes, i = 0;

    while (i < view->code_count && view->codes[i].code != code)
        i++;
    if (i == room)
        return;
    if (i == view->code_count)
        view->codes[view->code_count++].code = code;
    view->codes[i].count++;
}

static void
start(struct http *h)
{
    h->server = evhttp_new(h->agent->base);
    h->guards = http_guard_new(count_code, h);
    /* All, those that HTTP does not know too: what they get is our 405. */
    evhttp_set_allowed_methods(h->server, UINT16_MAX);
    /* The guard has the limit; this is twice that. */
    evhttp_set_max_headers_size(h->server, 2 * HTTP_HEAD_MAX);
    evhttp_set_max_body_size(h->server, BODY_MAX);
    evhttp_set_timeout(h->server, NEVER_S);
    evhttp_set_bevcb(h->server, http_guard_admit, h->guards);
    evhttp_set_gencb(h->server, on_request, h);
}

struct http *
http_new(const struct agent *agent, struct error *e)
{
    const char *listen = config_text(agent->config, CONFIG_HTTP_LISTEN);
    struct http *h;

    e->kind = ERROR_NONE;
    if (strcmp(listen, "off") == 0)
        return NULL;
    h = memory_new(sizeof *h);
    h->agent = agent;
    h->view.codes[h->view.code_count++].code = 200;
    start(h);
    h->listener = http_listen_new(agent->base, h->server, listen, e);
    if (h->listener == NULL || http_reload(h, agent->config, e) != 0) {
        http_free(h);
        return NULL;
    }
    return h;
}

const struct http_view *
http_view(struct http *h)
{
    static const struct http_view nothing;

    if (h == NULL)
        return &nothing;
    h->view.connections = http_guard_count(h->guards);
    return &h->view;
}

int
http_reload(struct http *h, const struct config *config, struct error *e)
{
    struct http_guard_limits limits = {
        http_room_find(
            (unsigned)config_number(config, CONFIG_HTTP_MAX_CONNECTIONS)),
        config_duration_ms(config, CONFIG_HTTP_REQUEST_TIMEOUT),
        config_duration_ms(config, CONFIG_HTTP_IDLE_TIMEOUT),
    };
    char *token;

    if (http_token_load(config, &token, e) != 0)
        return -1;
    free(h->token);
    h->token = token;
    h->token_probes = config_flag(config, CONFIG_HTTP_TOKEN_PROBES);
    http_guard_limit(h->guards, &limits);
    if (token == NULL && !http_listen_is_local(h->listener))
        log_line(LOG_LEVEL_WARNING,
                 "HTTP: everybody who reaches this address may read all: give "
                 "[http] token or token_file listen=%s",
                 config_text(h->agent->config, CONFIG_HTTP_LISTEN));
    return 0;
}

void
http_free(struct http *h)
{
    if (h == NULL)
        return;
    evhttp_free(h->server);
    http_guard_free(h->guards);
    http_listen_free(h->listener);
    free(h->token);
    free(h);
}
