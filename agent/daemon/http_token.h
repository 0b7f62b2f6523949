/*
 * http_token.h - the bearer token that HTTP asks for.
 */
#ifndef DAEMON_HTTP_TOKEN_H
#define DAEMON_HTTP_TOKEN_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"

/*
 * The configured one, from [http] token or the first line of token_file; *token
 * is the caller's, NULL if there is none. A file that cannot be read, or holds
 * no token: ERROR_USAGE.
 */
int http_token_load(const struct config *config, char **token, struct error *e);

/*
 * Whether the value of an Authorization header (NULL: there was none) gives the
 * token. Takes the same time wherever they differ.
 */
bool http_token_matches(const char *token, const char *authorization);

#endif
