#include "formats/judge_set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Clocks are put right now and then; more than that is no clock's work. */
enum { CLOCK_SLACK_S = 60 };

/* What may be a time, in seconds since 1970: from 2001 to the year 9999. */
static const int64_t time_min_s = 1000000000, time_max_s = 253402300799;

static bool
is_part(const struct judge_file *f)
{
    return f->role == DATASET_ROLE_BASE || f->role == DATASET_ROLE_INCR;
}

static int
compare_parts(const void *a, const void *b)
{
    const struct aof_part *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);

    if (by_name != 0)
        return by_name;
    return (x->type == AOF_HISTORY) - (y->type == AOF_HISTORY);
}

/* Of two entries of one name: the first is of the set, the second may be. */
static bool
judge_twice(const struct aof_part *first, const struct aof_part *second,
            struct report *report)
{
    if (first->type == AOF_HISTORY)
        return false;
    if (second->type == AOF_HISTORY)
        report_add(report, SEVERITY_ERROR, "aof-history-used", -1,
                   "before a server starts, remove the line of type h from "
                   "the manifest",
                   "names '%.200s' as data and as replaced (type h): a server "
                   "loads it and then removes it, and its next start refuses",
                   first->name);
    else
        report_add(report, SEVERITY_ERROR, "aof-twice", -1,
                   "remove one of its lines from the manifest",
                   "names '%.200s' twice: a server loads it twice, and counts "
                   "and lists are doubled",
                   first->name);
    return true;
}

static bool
judge_names(const struct aof_manifest *m, struct report *report)
{
    struct aof_part *parts = memory_resize(NULL, m->count, sizeof *parts);
    bool bad = false;

    memcpy(parts, m->parts, m->count * sizeof *parts);
    qsort(parts, m->count, sizeof *parts, compare_parts);
    for (size_t i = 1; i < m->count; i++)
        if (strcmp(parts[i - 1].name, parts[i].name) == 0)
            bad = judge_twice(&parts[i - 1], &parts[i], report) || bad;
    free(parts);
    return bad;
}

static bool
judge_created(const struct judge *j, const struct aof_manifest *m,
              struct report *report)
{
    const char *set = j->options->names.appendfilename;
    const struct aof_part *part =
        aof_manifest_replaced_incr(m, set != NULL ? set : "appendonly.aof");

    if (part == NULL)
        return false;
    report_add(report, SEVERITY_ERROR, "aof-history-used", -1,
               "before a server starts, remove the line of type h from the "
               "manifest",
               "names '%.200s' as replaced (type h): a server that starts "
               "makes a file of that name, writes to it and removes it, and "
               "its next start refuses",
               part->name);
    return true;
}

static bool
judge_replaced(const struct aof_manifest *m, struct report *report)
{
    const struct aof_part *part = aof_manifest_replaced_base(m);

    if (part == NULL)
        return false;
    report_add(report, SEVERITY_ERROR, "aof-base-replaced", -1, REPORT_REPAIR,
               "names the base '%.200s' as replaced (type h), and no other "
               "base: a server that starts loads nothing of it, and removes it",
               part->name);
    return true;
}

/* Replication offsets that redis 8.0 and later write beside an incr. */
static void
judge_offsets(const struct aof_part *before, const struct aof_part *part,
              struct report *report)
{
    int64_t end = before->end_offset >= 0 ? before->end_offset
                                          : before->start_offset;

    if (end < 0 || part->start_offset < 0)
        return;
    if (part->start_offset >= end &&
        (before->end_offset < 0 || part->start_offset == end))
        return;
    report_add(report, SEVERITY_WARNING, "aof-offsets", -1,
               "look whether the manifest was edited, or put together from "
               "two",
               "'%.200s' begins at replication offset %" PRId64
               ", the file before it %s at %" PRId64,
               part->name, part->start_offset,
               before->end_offset >= 0 ? "ends" : "begins", end);
}

static void
judge_order(const struct aof_manifest *m, struct report *report)
{
    const struct aof_part *before = NULL;

    for (size_t i = 0; i < m->count; i++) {
        const struct aof_part *part = &m->parts[i];

        if (part->type != AOF_INCR)
            continue;
        if (before != NULL && part->seq - before->seq > 1)
            report_add(report, SEVERITY_WARNING, "aof-gap", -1,
                       "look whether a file was lost; servers load the set "
                       "without it",
                       "from seq %" PRId64 " to %" PRId64
                       ": servers number incr files without a gap",
                       before->seq, part->seq);
        if (before != NULL)
            judge_offsets(before, part, report);
        before = part;
    }
}

static bool
is_time(int64_t seconds)
{
    return seconds >= time_min_s && seconds <= time_max_s;
}

/* The base's writes end where the incr's begin, as far as times tell. */
static void
judge_times(const struct judge_file *base, const struct judge_file *incr,
            int64_t changed_s, struct report *report)
{
    char made[TEXT_TIME_SIZE], written[TEXT_TIME_SIZE];
    int64_t made_s = base->aof.has_rdb ? base->rdb.created
                                       : base->aof.first_time;
    int64_t limit = is_time(made_s) ? made_s - CLOCK_SLACK_S : 0;
    int64_t first = incr->aof.first_time;
    bool begins = is_time(first) && first < limit;

    if (incr->size_bytes == 0 ||
        !(begins || (is_time(changed_s) && changed_s < limit)))
        return;
    text_write_time(made, made_s * 1000);
    text_write_time(written, (begins ? first : changed_s) * 1000);
    report_about(report, incr->path);
    report_add(report, SEVERITY_WARNING, "aof-before-base", -1,
               "look whether base and incr are of one server and one time; "
               "what the base holds already would be done again",
               "%s at %s, before its base was made (%s): they may not belong "
               "together",
               begins ? "begins" : "was last written", written, made);
}

/* The incr that holds the RDB which the base by its name should hold. */
static const struct judge_file *
find_exchanged(const struct judge *j, const struct judge_file *base)
{
    if (!text_has_suffix(base->path, ".base.rdb") || base->aof.has_rdb)
        return NULL;
    for (size_t i = 0; i < j->count; i++)
        if (j->files[i].role == DATASET_ROLE_INCR && j->files[i].aof.has_rdb)
            return &j->files[i];
    return NULL;
}

/* What a base is called tells what is in it. */
static bool
judge_content(const struct judge *j, const struct judge_file *base,
              struct report *report)
{
    const struct judge_file *exchanged = find_exchanged(j, base);
    bool rdb = text_has_suffix(base->path, ".base.rdb");

    if (base->missing || base->size_bytes == 0 || rdb == base->aof.has_rdb ||
        (!rdb && !text_has_suffix(base->path, ".base.aof")))
        return false;
    report_about(report, base->path);
    if (exchanged != NULL)
        report_add(report, SEVERITY_ERROR, "aof-exchanged", -1,
                   "with the server stopped, exchange the names of the two "
                   "files",
                   "holds commands, and %.300s an RDB: they were exchanged",
                   exchanged->path);
    else
        report_add(report, SEVERITY_WARNING, "aof-name", -1,
                   "look whether it is the right file",
                   "holds %s, which its name does not say; servers load it",
                   rdb ? "commands" : "an RDB");
    return exchanged != NULL;
}

static void
judge_empty(const struct judge *j, size_t i, struct report *report)
{
    const struct judge_file *f = &j->files[i];

    if (f->role != DATASET_ROLE_INCR || f->missing || f->size_bytes > 0 ||
        i + 1 == j->count)
        return;
    report_about(report, f->path);
    report_add(report, SEVERITY_INFO, "aof-incr-empty", -1, "",
               "is empty: nothing was written while it was the last");
}

/* Files were judged in the order of the dataset: the same place, one file. */
static int64_t
changed_at(const struct judge *j, const struct dataset *d, size_t i)
{
    return j->count == d->count ? d->files[i].id.mtime_ns / 1000000000 : 0;
}

bool
judge_set(const struct judge *j, const struct dataset *d, struct report *report)
{
    const struct judge_file *base = NULL;
    bool bad = false;

    if (d->kind != DATASET_AOF || d->manifest.count == 0)
        return false;
    report_about(report, j->count > 0 ? j->files[0].path : "");
    bad = judge_names(&d->manifest, report);
    bad = judge_created(j, &d->manifest, report) || bad;
    bad = judge_replaced(&d->manifest, report) || bad;
    judge_order(&d->manifest, report);
    for (size_t i = 0; i < j->count; i++) {
        if (!is_part(&j->files[i]))
            continue;
        if (j->files[i].role == DATASET_ROLE_BASE) {
            base = &j->files[i];
            bad = judge_content(j, base, report) || bad;
        } else if (base != NULL && !j->files[i].missing) {
            judge_times(base, &j->files[i], changed_at(j, d, i), report);
        }
        judge_empty(j, i, report);
    }
    return bad;
}
