/*
 * request.h - one HTTP request to somebody else: a webhook, a heartbeat. TLS is
 * verified (by the system's authorities, or those of SSL_CERT_FILE), redirects
 * are not followed, what is answered is not kept.
 */
#ifndef JOBS_REQUEST_H
#define JOBS_REQUEST_H

#include <stdint.h>

#include "base/error.h"

struct request_task {
    const char *url;  /* http:// or https:// */
    const char *body; /* JSON to POST; NULL: GET */
    uint64_t timeout_ms;
};

/*
 * 0: an answer came, *status is its number. Else -1; no text tells more of the
 * URL than its host, as the path may be a secret.
 */
int request_send(const struct request_task *task, int *status, struct error *e);

#endif
