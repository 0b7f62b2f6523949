#include "jobs/unpack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/source.h"
#include "base/text.h"
#include "jobs/unpack_again.h"
#include "jobs/unpack_file.h"
#include "repo/digest.h"
#include "repo/pack.h"

/* A member that judges itself: an archive's own label. */
static const char label[] = "redkeep.json";
enum { LABEL_SIZE_MAX = 64 << 20 };

/* What is written goes on its way to the disk in pieces of this size. */
enum { AHEAD_BYTES = 8 << 20 };

struct reading {
    struct unpack *u;
    const struct storage *storage;
    const struct unpack_options *options;
    struct pack_reader *pack;
    struct report *report;
    bool *seen;  /* of entry->files */
    bool faulty; /* something is not as it was stored */
    uint64_t done;
};

/* One member on its way from the archive to the judge and to disk. */
struct member {
    struct reading *r;
    struct digest digest;
    int fd; /* -1: only looked at */
    uint64_t size;
    uint64_t ahead; /* before it all is on its way to the disk */
    char *bytes;    /* kept, of a manifest */
    struct unpack_again again;
};

static const struct catalog_file *
find_file(struct reading *r, const char *path)
{
    const struct catalog_entry *entry = r->options->entry;

    for (size_t n = 0; n < entry->file_count; n++)
        if (!r->seen[n] && strcmp(entry->files[n].path, path) == 0) {
            r->seen[n] = true;
            return &entry->files[n];
        }
    return NULL;
}

static int
put(struct member *m, const void *bytes, size_t size, struct error *e)
{
    if (m->fd < 0)
        return 0;
    if (m->size - m->ahead >= AHEAD_BYTES) {
        file_sync_ahead(m->fd, m->ahead, m->size - m->ahead);
        m->ahead = m->size;
    }
    return file_write(m->fd, bytes, size, e);
}

static int
pull(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct member *m = context;

    if (process_check_stop(e) != 0 ||
        pack_reader_pull(m->r->pack, bytes, size, got, e) != 0)
        return -1;
    digest_add(&m->digest, bytes, *got);
    if (put(m, bytes, *got, e) != 0)
        return -1;
    if (m->bytes != NULL && m->size + *got <= AOF_MANIFEST_SIZE_MAX) {
        m->bytes = memory_resize(m->bytes, m->size + *got + 1, 1);
        memcpy(m->bytes + m->size, bytes, *got);
    }
    m->size += *got;
    m->r->done += *got;
    progress_tell(m->r->options->progress, "reading the snapshot", m->r->done,
                  m->r->options->entry->bytes_source);
    return 0;
}

static int
pull_again(void *context, void *bytes, size_t size, uint64_t offset,
           size_t *got, struct error *e)
{
    struct member *m = context;

    return unpack_again_read(&m->again, bytes, size, offset, got, e);
}

/* The snapshot is not what was stored; findings about its data are no fault. */
static void __attribute__((format(printf, 3, 4)))
fault(struct reading *r, const char *code, const char *format, ...)
{
    char text[sizeof((struct error *)0)->text];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    r->faulty = true;
    report_add(r->report, SEVERITY_ERROR, code, -1,
               "this snapshot is damaged: use another one", "%s", text);
}

static void
compare(struct reading *r, const struct catalog_file *f, struct member *m)
{
    char hex[DIGEST_HEX_SIZE];

    digest_end(&m->digest, hex);
    if (m->size != f->size_bytes)
        fault(r, "snapshot-size",
              "%llu bytes in the archive, the entry says %llu",
              (unsigned long long)m->size, (unsigned long long)f->size_bytes);
    else if (strcmp(hex, f->sha256) != 0)
        fault(r, "snapshot-sha256", "sha256 is %s, the entry says %s", hex,
              f->sha256);
}

/* The manifest of the archive tells the set's order. */
static void
keep_manifest(struct reading *r, const struct member *m)
{
    struct dataset *d = &r->u->dataset;

    if (m->size > AOF_MANIFEST_SIZE_MAX)
        error_set(&d->manifest_error, ERROR_DAMAGED, "larger than 16 MiB");
    else
        aof_manifest_read(&d->manifest, m->bytes, (size_t)m->size,
                          &d->manifest_error);
}

static int
read_file(struct reading *r, const struct catalog_file *f, struct error *e)
{
    struct member m = {.r = r, .fd = -1};
    struct source s;
    int rc = -1;

    digest_begin(&m.digest);
    source_of_pull(&s, pull, &m, f->size_bytes);
    unpack_again_begin(&m.again, r->storage, r->options->entry, f->path);
    if (r->options->deep)
        source_set_again(&s, pull_again);
    if (f->role == DATASET_ROLE_MANIFEST)
        m.bytes = memory_new(1);
    if (unpack_file_create(r->options, f, &m.fd, e) != 0)
        goto out;
    if (!f->config &&
        judge_add(&r->u->judge, f->path, f->role, &s, r->report, e) != 0)
        goto out;
    source_drain(&s);
    if (s.error.kind != ERROR_NONE) {
        *e = s.error;
        goto out;
    }
    report_about(r->report, f->path);
    compare(r, f, &m);
    if (m.bytes != NULL)
        keep_manifest(r, &m);
    rc = m.fd < 0 ? 0 : unpack_file_finish(r->options, f, m.fd, e);

out:
    if (m.fd >= 0)
        close(m.fd);
    unpack_again_end(&m.again, r->report);
    digest_clear(&m.digest);
    source_close(&s);
    free(m.bytes);
    return rc;
}

/* One member: listed, or the label, or damage. */
static int
read_member(struct reading *r, const struct pack_member *member, bool first,
            struct error *e)
{
    const struct catalog_file *f;
    char shown[160];

    if (first && strcmp(member->path, label) == 0) {
        if (member->size_bytes > LABEL_SIZE_MAX)
            return error_set(e, ERROR_DAMAGED, "%s is too large", label);
        return 0;
    }
    f = find_file(r, member->path);
    if (f == NULL)
        return error_set(e, ERROR_DAMAGED,
                         "member '%s' is not listed in the entry",
                         text_quote(shown, sizeof shown, member->path,
                                    strlen(member->path)));
    if (member->size_bytes != f->size_bytes)
        return error_set(
            e, ERROR_DAMAGED, "member '%s' has %llu bytes, the entry says %llu",
            text_quote(shown, sizeof shown, member->path, strlen(member->path)),
            (unsigned long long)member->size_bytes,
            (unsigned long long)f->size_bytes);
    return read_file(r, f, e);
}

static int
read_members(struct reading *r, struct error *e)
{
    const struct catalog_entry *entry = r->options->entry;
    struct pack_member member;
    bool more, first = true;

    for (;;) {
        if (pack_reader_next(r->pack, &member, &more, e) != 0)
            return -1;
        if (!more)
            break;
        if (read_member(r, &member, first, e) != 0)
            return -1;
        first = false;
    }
    for (size_t n = 0; n < entry->file_count; n++)
        if (!r->seen[n])
            return error_set(e, ERROR_DAMAGED,
                             "%s is listed in the entry but not there",
                             entry->files[n].path);
    return 0;
}

static int
read_archive(struct reading *r, struct error *e)
{
    const struct catalog_entry *entry = r->options->entry;
    char sha256[DIGEST_HEX_SIZE];
    uint64_t size;

    if (read_members(r, e) != 0 ||
        pack_reader_end(r->pack, &size, sha256, e) != 0)
        return -1;
    if (size != entry->archive.size_bytes ||
        strcmp(sha256, entry->archive.sha256) != 0)
        return error_set(e, ERROR_DAMAGED,
                         "sha256 of %llu bytes is %s, the entry says %s of"
                         " %llu",
                         (unsigned long long)size, sha256,
                         entry->archive.sha256,
                         (unsigned long long)entry->archive.size_bytes);
    return 0;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What was sound when it was kept must be sound now; what was not is kept as
 * it was, and its bytes are proven by the hashes. */
static void
judge_again(struct reading *r)
{
    struct unpack *u = r->u;
    const struct catalog_entry *entry = r->options->entry;

    report_about(r->report, entry->archive.name);
    judge_end(&u->judge, &u->dataset, r->report);
    judge_counts(&u->judge, &u->keys, &u->expires, &u->commands);
    for (size_t n = 0; n < u->judge.count; n++) {
        u->expired += u->judge.files[n].rdb.expired;
        u->functions |= u->judge.files[n].rdb.functions;
        u->databases = larger(u->databases, u->judge.files[n].rdb.databases);
        u->databases = larger(u->databases, u->judge.files[n].aof.databases);
    }
    if (entry->verdict == VERDICT_SOUND && u->judge.verdict != VERDICT_SOUND)
        fault(r, "snapshot-verdict", "its data is %s, the entry says %s",
              verdict_name(u->judge.verdict), verdict_name(entry->verdict));
}

int
unpack(struct unpack *u, const struct storage *storage,
       const struct unpack_options *options, struct report *report, bool *ok,
       struct error *e)
{
    const struct catalog_entry *entry = options->entry;
    struct reading r = {
        .u = u, .storage = storage, .options = options, .report = report};
    int fd, rc = -1;

    memset(u, 0, sizeof *u);
    *ok = false;
    u->dataset.kind = entry->dataset;
    /* Judged as when it was kept: other releases look at other things. */
    if (entry->server.known &&
        release_read(&u->judge_options.release, entry->server.version))
        u->judge_options.release.valkey =
            strcmp(entry->server.product, "valkey") == 0;
    else
        u->judge_options.release = release_newest();
    /* The bytes are proven by their hash; whose commands they are is not asked
     * a second time. */
    u->judge_options.own_commands = true;
    u->judge_options.target = options->target;
    u->judge_options.deep = options->deep;
    u->judge_options.now_ms = options->now_ms;
    judge_begin(&u->judge, &u->judge_options);
    r.seen = memory_new((entry->file_count + 1) * sizeof *r.seen);
    fd = storage_open_archive(storage, entry, e);
    if (fd >= 0)
        r.pack = pack_reader_new(fd, entry->archive.codec, e);
    if (r.pack != NULL)
        rc = read_archive(&r, e);
    if (rc == 0) {
        judge_again(&r);
        *ok = !r.faulty;
    } else if (e->kind == ERROR_DAMAGED || e->kind == ERROR_ABSENT) {
        report_about(report, entry->archive.name);
        fault(&r, "snapshot-archive", "%s", e->text);
        rc = 0;
    }
    pack_reader_free(r.pack);
    if (fd >= 0)
        close(fd);
    free(r.seen);
    return rc;
}

const char *
unpack_fault(const struct report *report)
{
    for (size_t n = 0; n < report->count; n++)
        if (strncmp(report->findings[n].code, "snapshot-", 9) == 0)
            return report->findings[n].text;
    return "damaged";
}

uint64_t
unpack_bytes(const struct catalog_entry *entry, uint64_t slack)
{
    uint64_t sum = slack;

    for (size_t n = 0; n < entry->file_count; n++)
        if (!entry->files[n].config &&
            __builtin_add_overflow(sum, entry->files[n].size_bytes, &sum))
            return UINT64_MAX;
    return sum;
}

void
unpack_clear(struct unpack *u)
{
    judge_clear(&u->judge);
    aof_manifest_clear(&u->dataset.manifest);
    memset(u, 0, sizeof *u);
}
