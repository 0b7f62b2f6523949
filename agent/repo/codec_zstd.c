#include "repo/codec_zstd.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/memory.h"

enum {
    BLOCK_BYTES = 1 << 20, /* to the sink, and from the pull, at once */
    WINDOW_LOG_MAX = 27,   /* 128 MiB: what zstd -d takes unasked */
    WORKERS_MAX = 16,
    WORKERS_BYTES = 160 << 20, /* all workers together, see worker_bytes */
};

struct codec_zstd_writer {
    ZSTD_CCtx *zstd;
    codec_sink *sink;
    void *context;
    char *block;
    size_t used;
};

struct codec_zstd_reader {
    ZSTD_DCtx *zstd;
    source_pull *pull;
    void *context;
    char *block;
    ZSTD_inBuffer in;
    bool between; /* frames: here the stream may end */
    bool pending; /* zstd holds bytes that did not fit */
    bool begun;
};

static int
core_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                            : 1;

    return count < 1 ? 1 : count;
}

/*
 * About what a worker adds, measured with libzstd 1.5.4 and rounded up: its
 * tables, the input of its job and of the one that waits, its output. Windows
 * and tables grow with the level, and a job is four windows.
 */
static int
worker_bytes(int level)
{
    if (level <= 5)
        return 20 << 20;
    if (level <= 8)
        return 40 << 20;
    if (level <= 12)
        return 80 << 20;
    return 160 << 20;
}

static int
worker_count(int level)
{
    int cores = core_count(), room = WORKERS_BYTES / worker_bytes(level);

    if (cores > WORKERS_MAX)
        cores = WORKERS_MAX;
    return cores < room ? cores : room;
}

static int
set(ZSTD_CCtx *zstd, ZSTD_cParameter parameter, int value, struct error *e)
{
    size_t rc = ZSTD_CCtx_setParameter(zstd, parameter, value);

    if (!ZSTD_isError(rc))
        return 0;
    return error_set(e, ERROR_FAILED, "zstd: %s", ZSTD_getErrorName(rc));
}

static int
set_up(ZSTD_CCtx *zstd, int level, struct error *e)
{
    struct error alone = {0};

    if (set(zstd, ZSTD_c_compressionLevel, level, e) != 0 ||
        set(zstd, ZSTD_c_checksumFlag, 1, e) != 0)
        return -1;
    /* A libzstd built without threads refuses this and works alone. */
    if (set(zstd, ZSTD_c_nbWorkers, worker_count(level), &alone) != 0)
        return 0;
    /* The default of the highest levels is 32 MiB a job. */
    return level > 12 ? set(zstd, ZSTD_c_jobSize, 16 << 20, e) : 0;
}

struct codec_zstd_writer *
codec_zstd_writer_new(int level, codec_sink *sink, void *context,
                      struct error *e)
{
    struct codec_zstd_writer *w = memory_new(sizeof *w);

    w->sink = sink;
    w->context = context;
    w->block = memory_resize(NULL, BLOCK_BYTES, 1);
    w->zstd = ZSTD_createCCtx();
    if (w->zstd == NULL)
        error_set(e, ERROR_FAILED, "zstd: out of memory");
    else if (set_up(w->zstd, level, e) == 0)
        return w;
    codec_zstd_writer_free(w);
    return NULL;
}

static int
flush(struct codec_zstd_writer *w, struct error *e)
{
    size_t used = w->used;

    w->used = 0;
    return used == 0 ? 0 : w->sink(w->context, w->block, used, e);
}

/* One step of zstd; *left is what it holds back. */
static int
compress(struct codec_zstd_writer *w, ZSTD_inBuffer *in, ZSTD_EndDirective mode,
         size_t *left, struct error *e)
{
    ZSTD_outBuffer out = {w->block, BLOCK_BYTES, w->used};

    *left = ZSTD_compressStream2(w->zstd, &out, in, mode);
    if (ZSTD_isError(*left))
        return error_set(e, ERROR_FAILED, "zstd: %s", ZSTD_getErrorName(*left));
    w->used = out.pos;
    return w->used == BLOCK_BYTES ? flush(w, e) : 0;
}

int
codec_zstd_writer_put(struct codec_zstd_writer *w, const void *bytes,
                      size_t size, struct error *e)
{
    ZSTD_inBuffer in = {bytes, size, 0};
    size_t left;

    while (in.pos < in.size)
        if (compress(w, &in, ZSTD_e_continue, &left, e) != 0)
            return -1;
    return 0;
}

int
codec_zstd_writer_end(struct codec_zstd_writer *w, struct error *e)
{
    ZSTD_inBuffer in = {NULL, 0, 0};
    size_t left;

    do {
        if (compress(w, &in, ZSTD_e_end, &left, e) != 0)
            return -1;
    } while (left > 0);
    return flush(w, e);
}

void
codec_zstd_writer_free(struct codec_zstd_writer *w)
{
    if (w == NULL)
        return;
    ZSTD_freeCCtx(w->zstd);
    free(w->block);
    free(w);
}

struct codec_zstd_reader *
codec_zstd_reader_new(source_pull *pull, void *context, struct error *e)
{
    struct codec_zstd_reader *r = memory_new(sizeof *r);
    size_t rc;

    r->pull = pull;
    r->context = context;
    r->block = memory_resize(NULL, BLOCK_BYTES, 1);
    r->in.src = r->block;
    r->zstd = ZSTD_createDCtx();
    if (r->zstd == NULL) {
        error_set(e, ERROR_FAILED, "zstd: out of memory");
        codec_zstd_reader_free(r);
        return NULL;
    }
    rc = ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    if (!ZSTD_isError(rc))
        return r;
    error_set(e, ERROR_FAILED, "zstd: %s", ZSTD_getErrorName(rc));
    codec_zstd_reader_free(r);
    return NULL;
}

/* Gets more input; r->in.size is 0 at the end of it. */
static int
refill(struct codec_zstd_reader *r, struct error *e)
{
    r->in.pos = 0;
    r->in.size = 0;
    return r->pull(r->context, r->block, BLOCK_BYTES, &r->in.size, e);
}

static int
check_end(const struct codec_zstd_reader *r, struct error *e)
{
    if (!r->begun)
        return error_set(e, ERROR_DAMAGED,
                         "the zstd stream is empty, expected a frame");
    if (!r->between)
        return error_set(e, ERROR_DAMAGED,
                         "the zstd stream ends in the middle of a frame");
    return 0;
}

static int
decompress(struct codec_zstd_reader *r, ZSTD_outBuffer *out, struct error *e)
{
    size_t rc = ZSTD_decompressStream(r->zstd, out, &r->in);

    if (ZSTD_isError(rc))
        return error_set(e, ERROR_DAMAGED, "the zstd stream is damaged (%s)",
                         ZSTD_getErrorName(rc));
    r->begun = true;
    r->between = rc == 0;
    r->pending = rc != 0 && out->pos == out->size;
    return 0;
}

int
codec_zstd_reader_pull(struct codec_zstd_reader *r, void *bytes, size_t size,
                       size_t *got, struct error *e)
{
    ZSTD_outBuffer out = {bytes, size, 0};

    *got = 0;
    while (out.pos < out.size) {
        if (r->in.pos == r->in.size && !r->pending) {
            if (refill(r, e) != 0)
                return -1;
            if (r->in.size == 0 && check_end(r, e) != 0)
                return -1;
            if (r->in.size == 0)
                break;
        }
        if (decompress(r, &out, e) != 0)
            return -1;
    }
    *got = out.pos;
    return 0;
}

void
codec_zstd_reader_free(struct codec_zstd_reader *r)
{
    if (r == NULL)
        return;
    ZSTD_freeDCtx(r->zstd);
    free(r->block);
    free(r);
}
