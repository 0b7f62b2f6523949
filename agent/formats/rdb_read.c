#include "formats/rdb_read.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/crc64.h"
#include "formats/rdb_lzf.h"

/* How far the checksum goes ahead: well within the second-level cache. */
enum { AHEAD_BYTES = 256 << 10 };

/* Left alone at the end of a window, so that one rarely goes back to from. */
enum { AHEAD_MARGIN = 512 };

/* Less than this ahead is no room for a tight loop. */
enum { NEAR_MIN = 256 };

enum { TEXT_MAX = 200 };

static const struct {
    const char *code, *remedy;
} remedies[] = {
    {"rdb-truncated", "it was cut off while it was saved or copied, or the "
                      "disk was full: copy it again; or " REPORT_MEND},
    {"rdb-checksum", "the bytes changed after the server wrote them: look at "
                     "disk and memory, copy it again; or " REPORT_MEND},
    {"rdb-duplicate-key",
     "nothing tells which of the two is right; " REPORT_MEND},
    {"rdb-zeros",
     "it was not on disk yet when power was lost: " REPORT_RESTORE},
    {"rdb-magic", "this is no RDB: look at the path; or " REPORT_RESTORE},
};

void
rdb_read_begin(struct rdb_read *r, struct source *s, struct report *report,
               struct rdb_result *result)
{
    *r = (struct rdb_read){
        .s = s,
        .report = report,
        .result = result,
        .key.expire_ms = -1,
        .from = s->at,
        .ahead = s->at,
    };
}

void
rdb_read_moved(struct rdb_read *r)
{
    r->from = r->s->at;
    r->ahead = r->s->end;
}

uint64_t
rdb_read_checksum(struct rdb_read *r)
{
    const unsigned char *at = r->s->at;

    if (r->unsummed)
        return 0;
    if (at >= r->ahead)
        r->crc = crc64_update(r->crc_ahead, r->ahead, (size_t)(at - r->ahead));
    else
        r->crc = crc64_update(r->crc, r->from, (size_t)(at - r->from));
    r->crc_ahead = r->crc;
    r->from = r->ahead = at;
    return r->crc;
}

void
rdb_read_ahead(struct rdb_read *r)
{
    size_t room = (size_t)(r->s->end - r->s->at);
    size_t n = room > AHEAD_MARGIN ? room - AHEAD_MARGIN : 0;

    if (r->unsummed)
        return;
    if (n > AHEAD_BYTES)
        n = AHEAD_BYTES;
    rdb_read_checksum(r);
    r->crc_ahead = crc64_update(r->crc, r->ahead, n);
    r->ahead += n;
}

const unsigned char *
rdb_read_near(struct rdb_read *r)
{
    if (r->s->at >= r->ahead)
        rdb_read_ahead(r);
    return r->ahead - r->s->at > NEAR_MIN ? r->ahead : r->s->end;
}

bool
rdb_read_more(struct rdb_read *r, size_t n)
{
    bool enough;

    rdb_lzf_flush(r);
    if (r->name_size > 0 && r->name != r->kept_name) {
        memcpy(r->kept_name, r->name, r->name_size);
        r->name = r->kept_name;
    }
    rdb_read_checksum(r);
    /* However large, it has no end mark. */
    r->hole = source_is_hole(r->s);
    enough = !r->hole && source_more(r->s, n);
    r->from = r->ahead = r->s->at;
    if (r->unsummed)
        rdb_read_moved(r);
    return enough;
}

static uint64_t
end_of(const struct source *s)
{
    return s->ended ? s->end_offset : s->size_bytes;
}

static const char *
remedy_of(const struct rdb_read *r, const char *code)
{
    if (end_of(r->s) == 0)
        return "it was emptied, or the disk was full: " REPORT_RESTORE;
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (strcmp(remedies[i].code, code) == 0)
            return remedies[i].remedy;
    return "the file was changed or written wrongly; " REPORT_MEND;
}

static void add_damage(struct rdb_read *r, const char *code, uint64_t offset,
                       const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void
add_damage(struct rdb_read *r, const char *code, uint64_t offset,
           const char *format, va_list arguments)
{
    char text[TEXT_MAX] = "", place[100] = "";

    rdb_lzf_flush(r);
    if (r->s->error.kind != ERROR_NONE)
        return; /* a failure, not an end: nothing is judged */
    /* There may be millions; what is dropped need not be written. */
    if (r->report != NULL && r->report->count < REPORT_FINDINGS_MAX) {
        vsnprintf(text, sizeof text, format, arguments);
        if (r->inside != NULL)
            snprintf(place, sizeof place, " (%s, key at byte %" PRIu64 ")",
                     r->inside, r->key.offset);
    }
    report_add(r->report, SEVERITY_ERROR, code, (int64_t)offset,
               remedy_of(r, code), "%s%s", text, place);
    if (r->result->verdict != VERDICT_DAMAGED)
        r->result->damage_offset = offset;
    r->result->verdict = VERDICT_DAMAGED;
}

static void add_spoiled(struct rdb_read *r, unsigned refused_by,
                        uint64_t offset, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void
add_spoiled(struct rdb_read *r, unsigned refused_by, uint64_t offset,
            const char *format, va_list arguments)
{
    rdb_lzf_flush(r);
    r->result->refused_by |= refused_by;
    if (r->spoiled)
        return; /* one finding a key */
    r->spoiled = true;
    add_damage(r, "rdb-value", offset, format, arguments);
}

bool
rdb_read_fail(struct rdb_read *r, const char *code, uint64_t offset,
              const char *format, ...)
{
    va_list arguments;

    r->result->refused_by = RDB_BY_ALL;
    va_start(arguments, format);
    add_damage(r, code, offset, format, arguments);
    va_end(arguments);
    return false;
}

void
rdb_read_note(struct rdb_read *r, unsigned refused_by, const char *code,
              uint64_t offset, const char *format, ...)
{
    va_list arguments;

    r->result->refused_by |= refused_by;
    va_start(arguments, format);
    add_damage(r, code, offset, format, arguments);
    va_end(arguments);
}

bool
rdb_read_spoiled(struct rdb_read *r, uint64_t offset, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_spoiled(r, RDB_BY_ALL, offset, format, arguments);
    va_end(arguments);
    return true;
}

bool
rdb_read_flawed(struct rdb_read *r, unsigned refused_by, uint64_t offset,
                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_spoiled(r, refused_by, offset, format, arguments);
    va_end(arguments);
    return true;
}

bool
rdb_read_cut(struct rdb_read *r, uint64_t offset, const char *what)
{
    const struct source *s = r->s;
    uint64_t end = end_of(s);

    r->result->cut_short = true;
    if (end == 0)
        return rdb_read_fail(r, "rdb-truncated", offset, "it is empty");
    if (r->hole)
        return rdb_read_fail(r, "rdb-truncated", offset,
                             "nothing was written from byte %" PRIu64 " to the "
                             "end, which reads as zeros; here begins %s",
                             source_offset(s),
                             what != NULL ? what : "no key and no end");
    if (what == NULL)
        return rdb_read_fail(r, "rdb-truncated", offset,
                             "the data ends at byte %" PRIu64 ", where a key "
                             "or the end mark should be",
                             end);
    return rdb_read_fail(r, "rdb-truncated", offset,
                         "the data ends at byte %" PRIu64 ", inside %s that "
                         "begins here",
                         end, what);
}

bool
rdb_read_strange(struct rdb_read *r, const char *code, uint64_t offset,
                 const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;

    rdb_lzf_flush(r);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report_add(r->report, SEVERITY_WARNING, code, (int64_t)offset,
               "only the checksum of what follows is judged: use a newer "
               "release of this program",
               "%s", text);
    r->strange = true;
    r->result->verdict = verdict_worse(r->result->verdict, VERDICT_UNKNOWN);
    return false;
}

const unsigned char *
rdb_read_raw(struct rdb_read *r, size_t n, const char *what)
{
    const unsigned char *p;

    if (!rdb_read_want(r, n)) {
        rdb_read_cut(r, source_offset(r->s), what);
        return NULL;
    }
    p = r->s->at;
    r->s->at += n;
    return p;
}

bool
rdb_read_skip(struct rdb_read *r, uint64_t n, uint64_t start, const char *what)
{
    struct source *s = r->s;
    size_t room = (size_t)(s->end - s->at);

    if (n > room && s->size_bytes != UINT64_MAX &&
        n > s->size_bytes - source_offset(s))
        return rdb_read_cut(r, start, what);
    if (n > room && r->unsummed) {
        rdb_lzf_flush(r);
        if (!source_skip(s, n))
            return rdb_read_cut(r, start, what);
        r->unread += n - room;
        rdb_read_moved(r);
        return true;
    }
    while (n > room) {
        n -= room;
        s->at = s->end;
        if (!rdb_read_more(r, 1))
            return rdb_read_cut(r, start, what);
        room = (size_t)(s->end - s->at);
    }
    s->at += n;
    return true;
}

bool
rdb_read_u64(struct rdb_read *r, uint64_t *n, const char *what)
{
    const unsigned char *p = rdb_read_raw(r, 8, what);

    if (p == NULL)
        return false;
    *n = 0;
    for (unsigned i = 0; i < 8; i++)
        *n |= (uint64_t)p[i] << (8 * i);
    return true;
}

/* Bytes of a length that begins with c; 0: none does. */
static size_t
length_size(unsigned c)
{
    if (c < 0x40 || c >= 0xc0)
        return 1;
    if (c < 0x80)
        return 2;
    return c == 0x80 ? 5 : c == 0x81 ? 9 : 0;
}

/* A string's encoding where no string is: servers take its low bits. */
static void
note_encoding(struct rdb_read *r, uint64_t offset, unsigned byte)
{
    if (r->inside == NULL || !r->spoiled)
        rdb_read_note(r, 0, "rdb-length", offset,
                      "the byte %02x does not begin a length", byte);
    r->spoiled = true;
}

bool
rdb_read_number_slow(struct rdb_read *r, uint64_t *n)
{
    uint64_t start = source_offset(r->s);
    const unsigned char *p;
    size_t size;

    if (!rdb_read_want(r, 1))
        return rdb_read_cut(r, start, "a length");
    size = length_size(*r->s->at);
    if (size == 0)
        return rdb_read_fail(r, "rdb-length", start,
                             "the byte %02x does not begin a length",
                             (unsigned)*r->s->at);
    if (*r->s->at >= 0xc0)
        note_encoding(r, start, *r->s->at);
    if (!rdb_read_want(r, size))
        return rdb_read_cut(r, start, "a length");
    p = r->s->at;
    r->s->at += size;
    *n = size <= 2 ? *p & 0x3f : 0;
    for (size_t i = 1; i < size; i++)
        *n = *n << 8 | p[i];
    return true;
}

bool
rdb_read_count(struct rdb_read *r, uint64_t *n)
{
    uint64_t start = source_offset(r->s);

    if (!rdb_read_number(r, n))
        return false;
    if (*n > RDB_READ_COUNT_MAX)
        return rdb_read_fail(r, "rdb-length", start,
                             "a count of %" PRIu64 " is more than any file "
                             "can hold",
                             *n);
    return true;
}

bool
rdb_read_numbers(struct rdb_read *r, unsigned n)
{
    uint64_t number;

    for (; n > 0; n--)
        if (!rdb_read_number(r, &number))
            return false;
    return true;
}
