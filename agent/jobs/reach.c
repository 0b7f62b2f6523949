#include "jobs/reach.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { REACH_PASSWORD_FILE_MAX = 4096 };

/* The first line of the file. */
static int
read_password(struct reach *r, const char *path, struct error *e)
{
    size_t size;

    if (path == NULL || r->url.password != NULL)
        return 0;
    if (file_load_named(path, REACH_PASSWORD_FILE_MAX, &r->password, &size,
                        e) != 0) {
        e->kind = ERROR_USAGE;
        return error_in(e, "password_file %s", path);
    }
    r->password[strcspn(r->password, "\r\n")] = '\0';
    return 0;
}

static unsigned
read_duration(const struct config *c, enum config_key key)
{
    return (unsigned)config_duration_ms(c, key);
}

int
reach_read(struct reach *r, const struct config *c, struct error *e)
{
    *r = (struct reach){0};
    if (url_read(&r->url, config_text(c, CONFIG_REDIS), e) != 0)
        return error_in(e, "redis");
    if (read_password(r, config_text(c, CONFIG_PASSWORD_FILE), e) != 0)
        return -1;
    r->link = (struct link_options){
        .url = &r->url,
        .connect_timeout_ms =
            read_duration(c, CONFIG_CONNECTION_CONNECT_TIMEOUT),
        .command_timeout_ms =
            read_duration(c, CONFIG_CONNECTION_COMMAND_TIMEOUT),
        .tls_ca = config_text(c, CONFIG_CONNECTION_TLS_CA),
        .tls_cert = config_text(c, CONFIG_CONNECTION_TLS_CERT),
        .tls_key = config_text(c, CONFIG_CONNECTION_TLS_KEY),
        .tls_insecure = !config_flag(c, CONFIG_CONNECTION_TLS_VERIFY),
        .password = r->password,
    };
    return 0;
}

static bool
same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_url(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && same(a->path, b->path) &&
           same(a->host, b->host) && a->port == b->port &&
           same(a->user, b->user) && same(a->password, b->password) &&
           a->db == b->db;
}

bool
reach_equal(const struct reach *a, const struct reach *b)
{
    return same_url(&a->url, &b->url) && same(a->password, b->password) &&
           same(a->link.tls_ca, b->link.tls_ca) &&
           same(a->link.tls_cert, b->link.tls_cert) &&
           same(a->link.tls_key, b->link.tls_key) &&
           a->link.tls_insecure == b->link.tls_insecure;
}

const char *
reach_advice(const struct error *why)
{
    static const struct {
        const char *words, *advice;
    } all[] = {
        {"Connection refused", "; start it, or name it with --redis URL"},
        {"No such file", "; start it, or name it with --redis URL"},
        {"not known", "; name it with --redis URL"},
        {"Permission denied",
         "; run redkeep as a user that may use its socket"},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strstr(why->text, all[i].words) != NULL)
            return all[i].advice;
    return "";
}

void
reach_clear(struct reach *r)
{
    url_clear(&r->url);
    free(r->password);
    *r = (struct reach){0};
}
