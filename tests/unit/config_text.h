/*
 * config_text.h - a configuration, its file and the problems it had, for the
 * tests of config.
 */
#ifndef UNIT_CONFIG_TEXT_H
#define UNIT_CONFIG_TEXT_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

static struct config c;
static struct error e;
static char path[64];
static char problems[8192];

static void
config_begin(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/test_redkeep.XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    problems[0] = '\0';
    memset(&e, 0, sizeof e);
    config_init(&c);
}

static void
config_end(void)
{
    config_clear(&c);
    unlink(path);
}

/* "FILE" stands for the file's path. */
static void
note_problem(void *context, const char *text)
{
    size_t length = strlen(problems), prefix = strlen(path);
    bool here = strncmp(text, path, prefix) == 0;

    (void)context;
    snprintf(problems + length, sizeof problems - length, "%s%s\n",
             here ? "FILE" : "", here ? text + prefix : text);
}

static int
load_bytes(const char *bytes, size_t size, char *const environment[])
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
    return config_load(&c, path, environment, note_problem, NULL, &e);
}

static int
load(const char *text, char *const environment[])
{
    return load_bytes(text, strlen(text), environment);
}

#endif
