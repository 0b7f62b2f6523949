/*
 * http_counters.h - /health/redis_counters: the one answer that waits for a
 * child. All others go on meanwhile.
 */
#ifndef DAEMON_HTTP_COUNTERS_H
#define DAEMON_HTTP_COUNTERS_H

struct agent;
struct evhttp_request;
struct http_guards;

/* Answers the request, later; or at once, where too many wait already. */
void http_counters_answer(const struct agent *agent, struct http_guards *guards,
                          struct evhttp_request *request);

#endif
