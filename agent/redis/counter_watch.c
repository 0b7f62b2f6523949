#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "redis/counter.h"
#include "redis/link_reader.h"

enum { TRIES_MAX = 1000, LEAST_SIZE = 21 };

/* One try for some keys. */
struct attempt {
    struct link *link;
    const struct counter_key *keys;
    size_t count;
    enum counter_state *states;
    size_t answered;
    bool raises; /* something is to be written */
    bool applied;
};

static bool
is_to_raise(enum counter_state state)
{
    return state == COUNTER_RAISED || state == COUNTER_MADE;
}

/* WATCH is answered first, then each GET. */
static int
on_look(void *context, const struct redisReply *reply, const struct error *why,
        struct error *e)
{
    struct attempt *a = context;
    size_t i = a->answered++;
    enum counter_state *state;
    int64_t number;

    if (i == 0 && reply != NULL)
        return 0;
    if (i == 0) {
        *e = *why;
        return -1;
    }
    state = &a->states[i - 1];
    if (counter_judge(reply, why, state, &number, e) != 0)
        return -1;
    if (*state == COUNTER_MISSING)
        *state = COUNTER_MADE;
    else if (*state == COUNTER_NUMBER &&
             (number < 0 || (uint64_t)number < a->keys[i - 1].least))
        *state = COUNTER_RAISED;
    a->raises |= is_to_raise(*state);
    return 0;
}

static int
look(struct attempt *a, struct error *e)
{
    const char *argv[1 + COUNTER_BATCH_MAX] = {"WATCH"};
    size_t sizes[1 + COUNTER_BATCH_MAX] = {5};
    struct link_pipe pipe;

    for (size_t i = 0; i < a->count; i++) {
        argv[1 + i] = a->keys[i].key;
        sizes[1 + i] = a->keys[i].size;
    }
    link_pipe_begin(&pipe, a->link, LINK_PIPE_MAX, on_look, a);
    link_pipe_send(&pipe, (int)(1 + a->count), argv, sizes, e);
    for (size_t i = 0; i < a->count; i++) {
        const char *get[] = {"GET", a->keys[i].key};

        link_pipe_send(&pipe, 2, get, (const size_t[]){3, a->keys[i].size}, e);
    }
    return link_pipe_drain(&pipe, e);
}

/* OK, QUEUED and so on; at last EXEC's: nothing when somebody wrote. */
static int
on_written(void *context, const struct redisReply *reply,
           const struct error *why, struct error *e)
{
    struct attempt *a = context;

    if (reply == NULL) {
        *e = *why;
        return -1;
    }
    a->applied = reply->type != REDIS_REPLY_NIL;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements;
         i++)
        if (link_reader_judge(reply->element[i], e) != 0)
            return -1;
    return 0;
}

static void
send_set(struct link_pipe *pipe, const struct counter_key *key, struct error *e)
{
    char least[LEAST_SIZE];
    int size =
        snprintf(least, sizeof least, "%llu", (unsigned long long)key->least);
    const char *argv[] = {"SET", key->key, least, "KEEPTTL"};
    const size_t sizes[] = {3, key->size, (size_t)size, 7};

    link_pipe_send(pipe, 4, argv, sizes, e);
}

static int
by_least(const void *one, const void *other)
{
    const struct counter_key *a = one, *b = other;

    return (a->least > b->least) - (a->least < b->least);
}

/* Sorted: of a key that comes twice the higher number is to be the last. */
static void
send_raised(struct link_pipe *pipe, const struct attempt *a, struct error *e)
{
    struct counter_key raised[COUNTER_BATCH_MAX];
    size_t count = 0;

    for (size_t i = 0; i < a->count; i++)
        if (is_to_raise(a->states[i]))
            raised[count++] = a->keys[i];
    qsort(raised, count, sizeof *raised, by_least);
    for (size_t i = 0; i < count; i++)
        send_set(pipe, &raised[i], e);
}

static int
write_raised(struct attempt *a, struct error *e)
{
    const char *begin[] = {"MULTI"}, *end[] = {"EXEC"}, *none[] = {"UNWATCH"};
    struct link_pipe pipe;

    link_pipe_begin(&pipe, a->link, LINK_PIPE_MAX, on_written, a);
    if (a->raises) {
        link_pipe_send(&pipe, 1, begin, NULL, e);
        send_raised(&pipe, a, e);
        link_pipe_send(&pipe, 1, end, NULL, e);
    } else
        link_pipe_send(&pipe, 1, none, NULL, e);
    return link_pipe_drain(&pipe, e);
}

int
counter_raise_watched(struct link *link, const struct counter_key *keys,
                      size_t count, enum counter_state *states, struct error *e)
{
    size_t room = count;
    unsigned tries = 0;

    for (size_t done = 0; done < count;) {
        struct attempt a = {
            .link = link,
            .keys = keys + done,
            .count = room < count - done ? room : count - done,
            .states = states + done,
        };

        if (look(&a, e) != 0 || write_raised(&a, e) != 0)
            return -1;
        if (a.applied) {
            done += a.count;
            tries = 0;
        } else if (++tries == TRIES_MAX)
            return error_set(e, ERROR_FAILED,
                             "others write to this counter all the time");
        else if (room > 1)
            room /= 2; /* fewer keys, fewer who write them */
    }
    return 0;
}
