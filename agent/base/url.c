#include "base/url.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/memory.h"
#include "base/text.h"

enum {
    URL_TEXT_MAX = 4096,
    URL_HOST_MAX = 255, /* RFC 1035 */
    URL_PORT = 6379,
    URL_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
};

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XX" at text stands for; 0 if it is none (or a NUL). */
static int
decode_byte(const char *text, size_t size)
{
    if (size < 3 || hex_digit(text[1]) < 0 || hex_digit(text[2]) < 0)
        return 0;
    return hex_digit(text[1]) * 16 + hex_digit(text[2]);
}

/* Percent-decodes into *out, which url_clear frees. */
static int
decode(const char *what, const char *text, size_t size, char **out,
       struct error *e)
{
    char *to = *out = memory_new(size + 1);

    for (size_t i = 0; i < size; i++) {
        int byte = (unsigned char)text[i];

        if (byte == '%') {
            byte = decode_byte(text + i, size - i);
            i += 2;
        }
        if (byte == 0)
            return error_set(e, ERROR_USAGE,
                             "the URL's %s has a '%%' that is not followed by "
                             "two hex digits (a '%%' itself is written %%25)",
                             what);
        *to++ = (char)byte;
    }
    return 0;
}

/* user:password, user, or :password; an empty one is none. */
static int
read_credentials(struct url *u, const char *text, size_t size, struct error *e)
{
    const char *colon = memchr(text, ':', size);
    size_t user_size = colon ? (size_t)(colon - text) : size;

    if (user_size > 0 && decode("user", text, user_size, &u->user, e) != 0)
        return -1;
    if (colon == NULL || user_size + 1 == size)
        return 0;
    return decode("password", colon + 1, size - user_size - 1, &u->password, e);
}

static int
read_db(struct url *u, const char *text, struct error *e)
{
    uint64_t db;

    if (!text_number(text, INT_MAX, &db))
        return error_set(e, ERROR_USAGE,
                         "the URL's database is not a number (0, 1, ...)");
    u->db = (unsigned)db;
    return 0;
}

static int
read_port(struct url *u, const char *text, size_t size, struct error *e)
{
    uint64_t port;
    char digits[8] = "";

    if (size < sizeof digits)
        memcpy(digits, text, size);
    if (!text_number(digits, 65535, &port) || port == 0)
        return error_set(e, ERROR_USAGE,
                         "the URL's port is not a number from 1 to 65535");
    u->port = (unsigned)port;
    return 0;
}

/* host, host:port, [IPv6] or [IPv6]:port, the size bytes at text. */
static int
read_host(struct url *u, const char *text, size_t size, struct error *e)
{
    const char *end = text + size, *host = text, *behind;

    if (size > 0 && *text == '[') {
        host++;
        behind = memchr(host, ']', size - 1);
        if (behind == NULL)
            return error_set(e, ERROR_USAGE, "the URL's '[' has no ']'");
        size = (size_t)(behind++ - host);
    } else {
        behind = memchr(host, ':', size);
        behind = behind ? behind : end;
        size = (size_t)(behind - host);
    }
    if (size == 0)
        return error_set(e, ERROR_USAGE, "the URL has no host");
    if (size > URL_HOST_MAX)
        return error_set(e, ERROR_USAGE, "the URL's host is too long");
    if (memchr(host, '[', size) != NULL || memchr(host, ']', size) != NULL)
        return error_set(e, ERROR_USAGE,
                         "the URL's host has a '[' or ']' inside");
    u->host = memory_copy(host, size);
    u->port = URL_PORT;
    if (behind == end)
        return 0;
    if (*behind != ':')
        return error_set(e, ERROR_USAGE,
                         "the URL has more than a port behind its ']'");
    if (memchr(behind + 1, ':', (size_t)(end - behind - 1)) != NULL)
        return error_set(e, ERROR_USAGE,
                         "the URL's host has several ':' (an IPv6 address "
                         "is written in brackets)");
    return read_port(u, behind + 1, (size_t)(end - behind - 1), e);
}

/* Behind "redis://". */
static int
read_network(struct url *u, const char *text, struct error *e)
{
    size_t size = strcspn(text, "/?#");
    const char *at = memrchr(text, '@', size), *rest = text + size;
    const char *host = at ? at + 1 : text;

    /* Nothing of the text is shown from here on: it may be a password. */
    if (strchr(rest, '@') != NULL)
        return error_set(e, ERROR_USAGE,
                         "the URL has an '@' behind its host ('/', '?' and "
                         "'#' in a password are written %%2F, %%3F and %%23)");
    if (at != NULL && read_credentials(u, text, (size_t)(at - text), e) != 0)
        return -1;
    if (read_host(u, host, (size_t)(rest - host), e) != 0)
        return -1;
    if (strpbrk(rest, "?#") != NULL)
        return error_set(e, ERROR_USAGE,
                         "the URL has a '?' or '#' (only unix:// has ?db=N)");
    return rest[0] == '\0' || rest[1] == '\0' ? 0 : read_db(u, rest + 1, e);
}

/* Behind "unix://". */
static int
read_unix(struct url *u, const char *text, struct error *e)
{
    const char *path = strchr(text, '/'), *query;

    if (path == NULL || (path != text && path[-1] != '@'))
        return error_set(e, ERROR_USAGE,
                         "the URL has no absolute path (unix:///run/redis.sock;"
                         " a '/' in a password is written %%2F)");
    if (path != text &&
        read_credentials(u, text, (size_t)(path - text) - 1, e) != 0)
        return -1;
    query = path + strcspn(path, "?");
    if (decode("path", path, (size_t)(query - path), &u->path, e) != 0)
        return -1;
    if (strlen(u->path) > URL_PATH_MAX)
        return error_set(e, ERROR_USAGE,
                         "the URL's path has %zu bytes, a socket's at most %d",
                         strlen(u->path), (int)URL_PATH_MAX);
    if (*query == '\0')
        return 0;
    if (strncmp(query, "?db=", 4) != 0)
        return error_set(e, ERROR_USAGE,
                         "the URL has something else than ?db=N behind '?'");
    return read_db(u, query + 4, e);
}

static int
read_text(struct url *u, const char *text, struct error *e)
{
    if (strlen(text) > URL_TEXT_MAX)
        return error_set(e, ERROR_USAGE, "the URL is longer than %d bytes",
                         URL_TEXT_MAX);
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 127)
            return error_set(e, ERROR_USAGE,
                             "the URL has a blank or control character");
    if (strncasecmp(text, "redis://", 8) == 0)
        return read_network(u, text + 8, e);
    if (strncasecmp(text, "unix://", 7) == 0)
        return read_unix(u, text + 7, e);
    if (strncasecmp(text, "rediss://", 9) != 0)
        return error_set(e, ERROR_USAGE,
                         "the URL does not begin with redis://, rediss:// "
                         "or unix://");
    u->tls = true;
    return read_network(u, text + 9, e);
}

/* Appends text to a heap string, percent-encoded but for safe and "-._~". */
static char *
append_encoded(char *to, const char *text, const char *safe)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t size = strlen(to);

    to = memory_resize(to, size + 3 * strlen(text) + 1, 1);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if ((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
            (byte >= 'a' && byte <= 'z') || strchr("-._~", byte) != NULL ||
            strchr(safe, byte) != NULL) {
            to[size++] = (char)byte;
            continue;
        }
        to[size++] = '%';
        to[size++] = hex[byte >> 4];
        to[size++] = hex[byte & 15];
    }
    to[size] = '\0';
    return to;
}

int
url_read(struct url *u, const char *text, struct error *e)
{
    *u = (struct url){0};
    if (read_text(u, text, e) == 0)
        return 0;
    url_clear(u);
    return -1;
}

char *
url_write(const struct url *u)
{
    const char *brackets = u->host && strchr(u->host, ':') ? "[]" : "";
    char *text = memory_dup(u->path  ? "unix://"
                            : u->tls ? "rediss://"
                                     : "redis://");
    char *whole;

    if (u->user != NULL)
        text = append_encoded(text, u->user, "");
    if (u->password != NULL)
        text = append_encoded(text, ":***", ":*");
    if (u->user != NULL || u->password != NULL)
        text = append_encoded(text, "@", "@");
    text = append_encoded(text, u->path ? u->path : "", "/+:@,=");
    if (u->path != NULL)
        whole = u->db ? text_format("%s?db=%u", text, u->db) : memory_dup(text);
    else if (u->db != 0)
        whole = text_format("%s%.1s%s%s:%u/%u", text, brackets, u->host,
                            *brackets ? "]" : "", u->port, u->db);
    else
        whole = text_format("%s%.1s%s%s:%u", text, brackets, u->host,
                            *brackets ? "]" : "", u->port);
    free(text);
    return whole;
}

void
url_clear(struct url *u)
{
    free(u->path);
    free(u->host);
    free(u->user);
    free(u->password);
    *u = (struct url){0};
}
