/*
 * http_answer.h - what every answer has: the headers of the contract, and for
 * errors an object {"error","message"} that echoes nothing of the request.
 */
#ifndef DAEMON_HTTP_ANSWER_H
#define DAEMON_HTTP_ANSWER_H

#include <jansson.h>
#include <stddef.h>

struct evbuffer;
struct evhttp_request;

#define HTTP_ANSWER_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Sends; to HEAD the headers only. Takes what is in body. */
void http_answer_send(struct evhttp_request *request, int code,
                      const char *type, struct evbuffer *body);

/* The same for an object, which is given up. */
void http_answer_json(struct evhttp_request *request, int code, json_t *object);

/* With WWW-Authenticate or Allow where they belong. */
void http_answer_error(struct evhttp_request *request, int code);

/* No further request is read from this connection. To be said before it is
 * answered. */
void http_answer_last(struct evhttp_request *request);

/* A whole answer with an error, and the connection's end; its length. */
enum { HTTP_ANSWER_REFUSAL_SIZE = 640 };
size_t http_answer_refusal(char text[HTTP_ANSWER_REFUSAL_SIZE], int code);

#endif
