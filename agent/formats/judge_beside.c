#include "formats/judge_beside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What the next rewrite will call its files. */
struct next {
    int64_t base, incr;
    bool no_incr;
};

static struct next
find_next(const struct dataset *d)
{
    const struct aof_part *base = aof_manifest_base(&d->manifest);
    const struct aof_part *incr = aof_manifest_last_incr(&d->manifest);

    return (struct next){
        .base = base != NULL && base->seq < INT64_MAX ? base->seq + 1 : 1,
        .incr = incr != NULL && incr->seq < INT64_MAX ? incr->seq + 1 : 1,
        .no_incr = incr == NULL,
    };
}

static bool
is_set(const struct dataset *d)
{
    return d->kind == DATASET_AOF && d->manifest_error.kind == ERROR_NONE &&
           !d->manifest_missing;
}

bool
judge_beside_joins(const struct dataset *d, const struct dataset_beside *b)
{
    struct next next = find_next(d);

    return is_set(d) && b->kind == DATASET_BESIDE_INCR && next.no_incr &&
           b->seq == next.incr && b->size_bytes > 0;
}

/* Whether there are writes that the set may lack: its manifest may be old. */
static bool
has_newer_incr(const struct dataset *d)
{
    for (size_t i = 0; i < d->beside_count; i++)
        if (d->beside[i].kind == DATASET_BESIDE_INCR &&
            d->beside[i].size_bytes > 0 &&
            d->beside[i].seq >= find_next(d).incr)
            return true;
    return false;
}

static void
tell_incr(const struct dataset *d, const struct dataset_beside *b,
          struct report *report)
{
    char size[TEXT_WORDS_SIZE];
    struct next next = find_next(d);

    text_write_size(size, b->size_bytes);
    if (b->size_bytes == 0)
        report_add(report, SEVERITY_INFO, "aof-beside", -1, "",
                   "is empty and not in the manifest, as a rewrite that was "
                   "cut short leaves it; no server loads it");
    else if (judge_beside_joins(d, b))
        report_add(report, SEVERITY_ERROR, "aof-beside-joins", -1,
                   "before a server starts, move the file away, or add it to "
                   "the manifest if it belongs there",
                   "is not in the manifest, but has the name that a server "
                   "gives its next file: it appends to it, and its next start "
                   "loads these %s behind the base",
                   size);
    else if (b->seq == next.incr)
        report_add(report, SEVERITY_WARNING, "aof-beside", -1,
                   "before the next rewrite, copy it away; if it is newer "
                   "than the set, the manifest may be an old one",
                   "is not in the manifest: no server loads it, and the next "
                   "rewrite empties it (%s)",
                   size);
    else
        report_add(report, SEVERITY_WARNING, "aof-beside", -1,
                   b->seq > next.incr
                       ? "if it is newer than the set, the manifest may be an "
                         "old one; else move it away"
                       : "move it away if it is not wanted",
                   "is not in the manifest: no server loads it (%s)", size);
}

static void
tell_base(const struct dataset *d, const struct dataset_beside *b,
          struct report *report)
{
    char size[TEXT_WORDS_SIZE];
    bool next = b->seq == find_next(d).base;
    bool cut_short = next && !has_newer_incr(d);

    text_write_size(size, b->size_bytes);
    report_add(report, cut_short ? SEVERITY_INFO : SEVERITY_WARNING,
               "aof-beside", -1,
               cut_short ? ""
               : next    ? "before the next rewrite, copy it away; the "
                           "manifest may be an old one"
                         : "move it away if it is not wanted",
               "is not in the manifest: no server loads it%s (%s)",
               next ? ", and the next rewrite writes over it" : "", size);
}

static void
tell_history(const struct dataset_beside *b, struct report *report)
{
    char size[TEXT_WORDS_SIZE];

    text_write_size(size, b->size_bytes);
    if (b->missing)
        report_add(report, SEVERITY_INFO, "aof-history", -1, "",
                   "is named as replaced (type h), and gone already");
    else
        report_add(report, SEVERITY_INFO, "aof-history", -1, "",
                   "is named as replaced (type h): the server removes it at "
                   "its next start (%s)",
                   size);
}

static void
tell_one(const struct judge *j, const struct dataset *d,
         const struct dataset_beside *b, struct report *report)
{
    judge_beside_about(j, d, b->path, report);
    switch (b->kind) {
    case DATASET_BESIDE_BASE:
        tell_base(d, b, report);
        break;
    case DATASET_BESIDE_INCR:
        tell_incr(d, b, report);
        break;
    case DATASET_BESIDE_HISTORY:
        tell_history(b, report);
        break;
    case DATASET_BESIDE_OLD:
        report_add(report, SEVERITY_WARNING, "aof-beside", -1,
                   "move it away if it is not wanted",
                   "a single AOF, as before redis 7.0, that no server loads: "
                   "the set or dump that lies here goes before it");
        break;
    case DATASET_BESIDE_SET:
        report_add(report, SEVERITY_WARNING, "aof-beside", -1,
                   "move its folder away if it is not wanted; a start with "
                   "appendonly yes would load it, old as it may be",
                   "an AOF that this server does not load");
        break;
    }
}

static void
tell_dump(const struct judge *j, const struct dataset *d, struct report *report)
{
    const char *name = j->options->names.dbfilename;

    judge_beside_about(j, d, name != NULL ? name : "dump.rdb", report);
    report_add(report, SEVERITY_WARNING, "dump-beside", -1,
               d->dump_newer
                   ? "nothing, if the AOF was on all the time; if not, copy "
                     "both away, start with appendonly no, and CONFIG "
                     "SET appendonly yes then"
                   : "keep it or not: the server saves over it",
               "a dump beside the AOF: the server does not load it%s",
               d->dump_newer ? "; it is newer, as after a save, or because "
                               "the AOF was switched off"
                             : "");
}

/* A server that dies before the first base is made loses what it collected. */
static void
tell_switch(const struct dataset *d, struct report *report)
{
    if (d->switching_lost)
        report_add(report, SEVERITY_ERROR, "aof-switching-lost", -1,
                   "copy the folder away before a server starts; a newer "
                   "dump, loaded with appendonly no, may hold more",
                   "a server died while its AOF was switched on: temp-*.incr "
                   "holds writes that no server loads; what it does load is "
                   "older");
    else
        report_add(report, SEVERITY_WARNING, "aof-switching-on", -1,
                   "wait for the first rewrite to end",
                   "the AOF is being switched on: what is here may be older "
                   "than the server's data");
}

void
judge_beside_about(const struct judge *j, const struct dataset *d,
                   const char *path, struct report *report)
{
    size_t shown, own;
    char *whole;

    if (j->count == 0 || d->count == 0)
        return;
    shown = strlen(j->files[0].path);
    own = strlen(d->files[0].path);
    whole = text_format("%.*s%s", shown > own ? (int)(shown - own) : 0,
                        j->files[0].path, path);
    report_about(report, whole);
    free(whole);
}

bool
judge_beside(const struct judge *j, const struct dataset *d,
             struct report *report)
{
    bool bad = d->switching_lost;

    if (d->other_dump && j->server != JUDGE_EMPTY)
        tell_dump(j, d, report);
    for (size_t i = 0; i < d->beside_count; i++) {
        tell_one(j, d, &d->beside[i], report);
        bad = bad || judge_beside_joins(d, &d->beside[i]);
    }
    judge_beside_about(j, d, judge_beside_folder(j), report);
    if (d->beside_more > 0)
        report_add(report, SEVERITY_WARNING, "aof-beside", -1,
                   "move those away that are not wanted",
                   "and %" PRIu64 " more such files", d->beside_more);
    if (d->switching_on)
        tell_switch(d, report);
    return bad;
}

const char *
judge_beside_folder(const struct judge *j)
{
    const char *name = j->options->names.appenddirname;

    return name != NULL ? name : "appendonlydir";
}
