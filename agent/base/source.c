#include "base/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/source_map.h"

/* One pull; the carry of the block before lies in front of it. */
enum { BLOCK_BYTES = 1 << 20 };

/* What an empty window points at. */
static const unsigned char nothing;

void
source_of_memory(struct source *s, const void *bytes, size_t size)
{
    *s = (struct source){
        .at = size > 0 ? bytes : &nothing,
        .end_offset = size,
        .size_bytes = size,
        .ended = true,
        .fd = -1,
    };
    s->end = s->at + size;
}

int
source_of_file(struct source *s, int fd, uint64_t size, struct error *e)
{
    *s = (struct source){
        .at = &nothing,
        .end = &nothing,
        .size_bytes = size,
        .fd = fd,
    };
    if (source_map_begin(s, e) == 0)
        return 0;
    s->error = *e;
    s->ended = true;
    return -1;
}

void
source_of_pull(struct source *s, source_pull *pull, void *context,
               uint64_t size)
{
    *s = (struct source){
        .size_bytes = size,
        .fd = -1,
        .pull = pull,
        .context = context,
        .block = memory_resize(NULL, SOURCE_WANT_MAX + BLOCK_BYTES, 1),
    };
    s->at = s->end = s->block;
}

void
source_close(struct source *s)
{
    if (s->fd >= 0)
        source_map_end(s);
    free(s->block);
    s->block = NULL;
    s->at = s->end = &nothing;
    s->ended = true;
    s->fd = -1;
}

/* Appends one block to the window, whose rest goes to the front first. */
static bool
pull_block(struct source *s)
{
    size_t carry = (size_t)(s->end - s->at), got = 0;

    if (carry > 0 && s->at != s->block)
        memmove(s->block, s->at, carry);
    s->at = s->block;
    s->end = s->block + carry;
    if (s->pull(s->context, s->block + carry, BLOCK_BYTES, &got, &s->error) !=
        0) {
        if (s->error.kind == ERROR_NONE)
            error_set(&s->error, ERROR_FAILED, "read");
        s->ended = true;
        return false;
    }
    if (got == 0) {
        s->ended = true;
        return false;
    }
    s->end += got;
    s->end_offset += got;
    return true;
}

bool
source_more(struct source *s, size_t n)
{
    if (n > SOURCE_WANT_MAX)
        return false;
    if (s->fd >= 0 && !s->ended)
        source_map_move(s);
    while (s->pull != NULL && !s->ended && (size_t)(s->end - s->at) < n)
        pull_block(s);
    return s->error.kind == ERROR_NONE && (size_t)(s->end - s->at) >= n;
}

static bool
skip_in_file(struct source *s, uint64_t n)
{
    uint64_t left = s->size_bytes - source_offset(s);

    source_map_drop(s);
    s->end_offset += n < left ? n : left;
    return n <= left;
}

bool
source_skip(struct source *s, uint64_t n)
{
    for (;;) {
        uint64_t here = (uint64_t)(s->end - s->at);

        if (n <= here) {
            s->at += n;
            return true;
        }
        if (s->fd >= 0 && s->error.kind == ERROR_NONE)
            return skip_in_file(s, n);
        s->at = s->end;
        n -= here;
        if (s->pull == NULL || s->ended || !pull_block(s))
            return false;
    }
}

bool
source_is_again(const struct source *s)
{
    return s->pull == NULL || s->again != NULL;
}

void
source_set_again(struct source *s, source_again *again)
{
    s->again = again;
}

bool
source_is_hole(struct source *s)
{
    return s->fd >= 0 && !s->ended && source_map_is_hole(s);
}

int
source_read_at(const struct source *s, void *bytes, size_t size,
               uint64_t offset, size_t *got, struct error *e)
{
    uint64_t left = offset < s->size_bytes ? s->size_bytes - offset : 0;

    if (size > left)
        size = (size_t)left;
    *got = size;
    if (s->fd >= 0)
        return file_read_at(s->fd, bytes, size, offset, got, e);
    if (s->again != NULL)
        return s->again(s->context, bytes, size, offset, got, e);
    if (s->pull != NULL)
        return error_set(e, ERROR_FAILED, "a stream cannot be read again");
    memcpy(bytes, s->end - s->end_offset + offset, size);
    return 0;
}

void
source_seek(struct source *s, uint64_t offset)
{
    if (offset > s->size_bytes)
        offset = s->size_bytes;
    if (s->fd >= 0 &&
        (s->map == NULL || offset < s->map_offset || offset > s->end_offset)) {
        source_map_drop(s);
        s->end_offset = offset;
    } else {
        s->at = s->end - (s->end_offset - offset);
    }
    s->ended = s->fd < 0 || s->error.kind != ERROR_NONE;
}

uint64_t
source_data(const struct source *s, uint64_t offset)
{
    off_t data;

    if (s->fd < 0 || offset >= s->size_bytes)
        return offset;
    data = lseek(s->fd, (off_t)offset, SEEK_DATA);
    if (data == -1)
        return errno == ENXIO ? s->size_bytes : offset;
    return (uint64_t)data < s->size_bytes ? (uint64_t)data : s->size_bytes;
}

void
source_drain(struct source *s)
{
    while (source_skip(s, BLOCK_BYTES))
        continue;
    /* At the end of a file: has it still got its size? */
    source_more(s, 1);
}
