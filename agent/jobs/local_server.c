#include "jobs/local_server.h"

#include <string.h>
#include <strings.h>

#include "base/process.h"

enum { VERSION_TIMEOUT_MS = 5000 };

/* "Redis server v=7.0.15 sha=...", and so "Valkey server" (by either name). */
bool
local_server_ask(const char *program, struct release *release)
{
    char *argv[] = {(char *)program, "--version", NULL};
    char out[512], *version;
    struct error none = {0};
    int status;

    if (process_run(argv, out, sizeof out, VERSION_TIMEOUT_MS, &status,
                    &none) != 0)
        return false;
    version = strstr(out, " v=");
    if (version == NULL)
        return false;
    version += strlen(" v=");
    version[strcspn(version, " \n")] = '\0';
    if (!release_read(release, version))
        return false;
    release->valkey = strncasecmp(out, "valkey", strlen("valkey")) == 0;
    return true;
}

bool
local_server_release(bool valkey, struct release *release)
{
    const char *names[] = {"redis-server", "valkey-server"};

    return local_server_ask(names[valkey], release) ||
           local_server_ask(names[!valkey], release);
}
