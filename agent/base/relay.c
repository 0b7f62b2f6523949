#include "base/relay.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/thread.h"

struct block {
    unsigned char *bytes;
    size_t size;
};

/*
 * A ring. Block n lies at n % RELAY_BLOCKS; those from taken to filled are the
 * reader's, the others the thread's. So the lock is held for numbers only.
 */
struct relay {
    source_pull *pull;
    void *context;
    struct block blocks[RELAY_BLOCKS];
    bool lent;     /* the reader has block taken */
    bool alone;    /* no thread could be had */
    bool threaded; /* there is one to wait for */
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t moved; /* one waits at most: it is full or empty, not both */
    uint64_t taken, filled;
    bool ended;         /* nothing comes behind filled */
    bool quit;          /* the reader wants no more */
    struct error error; /* why it ended; ERROR_NONE: it was the end */
};

struct relay *
relay_new(source_pull *pull, void *context)
{
    struct relay *r = memory_new(sizeof *r);

    r->pull = pull;
    r->context = context;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->moved, NULL);
    return r;
}

/* Pulls into a block that is ours alone; false at the end. */
static bool
fill(struct relay *r, struct block *b, struct error *e)
{
    b->size = 0;
    if (b->bytes == NULL)
        b->bytes = memory_resize(NULL, RELAY_BLOCK_BYTES, 1);
    if (r->pull(r->context, b->bytes, RELAY_BLOCK_BYTES, &b->size, e) == 0)
        return b->size > 0;
    if (e->kind == ERROR_NONE)
        error_set(e, ERROR_FAILED, "read");
    return false;
}

/* Fills the next block, and says so. With the lock, which it lets go of. */
static void
advance(struct relay *r)
{
    struct block *b = &r->blocks[r->filled % RELAY_BLOCKS];
    struct error error = {0};
    bool filled;

    pthread_mutex_unlock(&r->lock);
    filled = fill(r, b, &error);
    pthread_mutex_lock(&r->lock);
    if (filled) {
        r->filled++;
    } else {
        r->error = error;
        r->ended = true;
    }
    pthread_cond_signal(&r->moved);
}

static void *
run(void *relay)
{
    struct relay *r = relay;

    pthread_mutex_lock(&r->lock);
    while (!r->quit && !r->ended) {
        if (r->filled - r->taken == RELAY_BLOCKS)
            pthread_cond_wait(&r->moved, &r->lock);
        else
            advance(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Gives back the block that is lent, and has another come. With the lock. */
static void
turn(struct relay *r)
{
    if (r->lent) {
        r->lent = false;
        r->taken++;
        pthread_cond_signal(&r->moved);
    }
    while (r->filled == r->taken && !r->ended) {
        if (r->threaded)
            pthread_cond_wait(&r->moved, &r->lock);
        else
            advance(r);
    }
}

int
relay_next(struct relay *r, const void **bytes, size_t *size, struct error *e)
{
    const struct block *b;

    *bytes = NULL;
    *size = 0;
    if (process_check_stop(e) != 0)
        return -1;
    if (r->lent && !r->threaded && !r->alone && !r->ended) {
        r->threaded = thread_start(&r->thread, run, r);
        r->alone = !r->threaded;
    }
    pthread_mutex_lock(&r->lock);
    turn(r);
    if (r->filled > r->taken) {
        b = &r->blocks[r->taken % RELAY_BLOCKS];
        r->lent = true;
        *bytes = b->bytes;
        *size = b->size;
    }
    pthread_mutex_unlock(&r->lock);
    if (*size > 0 || r->error.kind == ERROR_NONE)
        return 0;
    *e = r->error;
    return -1;
}

void
relay_free(struct relay *r)
{
    if (r == NULL)
        return;
    if (r->threaded) {
        pthread_mutex_lock(&r->lock);
        r->quit = true;
        pthread_cond_signal(&r->moved);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
    }
    for (size_t i = 0; i < RELAY_BLOCKS; i++)
        free(r->blocks[i].bytes);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
