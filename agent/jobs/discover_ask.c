#include "jobs/discover_ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/url.h"
#include "jobs/instance.h"

/* What it says is of another process than the one that was seen. */
static bool
is_another(const struct discover_server *s)
{
    struct process_view view;
    struct error none;

    return s->pid != 0 && s->info.process_id != s->pid &&
           (process_look(s->pid, &view, &none) != 0 ||
            view.inner_pid != (pid_t)s->info.process_id);
}

static void
set(char **slot, const char *text)
{
    free(*slot);
    *slot = memory_dup(text);
}

static void
take_answer(struct discover_server *s, const struct instance *i)
{
    s->answers = true;
    s->info = i->info;
    if (is_another(s)) {
        s->pid = 0;
        set(&s->data_dir, NULL);
    }
    if (i->info.config_file[0] == '/')
        set(&s->config_file, i->info.config_file);
    s->told_dir = i->settings_known && i->settings.dir != NULL;
    if (s->told_dir)
        set(&s->data_dir, i->settings.dir);
}

static int
ask_one(struct discover_server *s, const struct discover_options *o,
        struct error *e)
{
    struct url url;
    struct instance i;
    struct instance_options options = {
        .link =
            {
                .url = &url,
                .connect_timeout_ms = o->timeout_ms,
                .command_timeout_ms = o->timeout_ms,
                .tls_ca = s->tls_ca,
                .tls_cert = s->tls_cert,
                .tls_key = s->tls_key,
                .password = o->password,
            },
    };
    int rc;

    /* A socket's path may be longer than a URL's may be. */
    if (url_read(&url, s->url, &s->why) != 0)
        return 0;
    rc = instance_connect(&i, &options, e);
    url_clear(&url);
    if (rc != 0)
        return -1;
    s->why = i.why;
    if (i.link != NULL)
        take_answer(s, &i);
    s->wants_password = strstr(s->why.text, "NOAUTH") != NULL ||
                        strstr(s->why.text, "WRONGPASS") != NULL;
    instance_close(&i);
    return 0;
}

/* A sentinel answers INFO too, but has no role. */
static bool
is_nothing(const struct discover_server *s, bool named)
{
    if (s->answers)
        return s->info.role[0] == '\0';
    return !named && !s->wants_password && s->pid == 0 &&
           s->config_file == NULL;
}

static unsigned
rank(const struct discover_server *s)
{
    return s->answers ? 2 : s->wants_password ? 1 : 0;
}

static bool
is_same(const struct discover_server *a, const struct discover_server *b)
{
    if (a->answers && b->answers)
        return a->info.run_id[0] != '\0' &&
               strcmp(a->info.run_id, b->info.run_id) == 0;
    if (a->pid != 0 && a->pid == b->pid)
        return true;
    return a->config_file != NULL && b->config_file != NULL &&
           strcmp(a->config_file, b->config_file) == 0;
}

void
discover_ask_drop(struct discover *d, size_t i)
{
    struct discover_server *s = &d->servers[i];

    free(s->url);
    free(s->found_by);
    free(s->config_file);
    free(s->data_dir);
    free(s->tls_ca);
    free(s->tls_cert);
    free(s->tls_key);
    memmove(s, s + 1, (--d->count - i) * sizeof *s);
}

/* What one way to a server knows and the other does not. */
static void
complete(struct discover_server *s, struct discover_server *other)
{
    if (s->pid == 0)
        s->pid = other->pid;
    if (s->config_file == NULL) {
        s->config_file = other->config_file;
        other->config_file = NULL;
    }
    if (s->data_dir == NULL) {
        s->data_dir = other->data_dir;
        other->data_dir = NULL;
    }
}

/* Of two ways to the same server the better one stays, else the first. */
static void
merge(struct discover *d)
{
    for (size_t i = 0; i < d->count; i++)
        for (size_t k = i + 1; k < d->count;) {
            struct discover_server *a = &d->servers[i], *b = &d->servers[k];

            if (!is_same(a, b)) {
                k++;
                continue;
            }
            if (rank(b) > rank(a)) {
                struct discover_server worse = *a;

                *a = *b;
                *b = worse;
            }
            complete(a, b);
            discover_ask_drop(d, k);
        }
}

/* Those that answer first; else in the order in which they were found. */
static void
sort(struct discover *d)
{
    for (size_t i = 1; i < d->count; i++) {
        struct discover_server one = d->servers[i];
        size_t k = i;

        for (; k > 0 && rank(&one) > rank(&d->servers[k - 1]); k--)
            d->servers[k] = d->servers[k - 1];
        d->servers[k] = one;
    }
}

int
discover_ask(struct discover *d, const struct discover_options *options,
             struct error *e)
{
    for (size_t i = 0; i < d->count;) {
        if (ask_one(&d->servers[i], options, e) != 0)
            return -1;
        if (is_nothing(&d->servers[i], options->url != NULL))
            discover_ask_drop(d, i);
        else
            i++;
    }
    merge(d);
    sort(d);
    return 0;
}
