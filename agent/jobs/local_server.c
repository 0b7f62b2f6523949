#include "jobs/local_server.h"

#include <string.h>

#include "base/process.h"

enum { VERSION_TIMEOUT_MS = 5000 };

/* "Redis server v=7.0.15 sha=..." */
static bool
ask(const char *program, bool valkey, struct release *release)
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
    release->valkey = valkey;
    return true;
}

bool
local_server_release(bool valkey, struct release *release)
{
    if (valkey)
        return ask("valkey-server", true, release) ||
               ask("redis-server", false, release);
    return ask("redis-server", false, release) ||
           ask("valkey-server", true, release);
}
