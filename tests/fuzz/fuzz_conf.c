/* Any redis.conf is read or refused; what is kept is what a server could use. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* It would read whatever lies on this machine. */
static int
may_include(const char *text)
{
    return strcasestr(text, "include") != NULL || strstr(text, "\\x") != NULL;
}

static void
expect_sense(const struct conf *c)
{
    const char *names[] = {c->dbfilename, c->appendfilename, c->appenddirname};

    for (size_t i = 0; i < 3; i++)
        if (names[i] != NULL && !text_is_name(names[i]))
            abort();
    if (c->port > 65535 || c->tls_port > 65535 || c->databases == 0)
        abort();
    if ((c->address != NULL && c->address[0] == '\0') ||
        (c->unix_socket != NULL && c->unix_socket[0] == '\0') ||
        (c->dir != NULL && c->dir[0] == '\0'))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size);
    const char *argv[] = {text, text + strlen(text) / 2};
    char path[32];
    struct error e = {0};
    struct conf c;
    int fd = may_include(text) ? -1 : file_memory("conf", bytes, size, &e);

    if (fd >= 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (conf_load(&c, path, &e) == 0)
            expect_sense(&c);
        conf_clear(&c);
        conf_begin(&c);
        if (conf_override(&c, 2, argv, &e) == 0)
            expect_sense(&c);
        conf_clear(&c);
        close(fd);
    }
    free(text);
    return 0;
}
