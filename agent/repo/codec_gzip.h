/*
 * codec_gzip.h - the gzip half of codec.c; use codec.h.
 */
#ifndef REPO_CODEC_GZIP_H
#define REPO_CODEC_GZIP_H

#include "repo/codec.h"

struct codec_gzip_writer;

struct codec_gzip_writer *codec_gzip_writer_new(int level, codec_sink *sink,
                                                void *context, struct error *e);
int codec_gzip_writer_put(struct codec_gzip_writer *w, const void *bytes,
                          size_t size, struct error *e);
int codec_gzip_writer_end(struct codec_gzip_writer *w, struct error *e);
void codec_gzip_writer_free(struct codec_gzip_writer *w);

struct codec_gzip_reader;

struct codec_gzip_reader *codec_gzip_reader_new(source_pull *pull,
                                                void *context, struct error *e);
int codec_gzip_reader_pull(struct codec_gzip_reader *r, void *bytes,
                           size_t size, size_t *got, struct error *e);
void codec_gzip_reader_free(struct codec_gzip_reader *r);

#endif
