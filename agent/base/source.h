/*
 * source.h - bytes for a reader, one window at a time.
 *
 * A reader looks at [at, end) and moves at. When it needs n bytes in a row it
 * asks source_want; when it does not care for n bytes it calls source_skip. So
 * one reader serves a mapped file, a file read in blocks, the stream of an
 * archive, and plain memory. A failed read is kept in the source: readers see
 * an end of the stream, and their caller looks at source->error once.
 *
 * Example: while (source_want(s, 1)) count[*s->at++]++;
 */
#ifndef BASE_SOURCE_H
#define BASE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct source_ahead;

/* The most that source_want may be asked for at once. */
enum { SOURCE_WANT_MAX = 65536 };

/* Writes up to size bytes, *got of them; 0 is the end. -1: failed. */
typedef int source_pull(void *context, void *bytes, size_t size, size_t *got,
                        struct error *e);

/* Reads bytes that were pulled before, wherever pull is; see source_read_at. */
typedef int source_again(void *context, void *bytes, size_t size,
                         uint64_t offset, size_t *got, struct error *e);

/* Told as a mapped window moves on; -1 ends the reading with that error. */
typedef int source_moved(void *context, uint64_t offset, struct error *e);

struct source {
    const unsigned char *at;  /* the next byte */
    const unsigned char *end; /* behind the last byte of the window */
    uint64_t end_offset;      /* where in the stream end lies */
    uint64_t size_bytes;      /* of the whole stream; UINT64_MAX: not known */
    struct error error;       /* kind is ERROR_NONE while all is well */
    source_moved *moved;      /* may be set after source_of_file */
    void *moved_context;
    /* Private: */
    bool ended; /* nothing follows the window */
    int fd;
    uint64_t map_offset;
    void *map;
    size_t map_size;
    struct source_ahead *ahead; /* NULL: not (yet) */
    source_pull *pull;
    source_again *again; /* NULL: a stream that is read once */
    void *context;
    unsigned char *block;
};

/* Bytes in memory, borrowed. Needs no close. */
void source_of_memory(struct source *s, const void *bytes, size_t size);

/*
 * The bytes [0, size) of a file, mapped a part at a time (so resident memory
 * stays bounded). fd is borrowed and must be a regular file. A file that
 * shrinks meanwhile becomes an error (ERROR_CHANGED), not a SIGBUS.
 */
int source_of_file(struct source *s, int fd, uint64_t size, struct error *e);

/*
 * Bytes that pull delivers, in blocks of up to 1 MiB. pull sees every byte once
 * and in order, also those the reader skips: it may copy or hash them. size
 * is UINT64_MAX when not known.
 */
void source_of_pull(struct source *s, source_pull *pull, void *context,
                    uint64_t size);

/* Lets source_read_at ask again; context is pull's. */
void source_set_again(struct source *s, source_again *again);

/* Gives back what the source holds. */
void source_close(struct source *s);

/* Where at lies in the stream. */
static inline uint64_t
source_offset(const struct source *s)
{
    return s->end_offset - (uint64_t)(s->end - s->at);
}

/* The slow path of source_want: moves the window. */
bool source_more(struct source *s, size_t n);

/* Whether n bytes (at most SOURCE_WANT_MAX) lie in a row at s->at now. */
static inline bool
source_want(struct source *s, size_t n)
{
    return (size_t)(s->end - s->at) >= n || source_more(s, n);
}

/* Whether source_read_at can read what has been passed over. */
bool source_is_again(const struct source *s);

/* Reads bytes at an offset, wherever the reader is; *got less: the end. */
int source_read_at(const struct source *s, void *bytes, size_t size,
                   uint64_t offset, size_t *got, struct error *e);

/*
 * Goes to an offset (the end, if it is beyond), also back; not in a
 * stream.
 */
void source_seek(struct source *s, uint64_t offset);

/*
 * The next offset that may hold another byte than zero: behind a hole of a
 * sparse file, which takes long to read. The size, if none does.
 */
uint64_t source_data(const struct source *s, uint64_t offset);

/* Whether the rest of a file is a hole, from s->at on: zeros that nobody wrote.
 * False where that cannot be told. */
bool source_is_hole(struct source *s);

/* Moves over n bytes; false when the stream ends before (then all is read). */
bool source_skip(struct source *s, uint64_t n);

/* Reads on to the end of the stream, so that pull has seen everything. */
void source_drain(struct source *s);

#endif
