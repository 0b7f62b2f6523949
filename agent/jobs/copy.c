#include "jobs/copy.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/source.h"

struct stream {
    struct copy *copy;
    const struct copy_file *file;
    struct digest digest;
    uint64_t offset;
};

/* Sleeps as long as we are ahead of the rate. */
static void
hold_rate(const struct copy *c)
{
    uint64_t due, passed;

    if (c->read_rate == 0)
        return;
    due = (uint64_t)((double)c->done * 1000.0 / (double)c->read_rate);
    passed = clock_steady_ms() - c->begun_ms;
    if (due > passed)
        poll(NULL, 0, due - passed < 1000 ? (int)(due - passed) : 1000);
}

static int
read_block(struct stream *s, void *bytes, size_t size, size_t *got,
           struct error *e)
{
    bool cold = false;

    if (s->file->fd < 0) {
        memcpy(bytes, (const char *)s->file->bytes + s->offset, size);
        *got = size;
        return 0;
    }
    if (file_read_cold(s->file->fd, bytes, size, s->offset, got, &cold, e) != 0)
        return -1;
    if (*got < size)
        return error_set(e, ERROR_CHANGED,
                         "the file became shorter while it was read: %llu"
                         " bytes of %llu",
                         (unsigned long long)(s->offset + *got),
                         (unsigned long long)s->file->size);
    if (cold && !s->file->growing)
        file_forget_pages(s->file->fd, s->offset, *got);
    return 0;
}

/* A source_pull: what the judge reads goes into digest and archive too. */
static int
pull(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct stream *s = context;
    uint64_t left = s->file->size - s->offset;

    if (process_check_stop(e) != 0)
        return -1;
    if (size > left)
        size = (size_t)left;
    *got = 0;
    if (size == 0)
        return 0;
    if (read_block(s, bytes, size, got, e) != 0)
        return -1;
    digest_add(&s->digest, bytes, *got);
    if (pack_writer_put(s->copy->pack, bytes, *got, e) != 0) {
        s->copy->sink_failed = true;
        return -1;
    }
    s->offset += *got;
    s->copy->done += *got;
    progress_tell(s->copy->progress, "reading", s->copy->done, s->copy->total);
    hold_rate(s->copy);
    return 0;
}

int
copy_put(struct copy *c, const struct copy_file *file, struct judge *judge,
         enum dataset_role role, struct report *report,
         char sha256[DIGEST_HEX_SIZE], struct error *e)
{
    struct stream stream = {.copy = c, .file = file};
    struct source s;
    int rc = -1;

    c->sink_failed = pack_writer_begin(c->pack, &file->member, e) != 0;
    if (c->sink_failed)
        return -1;
    digest_begin(&stream.digest);
    source_of_pull(&s, pull, &stream, file->size);
    if (judge != NULL &&
        judge_add(judge, file->member.path, role, &s, report, e) != 0)
        goto out;
    source_drain(&s);
    if (s.error.kind != ERROR_NONE) {
        *e = s.error;
        goto out;
    }
    digest_end(&stream.digest, sha256);
    rc = 0;

out:
    digest_clear(&stream.digest);
    source_close(&s);
    if (rc != 0 && !c->sink_failed)
        error_in(e, "%s", file->member.path);
    return rc;
}
