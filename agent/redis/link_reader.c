#include "redis/link_reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"
#include "base/text.h"

/* Half of an error's text, so that hints fit behind the server's words. */
enum { READER_WORDS_SIZE = 300 };

#if HIREDIS_MAJOR >= 1
typedef size_t reader_count;
#else
typedef int reader_count; /* hiredis 0.14 */
#endif

struct link_reader {
    redisReader *redis;
    redisReplyObjectFunctions functions; /* hiredis' own but for arrays */
    void *(*create_array)(const redisReadTask *, reader_count);
    size_t bytes;        /* since the last whole reply */
    size_t elements;     /* announced, since the last whole reply */
    const char *refused; /* what of the reply passed its limit */
};

static bool
is_too_deep(const redisReadTask *task)
{
    int depth = 0;

    while ((task = task->parent) != NULL)
        if (++depth >= LINK_READER_DEPTH_MAX)
            return true;
    return false;
}

/*
 * hiredis would allocate whatever number of elements a server announces, and
 * since 1.1 nest them without a limit.
 */
static void *
create_array(const redisReadTask *task, reader_count count)
{
    struct link_reader *r = task->privdata;

    if ((size_t)count > LINK_READER_ELEMENTS_MAX - r->elements)
        r->refused = "the server's reply has too many elements";
    else if (is_too_deep(task))
        r->refused = "the server's reply is nested too deep";
    if (r->refused != NULL)
        return NULL;
    r->elements += (size_t)count;
    return r->create_array(task, count);
}

struct link_reader *
link_reader_new(void)
{
    struct link_reader *r = memory_new(sizeof *r);

    r->redis = redisReaderCreate();
    if (r->redis == NULL)
        abort(); /* out of memory, see memory.h */
    r->functions = *r->redis->fn;
    r->create_array = r->functions.createArray;
    r->functions.createArray = create_array;
    r->redis->fn = &r->functions;
    r->redis->privdata = r;
    return r;
}

int
link_reader_feed(struct link_reader *r, const void *bytes, size_t size,
                 struct error *e)
{
    if (size > LINK_READER_BYTES_MAX - r->bytes)
        return error_set(e, ERROR_FAILED,
                         "the server's reply has more than %d bytes",
                         LINK_READER_BYTES_MAX);
    r->bytes += size;
    if (redisReaderFeed(r->redis, bytes, size) != REDIS_OK)
        return error_set(e, ERROR_FAILED, "%s", r->redis->errstr);
    return 0;
}

int
link_reader_next(struct link_reader *r, struct redisReply **reply,
                 struct error *e)
{
    void *found = NULL;
    char words[READER_WORDS_SIZE];

    *reply = NULL;
    if (redisReaderGetReply(r->redis, &found) != REDIS_OK) {
        if (r->refused != NULL)
            return error_set(e, ERROR_FAILED, "%s", r->refused);
        return error_set(e, ERROR_FAILED,
                         "what the server says is no reply: %s",
                         text_quote(words, sizeof words, r->redis->errstr,
                                    strlen(r->redis->errstr)));
    }
    if (found != NULL) {
        r->bytes = r->redis->len - r->redis->pos;
        r->elements = 0;
    }
    *reply = found;
    return 0;
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Words about an unknown command repeat its arguments, secret or not. */
static size_t
without_arguments(const char *words, size_t size)
{
    const char *arguments = strstr(words, ", with args");

    return arguments != NULL ? (size_t)(arguments - words) : size;
}

int
link_reader_judge(const struct redisReply *reply, struct error *e)
{
    char words[READER_WORDS_SIZE];
    size_t size = reply->len;
    const char *hint = "";
    enum error_kind kind = ERROR_FAILED;

    if (reply->type != REDIS_REPLY_ERROR)
        return 0;
    if (begins(reply->str, "NOPERM"))
        kind = ERROR_DENIED;
    if (begins(reply->str, "ERR unknown command")) {
        kind = ERROR_DENIED;
        size = without_arguments(reply->str, size);
    }
    if (begins(reply->str, "NOAUTH")) {
        kind = ERROR_DENIED;
        hint = ": give the password in the URL or password_file";
    }
    if (size > 0 && reply->str[size - 1] == '.')
        size--;
    text_quote(words, sizeof words, reply->str, size);
    return error_set(e, kind, "%s%s",
                     size > 0 ? words : "an error without words", hint);
}

void
link_reader_free(struct link_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->redis);
    free(r);
}
