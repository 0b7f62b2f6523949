#include "redis/keys.h"

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"
#include "base/text.h"
#include "redis/link_pipe.h"

enum { UNDER_WAY_MAX = 100 };

/* What is wrong with the key alone; 0: it is more than that. */
static int64_t
fault_of_key(const struct error *e)
{
    if (strncmp(e->text, "WRONGTYPE", 9) == 0)
        return KEYS_OTHER_TYPE;
    /* "NOPERM ... no permissions to access ...", in all releases. */
    if (strncmp(e->text, "NOPERM", 6) == 0 &&
        strstr(e->text, " to access ") != NULL)
        return KEYS_DENIED;
    if (strncmp(e->text, "MOVED ", 6) == 0)
        return KEYS_ELSEWHERE;
    return 0;
}

static int64_t
number_of(const struct redisReply *reply, const char *begins)
{
    uint64_t number;

    if (begins != NULL)
        return reply->type == REDIS_REPLY_STRING &&
               strncmp(reply->str, begins, strlen(begins)) == 0;
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer;
    if (reply->type == REDIS_REPLY_STRING &&
        text_number(reply->str, UINT32_MAX, &number))
        return (int64_t)number;
    return 0;
}

/* Answers come in the order of the questions. */
struct counting {
    struct keys_question *next;
};

static int
take_count(void *context, const struct redisReply *reply,
           const struct error *why, struct error *e)
{
    struct counting *counting = context;
    struct keys_question *q = counting->next++;

    if (reply == NULL && fault_of_key(why) == 0) {
        *e = *why;
        return error_in(e, "%s", q->command);
    }
    q->number = reply == NULL ? fault_of_key(why) : number_of(reply, q->begins);
    return 0;
}

int
keys_count(struct link *link, struct keys_question *questions, size_t count,
           struct error *e)
{
    struct counting counting = {questions};
    struct link_pipe pipe;
    int rc = 0;

    link_pipe_begin(&pipe, link, UNDER_WAY_MAX, take_count, &counting);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct keys_question *q = &questions[i];
        const char *argv[] = {q->command, q->key, q->argument};

        rc = link_pipe_send(&pipe, q->argument != NULL ? 3 : 2, argv, NULL, e);
    }
    return link_pipe_drain(&pipe, e);
}

/* 1: the callee wants no more. */
static int
take_round(struct keys_scan *scan, const struct redisReply *reply,
           keys_found *found, void *context, struct error *e)
{
    const struct redisReply *cursor, *names;
    bool more = true;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return error_set(e, ERROR_FAILED, "SCAN: not an answer");
    cursor = reply->element[0];
    names = reply->element[1];
    if (cursor->type != REDIS_REPLY_STRING ||
        names->type != REDIS_REPLY_ARRAY || cursor->len == 0 ||
        cursor->len >= sizeof scan->cursor)
        return error_set(e, ERROR_FAILED, "SCAN: not an answer");
    memcpy(scan->cursor, cursor->str, cursor->len + 1);
    for (size_t i = 0; i < names->elements && more; i++)
        if (names->element[i]->type == REDIS_REPLY_STRING)
            more =
                found(context, names->element[i]->str, names->element[i]->len);
    return more ? 0 : 1;
}

static struct redisReply *
ask_round(struct link *link, const struct keys_scan *scan, struct error *e)
{
    if (scan->set != NULL)
        return link_say(link, e, "SSCAN", scan->set, scan->cursor, "COUNT",
                        "500", NULL);
    return link_say(link, e, "SCAN", scan->cursor, "MATCH", scan->pattern,
                    "COUNT", "500", NULL);
}

int
keys_scan(struct link *link, struct keys_scan *scan, keys_found *found,
          void *context, struct error *e)
{
    struct error why = {0};
    int rc = 0;

    while (rc == 0 && scan->rounds > 0) {
        struct redisReply *reply = ask_round(link, scan, &why);

        if (reply == NULL && fault_of_key(&why) != 0) {
            strcpy(scan->cursor, "0");
            return 0;
        }
        if (reply == NULL) {
            *e = why;
            return error_in(e, scan->set != NULL ? "SSCAN" : "SCAN");
        }
        rc = take_round(scan, reply, found, context, e);
        link_reply_free(reply);
        scan->rounds--;
        if (rc == 0 && strcmp(scan->cursor, "0") == 0)
            rc = 1;
    }
    return rc < 0 ? -1 : 0;
}

char *
keys_pattern(const char *text)
{
    char *pattern = memory_new(2 * strlen(text) + 1), *to = pattern;

    for (; *text != '\0'; text++) {
        if (strchr("*?[]\\^-", *text) != NULL)
            *to++ = '\\';
        *to++ = *text;
    }
    return pattern;
}
