#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/relay.h"
#include "base/text.h"
#include "repo/pack.h"
#include "repo/pack_name.h"

enum {
    END_BYTES = 1024, /* POSIX pax: two blocks of zeros end an archive */
    NANOSECONDS = 1000000000,
    /* Before a member's header or the end: its extended header, or what pads
     * the last record (tar -b makes it large). More is a bomb of zeros. */
    BETWEEN_BYTES = 16 << 20,
};

/*
 * File -> digest -> codec -> relay -> libarchive (tar) -> member. What is above
 * the relay runs in its thread: fd, codec, digest and size_bytes are the
 * relay's until it is freed.
 */
struct pack_reader {
    int fd; /* borrowed */
    struct archive *tar;
    struct codec_reader *codec;
    struct digest digest;
    uint64_t size_bytes; /* of the file, read so far */
    struct relay *relay;
    uint64_t zeros;   /* at the end of what libarchive was given */
    uint64_t between; /* what it may take until the next header; 0: no limit */
    const char *data; /* of the member: what libarchive has read ahead */
    size_t data_size;
    uint64_t done_bytes, member_bytes;
    bool ended;
    struct error error; /* the first failure; all later calls repeat it */
};

/* The codec's pull. What the disk cannot read any more is lost. */
static int
load(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct pack_reader *r = context;

    errno = 0;
    if (file_read_at(r->fd, bytes, size, r->size_bytes, got, e) != 0) {
        if (errno == EIO)
            e->kind = ERROR_DAMAGED;
        return -1;
    }
    digest_add(&r->digest, bytes, *got);
    r->size_bytes += *got;
    return 0;
}

/* Keeps count of the zeros at the end of the stream. */
static void
count_zeros(struct pack_reader *r, const unsigned char *bytes, size_t size)
{
    size_t zeros = 0;

    while (zeros < size && bytes[size - 1 - zeros] == 0)
        zeros++;
    r->zeros = zeros == size ? r->zeros + zeros : zeros;
}

static int
spend(struct pack_reader *r, size_t size)
{
    if (r->between == 0)
        return 0;
    if (size >= r->between)
        return error_set(&r->error, ERROR_DAMAGED,
                         "the tar is damaged (over %d MiB without a member)",
                         BETWEEN_BYTES >> 20);
    r->between -= size;
    return 0;
}

/* libarchive's input. */
static la_ssize_t
expand(struct archive *tar, void *context, const void **bytes)
{
    struct pack_reader *r = context;
    size_t got;

    if (relay_next(r->relay, bytes, &got, &r->error) == 0 &&
        spend(r, got) == 0) {
        count_zeros(r, *bytes, got);
        return (la_ssize_t)got;
    }
    archive_set_error(tar, EIO, "%s", r->error.text);
    return -1;
}

static int
fail(struct pack_reader *r, struct error *e)
{
    const char *text = archive_error_string(r->tar);

    if (r->error.kind == ERROR_NONE)
        error_set(&r->error, ERROR_DAMAGED, "the tar is damaged (%s)",
                  text != NULL ? text : "no reason given");
    *e = r->error;
    return -1;
}

static int
damage(struct pack_reader *r, const char *what, struct error *e)
{
    error_set(&r->error, ERROR_DAMAGED, "the tar is damaged (%s)", what);
    *e = r->error;
    return -1;
}

/*
 * With read_concatenated_archives libarchive looks on behind the end for
 * another header: zeros are skipped, anything else is an error. So the end of
 * the archive is the end of the stream, and nothing hides behind it.
 */
static int
open_tar(struct pack_reader *r, struct error *e)
{
    r->tar = archive_read_new();
    if (r->tar == NULL)
        return error_set(e, ERROR_FAILED, "tar: out of memory");
    if (archive_read_support_format_tar(r->tar) != ARCHIVE_OK ||
        archive_read_set_options(r->tar, "read_concatenated_archives") !=
            ARCHIVE_OK ||
        archive_read_open2(r->tar, r, NULL, expand, NULL, NULL) != ARCHIVE_OK)
        return fail(r, e);
    return 0;
}

struct pack_reader *
pack_reader_new(int fd, enum codec codec, struct error *e)
{
    struct pack_reader *r = memory_new(sizeof *r);

    r->fd = fd;
    digest_begin(&r->digest);
    r->codec = codec_reader_new(codec, load, r, e);
    r->relay = relay_new(codec_reader_pull, r->codec);
    if (r->codec != NULL && open_tar(r, e) == 0)
        return r;
    pack_reader_free(r);
    return NULL;
}

static int
refuse_name(struct pack_reader *r, const char *path, const char *fault,
            struct error *e)
{
    char name[200];

    text_quote(name, sizeof name, path, strlen(path));
    error_set(&r->error, ERROR_DAMAGED, "the archive's member '%s' %s", name,
              fault);
    *e = r->error;
    return -1;
}

static const char *
type_fault(struct archive_entry *header)
{
    if (archive_entry_hardlink(header) != NULL ||
        archive_entry_hardlink_utf8(header) != NULL)
        return "is a hard link, expected only files";
    if (archive_entry_filetype(header) == AE_IFLNK)
        return "is a symbolic link, expected only files";
    if (archive_entry_filetype(header) == AE_IFDIR)
        return "is a folder, expected only files";
    if (archive_entry_filetype(header) != AE_IFREG)
        return "is not a regular file";
    if (archive_entry_sparse_count(header) > 0)
        return "is a sparse file, expected all of its bytes";
    if (!archive_entry_size_is_set(header) || archive_entry_size(header) < 0)
        return "has no size";
    return NULL;
}

static const char *
number_fault(struct archive_entry *header)
{
    la_int64_t uid = archive_entry_uid(header), gid = archive_entry_gid(header);
    int64_t seconds = archive_entry_mtime(header);

    /* The kernel's ids are unsigned and -1 means none. */
    if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
        return "has an owner that cannot be";
    if (seconds >= INT64_MAX / NANOSECONDS ||
        seconds <= INT64_MIN / NANOSECONDS)
        return "has a time that cannot be";
    return NULL;
}

static int
read_member(struct pack_reader *r, struct archive_entry *header,
            struct pack_member *m, struct error *e)
{
    const char *path = archive_entry_pathname(header), *fault;

    if (path == NULL)
        path = archive_entry_pathname_utf8(header);
    if (path == NULL)
        path = "";
    fault = pack_name_fault(path);
    if (fault == NULL)
        fault = type_fault(header);
    if (fault == NULL)
        fault = number_fault(header);
    if (fault != NULL)
        return refuse_name(r, path, fault, e);
    *m = (struct pack_member){
        .path = path,
        .size_bytes = (uint64_t)archive_entry_size(header),
        .mode = archive_entry_perm(header) & 07777,
        .mtime_ns = (int64_t)archive_entry_mtime(header) * NANOSECONDS +
                    archive_entry_mtime_nsec(header),
        .uid = (uid_t)archive_entry_uid(header),
        .gid = (gid_t)archive_entry_gid(header),
        .owner = archive_entry_uname(header),
        .group = archive_entry_gname(header),
    };
    r->member_bytes = m->size_bytes;
    return 0;
}

int
pack_reader_next(struct pack_reader *r, struct pack_member *m, bool *more,
                 struct error *e)
{
    struct archive_entry *header;
    int rc;

    *more = false;
    if (r->error.kind != ERROR_NONE)
        return fail(r, e);
    if (r->ended)
        return 0;
    /* What was not pulled of the last member is passed over first. */
    r->between = r->member_bytes - r->done_bytes + BETWEEN_BYTES;
    r->data_size = 0;
    r->done_bytes = r->member_bytes = 0;
    rc = archive_read_next_header(r->tar, &header);
    r->between = 0;
    if (rc == ARCHIVE_EOF) {
        r->ended = true;
        return r->zeros >= END_BYTES
                   ? 0
                   : damage(r, "it ends without its end marker", e);
    }
    /* Warnings are about names and attributes that are not text. */
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return fail(r, e);
    if (read_member(r, header, m, e) != 0)
        return -1;
    *more = true;
    return 0;
}

/* Has libarchive tell the next bytes of the member; data_size 0: its end. */
static int
read_ahead(struct pack_reader *r, struct error *e)
{
    const void *bytes;
    la_int64_t offset;
    int rc;

    do {
        rc = archive_read_data_block(r->tar, &bytes, &r->data_size, &offset);
        if (rc == ARCHIVE_EOF)
            r->data_size = 0;
        else if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return fail(r, e);
    } while (rc != ARCHIVE_EOF && r->data_size == 0);
    if (rc == ARCHIVE_EOF)
        return r->done_bytes == r->member_bytes
                   ? 0
                   : damage(r, "a member is shorter than announced", e);
    r->data = bytes;
    if (offset < 0 || (uint64_t)offset != r->done_bytes ||
        r->data_size > r->member_bytes - r->done_bytes)
        return damage(r, "a member's bytes are not in a row", e);
    return 0;
}

int
pack_reader_pull(void *reader, void *bytes, size_t size, size_t *got,
                 struct error *e)
{
    struct pack_reader *r = reader;
    char *to = bytes;

    *got = 0;
    if (r->error.kind != ERROR_NONE)
        return fail(r, e);
    while (*got < size) {
        size_t n;

        if (r->data_size == 0 && read_ahead(r, e) != 0)
            return -1;
        if (r->data_size == 0)
            break;
        n = r->data_size < size - *got ? r->data_size : size - *got;
        memcpy(to + *got, r->data, n);
        r->data += n;
        r->data_size -= n;
        r->done_bytes += n;
        *got += n;
    }
    return 0;
}

int
pack_reader_end(struct pack_reader *r, uint64_t *size_bytes,
                char sha256[DIGEST_HEX_SIZE], struct error *e)
{
    struct pack_member m;
    bool more = true;

    while (more)
        if (pack_reader_next(r, &m, &more, e) != 0)
            return -1;
    relay_free(r->relay);
    r->relay = NULL;
    *size_bytes = r->size_bytes;
    digest_end(&r->digest, sha256);
    return 0;
}

void
pack_reader_free(struct pack_reader *r)
{
    if (r == NULL)
        return;
    if (r->tar != NULL)
        archive_read_free(r->tar);
    relay_free(r->relay);
    codec_reader_free(r->codec);
    digest_clear(&r->digest);
    free(r);
}
