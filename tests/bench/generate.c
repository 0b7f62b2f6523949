/*
 * generate.c - makes data like users' as a stream of Redis commands.
 *
 * Job hashes as a queue library writes them (each step of a job a
 * transaction), sessions, JSON strings, sets, sorted sets, lists and streams;
 * a third of the keys expire, in the year 2100. The same seed and size give
 * the same bytes. They are fed to `redis-cli --pipe`, or serve as an
 * append-only file as they are: expiry times and stream ids are absolute, no
 * result depends on the clock.
 *
 * What is varied is what varies in life (ids, addresses, prices, times, free
 * text), so that compressors find about what they find in real data.
 *
 * usage: generate --resp [--mb N] [--seed N] >FILE
 */
#include "generate_out.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MB_MAX 1048576
#define STARTED_MS 1767225600000ULL /* 2026-01-01 */
#define EXPIRES_MS 4102444800000ULL /* 2100-01-01 */
#define YEAR_MS 31536000000ULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const names[] = {
    "anna",  "boris", "carla", "david", "elena",  "fatima", "georg", "hana",
    "ivan",  "jonas", "karin", "lukas", "maria",  "nadia",  "oscar", "petra",
    "quinn", "rosa",  "samir", "tomas", "ursula", "viktor", "wanda", "yusuf",
};

static const char *const queues[] = {
    "emails", "invoices", "thumbnails", "exports", "webhooks", "crawl",
};

static const char *const locales[] = {"de", "en", "es", "fr", "it", "pl"};

/* "PREFIX:NUMBER", the key of what is written next. */
static const struct text *
name_key(struct generator *g, const char *prefix, uint64_t n)
{
    g->key.used = 0;
    put(&g->key, prefix);
    put_number(&g->key, n);
    g->keys++;
    return &g->key;
}

/* Lets every third key expire. Prices and times are not round in life. */
static void
expire_some(struct generator *g)
{
    if (below(g, 3) != 0)
        return;
    command(g, 3);
    arg(g, "PEXPIREAT");
    arg_text(g, &g->key);
    arg_number(g, EXPIRES_MS + below(g, YEAR_MS));
}

static void
put_items(struct generator *g, struct text *t, uint64_t count)
{
    put(t, ",\"items\":[");
    for (uint64_t i = 0; i < count; i++) {
        put(t, i == 0 ? "{\"sku\":\"" : ",{\"sku\":\"");
        put_hex(t, next(g), 8);
        put_pair(t, "\",\"quantity\":", 1 + below(g, 5));
        put_pair(t, ",\"price\":", 99 + below(g, 20000));
        put(t, ",\"title\":\"");
        put_sentence(g, t, 2);
        put(t, "\"}");
    }
    put(t, "]");
}

/* A document of about 100 to 800 bytes. */
static const struct text *
write_document(struct generator *g)
{
    struct text *t = &g->value;
    uint64_t user = below(g, 2000000);

    t->used = 0;
    put_pair(t, "{\"userId\":", user);
    put(t, ",\"email\":\"");
    put(t, names[user % COUNT(names)]);
    put_pair(t, ".", user);
    put(t, "@example.com\",\"locale\":\"");
    put(t, locales[user % COUNT(locales)]);
    put(t, "\",\"requestId\":\"");
    put_hex(t, next(g), 16);
    put_hex(t, next(g), 16);
    put(t, "\",\"trace\":\"");
    put_hex(t, next(g), 16);
    put(t, "\"");
    if (below(g, 2) == 0)
        put_items(g, t, 1 + below(g, 6));
    if (below(g, 4) != 0) {
        put(t, ",\"note\":\"");
        put_sentence(g, t, 4 + below(g, 24));
        put(t, "\"");
    }
    put(t, below(g, 8) == 0 ? ",\"priority\":true" : ",\"priority\":false");
    put_pair(t, ",\"createdAt\":", g->now_ms - below(g, 86400000));
    put(t, "}");
    return t;
}

static void
transaction(struct generator *g, const char *word)
{
    command(g, 1);
    arg(g, word);
}

static void
arg_queue(struct generator *g, const char *queue, const char *part)
{
    struct text name = {0};

    put(&name, "bull:");
    put(&name, queue);
    put(&name, part);
    arg_text(g, &name);
}

static void
write_event(struct generator *g, const char *queue, const char *event)
{
    command(g, 7);
    arg(g, "XADD");
    arg_queue(g, queue, ":events");
    arg_stream_id(g);
    arg(g, "event");
    arg(g, event);
    arg(g, "jobId");
    arg_number(g, g->jobs);
}

static void
finish_job(struct generator *g, const char *queue)
{
    transaction(g, "MULTI");
    command(g, 4);
    arg(g, "LREM");
    arg_queue(g, queue, ":wait");
    arg(g, "1");
    arg_number(g, g->jobs);
    command(g, 4);
    arg(g, "ZADD");
    arg_queue(g, queue, ":completed");
    arg_number(g, g->now_ms + 40 + below(g, 900));
    arg_number(g, g->jobs);
    command(g, 8);
    arg(g, "HSET");
    arg_text(g, &g->key);
    arg(g, "processedOn");
    arg_number(g, g->now_ms + below(g, 40));
    arg(g, "finishedOn");
    arg_number(g, g->now_ms + 40 + below(g, 900));
    arg(g, "returnvalue");
    arg(g, below(g, 4) == 0 ? "{\"sent\":false,\"retry\":true}" : "null");
    write_event(g, queue, "completed");
    transaction(g, "EXEC");
}

static void
write_job(struct generator *g)
{
    const char *queue = queues[below(g, COUNT(queues))];
    char prefix[64];

    snprintf(prefix, sizeof(prefix), "bull:%s:", queue);
    g->jobs++;
    g->now_ms += below(g, 40);
    transaction(g, "MULTI");
    command(g, 16);
    arg(g, "HSET");
    arg_text(g, name_key(g, prefix, g->jobs));
    arg(g, "name");
    arg(g, g->words[g->jobs % 16]);
    arg(g, "data");
    arg_text(g, write_document(g));
    arg(g, "opts");
    arg(g, "{\"attempts\":3,\"backoff\":{\"type\":\"exponential\",\"delay\":"
           "1000},\"removeOnComplete\":1000}");
    arg(g, "timestamp");
    arg_number(g, g->now_ms);
    arg(g, "delay");
    arg(g, "0");
    arg(g, "priority");
    arg_number(g, below(g, 3));
    arg(g, "attempts");
    arg_number(g, 1 + below(g, 3));
    command(g, 3);
    arg(g, "LPUSH");
    arg_queue(g, queue, ":wait");
    arg_number(g, g->jobs);
    write_event(g, queue, "waiting");
    transaction(g, "EXEC");
    if (below(g, 4) != 0)
        finish_job(g, queue);
}

static void
write_session(struct generator *g)
{
    command(g, 10);
    arg(g, "HSET");
    arg_text(g, name_key(g, "session:", next(g) >> 20));
    arg(g, "user");
    arg_number(g, below(g, 2000000));
    arg(g, "seen");
    arg_number(g, g->now_ms);
    arg(g, "agent");
    arg(g, below(g, 3) == 0 ? "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
                            : "Mozilla/5.0 (iPhone) Mobile Safari/604.1");
    arg(g, "token");
    g->value.used = 0;
    put_hex(&g->value, next(g), 16);
    arg_text(g, &g->value);
}

static void
write_string(struct generator *g)
{
    command(g, 3);
    arg(g, "SET");
    arg_text(g, name_key(g, "cache:order:", g->keys));
    arg_text(g, write_document(g));
}

/* Sets of numbers and of words: servers keep them differently. */
static void
write_set(struct generator *g)
{
    uint64_t count = 2 + below(g, 30);
    bool tags = below(g, 2) == 0;

    command(g, 2 + count);
    arg(g, "SADD");
    arg_text(g, name_key(g, tags ? "tags:" : "followers:", g->keys));
    for (uint64_t i = 0; i < count; i++) {
        if (tags)
            arg(g, any_word(g));
        else
            arg_number(g, below(g, 2000000));
    }
}

static void
write_sorted_set(struct generator *g)
{
    uint64_t count = 2 + below(g, 30);

    command(g, 2 + 2 * count);
    arg(g, "ZADD");
    arg_text(g, name_key(g, "ranking:game:", g->keys));
    for (uint64_t i = 0; i < count; i++) {
        arg_number(g, below(g, 1000000));
        g->value.used = 0;
        put(&g->value, names[below(g, COUNT(names))]);
        put_pair(&g->value, "-", below(g, 2000000));
        arg_text(g, &g->value);
    }
}

static void
write_list(struct generator *g)
{
    uint64_t count = 2 + below(g, 10);

    command(g, 2 + count);
    arg(g, "RPUSH");
    arg_text(g, name_key(g, "feed:user:", g->keys));
    for (uint64_t i = 0; i < count; i++) {
        g->value.used = 0;
        put_number(&g->value, g->now_ms - below(g, 86400000));
        put_pair(&g->value, "|", below(g, 2000000));
        put(&g->value, "|");
        put_sentence(g, &g->value, 3 + below(g, 6));
        arg_text(g, &g->value);
    }
}

static void
write_stream(struct generator *g)
{
    uint64_t count = 1 + below(g, 12);

    name_key(g, "stream:sensor:", g->keys);
    for (uint64_t i = 0; i < count; i++) {
        g->now_ms++;
        command(g, 9);
        arg(g, "XADD");
        arg_text(g, &g->key);
        arg_stream_id(g);
        arg(g, "celsius");
        arg_number(g, 150 + below(g, 200));
        arg(g, "humidity");
        arg_number(g, 30 + below(g, 60));
        arg(g, "note");
        arg(g, any_word(g));
    }
}

static const struct {
    void (*write)(struct generator *g);
    unsigned share; /* of 100 keys */
} kinds[] = {
    {write_job, 40}, {write_string, 30},    {write_session, 8}, {write_set, 9},
    {write_list, 4}, {write_sorted_set, 5}, {write_stream, 4},
};

static void
write_any(struct generator *g)
{
    uint64_t draw = below(g, 100);
    size_t i = 0;

    while (draw >= kinds[i].share)
        draw -= kinds[i++].share;
    kinds[i].write(g);
    expire_some(g);
}

static void
generate(struct generator *g, uint64_t size_bytes)
{
    command(g, 2);
    arg(g, "SELECT");
    arg(g, "0");
    while (g->written < size_bytes)
        write_any(g);
    flush(g);
}

static uint64_t
read_number(const char *s, uint64_t limit)
{
    char *end;
    uint64_t n;

    if (s[0] < '0' || s[0] > '9')
        return 0;
    n = strtoull(s, &end, 10);
    return *end == '\0' && n <= limit ? n : 0;
}

/* What the command line asks for; a 0 is something that it must not say. */
struct wish {
    uint64_t size_mb, seed;
    bool resp;
};

static struct wish
read_options(char **argv)
{
    struct wish wish = {.size_mb = 100, .seed = 1};

    for (argv++; *argv != NULL; argv++) {
        if (strcmp(*argv, "--resp") == 0)
            wish.resp = true;
        else if (strcmp(*argv, "--mb") == 0 && argv[1] != NULL)
            wish.size_mb = read_number(*++argv, SIZE_MB_MAX);
        else if (strcmp(*argv, "--seed") == 0 && argv[1] != NULL)
            wish.seed = read_number(*++argv, UINT32_MAX);
        else
            return (struct wish){0};
    }
    return wish;
}

int
main(int argc, char **argv)
{
    static struct generator g = {.now_ms = STARTED_MS};
    struct wish wish = read_options(argv);

    (void)argc;
    if (!wish.resp || wish.size_mb == 0 || wish.seed == 0) {
        fprintf(stderr, "usage: generate --resp [--mb N] [--seed N] >FILE\n");
        return 2;
    }
    g.random = wish.seed * 0x9e3779b97f4a7c15ULL;
    split_words(&g);
    generate(&g, wish.size_mb * 1000000);
    if (fclose(stdout) != 0) {
        perror("generate: write");
        return 1;
    }
    fprintf(stderr, "%" PRIu64 " keys, %" PRIu64 " bytes\n", g.keys, g.written);
    return 0;
}
