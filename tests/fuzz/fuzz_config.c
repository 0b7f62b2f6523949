/*
 * Any configuration file is read or refused; every problem has the file's name
 * and a line, and what is good is within bounds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char path[32];

/* "FILE:LINE: KEY: text", one line. */
static void
judge(void *context, const char *text)
{
    size_t prefix = strlen(path);
    char *end;

    ++*(unsigned *)context;
    if (strncmp(text, path, prefix) != 0 || text[prefix] != ':' ||
        strtoul(text + prefix + 1, &end, 10) == 0 || strncmp(end, ": ", 2) != 0)
        abort();
    end = strstr(end + 2, ": ");
    if (end == NULL || end[2] == '\0' || strpbrk(text, "\r\n") != NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct config c;
    struct error e = {0};
    unsigned told = 0;
    int rc, fd = file_memory("fuzz", bytes, size, &e);

    if (fd < 0)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    config_init(&c);
    rc = config_load(&c, path, NULL, judge, &told, &e);
    if ((rc != 0) != (told != 0) || (rc != 0) != (e.kind == ERROR_USAGE))
        abort();
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++)
        if (config_keys[i].preset != NULL && c.values[i].text == NULL)
            abort();
    for (size_t i = 0; i < c.block_count; i++)
        if (rc == 0 && c.blocks[i].values[0].text == NULL)
            abort();
    config_clear(&c);
    close(fd);
    return 0;
}
