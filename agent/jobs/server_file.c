#include "jobs/server_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { DEFAULT_PORT = 6379 };

/* What stands behind a '\\' in quotes; \xHH is left to the server. */
static char
unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

/* The next word of the line; NULL: there is none. The caller frees it. */
static char *
next_word(const char **at, const char *end)
{
    const char *from = *at;
    char *word, *to, quote = '\0';

    while (from < end && strchr(" \t\r", *from) != NULL)
        from++;
    if (from == end)
        return NULL;
    word = to = memory_new((size_t)(end - from) + 1);
    if (*from == '"' || *from == '\'')
        quote = *from++;
    for (; from < end; from++) {
        if (quote != '\0' ? *from == quote : strchr(" \t\r", *from) != NULL)
            break;
        if (quote == '"' && *from == '\\' && from + 1 < end)
            *to++ = unescape(*++from);
        else
            *to++ = *from;
    }
    *at = from < end ? from + 1 : end;
    return word;
}

static void
keep(char **slot, const char *word)
{
    free(*slot);
    *slot = word[0] == '\0' ? NULL : memory_dup(word);
}

static void
keep_port(unsigned *slot, const char *word)
{
    uint64_t port;

    if (text_number(word, 65535, &port))
        *slot = (unsigned)port;
}

/* One line's key and first word. */
static void
take(struct server_file *f, const char *key, const char *word)
{
    const struct {
        const char *key;
        char **slot;
    } texts[] = {
        {"bind", &f->address},
        {"unixsocket", &f->unix_socket},
        {"dir", &f->dir},
        {"tls-ca-cert-file", &f->tls_ca},
        {"tls-cert-file", &f->tls_cert},
        {"tls-key-file", &f->tls_key},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcasecmp(key, texts[i].key) == 0)
            keep(texts[i].slot, word);
    if (strcasecmp(key, "port") == 0)
        keep_port(&f->port, word);
    else if (strcasecmp(key, "tls-port") == 0)
        keep_port(&f->tls_port, word);
    else if (strcasecmp(key, "requirepass") == 0)
        f->has_password = word[0] != '\0';
    else if (strcasecmp(key, "user") == 0 || strcasecmp(key, "aclfile") == 0)
        f->has_password = true;
    else if (strcasecmp(key, "sentinel") == 0)
        f->sentinel = true;
}

void
server_file_read(struct server_file *f, const char *text)
{
    *f = (struct server_file){.port = DEFAULT_PORT};
    while (*text != '\0') {
        const char *at = text, *end = text + strcspn(text, "\n");
        char *key = next_word(&at, end);
        char *word = key == NULL ? NULL : next_word(&at, end);

        if (word != NULL && key[0] != '#')
            take(f, key, word);
        free(key);
        free(word);
        text = *end == '\0' ? end : end + 1;
    }
}

int
server_file_load(struct server_file *f, const char *path, struct error *e)
{
    char *text;
    size_t size;

    *f = (struct server_file){0};
    if (file_load_named(path, SERVER_FILE_MAX, &text, &size, e) != 0)
        return -1;
    server_file_read(f, text);
    free(text);
    return 0;
}

void
server_file_clear(struct server_file *f)
{
    free(f->address);
    free(f->unix_socket);
    free(f->dir);
    free(f->tls_ca);
    free(f->tls_cert);
    free(f->tls_key);
    *f = (struct server_file){0};
}
