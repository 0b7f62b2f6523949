#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "redis/counter.h"

enum { LEAST_SIZE = 21 };

/*
 * Numbers are compared as texts: those of Lua are doubles, exact to 2^53 only.
 * KEEPTTL is known since 6.0. An error ends it; what was raised before stays.
 * The states are those of enum counter_state.
 */
static const char script[] =
    "local function above(a, b)\n"
    "  if #a ~= #b then return #a > #b end\n"
    "  return a > b\n"
    "end\n"
    "local function judge(was, least)\n"
    "  local sign, digits = string.match(was, '^(%-?)(%d+)$')\n"
    "  if not digits or (was ~= '0' and string.sub(digits, 1, 1) == '0') or\n"
    "    above(digits, sign == '-' and '9223372036854775808' or\n"
    "          '9223372036854775807') then\n"
    "    return 4\n"
    "  end\n"
    "  return (sign == '-' or above(least, digits)) and 1 or 0\n"
    "end\n"
    "local states = {}\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local was, state = redis.pcall('GET', key), 2\n"
    "  if type(was) == 'string' then\n"
    "    state = judge(was, ARGV[i])\n"
    "  elseif was then\n"
    "    if not string.find(was.err, 'WRONGTYPE', 1, true) then\n"
    "      return was\n"
    "    end\n"
    "    state = 3\n"
    "  end\n"
    "  if state == 1 or state == 2 then\n"
    "    local done = redis.pcall('SET', key, ARGV[i], 'KEEPTTL')\n"
    "    if done.err then return done end\n"
    "  end\n"
    "  states[i] = state\n"
    "end\n"
    "return states\n";

static int
odd(struct error *e)
{
    return error_set(e, ERROR_FAILED, "EVAL was answered oddly");
}

/* Redis 6.0: "@user_script: 26: -OOM command not allowed ...  ". */
static int
refuse(const struct error *why, struct error *e)
{
    const char *words = strstr(why->text, ": -");
    size_t size;

    if (words == NULL || strncmp(why->text, "@user_script", 12) != 0) {
        *e = *why;
        return -1;
    }
    words += 3;
    size = strlen(words);
    while (size > 1 && strchr(" .", words[size - 1]) != NULL)
        size--;
    return error_set(e, why->kind, "%.*s", (int)size, words);
}

static int
on_batch(void *context, const struct redisReply *reply, const struct error *why,
         struct error *e)
{
    struct counter_raiser *r = context;
    size_t count = r->counts[r->answered++ % COUNTER_RING];

    if (reply == NULL)
        return refuse(why, e);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
        return odd(e);
    for (size_t i = 0; i < count; i++) {
        const struct redisReply *state = reply->element[i];

        if (state->type != REDIS_REPLY_INTEGER ||
            state->integer < COUNTER_NUMBER ||
            state->integer > COUNTER_NO_NUMBER)
            return odd(e);
        if (r->told(r->context, (enum counter_state)state->integer, 0, e) != 0)
            return -1;
    }
    return 0;
}

void
counter_raise_begin(struct counter_raiser *r, struct link *link,
                    counter_told *told, void *context)
{
    *r = (struct counter_raiser){.told = told, .context = context};
    link_pipe_begin(&r->pipe, link, COUNTER_BATCHES_MAX, on_batch, r);
}

int
counter_raise_send(struct counter_raiser *r, const struct counter_key *keys,
                   size_t count, struct error *e)
{
    const char *argv[3 + 2 * COUNTER_BATCH_MAX] = {"EVAL", script};
    size_t sizes[3 + 2 * COUNTER_BATCH_MAX] = {4, sizeof script - 1};
    char texts[1 + COUNTER_BATCH_MAX][LEAST_SIZE];

    argv[2] = texts[count];
    sizes[2] = (size_t)snprintf(texts[count], LEAST_SIZE, "%zu", count);
    for (size_t i = 0; i < count; i++) {
        argv[3 + i] = keys[i].key;
        sizes[3 + i] = keys[i].size;
        argv[3 + count + i] = texts[i];
        sizes[3 + count + i] = (size_t)snprintf(
            texts[i], LEAST_SIZE, "%llu", (unsigned long long)keys[i].least);
    }
    r->counts[r->sent++ % COUNTER_RING] = count;
    return link_pipe_send(&r->pipe, (int)(3 + 2 * count), argv, sizes, e);
}

int
counter_raise_drain(struct counter_raiser *r, struct error *e)
{
    return link_pipe_drain(&r->pipe, e);
}
