#include "jobs/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

void
machine_look(struct machine *m)
{
    struct error none = {0};
    char *text = NULL;
    size_t size;

    memset(m, 0, sizeof *m);
    if (gethostname(m->host, sizeof m->host - 1) != 0 || m->host[0] == '\0')
        snprintf(m->host, sizeof m->host, "localhost");
    if (file_load(AT_FDCWD, "/etc/machine-id", 256, &text, &size, &none) == 0)
        snprintf(m->id, sizeof m->id, "%.*s", (int)strcspn(text, "\r\n"), text);
    if (m->id[0] == '\0')
        memcpy(m->id, m->host, sizeof m->id);
    free(text);
}
