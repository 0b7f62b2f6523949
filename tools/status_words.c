#include "status_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/url.h"

enum { PORT_USUAL = 6379 };

static char *
read_redkeep(const char *file)
{
    char *word, *command;

    if (file == NULL || strcmp(file, "/etc/redkeep/redkeep.conf") == 0)
        return memory_dup("redkeep");
    word = text_shell_word(file);
    command = text_format("redkeep --config %s", word);
    free(word);
    return command;
}

/* "redis-cli -s /run/redis.sock", "redis-cli -h db -p 6380". */
static char *
say_place(const struct url *u)
{
    char *word, *place;

    if (u->path == NULL && strcmp(u->host, "127.0.0.1") == 0)
        return u->port == PORT_USUAL ? memory_dup("redis-cli")
                                     : text_format("redis-cli -p %u", u->port);
    word = text_shell_word(u->path != NULL ? u->path : u->host);
    place = u->path != NULL
                ? text_format("redis-cli -s %s", word)
                : text_format("redis-cli -h %s -p %u", word, u->port);
    free(word);
    return place;
}

static char *
read_redis_cli(const struct config *config)
{
    struct url url = {0};
    struct error ignored = {0};
    char *place, *user, *all;
    bool secret;

    if (url_read(&url, config_text(config, CONFIG_REDIS), &ignored) != 0)
        return memory_dup("redis-cli");
    secret = url.password != NULL ||
             config_text(config, CONFIG_PASSWORD_FILE) != NULL;
    place = say_place(&url);
    user = text_shell_word(url.user != NULL ? url.user : "");
    all = text_format("%s%s%s%s%s", place, url.tls ? " --tls" : "",
                      url.user != NULL ? " --user " : "",
                      url.user != NULL ? user : "", secret ? " --askpass" : "");
    free(user);
    free(place);
    url_clear(&url);
    return all;
}

void
status_words_read(struct status_words *w, const struct config *config)
{
    w->redkeep = read_redkeep(config->path);
    w->redis_cli = read_redis_cli(config);
}

void
status_words_clear(struct status_words *w)
{
    free(w->redkeep);
    free(w->redis_cli);
    memset(w, 0, sizeof *w);
}

/* text with word, where a blank follows it, being another. */
static char *
replace(char *text, const char *word, const char *other)
{
    size_t size = strlen(word);
    char *at = text, *done = memory_dup(""), *longer;

    for (char *next; (next = strstr(at, word)) != NULL; at = next + size) {
        const char *put = next[size] == ' ' ? other : word;

        longer = text_format("%s%.*s%s", done, (int)(next - at), at, put);
        free(done);
        done = longer;
    }
    longer = text_format("%s%s", done, at);
    free(done);
    free(text);
    return longer;
}

char *
status_words_put(const struct status_words *w, const char *remedy)
{
    return replace(replace(memory_dup(remedy), "redkeep", w->redkeep),
                   "redis-cli", w->redis_cli);
}
