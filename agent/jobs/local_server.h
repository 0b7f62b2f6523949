/*
 * local_server.h - the server program that is installed here.
 */
#ifndef JOBS_LOCAL_SERVER_H
#define JOBS_LOCAL_SERVER_H

#include <stdbool.h>

#include "base/error.h"
#include "formats/release.h"

/*
 * The release of redis-server or valkey-server found by PATH; valkey: which of
 * them is asked first. False when there is none, or it does not say its version.
 */
bool local_server_release(bool valkey, struct release *release);

/* What one program says, named by path or for PATH. */
bool local_server_ask(const char *program, struct release *release);

#endif
