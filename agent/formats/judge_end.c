/*
 * What the set is and what a server does with it: the rules of loading, from
 * redis/src/aof.c, rdb.c and server.c (loadDataFromDisk), tried on redis
 * 7.0.15. The data's verdict and the server's behaviour are two answers: data
 * that is whole may be too new, and damaged data may load.
 */
#include "formats/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/judge_behind.h"
#include "formats/judge_beside.h"
#include "formats/judge_odd.h"
#include "formats/judge_set.h"
#include "formats/judge_tail.h"

/* What a server has unless it is told: databases. */
enum { DATABASES_USUAL = 16 };

static void
worsen(struct judge *j, enum verdict verdict, enum judge_server server)
{
    j->verdict = verdict_worse(j->verdict, verdict);
    if (server > j->server)
        j->server = server;
}

/* Whether a server that takes this kind of dataset reads the file. */
static bool
is_loaded(const struct dataset *d, const struct judge_file *f)
{
    switch (d->kind) {
    case DATASET_RDB:
        return f->role == DATASET_ROLE_DUMP;
    case DATASET_AOF_SINGLE:
        return f->role == DATASET_ROLE_SINGLE;
    case DATASET_AOF:
        return f->role == DATASET_ROLE_BASE || f->role == DATASET_ROLE_INCR;
    default:
        return false;
    }
}

/* It is there, but whoever judges may not read it. */
static bool
is_unreadable(const struct judge *j, const struct dataset *d,
              const struct judge_file *f)
{
    /* Judged in the order of the dataset: there may be very many. */
    if (j->count == d->count)
        return f->missing && !d->files[f - j->files].missing;
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->files[i].path, f->path) == 0)
            return f->missing && !d->files[i].missing;
    return false;
}

static void
judge_version(struct judge *j, const struct judge_file *f,
              struct report *report)
{
    char server[RELEASE_TEXT_SIZE], remedy[160];
    const struct rdb_result *rdb = &f->rdb;
    const struct release *release = &j->options->release;
    bool loads =
        rdb->container
            ? release->valkey && release_at_least(release, 9, 2)
            : release_loads_rdb(release, rdb->needs, rdb->valkey_magic);

    if (loads)
        return;
    release_write(server, release);
    snprintf(remedy, sizeof remedy, "start it with a server that can%s%s",
             rdb->server[0] == '\0' ? "" : "; this was written by ",
             rdb->server);
    worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
    if (rdb->container)
        report_add(report, SEVERITY_ERROR, "rdb-too-new", 0, remedy,
                   "%s cannot read a compressed RDB (VKCS)", server);
    else
        report_add(report, SEVERITY_ERROR, "rdb-too-new", 0, remedy,
                   "%s cannot read %sRDB version %d%s", server,
                   rdb->needs > rdb->version ? "what is in it of " : "",
                   rdb->needs, rdb->valkey_magic ? " of valkey" : "");
}

static void
judge_needs(struct judge *j, const struct judge_file *f, struct report *report)
{
    uint64_t databases = j->options->databases;

    if (databases == 0)
        databases = DATABASES_USUAL;
    if (f->rdb.databases > databases) {
        worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
        report_add(report, SEVERITY_ERROR, "databases-needed", -1,
                   "give the server more: databases in its configuration",
                   "needs %" PRIu64 " databases, the server has %" PRIu64,
                   f->rdb.databases, databases);
    }
    if (f->rdb.modules > 0) {
        worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
        report_add(report, SEVERITY_ERROR, "modules-needed", -1,
                   "start the server with the modules that wrote it: "
                   "loadmodule in its configuration",
                   "holds data of modules in %" PRIu64
                   " places; a server without them refuses it",
                   f->rdb.modules);
    }
}

/* How closely a server looks at values. */
static unsigned
era_of(const struct release *r)
{
    if (release_walks_values(r))
        return RDB_BY_9_1;
    if (r->valkey || release_at_least(r, 7, 0))
        return release_at_least(r, 8, 0) ? RDB_BY_8 : RDB_BY_7;
    return release_at_least(r, 6, 2) ? RDB_BY_6_2 : RDB_BY_6_0;
}

/* The RDB of a dump or in front of an AOF. */
static void
judge_rdb(struct judge *j, const struct judge_file *f, struct report *report)
{
    if (f->rdb.verdict == VERDICT_DAMAGED)
        worsen(j, VERDICT_DAMAGED,
               (f->rdb.refused_by & era_of(&j->options->release)) != 0
                   ? JUDGE_REFUSES
                   : JUDGE_LOADS);
    if (judge_odd_rdb(&f->rdb))
        worsen(j, VERDICT_UNKNOWN, JUDGE_REFUSES);
    if (f->rdb.version != 0 || f->rdb.container)
        judge_version(j, f, report);
    judge_needs(j, f, report);
}

/* A tail is only a tail in the last file: behind others it is a hole. */
static void
judge_torn(struct judge *j, const struct judge_file *f, bool last,
           struct report *report)
{
    bool cuts = f->aof.ends_in_command || f->aof.ends_in_multi;
    bool refused = cuts && (!last || j->options->refuse_truncated);

    if (refused)
        worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
    else if (cuts)
        worsen(j, VERDICT_SOUND, JUDGE_TRUNCATES);
    if (last || (!cuts && !f->aof.ends_in_annotation))
        return;
    worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
    judge_tail_take_back(report, f->path);
    report_add(report, SEVERITY_ERROR, "aof-torn-middle", (int64_t)f->good_end,
               cuts ? "do not start a server: the first start cuts this file "
                      "on disk and refuses, the second is silent with a "
                      "hole; " REPORT_MEND
                    : REPORT_MEND,
               "ends inside %s and is not the last file: what followed is "
               "lost",
               f->aof.ends_in_multi     ? "a MULTI"
               : f->aof.ends_in_command ? "a command"
                                        : "an annotation");
}

static void
judge_aof(struct judge *j, const struct judge_file *f, bool last,
          struct report *report)
{
    if (f->size_bytes == 0 && f->role == DATASET_ROLE_BASE &&
        text_has_suffix(f->path, ".rdb")) {
        worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
        report_add(report, SEVERITY_ERROR, "aof-base-empty", -1, REPORT_RESTORE,
                   "a base of zero bytes: no server writes one, all load it "
                   "as no data");
    }
    if (f->aof.server_refuses)
        worsen(j, VERDICT_DAMAGED, JUDGE_REFUSES);
    if (f->aof.command_refused)
        worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
    if (judge_odd_select(j->options, f, report))
        worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
    judge_torn(j, f, last, report);
    if (!f->aof.annotated || release_has_manifest(&j->options->release))
        return;
    worsen(j, VERDICT_SOUND, JUDGE_REFUSES);
    report_add(report, SEVERITY_ERROR, "aof-annotations", -1,
               "start it with redis 7.0 or later",
               "holds time annotations (#TS:), which servers before 7.0 "
               "refuse");
}

static void
judge_one(struct judge *j, const struct dataset *d, const struct judge_file *f,
          bool last, struct report *report)
{
    report_about(report, f->path);
    if (f->missing) {
        worsen(j, is_unreadable(j, d, f) ? VERDICT_UNKNOWN : VERDICT_DAMAGED,
               JUDGE_REFUSES);
        return;
    }
    worsen(j, f->verdict, JUDGE_LOADS);
    if (!f->is_aof || f->aof.has_rdb)
        judge_rdb(j, f, report);
    if (f->is_aof)
        judge_aof(j, f, last, report);
}

/* In the order a server loads them; true if there is a byte to load. */
static bool
judge_loaded(struct judge *j, const struct dataset *d, struct report *report)
{
    size_t last = 0;
    bool bytes = false, crashes;

    for (size_t i = 0; i < j->count; i++)
        if (is_loaded(d, &j->files[i]))
            last = i;
    for (size_t i = 0; i < j->count; i++) {
        if (!is_loaded(d, &j->files[i]))
            continue;
        judge_one(j, d, &j->files[i], i == last, report);
        if (judge_behind(j, d, i, &crashes, report))
            worsen(j, VERDICT_DAMAGED, crashes ? JUDGE_REFUSES : JUDGE_LOADS);
        if (j->files[i].missing || j->files[i].size_bytes > 0)
            bytes = true;
    }
    return bytes;
}

/* The server passes over all there is. */
static void
ignore_all(struct judge *j, const char *code, const char *remedy,
           const char *text, struct report *report)
{
    j->verdict = VERDICT_DAMAGED;
    j->server = JUDGE_EMPTY;
    report_add(report, SEVERITY_ERROR, code, -1, remedy, "%s", text);
}

/* Whether the settings, and not the files, make the server start empty. */
static bool
is_ignored(struct judge *j, const struct dataset *d, struct report *report)
{
    const struct dataset_names *names = &j->options->names;
    bool set = d->kind == DATASET_AOF;

    report_about(report, j->count > 0 ? j->files[0].path : "");
    if (d->kind == DATASET_RDB && names->appendonly == DATASET_APPENDONLY_YES)
        ignore_all(j, "dump-ignored",
                   "put it in as the base of an AOF: " REPORT_REPAIR
                   " --appendonly yes",
                   "with appendonly yes the server starts empty, ignores the "
                   "dump, and later saves over it",
                   report);
    else if (d->kind != DATASET_RDB &&
             names->appendonly == DATASET_APPENDONLY_NO)
        ignore_all(j, "aof-ignored", "start the server with appendonly yes",
                   "with appendonly no the server ignores the AOF and starts "
                   "empty",
                   report);
    else if (set && (names->no_manifest ||
                     !release_has_manifest(&j->options->release)))
        ignore_all(j, "aof-ignored", "start it with redis 7.0 or later",
                   "a server before 7.0 ignores AOF files with a manifest "
                   "and starts empty",
                   report);
    else if (set && d->manifest_missing)
        ignore_all(j, "manifest-missing",
                   "do not start a server on it: it would start empty and "
                   "write over these files; " REPORT_MEND,
                   "AOF files without their manifest", report);
    else
        return false;
    return true;
}

static void
judge_manifest(struct judge *j, const struct dataset *d, struct report *report)
{
    if (d->manifest_error.kind == ERROR_NONE)
        return;
    worsen(j,
           d->manifest_error.kind == ERROR_DAMAGED ? VERDICT_DAMAGED
                                                   : VERDICT_UNKNOWN,
           JUDGE_REFUSES);
    report_about(report, j->count > 0 ? j->files[0].path : "");
}

/* A set that loads nothing, though nobody tells the server to. */
static void
judge_emptiness(struct judge *j, const struct dataset *d, struct report *report)
{
    if (j->server == JUDGE_REFUSES)
        return;
    j->server = JUDGE_EMPTY;
    report_about(report, j->count > 0 ? j->files[0].path : "");
    if (d->other_dump)
        ignore_all(j, "dump-ignored",
                   "put it in as the base of the AOF: " REPORT_REPAIR,
                   "the AOF holds nothing: the server starts empty and "
                   "ignores the dump",
                   report);
    else if (d->other_aof)
        ignore_all(j, "aof-ignored", REPORT_MEND,
                   "the server starts empty and ignores the other AOF files",
                   report);
    else
        report_add(report, SEVERITY_WARNING, "aof-empty", -1,
                   "nothing, for a server that is new; else " REPORT_RESTORE,
                   "the AOF holds nothing: the server starts empty");
}

void
judge_end(struct judge *j, const struct dataset *d, struct report *report)
{
    bool bytes;

    j->verdict = VERDICT_SOUND;
    j->server = JUDGE_LOADS;
    if (d->kind == DATASET_NONE) {
        j->server = JUDGE_EMPTY;
    } else if (!is_ignored(j, d, report)) {
        judge_manifest(j, d, report);
        bytes = judge_loaded(j, d, report);
        if (judge_set(j, d, report))
            worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
        if (d->kind == DATASET_RDB && d->manifest_missing) {
            worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
            judge_beside_about(j, d, judge_beside_folder(j), report);
            report_add(report, SEVERITY_ERROR, "manifest-missing", -1,
                       REPORT_MEND,
                       "AOF files without their manifest; with appendonly "
                       "yes the server starts empty");
        }
        if (!bytes && d->kind != DATASET_RDB)
            judge_emptiness(j, d, report);
    }
    if (judge_odd_manifest(j, d, report))
        worsen(j, VERDICT_DAMAGED, JUDGE_REFUSES);
    if (judge_beside(j, d, report))
        worsen(j, VERDICT_DAMAGED, JUDGE_LOADS);
}
