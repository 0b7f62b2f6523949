/*
 * codec_zstd.h - the zstd half of codec.c; use codec.h.
 */
#ifndef REPO_CODEC_ZSTD_H
#define REPO_CODEC_ZSTD_H

#include "repo/codec.h"

struct codec_zstd_writer;

struct codec_zstd_writer *codec_zstd_writer_new(int level, codec_sink *sink,
                                                void *context, struct error *e);
int codec_zstd_writer_put(struct codec_zstd_writer *w, const void *bytes,
                          size_t size, struct error *e);
int codec_zstd_writer_end(struct codec_zstd_writer *w, struct error *e);
void codec_zstd_writer_free(struct codec_zstd_writer *w);

struct codec_zstd_reader;

struct codec_zstd_reader *codec_zstd_reader_new(source_pull *pull,
                                                void *context, struct error *e);
int codec_zstd_reader_pull(struct codec_zstd_reader *r, void *bytes,
                           size_t size, size_t *got, struct error *e);
void codec_zstd_reader_free(struct codec_zstd_reader *r);

#endif
