#include "jobs/discover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "base/url.h"
#include "jobs/conf.h"
#include "jobs/discover_ask.h"

/* Beyond this many candidates something else is wrong with the host. */
enum { SERVERS_MAX = 256 };

static const char *const usual_configs[] = {
    "/etc/redis", "/etc/valkey", "/etc", "/usr/local/etc", NULL,
};
static const char *const usual_sockets[] = {
    "/run/redis",     "/run/valkey", "/run/redis-server",
    "/var/run/redis", "/tmp",        NULL,
};
static const struct discover_places usual = {
    .configs = usual_configs,
    .sockets = usual_sockets,
    .processes = true,
    .url = "redis://127.0.0.1:6379",
};

/* The candidate of that URL (taken over), an old one or a new one; NULL: there
 * are too many. */
static struct discover_server *
add(struct discover *d, char *url, const char *found_by)
{
    struct discover_server *s;

    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->servers[i].url, url) == 0) {
            free(url);
            return &d->servers[i];
        }
    if (d->count == SERVERS_MAX) {
        free(url);
        return NULL;
    }
    d->servers =
        memory_grow(d->servers, d->count, &d->capacity, sizeof *d->servers);
    s = &d->servers[d->count++];
    *s = (struct discover_server){.url = url, .found_by = memory_dup(found_by)};
    return s;
}

/* Where one connects to what binds to address; NULL and '*' are any. */
static char *
network_url(const char *scheme, const char *address, unsigned port)
{
    const char *host = address == NULL ? "*" : address;

    host += host[0] == '-'; /* "-::1": fine if the host does not have it */
    if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 ||
        strcmp(host, "::*") == 0)
        host = "127.0.0.1";
    if (strcmp(host, "::") == 0)
        host = "::1";
    return strchr(host, ':') != NULL
               ? text_format("%s://[%s]:%u", scheme, host, port)
               : text_format("%s://%s:%u", scheme, host, port);
}

static char *
socket_url(const char *path)
{
    struct url u = {.path = memory_dup(path)};
    char *url = url_write(&u);

    url_clear(&u);
    return url;
}

static void
note_file(struct discover_server *s, const struct conf *f, const char *path)
{
    if (s == NULL || s->config_file != NULL)
        return;
    s->config_file = memory_dup(path);
    if (s->data_dir == NULL && f->dir != NULL && f->dir[0] == '/')
        s->data_dir = memory_dup(f->dir);
}

static void
add_file(struct discover *d, const char *path)
{
    struct conf f;
    struct discover_server *s;
    struct error none;

    if (conf_load(&f, path, &none) == 0 && !f.sentinel) {
        if (f.unix_socket != NULL)
            note_file(add(d, socket_url(f.unix_socket), path), &f, path);
        if (f.port != 0)
            note_file(add(d, network_url("redis", f.address, f.port), path), &f,
                      path);
        if (f.tls_port != 0) {
            s = add(d, network_url("rediss", f.address, f.tls_port), path);
            note_file(s, &f, path);
            if (s != NULL && s->tls_ca == NULL) {
                s->tls_ca = memory_dup(f.tls_ca);
                s->tls_cert = memory_dup(f.tls_cert);
                s->tls_key = memory_dup(f.tls_key);
            }
        }
    }
    conf_clear(&f);
}

/* redis.conf, redis-6380.conf, valkey.conf; in their own folder any *.conf. */
static bool
is_config(const char *folder, const char *name)
{
    bool own = strstr(folder, "redis") != NULL ||
               strstr(folder, "valkey") != NULL;

    return text_has_suffix(name, ".conf") && strstr(name, "sentinel") == NULL &&
           (own || strncmp(name, "redis", 5) == 0 ||
            strncmp(name, "valkey", 6) == 0);
}

/* What a folder holds, each told to take; one that is not there holds nothing.
 */
static void
each_name(struct discover *d, const char *folder,
          void (*take)(struct discover *d, const char *folder,
                       const char *name))
{
    struct error none;
    char **names;
    size_t count;
    int dir = file_open_directory(AT_FDCWD, folder, &none);

    if (dir < 0)
        return;
    if (file_names(dir, &names, &count, &none) == 0) {
        for (size_t i = 0; i < count; i++)
            take(d, folder, names[i]);
        file_free_names(names, count);
    }
    close(dir);
}

static void
take_config(struct discover *d, const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);

    if (is_config(folder, name))
        add_file(d, path);
    free(path);
}

static void
take_socket(struct discover *d, const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name);
    struct stat st;

    /* Not every socket in /tmp is ours to knock at. */
    if ((strstr(path, "redis") != NULL || strstr(path, "valkey") != NULL) &&
        stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        add(d, socket_url(path), path);
    free(path);
}

/*
 * "redis-server 127.0.0.1:6379", "... *:6380 [cluster]", "... [::1]:6379" or
 * "... unixsocket:/run/redis.sock": what servers write over their command line.
 */
static char *
title_url(const char *title)
{
    static const char prefix[] = "unixsocket:";
    const char *at = strchr(title, ' '), *colon;
    char word[256], *port;
    uint64_t number;

    if (at == NULL || strstr(title, "[sentinel]") != NULL)
        return NULL;
    at += strspn(at, " ");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
    if (strncmp(word, prefix, sizeof prefix - 1) == 0)
        return word[sizeof prefix - 1] == '/'
                   ? socket_url(word + sizeof prefix - 1)
                   : NULL;
    colon = strrchr(word, ':');
    if (colon == NULL || !text_number(colon + 1, 65535, &number) || number == 0)
        return NULL;
    port = word + (colon - word);
    *port = '\0';
    return network_url("redis", word, (unsigned)number);
}

static int
add_processes(struct discover *d, struct error *e)
{
    struct process_server *all;
    size_t count;

    if (process_list_servers(&all, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char *url = title_url(all[i].title), found_by[32];
        struct discover_server *s;

        snprintf(found_by, sizeof found_by, "process %ld", (long)all[i].pid);
        s = url == NULL ? NULL : add(d, url, found_by);
        if (s == NULL || s->pid != 0)
            continue;
        s->pid = all[i].pid;
        if (all[i].directory != NULL) {
            free(s->data_dir);
            s->data_dir = memory_dup(all[i].directory);
        }
    }
    process_free_servers(all, count);
    return 0;
}

static int
add_named(struct discover *d, const char *text, struct error *e)
{
    struct url u;

    if (url_read(&u, text, e) != 0)
        return error_in(e, "redis");
    free(u.password);
    u.password = NULL;
    add(d, url_write(&u), "--redis");
    url_clear(&u);
    return 0;
}

static int
add_all(struct discover *d, const struct discover_places *places,
        struct error *e)
{
    for (size_t i = 0; places->configs[i] != NULL; i++)
        each_name(d, places->configs[i], take_config);
    for (size_t i = 0; places->sockets[i] != NULL; i++)
        each_name(d, places->sockets[i], take_socket);
    if (places->processes && add_processes(d, e) != 0)
        return -1;
    if (places->url != NULL)
        add(d, memory_dup(places->url), "the usual address");
    return 0;
}

int
discover_find(struct discover *d, const struct discover_options *options,
              struct error *e)
{
    int rc;

    *d = (struct discover){0};
    if (options->url != NULL)
        rc = add_named(d, options->url, e);
    else
        rc = add_all(d, options->places != NULL ? options->places : &usual, e);
    if (rc == 0)
        rc = discover_ask(d, options, e);
    if (rc != 0)
        discover_clear(d);
    return rc;
}

void
discover_clear(struct discover *d)
{
    while (d->count > 0)
        discover_ask_drop(d, d->count - 1);
    free(d->servers);
    *d = (struct discover){0};
}
