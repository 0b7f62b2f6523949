#include "redis/survey.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"
#include "base/text.h"

/* What those who rename commands rename. */
#define RENAMED                                                             \
    "FLUSHALL", "FLUSHDB", "CONFIG", "KEYS", "DEBUG", "SHUTDOWN", "BGSAVE", \
        "BGREWRITEAOF", "SAVE", "REPLICAOF", "RENAME", "DEL", "EVAL"

struct survey_settings {
    char **words; /* name, value, name, ... */
    size_t count, capacity;
};

/* Of the type, or NULL and why. */
static struct redisReply *
expect(struct redisReply *reply, int type, const char *what, struct error *e)
{
    if (reply == NULL || reply->type == type)
        return reply;
    error_set(e, ERROR_FAILED, "%s: the reply is of another kind", what);
    link_reply_free(reply);
    return NULL;
}

char *
survey_ask_info(struct link *link, struct error *e)
{
    struct redisReply *reply =
        expect(link_say(link, e, "INFO", NULL), REDIS_REPLY_STRING, "INFO", e);
    char *text = reply == NULL ? NULL : memory_copy(reply->str, reply->len);

    link_reply_free(reply);
    return text;
}

struct survey_settings *
survey_settings_new(void)
{
    return memory_new(sizeof(struct survey_settings));
}

void
survey_settings_add(struct survey_settings *s, const char *name,
                    const char *value)
{
    s->words = memory_grow(s->words, s->count, &s->capacity, sizeof *s->words);
    s->words[s->count++] = memory_dup(name);
    s->words = memory_grow(s->words, s->count, &s->capacity, sizeof *s->words);
    s->words[s->count++] = memory_dup(value);
}

void
survey_settings_free(struct survey_settings *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->words[i]);
    free(s->words);
    free(s);
}

const char *
survey_settings_find(const struct survey_settings *s, const char *name)
{
    for (size_t i = 0; i < s->count; i += 2)
        if (strcmp(s->words[i], name) == 0)
            return s->words[i + 1];
    return NULL;
}

struct survey_settings *
survey_ask_settings(struct link *link, struct error *e)
{
    struct redisReply *reply =
        expect(link_say(link, e, "CONFIG", "GET", "*", NULL), REDIS_REPLY_ARRAY,
               "CONFIG GET *", e);
    struct survey_settings *s;

    if (reply == NULL)
        return NULL;
    s = survey_settings_new();
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        if (reply->element[i]->type == REDIS_REPLY_STRING &&
            reply->element[i + 1]->type == REDIS_REPLY_STRING)
            survey_settings_add(s, reply->element[i]->str,
                                reply->element[i + 1]->str);
    link_reply_free(reply);
    return s;
}

int64_t
survey_ask_slow(struct link *link, struct error *e)
{
    struct redisReply *reply = expect(link_say(link, e, "SLOWLOG", "LEN", NULL),
                                      REDIS_REPLY_INTEGER, "SLOWLOG LEN", e);
    int64_t count = reply == NULL ? -1 : (int64_t)reply->integer;

    link_reply_free(reply);
    return count;
}

char *
survey_ask_gone(struct link *link, struct error *e)
{
    static const char *const names[] = {RENAMED};
    struct redisReply *reply =
        expect(link_say(link, e, "COMMAND", "INFO", RENAMED, NULL),
               REDIS_REPLY_ARRAY, "COMMAND INFO", e);
    char *gone = reply == NULL ? NULL : memory_dup("");

    for (size_t i = 0; reply != NULL && i < reply->elements &&
                       i < sizeof names / sizeof *names;
         i++) {
        char *longer;

        if (reply->element[i]->type != REDIS_REPLY_NIL)
            continue;
        longer = text_format("%s %s", gone, names[i]);
        free(gone);
        gone = longer;
    }
    link_reply_free(reply);
    return gone;
}

/* 1: it answers; 0: it does not let us; -1: that cannot be told. */
static int
is_let(struct redisReply *reply, const struct error *e)
{
    bool let = reply != NULL;

    link_reply_free(reply);
    return let ? 1 : e->kind == ERROR_DENIED ? 0 : -1;
}

static enum survey_stranger
try(struct link *link, struct error *e)
{
    int sees = is_let(link_say(link, e, "DBSIZE", NULL), e), rules;

    if (sees <= 0)
        return sees == 0 ? SURVEY_STRANGER_NOTHING : SURVEY_STRANGER_UNKNOWN;
    rules = is_let(link_say(link, e, "CONFIG", "GET", "port", NULL), e);
    return rules == 1 ? SURVEY_STRANGER_ALL : SURVEY_STRANGER_SOME;
}

enum survey_stranger
survey_try_stranger(const struct link_options *options, struct error *e)
{
    struct url url = *options->url;
    struct link_options bare = *options;
    enum survey_stranger may = SURVEY_STRANGER_UNKNOWN;
    struct link *link;

    url.user = NULL;
    url.password = NULL;
    url.db = 0;
    bare.url = &url;
    bare.password = NULL;
    link = link_open(&bare, e);
    if (link != NULL)
        may = try(link, e);
    else if (e->kind == ERROR_DENIED)
        may = SURVEY_STRANGER_NOTHING;
    link_close(link);
    return may;
}
