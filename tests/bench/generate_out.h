/*
 * generate_out.h - texts, numbers and commands for generate.c.
 *
 * Everything is put into fixed rooms: a text holds TEXT_BYTES, which no
 * value of generate.c comes near; a command at most COMMAND_BYTES_MAX.
 * Functions are inline because the generator is one program of one file.
 */
#ifndef BENCH_GENERATE_OUT_H
#define BENCH_GENERATE_OUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (1 << 20)
#define COMMAND_BYTES_MAX (64 << 10)
#define TEXT_BYTES 8192
#define WORDS_MAX 256

static const char vocabulary[] =
    "account after again amount answer archive balance because before "
    "between billing branch cancel carrier change charge check city "
    "client confirm contact copy country customer daily date deliver "
    "deposit detail device discount document door draft early east edit "
    "email empty error event export failed feature field final first "
    "follow forward friday garden general group handle harbour holiday "
    "hour house import invoice item january journey label language large "
    "later ledger letter limit local market member message minute mobile "
    "monday money month morning network night normal north notice number "
    "office open order other package paper parcel partner payment pending "
    "phone picture please policy postal price printer private product "
    "profile project public quarter question quick receipt record refund "
    "region release remind repeat report request reserve return review "
    "river sample schedule screen season second secure send server "
    "service session settings shipping simple single small south spring "
    "station status stock store street summer sunday supply support "
    "system table target team ticket today total track train transfer "
    "travel update upgrade upload user value vendor version visit voucher "
    "waiting warehouse water weather website week weight west window "
    "winter within without working yearly yellow yesterday";

struct text {
    size_t used;
    char bytes[TEXT_BYTES];
};

struct generator {
    uint64_t random;
    uint64_t now_ms;
    uint64_t written;
    uint64_t jobs;
    uint64_t events; /* rises with every stream entry: ids never repeat */
    uint64_t keys;
    size_t used;
    struct text key, value;
    size_t word_count;
    const char *words[WORDS_MAX];
    char vocabulary[sizeof(vocabulary)];
    char buffer[BUFFER_BYTES];
};

/* xorshift64*: fast, and the same everywhere. */
static inline uint64_t
next(struct generator *g)
{
    g->random ^= g->random >> 12;
    g->random ^= g->random << 25;
    g->random ^= g->random >> 27;
    return g->random * 2685821657736338717ULL;
}

static inline uint64_t
below(struct generator *g, uint64_t limit)
{
    return ((next(g) >> 32) * limit) >> 32;
}

static inline void
put(struct text *t, const char *s)
{
    size_t n = strlen(s);

    memcpy(t->bytes + t->used, s, n);
    t->used += n;
}

/* Writes n in decimal so that it ends at `end`; returns its first digit. */
static inline char *
digits(char *end, uint64_t n)
{
    do {
        *--end = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    return end;
}

static inline void
put_number(struct text *t, uint64_t n)
{
    char room[20];
    char *first = digits(room + sizeof(room), n);
    size_t length = (size_t)(room + sizeof(room) - first);

    memcpy(t->bytes + t->used, first, length);
    t->used += length;
}

static inline void
put_hex(struct text *t, uint64_t n, size_t length)
{
    for (size_t i = 0; i < length; i++, n >>= 4)
        t->bytes[t->used++] = "0123456789abcdef"[n & 15];
}

static inline void
put_pair(struct text *t, const char *name, uint64_t n)
{
    put(t, name);
    put_number(t, n);
}

/* Cuts the vocabulary into words. */
static inline void
split_words(struct generator *g)
{
    char *rest = g->vocabulary;
    char *word;

    memcpy(g->vocabulary, vocabulary, sizeof(vocabulary));
    while (g->word_count < WORDS_MAX && (word = strsep(&rest, " ")) != NULL)
        g->words[g->word_count++] = word;
}

static inline const char *
any_word(struct generator *g)
{
    return g->words[below(g, g->word_count)];
}

static inline void
put_sentence(struct generator *g, struct text *t, uint64_t count)
{
    put(t, any_word(g));
    for (uint64_t i = 1; i < count; i++) {
        put(t, " ");
        put(t, any_word(g));
    }
}

static inline void
flush(struct generator *g)
{
    if (fwrite(g->buffer, 1, g->used, stdout) != g->used) {
        perror("generate: write");
        exit(1);
    }
    g->used = 0;
}

static inline void
line(struct generator *g, char mark, uint64_t n)
{
    char room[24];
    char *end = room + sizeof(room);
    char *first = digits(end - 2, n);

    end[-2] = '\r';
    end[-1] = '\n';
    *--first = mark;
    memcpy(g->buffer + g->used, first, (size_t)(end - first));
    g->used += (size_t)(end - first);
    g->written += (size_t)(end - first);
}

static inline void
command(struct generator *g, size_t words_count)
{
    if (g->used > BUFFER_BYTES - COMMAND_BYTES_MAX)
        flush(g);
    line(g, '*', words_count);
}

static inline void
arg_bytes(struct generator *g, const char *bytes, size_t size)
{
    line(g, '$', size);
    memcpy(g->buffer + g->used, bytes, size);
    memcpy(g->buffer + g->used + size, "\r\n", 2);
    g->used += size + 2;
    g->written += size + 2;
}

static inline void
arg(struct generator *g, const char *s)
{
    arg_bytes(g, s, strlen(s));
}

static inline void
arg_number(struct generator *g, uint64_t n)
{
    char room[20];
    char *first = digits(room + sizeof(room), n);

    arg_bytes(g, first, (size_t)(room + sizeof(room) - first));
}

static inline void
arg_text(struct generator *g, const struct text *t)
{
    arg_bytes(g, t->bytes, t->used);
}

/* A stream entry's id: absolute, and above every one before it. */
static inline void
arg_stream_id(struct generator *g)
{
    struct text id = {0};

    put_number(&id, g->now_ms);
    put_pair(&id, "-", g->events++);
    arg_text(g, &id);
}

#endif
