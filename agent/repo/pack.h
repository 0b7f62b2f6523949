/*
 * pack.h - an archive: a pax tar (libarchive), compressed (codec), hashed as it
 * is written and read. "zstd -d < x.tar.zst | tar x" unpacks it.
 */
#ifndef REPO_PACK_H
#define REPO_PACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/source.h"
#include "repo/codec.h"
#include "repo/digest.h"

/* One file in the archive. Names are relative, without "..". */
struct pack_member {
    const char *path;
    uint64_t size_bytes;
    mode_t mode;
    int64_t mtime_ns;
    uid_t uid;
    gid_t gid;
    const char *owner, *group; /* names; may be NULL */
};

struct pack_writer;

/* Writes to fd (borrowed) from its present position. NULL on failure. */
struct pack_writer *pack_writer_new(int fd, enum codec codec, int level,
                                    struct error *e);

/* Begins a member; exactly size_bytes must follow by pack_writer_put. */
int pack_writer_begin(struct pack_writer *w, const struct pack_member *m,
                      struct error *e);
int pack_writer_put(struct pack_writer *w, const void *bytes, size_t size,
                    struct error *e);

/* Ends the archive: its size and sha256. The writer is to be freed still. */
int pack_writer_end(struct pack_writer *w, uint64_t *size_bytes,
                    char sha256[DIGEST_HEX_SIZE], struct error *e);
void pack_writer_free(struct pack_writer *w);

struct pack_reader;

/* Reads from fd (borrowed) from its beginning. NULL on failure. */
struct pack_reader *pack_reader_new(int fd, enum codec codec, struct error *e);

/*
 * The next member; *more false at the end. Anything but a regular file, an
 * absolute name, "..", a name twice as long as PATH_MAX is ERROR_DAMAGED. The
 * member's texts are borrowed until the next call.
 */
int pack_reader_next(struct pack_reader *r, struct pack_member *m, bool *more,
                     struct error *e);

/* A source_pull of the present member's bytes; context is the reader. */
int pack_reader_pull(void *reader, void *bytes, size_t size, size_t *got,
                     struct error *e);

/*
 * Reads what is left of the file (nothing but padding may follow the archive's
 * end) and tells size and sha256 of the whole.
 */
int pack_reader_end(struct pack_reader *r, uint64_t *size_bytes,
                    char sha256[DIGEST_HEX_SIZE], struct error *e);
void pack_reader_free(struct pack_reader *r);

#endif
