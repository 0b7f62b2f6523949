#include "repo/codec_gzip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"

enum {
    BLOCK_BYTES = 1 << 18,
    GZIP_WINDOW_BITS = 15 + 16, /* zlib.h: 16 means gzip's header, not zlib's */
    MEMORY_LEVEL = 8,
};

struct codec_gzip_writer {
    z_stream zlib;
    bool open;
    codec_sink *sink;
    void *context;
    unsigned char *block;
};

struct codec_gzip_reader {
    z_stream zlib;
    bool open;
    source_pull *pull;
    void *context;
    unsigned char *block;
    bool between; /* members: here the stream may end */
    bool begun;
    bool pending; /* zlib may hold bytes that did not fit */
};

static const char *
reason(const z_stream *zlib)
{
    return zlib->msg != NULL ? zlib->msg : "no reason given";
}

struct codec_gzip_writer *
codec_gzip_writer_new(int level, codec_sink *sink, void *context,
                      struct error *e)
{
    struct codec_gzip_writer *w = memory_new(sizeof *w);

    w->sink = sink;
    w->context = context;
    w->block = memory_resize(NULL, BLOCK_BYTES, 1);
    w->open = deflateInit2(&w->zlib, level, Z_DEFLATED, GZIP_WINDOW_BITS,
                           MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    w->zlib.next_out = w->block;
    w->zlib.avail_out = BLOCK_BYTES;
    if (w->open)
        return w;
    error_set(e, ERROR_FAILED, "zlib: %s", reason(&w->zlib));
    codec_gzip_writer_free(w);
    return NULL;
}

static int
flush(struct codec_gzip_writer *w, struct error *e)
{
    size_t used = BLOCK_BYTES - w->zlib.avail_out;

    w->zlib.next_out = w->block;
    w->zlib.avail_out = BLOCK_BYTES;
    return used == 0 ? 0 : w->sink(w->context, w->block, used, e);
}

/* zlib counts in unsigned int: at most that much of the input at once. */
static unsigned
part(size_t size)
{
    return size < UINT_MAX ? (unsigned)size : UINT_MAX;
}

int
codec_gzip_writer_put(struct codec_gzip_writer *w, const void *bytes,
                      size_t size, struct error *e)
{
    const unsigned char *from = bytes;

    while (size > 0) {
        unsigned taken = part(size);

        w->zlib.next_in = (unsigned char *)from; /* zlib only reads it */
        w->zlib.avail_in = taken;
        while (w->zlib.avail_in > 0) {
            if (deflate(&w->zlib, Z_NO_FLUSH) != Z_OK)
                return error_set(e, ERROR_FAILED, "zlib: %s", reason(&w->zlib));
            if (w->zlib.avail_out == 0 && flush(w, e) != 0)
                return -1;
        }
        from += taken;
        size -= taken;
    }
    return 0;
}

int
codec_gzip_writer_end(struct codec_gzip_writer *w, struct error *e)
{
    int rc;

    do {
        rc = deflate(&w->zlib, Z_FINISH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return error_set(e, ERROR_FAILED, "zlib: %s", reason(&w->zlib));
        if (flush(w, e) != 0)
            return -1;
    } while (rc != Z_STREAM_END);
    return 0;
}

void
codec_gzip_writer_free(struct codec_gzip_writer *w)
{
    if (w == NULL)
        return;
    if (w->open)
        deflateEnd(&w->zlib);
    free(w->block);
    free(w);
}

struct codec_gzip_reader *
codec_gzip_reader_new(source_pull *pull, void *context, struct error *e)
{
    struct codec_gzip_reader *r = memory_new(sizeof *r);

    r->pull = pull;
    r->context = context;
    r->block = memory_resize(NULL, BLOCK_BYTES, 1);
    r->open = inflateInit2(&r->zlib, GZIP_WINDOW_BITS) == Z_OK;
    if (r->open)
        return r;
    error_set(e, ERROR_FAILED, "zlib: %s", reason(&r->zlib));
    codec_gzip_reader_free(r);
    return NULL;
}

static int
refill(struct codec_gzip_reader *r, struct error *e)
{
    size_t got;

    if (r->pull(r->context, r->block, BLOCK_BYTES, &got, e) != 0)
        return -1;
    r->zlib.next_in = r->block;
    r->zlib.avail_in = (unsigned)got;
    return 0;
}

static int
check_end(const struct codec_gzip_reader *r, struct error *e)
{
    if (!r->begun)
        return error_set(e, ERROR_DAMAGED,
                         "the gzip stream is empty, expected a member");
    if (!r->between)
        return error_set(e, ERROR_DAMAGED,
                         "the gzip stream ends in the middle of a member");
    return 0;
}

/* One step of zlib. After the end of a member another one may follow. */
static int
decompress(struct codec_gzip_reader *r, struct error *e)
{
    int rc = inflate(&r->zlib, Z_NO_FLUSH);

    r->begun = true;
    r->between = rc == Z_STREAM_END;
    r->pending = rc == Z_OK && r->zlib.avail_out == 0;
    if (rc == Z_STREAM_END)
        rc = inflateReset(&r->zlib);
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return 0;
    return error_set(e, ERROR_DAMAGED, "the gzip stream is damaged (%s)",
                     reason(&r->zlib));
}

int
codec_gzip_reader_pull(struct codec_gzip_reader *r, void *bytes, size_t size,
                       size_t *got, struct error *e)
{
    unsigned room = part(size);

    *got = 0;
    r->zlib.next_out = bytes;
    r->zlib.avail_out = room;
    while (r->zlib.avail_out > 0) {
        if (r->zlib.avail_in == 0 && !r->pending) {
            if (refill(r, e) != 0)
                return -1;
            if (r->zlib.avail_in == 0 && check_end(r, e) != 0)
                return -1;
            if (r->zlib.avail_in == 0)
                break;
        }
        if (decompress(r, e) != 0)
            return -1;
    }
    *got = room - r->zlib.avail_out;
    return 0;
}

void
codec_gzip_reader_free(struct codec_gzip_reader *r)
{
    if (r == NULL)
        return;
    if (r->open)
        inflateEnd(&r->zlib);
    free(r->block);
    free(r);
}
