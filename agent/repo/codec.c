#include "repo/codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "repo/codec_gzip.h"
#include "repo/codec_zstd.h"

enum { PLAIN_BLOCK_BYTES = 1 << 18, GZIP_LEVEL_MAX = 9, LEVEL_MAX = 19 };

static const struct {
    const char *name, *suffix;
} codecs[] = {
    [CODEC_NONE] = {"none", ""},
    [CODEC_GZIP] = {"gzip", ".gz"},
    [CODEC_ZSTD] = {"zstd", ".zst"},
};

struct codec_writer {
    enum codec codec;
    struct codec_zstd_writer *zstd;
    struct codec_gzip_writer *gzip;
    codec_sink *sink;
    void *context;
    char *block; /* CODEC_NONE: small pieces wait here */
    size_t used;
};

struct codec_reader {
    enum codec codec;
    struct codec_zstd_reader *zstd;
    struct codec_gzip_reader *gzip;
    source_pull *pull;
    void *context;
};

struct codec_writer *
codec_writer_new(enum codec codec, int level, codec_sink *sink, void *context,
                 struct error *e)
{
    struct codec_writer *w = memory_new(sizeof *w);
    int max = codec == CODEC_GZIP ? GZIP_LEVEL_MAX : LEVEL_MAX;

    if (level > max)
        level = max;
    if (level < 1)
        level = 1;
    w->codec = codec;
    w->sink = sink;
    w->context = context;
    if (codec == CODEC_ZSTD)
        w->zstd = codec_zstd_writer_new(level, sink, context, e);
    else if (codec == CODEC_GZIP)
        w->gzip = codec_gzip_writer_new(level, sink, context, e);
    else
        w->block = memory_resize(NULL, PLAIN_BLOCK_BYTES, 1);
    if (w->zstd != NULL || w->gzip != NULL || w->block != NULL)
        return w;
    free(w);
    return NULL;
}

static int
flush_plain(struct codec_writer *w, struct error *e)
{
    size_t used = w->used;

    w->used = 0;
    return used == 0 ? 0 : w->sink(w->context, w->block, used, e);
}

/* Small pieces are gathered, big ones handed on as they are. */
static int
put_plain(struct codec_writer *w, const void *bytes, size_t size,
          struct error *e)
{
    if (size > PLAIN_BLOCK_BYTES - w->used && flush_plain(w, e) != 0)
        return -1;
    if (size >= PLAIN_BLOCK_BYTES / 2 && w->used == 0)
        return w->sink(w->context, bytes, size, e);
    if (size > 0)
        memcpy(w->block + w->used, bytes, size);
    w->used += size;
    return 0;
}

int
codec_writer_put(struct codec_writer *w, const void *bytes, size_t size,
                 struct error *e)
{
    if (w->codec == CODEC_ZSTD)
        return codec_zstd_writer_put(w->zstd, bytes, size, e);
    if (w->codec == CODEC_GZIP)
        return codec_gzip_writer_put(w->gzip, bytes, size, e);
    return put_plain(w, bytes, size, e);
}

int
codec_writer_end(struct codec_writer *w, struct error *e)
{
    if (w->codec == CODEC_ZSTD)
        return codec_zstd_writer_end(w->zstd, e);
    if (w->codec == CODEC_GZIP)
        return codec_gzip_writer_end(w->gzip, e);
    return flush_plain(w, e);
}

void
codec_writer_free(struct codec_writer *w)
{
    if (w == NULL)
        return;
    codec_zstd_writer_free(w->zstd);
    codec_gzip_writer_free(w->gzip);
    free(w->block);
    free(w);
}

struct codec_reader *
codec_reader_new(enum codec codec, source_pull *pull, void *context,
                 struct error *e)
{
    struct codec_reader *r = memory_new(sizeof *r);

    r->codec = codec;
    r->pull = pull;
    r->context = context;
    if (codec == CODEC_ZSTD)
        r->zstd = codec_zstd_reader_new(pull, context, e);
    else if (codec == CODEC_GZIP)
        r->gzip = codec_gzip_reader_new(pull, context, e);
    if (codec == CODEC_NONE || r->zstd != NULL || r->gzip != NULL)
        return r;
    free(r);
    return NULL;
}

int
codec_reader_pull(void *reader, void *bytes, size_t size, size_t *got,
                  struct error *e)
{
    struct codec_reader *r = reader;

    if (r->codec == CODEC_ZSTD)
        return codec_zstd_reader_pull(r->zstd, bytes, size, got, e);
    if (r->codec == CODEC_GZIP)
        return codec_gzip_reader_pull(r->gzip, bytes, size, got, e);
    return r->pull(r->context, bytes, size, got, e);
}

void
codec_reader_free(struct codec_reader *r)
{
    if (r == NULL)
        return;
    codec_zstd_reader_free(r->zstd);
    codec_gzip_reader_free(r->gzip);
    free(r);
}

const char *
codec_name(enum codec codec)
{
    return codecs[codec].name;
}

const char *
codec_suffix(enum codec codec)
{
    return codecs[codec].suffix;
}

bool
codec_find(const char *name, enum codec *codec)
{
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        if (strcmp(name, codecs[i].name) == 0) {
            *codec = (enum codec)i;
            return true;
        }
    }
    return false;
}
