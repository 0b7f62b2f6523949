#include "daemon/terms.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

enum { COPY_FIRST = 10 };

/* The file's bytes in memory; an empty file where there is none. */
static int
copy_file(const char *path, struct error *e)
{
    char *bytes = NULL;
    size_t size = 0;
    int fd, high;

    if (path != NULL &&
        file_load_named(path, CONFIG_FILE_MAX, &bytes, &size, e) != 0)
        return -1;
    fd = file_memory("redkeep.conf", bytes != NULL ? bytes : "", size, e);
    free(bytes);
    if (fd < 0)
        return -1;
    /* Jobs have it by the same number, and other things by the first ones. */
    high = fcntl(fd, F_DUPFD_CLOEXEC, COPY_FIRST);
    close(fd);
    return high >= 0 ? high : error_sys(e, "keep a copy of the configuration");
}

/*
 * What is in force is what the copy says. The file itself is read first: for
 * which one it is, and so that problems have its name.
 */
static int
read_copy(struct terms *t, const struct config *first, struct error *e)
{
    char *path;
    int rc;

    t->copy = copy_file(first->path, e);
    if (t->copy < 0)
        return -1;
    path = text_format("/proc/self/fd/%d", t->copy);
    rc = config_load(&t->config, path, environ, NULL, NULL, e);
    free(path);
    free(t->config.path);
    t->config.path = memory_dup(first->path);
    return rc;
}

static void
free_options(struct terms *t)
{
    for (size_t i = 0; t->options != NULL && t->options[i] != NULL; i++)
        free(t->options[i]);
    free(t->options);
}

static void
fill_options(struct terms *t)
{
    const struct arguments *a = t->arguments;
    size_t n = 0;

    free_options(t);
    t->options = memory_new((a->count + 4) * sizeof *t->options);
    t->options[n++] = text_format("--config=/proc/self/fd/%d", t->copy);
    for (size_t i = 0; i < a->count; i++)
        t->options[n++] = text_format("--%s=%s", a->names[i], a->values[i]);
    t->options[n++] =
        text_format("--instance=%s", config_text(&t->config, CONFIG_INSTANCE));
    t->options[n] =
        text_format("--repo=%s", config_text(&t->config, CONFIG_REPO));
}

struct terms *
terms_load(const struct arguments *a, config_problem *report, void *context,
           struct error *e)
{
    struct terms *t = memory_new(sizeof *t);
    struct config first;
    int rc = -1;

    t->arguments = a;
    t->copy = -1;
    config_init(&first);
    config_init(&t->config);
    if (arguments_apply(a, &first, e) == 0 &&
        arguments_apply(a, &t->config, e) == 0 &&
        config_load(&first, a->file, environ, report, context, e) == 0)
        rc = read_copy(t, &first, e);
    config_clear(&first);
    if (rc == 0) {
        fill_options(t);
        return t;
    }
    terms_free(t);
    return NULL;
}

void
terms_keep_fixed(struct terms *t, const struct terms *old)
{
    static const struct {
        enum config_key key;
        const char *option;
    } fixed[] = {
        {CONFIG_INSTANCE, "instance"},
        {CONFIG_REPO, "repo"},
        {CONFIG_HTTP_LISTEN, "http-listen"},
    };

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *was = config_text(&old->config, fixed[i].key);
        const char *is = config_text(&t->config, fixed[i].key);
        struct error e;

        if (strcmp(was, is) == 0)
            continue;
        log_line(LOG_LEVEL_WARNING,
                 "%s changed from '%s' to '%s': that needs a restart",
                 fixed[i].option, was, is);
        config_set_option(&t->config, fixed[i].option, was, &e);
    }
    fill_options(t);
}

void
terms_free(struct terms *t)
{
    if (t == NULL)
        return;
    free_options(t);
    if (t->copy >= 0)
        close(t->copy);
    config_clear(&t->config);
    free(t);
}
