#include "repo/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "repo/pack_name.h"

enum { NANOSECONDS = 1000000000 };

/* Member -> libarchive (tar) -> codec -> digest and file. */
struct pack_writer {
    int fd; /* borrowed */
    struct archive *tar;
    struct codec_writer *codec;
    struct digest digest;
    uint64_t size_bytes;
    uint64_t left_bytes; /* of the member that is being written */
    struct error error;  /* why a callback failed */
};

/* The codec's sink. */
static int
keep(void *context, const void *bytes, size_t size, struct error *e)
{
    struct pack_writer *w = context;

    digest_add(&w->digest, bytes, size);
    w->size_bytes += size;
    return file_write(w->fd, bytes, size, e);
}

/*
 * libarchive's output. A failure is kept for our caller, not told: libarchive
 * leaks when it is freed after one. What it still writes then goes nowhere.
 */
static la_ssize_t
compress(struct archive *tar, void *context, const void *bytes, size_t size)
{
    struct pack_writer *w = context;

    (void)tar;
    if (w->error.kind == ERROR_NONE)
        codec_writer_put(w->codec, bytes, size, &w->error);
    return (la_ssize_t)size;
}

/* What went wrong below libarchive, else what libarchive says of its rc. */
static int
check(struct pack_writer *w, int rc, struct error *e)
{
    const char *text = archive_error_string(w->tar);

    /* The warnings are about names that are not text: see open_tar. */
    if (w->error.kind == ERROR_NONE && rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        error_set(&w->error, ERROR_FAILED, "tar: %s",
                  text != NULL ? text : "no reason given");
    if (w->error.kind == ERROR_NONE)
        return 0;
    *e = w->error;
    return -1;
}

/*
 * Restricted pax: an ordinary ustar header, and an extended one only where a
 * name, a size or an owner does not fit. No character set is asked for: then
 * libarchive keeps the bytes of a name that it cannot read as text and says so
 * in the header ("hdrcharset=BINARY"), and only there; with the option it
 * would say so before every member, and tar warns of it each time.
 */
static int
open_tar(struct pack_writer *w, struct error *e)
{
    w->tar = archive_write_new();
    if (w->tar == NULL)
        return error_set(e, ERROR_FAILED, "tar: out of memory");
    if (check(w, archive_write_set_format_pax_restricted(w->tar), e) != 0 ||
        check(w, archive_write_set_bytes_per_block(w->tar, 0), e) != 0)
        return -1;
    return check(w, archive_write_open(w->tar, w, NULL, compress, NULL), e);
}

struct pack_writer *
pack_writer_new(int fd, enum codec codec, int level, struct error *e)
{
    struct pack_writer *w = memory_new(sizeof *w);

    w->fd = fd;
    digest_begin(&w->digest);
    w->codec = codec_writer_new(codec, level, keep, w, e);
    if (w->codec != NULL && open_tar(w, e) == 0)
        return w;
    pack_writer_free(w);
    return NULL;
}

static struct archive_entry *
new_header(struct archive *tar, const struct pack_member *m)
{
    struct archive_entry *header = archive_entry_new2(tar);
    int64_t rest = m->mtime_ns % NANOSECONDS;

    if (header == NULL)
        return NULL;
    if (rest < 0)
        rest += NANOSECONDS;
    archive_entry_set_pathname(header, m->path);
    archive_entry_set_filetype(header, AE_IFREG);
    archive_entry_set_size(header, (la_int64_t)m->size_bytes);
    archive_entry_set_perm(header, m->mode & 07777);
    archive_entry_set_mtime(header, (m->mtime_ns - rest) / NANOSECONDS,
                            (long)rest);
    archive_entry_set_uid(header, m->uid);
    archive_entry_set_gid(header, m->gid);
    archive_entry_set_uname(header, m->owner);
    archive_entry_set_gname(header, m->group);
    return header;
}

static int
check_member(const struct pack_writer *w, const struct pack_member *m,
             struct error *e)
{
    const char *fault = pack_name_fault(m->path);
    char name[200];

    if (w->left_bytes > 0)
        return error_set(e, ERROR_FAILED,
                         "tar: %llu bytes of the member before are missing",
                         (unsigned long long)w->left_bytes);
    text_quote(name, sizeof name, m->path, strlen(m->path));
    if (fault != NULL)
        return error_set(e, ERROR_FAILED, "tar: the name '%s' %s", name, fault);
    if (m->size_bytes > INT64_MAX)
        return error_set(e, ERROR_FAILED, "tar: '%s' is too large", name);
    return 0;
}

int
pack_writer_begin(struct pack_writer *w, const struct pack_member *m,
                  struct error *e)
{
    struct archive_entry *header;
    int rc;

    if (check_member(w, m, e) != 0)
        return -1;
    header = new_header(w->tar, m);
    if (header == NULL)
        return error_set(e, ERROR_FAILED, "tar: out of memory");
    rc = archive_write_header(w->tar, header);
    archive_entry_free(header);
    if (check(w, rc, e) != 0)
        return -1;
    w->left_bytes = m->size_bytes;
    return 0;
}

int
pack_writer_put(struct pack_writer *w, const void *bytes, size_t size,
                struct error *e)
{
    const char *from = bytes;

    if (size > w->left_bytes)
        return error_set(e, ERROR_FAILED,
                         "tar: a member has more bytes than it announced");
    while (size > 0) {
        la_ssize_t n = archive_write_data(w->tar, from, size);

        if (check(w, n > 0 ? ARCHIVE_OK : ARCHIVE_FATAL, e) != 0)
            return -1;
        from += n;
        size -= (size_t)n;
        w->left_bytes -= (uint64_t)n;
    }
    return 0;
}

int
pack_writer_end(struct pack_writer *w, uint64_t *size_bytes,
                char sha256[DIGEST_HEX_SIZE], struct error *e)
{
    if (w->left_bytes > 0)
        return error_set(e, ERROR_FAILED,
                         "tar: %llu bytes of the last member are missing",
                         (unsigned long long)w->left_bytes);
    if (check(w, archive_write_close(w->tar), e) != 0)
        return -1;
    if (codec_writer_end(w->codec, e) != 0)
        return -1;
    digest_end(&w->digest, sha256);
    *size_bytes = w->size_bytes;
    return 0;
}

void
pack_writer_free(struct pack_writer *w)
{
    if (w == NULL)
        return;
    /* It ends an unfinished archive by itself: that is not to be written. */
    if (w->error.kind == ERROR_NONE)
        error_set(&w->error, ERROR_FAILED, "the archive was not ended");
    if (w->tar != NULL)
        archive_write_free(w->tar);
    codec_writer_free(w->codec);
    digest_clear(&w->digest);
    free(w);
}
