/*
 * codec.h - compression as a stream: zstd with all cores, gzip, or none.
 */
#ifndef REPO_CODEC_H
#define REPO_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/source.h"

enum codec { CODEC_NONE, CODEC_GZIP, CODEC_ZSTD };

/* Takes all of the bytes, or fails. */
typedef int codec_sink(void *context, const void *bytes, size_t size,
                       struct error *e);

struct codec_writer;

/* level 1-19 (gzip: at most 9); threads 0: all cores. sink's context is
 * borrowed. NULL on failure. */
struct codec_writer *codec_writer_new(enum codec codec, int level,
                                      codec_sink *sink, void *context,
                                      struct error *e);
int codec_writer_put(struct codec_writer *w, const void *bytes, size_t size,
                     struct error *e);

/* Flushes the end of the stream into the sink. */
int codec_writer_end(struct codec_writer *w, struct error *e);
void codec_writer_free(struct codec_writer *w);

struct codec_reader;

/* Reads compressed bytes from pull (context borrowed). NULL on failure. */
struct codec_reader *codec_reader_new(enum codec codec, source_pull *pull,
                                      void *context, struct error *e);

/* A source_pull; context is the reader. Damage and an early end are
 * ERROR_DAMAGED. The window of a zstd frame is bounded (128 MiB). */
int codec_reader_pull(void *reader, void *bytes, size_t size, size_t *got,
                      struct error *e);
void codec_reader_free(struct codec_reader *r);

/* "zstd" "gzip" "none"; ".zst" ".gz" "". */
const char *codec_name(enum codec codec);
const char *codec_suffix(enum codec codec);
bool codec_find(const char *name, enum codec *codec);

#endif
