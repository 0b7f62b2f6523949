#include "jobs/unpack_again.h"

#include <string.h>
#include <unistd.h>

#include "base/process.h"

enum { STEP_BYTES = 65536 };

static void
leave(struct unpack_again *a)
{
    pack_reader_free(a->pack);
    if (a->fd >= 0)
        close(a->fd);
    a->pack = NULL;
    a->fd = -1;
}

static int
find_member(struct unpack_again *a, struct error *e)
{
    struct pack_member member;
    bool more;

    for (;;) {
        if (process_check_stop(e) != 0 ||
            pack_reader_next(a->pack, &member, &more, e) != 0)
            return -1;
        if (!more)
            return error_set(e, ERROR_CHANGED,
                             "%s was in the archive, and is no more", a->path);
        if (strcmp(member.path, a->path) == 0)
            return 0;
    }
}

static int
begin(struct unpack_again *a, struct error *e)
{
    leave(a);
    a->begun++;
    a->at = 0;
    a->fd = storage_open_archive(a->storage, a->entry, e);
    if (a->fd < 0)
        return -1;
    a->pack = pack_reader_new(a->fd, a->entry->archive.codec, e);
    return a->pack != NULL ? find_member(a, e) : -1;
}

/* Up to size bytes of the member; *got less only at its end. */
static int
pull(struct unpack_again *a, char *bytes, size_t size, size_t *got,
     struct error *e)
{
    size_t n = 1;

    for (*got = 0; *got < size && n > 0; *got += n) {
        if (process_check_stop(e) != 0 ||
            pack_reader_pull(a->pack, bytes + *got, size - *got, &n, e) != 0)
            return -1;
        a->at += n;
    }
    return 0;
}

void
unpack_again_begin(struct unpack_again *a, const struct storage *storage,
                   const struct catalog_entry *entry, const char *path)
{
    *a = (struct unpack_again){
        .storage = storage, .entry = entry, .path = path, .fd = -1};
}

int
unpack_again_read(struct unpack_again *a, void *bytes, size_t size,
                  uint64_t offset, size_t *got, struct error *e)
{
    char passed[STEP_BYTES];

    *got = 0;
    if (a->pack == NULL || offset < a->at) {
        a->given_up = a->given_up || a->begun == UNPACK_AGAIN_MAX;
        if (a->given_up)
            return 0;
        if (begin(a, e) != 0)
            return -1;
    }
    while (a->at < offset) {
        uint64_t left = offset - a->at;
        size_t step = left < sizeof passed ? (size_t)left : sizeof passed;

        if (pull(a, passed, step, got, e) != 0)
            return -1;
        if (*got < step) {
            *got = 0;
            return 0;
        }
    }
    return pull(a, bytes, size, got, e);
}

void
unpack_again_end(struct unpack_again *a, struct report *report)
{
    leave(a);
    if (a->given_up)
        report_add(report, SEVERITY_WARNING, "snapshot-alike", -1,
                   "restore it beside, and redkeep check --deep that folder",
                   "too many keys look alike for all to be compared");
}
