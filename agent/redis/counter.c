#include "redis/counter.h"

#include <stdbool.h>
#include <string.h>

#include <hiredis/hiredis.h>

enum { NUMBER_MAX = 20 /* "-9223372036854775808" */ };

/* As string2ll of the server has it. */
static bool
read_number(const char *text, size_t size, int64_t *number)
{
    bool below = size > 0 && text[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + below, value = 0;

    if (size == 1 && text[0] == '0') {
        *number = 0;
        return true;
    }
    if (size <= below || size > NUMBER_MAX || text[below] == '0')
        return false;
    for (size_t i = below; i < size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = below ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

int
counter_judge(const struct redisReply *reply, const struct error *why,
              enum counter_state *state, int64_t *number, struct error *e)
{
    *number = 0;
    if (reply == NULL && strncmp(why->text, "WRONGTYPE", 9) == 0)
        *state = COUNTER_NO_STRING;
    else if (reply == NULL) {
        *e = *why;
        return -1;
    } else if (reply->type == REDIS_REPLY_NIL)
        *state = COUNTER_MISSING;
    else if (reply->type != REDIS_REPLY_STRING)
        return error_set(e, ERROR_FAILED, "GET was answered oddly");
    else if (read_number(reply->str, reply->len, number))
        *state = COUNTER_NUMBER;
    else
        *state = COUNTER_NO_NUMBER;
    return 0;
}

static int
on_value(void *context, const struct redisReply *reply, const struct error *why,
         struct error *e)
{
    struct counter_reader *r = context;
    enum counter_state state = COUNTER_MISSING;
    int64_t number;

    if (counter_judge(reply, why, &state, &number, e) != 0)
        return -1;
    return r->told(r->context, state, number, e);
}

void
counter_read_begin(struct counter_reader *r, struct link *link,
                   counter_told *told, void *context)
{
    r->told = told;
    r->context = context;
    link_pipe_begin(&r->pipe, link, LINK_PIPE_MAX, on_value, r);
}

int
counter_read_send(struct counter_reader *r, const char *key, size_t size,
                  struct error *e)
{
    const char *argv[] = {"GET", key};
    const size_t sizes[] = {3, size};

    return link_pipe_send(&r->pipe, 2, argv, sizes, e);
}

int
counter_read_drain(struct counter_reader *r, struct error *e)
{
    return link_pipe_drain(&r->pipe, e);
}
