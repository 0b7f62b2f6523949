#include "jobs/setup_text.h"

#include <ctype.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/url.h"
#include "config/config.h"

enum { COMMENT_MAX = CONFIG_LINE_MAX - 8 };

static void comment(FILE *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One line; what servers and paths bring along is made harmless. */
static void
comment(FILE *to, const char *format, ...)
{
    char text[1024], line[COMMENT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(to, "# %s\n", text_quote(line, sizeof line, text, strlen(text)));
}

static void
write_head(FILE *to, const struct setup_text_options *o)
{
    char when[TEXT_TIME_SIZE];

    text_write_time(when, o->now_ms - o->now_ms % 1000);
    comment(to, "Configuration of redkeep for the instance %s.", o->instance);
    comment(to, "Written by redkeep setup at %s, to be read and changed.",
            when);
    comment(to, "Judge it with: redkeepd -n -c FILE");
    comment(to, "Every key is in redkeep.conf(5); those not here have their"
                " defaults.");
    fputs("#\n", to);
}

static void
write_server(FILE *to, const struct discover_server *s)
{
    if (s->answers && s->info.keys >= 0)
        comment(to, "Server: %s %s, %s, %lld key%s, append-only file %s.",
                s->info.valkey ? "Valkey" : "Redis", s->info.version,
                strcmp(s->info.role, "slave") == 0 ? "replica" : "primary",
                (long long)s->info.keys, s->info.keys == 1 ? "" : "s",
                s->info.aof_enabled ? "on" : "off");
    else
        comment(to, "Server: it did not tell what it is: %s", s->why.text);
    comment(to, "Found by: %s", s->found_by);
    if (s->config_file != NULL)
        comment(to, "Its own configuration: %s", s->config_file);
    if (s->data_dir != NULL)
        comment(to, "Its data: %s", s->data_dir);
}

/* Whether both are on one file system; of the repository, what there is of its
 * path. */
static bool
is_same_disk(const char *data_dir, const char *repo)
{
    struct stat data, there;
    char *path, *slash;
    int rc;

    if (data_dir == NULL || stat(data_dir, &data) != 0)
        return false;
    path = memory_dup(repo);
    while ((rc = stat(path, &there)) != 0 &&
           (slash = strrchr(path, '/')) != NULL && slash > path)
        *slash = '\0';
    free(path);
    return rc == 0 && data.st_dev == there.st_dev;
}

static void
write_advice(FILE *to, const struct setup_text_options *o)
{
    const struct discover_server *s = o->server;
    char *owner = setup_text_owner(s);

    if (owner != NULL && strcmp(owner, "redis") != 0)
        comment(to,
                "The data belongs to the user %s: run redkeepd as that one"
                " (User= in its unit).",
                owner);
    if (is_same_disk(s->data_dir, o->repo))
        comment(to, "Data and repository are on one file system: if its disk"
                    " dies, both are lost.");
    if (s->answers && !s->info.aof_enabled)
        comment(to, "Without an append-only file a snapshot is as new as"
                    " dump.rdb: see [snapshot] max_age.");
    free(owner);
}

static void
write_password(FILE *to, const struct setup_text_options *o)
{
    if (o->password_file != NULL) {
        fprintf(to, "password_file = %s\n", o->password_file);
        return;
    }
    if (!o->server->wants_password && !o->has_password)
        return;
    comment(to, "The server wants a password: put it on the first line of this"
                " file, which only");
    comment(to, "the agent's user may read. In redkeep.conf it would be seen by"
                " more.");
    fprintf(to, "password_file = /etc/redkeep/%s.password\n", o->instance);
}

static void
write_redkeep(FILE *to, const struct setup_text_options *o)
{
    const struct discover_server *s = o->server;

    fprintf(to, "\n[redkeep]\ninstance = %s\nredis = %s\n", o->instance,
            s->url);
    write_password(to, o);
    if (!s->told_dir && s->data_dir != NULL) {
        comment(to, "%s",
                s->answers ? "The server does not tell its directory itself"
                             " (CONFIG GET)."
                           : "Not needed where the server tells it itself"
                             " (CONFIG GET).");
        fprintf(to, "data_dir = %s\n", s->data_dir);
    }
    fprintf(to, "repo = %s\n", o->repo);
}

static void
write_tls(FILE *to, const struct discover_server *s)
{
    if (s->tls_ca == NULL && s->tls_cert == NULL)
        return;
    fputs("\n[connection]\n", to);
    if (s->tls_ca != NULL)
        fprintf(to, "tls_ca = %s\n", s->tls_ca);
    if (s->tls_cert == NULL || s->tls_key == NULL)
        return;
    comment(to, "The server's own; better make one for redkeep.");
    fprintf(to, "tls_cert = %s\ntls_key = %s\n", s->tls_cert, s->tls_key);
}

static void
write_rest(FILE *to, const struct setup_text_options *o)
{
    fprintf(to,
            "\n[http]\n"
            "# On another address than loopback set token_file too.\n"
            "listen = %s\n"
            "\n[schedule]\n"
            "snapshot = every 1h\n"
            "verify = every 1d\n"
            "prune = after snapshot\n"
            "\n[retention]\n"
            "hourly = 24\n"
            "daily = 30\n"
            "monthly = 12\n"
            "\n[hooks]\n"
            "# on_alarm = logger -t redkeep \"$REDKEEP_TEXT\"\n"
            "# webhook = https://example.org/alarms\n"
            "\n[alarms]\n"
            "server_away = 5m\n"
            "# queue_failed = 1\n"
            "\n# The jobs of BullMQ, Celery, RQ and Sidekiq, counted:\n"
            "# [queues]\n"
            "# watch = auto\n"
            "\n# Counters that a database knows better:\n"
            "# [counters orders]\n"
            "# source = sqlite3 -header -tabs /srv/app.db </srv/orders.sql\n",
            o->listen);
}

static bool
is_text(const struct config *c, enum config_key key, const char *wanted)
{
    const char *text = config_text(c, key);

    return wanted == NULL || (text != NULL && strcmp(text, wanted) == 0);
}

/* The text says what we mean, by the rules of those who will read it. */
static int
check(const char *text, const struct setup_text_options *o, struct error *e)
{
    const struct discover_server *s = o->server;
    int rc = -1, fd = file_memory("setup", text, strlen(text), e);
    struct config c;
    char path[32];

    if (fd < 0)
        return -1;
    config_init(&c);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (config_load(&c, path, NULL, NULL, NULL, e) != 0)
        error_in(e, "what was found cannot be written into a configuration");
    else if (!is_text(&c, CONFIG_REDIS, s->url) ||
             !is_text(&c, CONFIG_REPO, o->repo) ||
             !is_text(&c, CONFIG_DATA_DIR, s->told_dir ? NULL : s->data_dir))
        error_set(e, ERROR_FAILED,
                  "a path with ';' in it or blanks at its end cannot be written"
                  " into a configuration");
    else
        rc = 0;
    config_clear(&c);
    close(fd);
    return rc;
}

char *
setup_text_write(const struct setup_text_options *options, struct error *e)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL) {
        error_sys(e, "write in memory");
        return NULL;
    }
    write_head(to, options);
    write_server(to, options->server);
    write_advice(to, options);
    write_redkeep(to, options);
    write_tls(to, options->server);
    write_rest(to, options);
    if (fclose(to) == 0 && check(text, options, e) == 0)
        return text;
    free(text);
    return NULL;
}

/* "redis-cache.conf" and "redis_cache.sock": "cache". NULL: nothing is left. */
static char *
short_name(const char *path)
{
    static const char *const words[] = {"redis", "valkey", "server"};
    const char *base = path == NULL ? NULL : strrchr(path, '/');
    char name[41];

    if (base == NULL)
        return NULL;
    base++;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(base, words[i], strlen(words[i])) == 0)
            base += strlen(words[i]);
        base += strspn(base, "-_");
    }
    snprintf(name, sizeof name, "%.*s", (int)strcspn(base, "."), base);
    for (char *at = name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("_-", *at) == NULL)
            *at = '-';
    return name[0] == '\0' ? NULL : memory_dup(name);
}

char *
setup_text_name(const struct discover_server *server)
{
    struct url url = {0};
    struct error none;
    char *name = short_name(server->config_file);

    if (name == NULL && url_read(&url, server->url, &none) == 0)
        name = url.path != NULL ? short_name(url.path)
                                : text_format("redis-%u", url.port);
    url_clear(&url);
    return name != NULL ? name : memory_dup("redis");
}

char *
setup_text_owner(const struct discover_server *server)
{
    const struct passwd *user;
    struct stat st;

    if (server->data_dir == NULL || stat(server->data_dir, &st) != 0)
        return NULL;
    user = getpwuid(st.st_uid);
    return user == NULL ? text_format("%lu", (unsigned long)st.st_uid)
                        : memory_dup(user->pw_name);
}
