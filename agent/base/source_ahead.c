#include "base/source_ahead.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/thread.h"

/* What is asked belongs to the thread while busy, else to the reader. */
struct source_ahead {
    int fd;
    void *old;
    size_t old_size;
    uint64_t offset;
    size_t size;
    void *map; /* NULL: nothing is ready */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t turned;
    bool busy, quit;
};

static void
map_next(struct source_ahead *a)
{
    void *map;

    if (a->old != NULL)
        munmap(a->old, a->old_size);
    a->old = NULL;
    if (a->size == 0)
        return;
    /* The disk reads it all while its first pages are entered. */
    posix_fadvise(a->fd, (off_t)a->offset, (off_t)a->size, POSIX_FADV_WILLNEED);
    map = mmap(NULL, a->size, PROT_READ, MAP_SHARED | MAP_POPULATE, a->fd,
               (off_t)a->offset);
    a->map = map == MAP_FAILED ? NULL : map;
}

static void *
run(void *context)
{
    struct source_ahead *a = context;

    pthread_mutex_lock(&a->lock);
    while (a->busy || !a->quit) {
        if (!a->busy) {
            pthread_cond_wait(&a->turned, &a->lock);
            continue;
        }
        pthread_mutex_unlock(&a->lock);
        map_next(a);
        pthread_mutex_lock(&a->lock);
        a->busy = false;
        pthread_cond_signal(&a->turned);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

struct source_ahead *
source_ahead_new(int fd)
{
    struct source_ahead *a = memory_new(sizeof *a);

    a->fd = fd;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->turned, NULL);
    if (thread_start(&a->thread, run, a))
        return a;
    pthread_cond_destroy(&a->turned);
    pthread_mutex_destroy(&a->lock);
    free(a);
    return NULL;
}

/* Until the thread has done what it was asked. With the lock. */
static void
wait_idle(struct source_ahead *a)
{
    while (a->busy)
        pthread_cond_wait(&a->turned, &a->lock);
}

void
source_ahead_prepare(struct source_ahead *a, void *old, size_t old_size,
                     uint64_t offset, size_t size)
{
    pthread_mutex_lock(&a->lock);
    wait_idle(a);
    a->old = old;
    a->old_size = old_size;
    a->offset = offset;
    a->size = size;
    a->busy = true;
    pthread_cond_signal(&a->turned);
    pthread_mutex_unlock(&a->lock);
}

void *
source_ahead_take(struct source_ahead *a, uint64_t *offset, size_t *size)
{
    void *map;

    pthread_mutex_lock(&a->lock);
    wait_idle(a);
    map = a->map;
    a->map = NULL;
    *offset = a->offset;
    *size = a->size;
    pthread_mutex_unlock(&a->lock);
    return map;
}

void
source_ahead_free(struct source_ahead *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->quit = true;
    pthread_cond_signal(&a->turned);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    if (a->map != NULL)
        munmap(a->map, a->size);
    pthread_cond_destroy(&a->turned);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
