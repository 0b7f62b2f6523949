#include "daemon/http_answer.h"
#include "jobs/value.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON "application/json"

static const struct {
    int code;
    const char *phrase, *message;
} statuses[] = {
    {200, "OK", ""},
    {400, "Bad Request", "The request is malformed."},
    {401, "Unauthorized", "This needs the configured bearer token."},
    {404, "Not Found", "There is nothing at this path."},
    {405, "Method Not Allowed", "Only GET and HEAD are served."},
    {414, "URI Too Long", "The request line is longer than 4 KiB."},
    {431, "Request Header Fields Too Large",
     "The headers are more than 16 KiB or 1000 lines."},
    {503, "Service Unavailable", "There are too many connections now."},
};

/* What all answers have. */
static const struct {
    const char *name, *value;
} common[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'"},
};

enum { COMMON = sizeof common / sizeof *common, ERROR_SIZE = 160 };

static size_t
find_status(int code)
{
    size_t i = 0;

    while (statuses[i].code != code)
        i++;
    return i;
}

static void
print_error(char text[ERROR_SIZE], int code)
{
    size_t i = find_status(code);

    snprintf(text, ERROR_SIZE, "{\"error\":\"%s\",\"message\":\"%s\"}\n",
             statuses[i].phrase, statuses[i].message);
}

void
http_answer_send(struct evhttp_request *request, int code, const char *type,
                 struct evbuffer *body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char length[24];

    snprintf(length, sizeof length, "%zu", evbuffer_get_length(body));
    evhttp_add_header(headers, "Content-Type", type);
    evhttp_add_header(headers, "Content-Length", length);
    for (size_t i = 0; i < COMMON; i++)
        evhttp_add_header(headers, common[i].name, common[i].value);
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD)
        evbuffer_drain(body, evbuffer_get_length(body));
    evhttp_send_reply(request, code, statuses[find_status(code)].phrase, body);
}

static void
free_text(const void *bytes, size_t size, void *text)
{
    (void)bytes;
    (void)size;
    free(text);
}

void
http_answer_json(struct evhttp_request *request, int code, json_t *object)
{
    struct evbuffer *body = evbuffer_new();
    size_t size;
    char *text = value_print(object, &size);

    json_decref(object);
    evbuffer_add_reference(body, text, size, free_text, text);
    http_answer_send(request, code, JSON, body);
    evbuffer_free(body);
}

void
http_answer_error(struct evhttp_request *request, int code)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    struct evbuffer *body = evbuffer_new();
    char text[ERROR_SIZE];

    if (code == 401)
        evhttp_add_header(headers, "WWW-Authenticate",
                          "Bearer realm=\"redkeep\"");
    if (code == 405)
        evhttp_add_header(headers, "Allow", "GET, HEAD");
    print_error(text, code);
    evbuffer_add(body, text, strlen(text));
    http_answer_send(request, code, JSON, body);
    evbuffer_free(body);
}

void
http_answer_last(struct evhttp_request *request)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
                      "close");
}

size_t
http_answer_refusal(char text[HTTP_ANSWER_REFUSAL_SIZE], int code)
{
    char body[ERROR_SIZE], headers[200] = "";
    size_t length = 0;

    for (size_t i = 0; i < COMMON; i++)
        length += (size_t)snprintf(headers + length, sizeof headers - length,
                                   "%s: %s\r\n", common[i].name,
                                   common[i].value);
    print_error(body, code);
    snprintf(text, HTTP_ANSWER_REFUSAL_SIZE,
             "HTTP/1.1 %d %s\r\nContent-Type: " JSON
             "\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
             code, statuses[find_status(code)].phrase, strlen(body), headers,
             body);
    return strlen(text);
}
