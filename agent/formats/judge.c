#include "formats/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/judge_tail.h"

static const char *const server_names[] = {
    [JUDGE_LOADS] = "loads",
    [JUDGE_TRUNCATES] = "truncates",
    [JUDGE_EMPTY] = "empty",
    [JUDGE_REFUSES] = "refuses",
};

void
judge_begin(struct judge *j, const struct judge_options *options)
{
    *j = (struct judge){.options = options};
}

static struct judge_file *
begin_file(struct judge *j, const char *path, enum dataset_role role,
           struct report *report)
{
    struct judge_file *f;

    report_about(report, path);
    j->files = memory_resize(j->files, j->count + 1, sizeof *j->files);
    f = &j->files[j->count++];
    *f = (struct judge_file){.path = memory_dup(path), .role = role};
    return f;
}

static void
clear_file(struct judge_file *f)
{
    free(f->path);
    judge_stats_free(f->stats);
}

/* The file that could not be read to its end is no part of the set. */
static int
forget_file(struct judge *j)
{
    j->count--;
    clear_file(&j->files[j->count]);
    return -1;
}

/* What is left in the window; false at the end. */
static bool
take_window(struct source *s, char **bytes, size_t *size)
{
    size_t have;

    if (!source_want(s, 1))
        return false;
    have = (size_t)(s->end - s->at);
    if (have > AOF_MANIFEST_SIZE_MAX + 1 - *size)
        have = AOF_MANIFEST_SIZE_MAX + 1 - *size;
    *bytes = memory_resize(*bytes, *size + have, 1);
    memcpy(*bytes + *size, s->at, have);
    *size += have;
    s->at += have;
    return *size <= AOF_MANIFEST_SIZE_MAX;
}

static void
add_manifest(struct judge_file *f, struct source *s, struct report *report)
{
    struct aof_manifest m = {0};
    struct error e = {0};
    char *bytes = NULL;
    size_t size = 0;

    while (take_window(s, &bytes, &size))
        continue;
    if (s->error.kind == ERROR_NONE &&
        aof_manifest_read(&m, bytes, size, &e) != 0) {
        f->verdict = VERDICT_DAMAGED;
        report_add(report, SEVERITY_ERROR, "aof-manifest", -1,
                   "servers refuse to start on it; " REPORT_MEND, "%s", e.text);
    }
    aof_manifest_clear(&m);
    free(bytes);
}

static void
copy_rdb(struct judge_file *f)
{
    f->version = f->rdb.version;
    f->keys = f->rdb.keys;
    f->expires = f->rdb.expires;
    f->checksum = f->rdb.checksum;
}

static int
add_dump(const struct judge_options *o, struct judge_file *f, bool deep,
         struct source *s, struct report *report, struct error *e)
{
    const struct rdb_options options = {
        .key_seen = f->stats != NULL ? judge_stats_key : NULL,
        .context = f->stats,
        .deep = deep,
        .now_ms = o->now_ms};

    if (rdb_walk(s, &options, report, &f->rdb, e) != 0)
        return -1;
    f->verdict = f->rdb.verdict;
    copy_rdb(f);
    if (f->verdict == VERDICT_SOUND && source_want(s, 1))
        report_add(report, SEVERITY_WARNING, "rdb-trailing",
                   (int64_t)source_offset(s),
                   "servers ignore it in a dump, and refuse it in an AOF",
                   "more bytes behind the end of the RDB");
    return 0;
}

static int
add_aof(const struct judge_options *o, struct judge_file *f, bool deep,
        struct source *s, struct report *report, struct error *e)
{
    const struct aof_options options = {
        .key_seen = f->stats != NULL ? judge_stats_key : NULL,
        .command_seen = f->stats != NULL ? judge_stats_command : NULL,
        .context = f->stats,
        .release = &o->release,
        .own_commands = o->own_commands,
        .target = o->target,
        .deep = deep,
        .now_ms = o->now_ms};

    f->is_aof = true;
    if (aof_scan(s, &options, report, &f->aof, e) != 0)
        return -1;
    f->verdict = f->aof.verdict;
    f->commands = f->aof.commands;
    f->rdb = f->aof.rdb;
    copy_rdb(f);
    return 0;
}

int
judge_add(struct judge *j, const char *path, enum dataset_role role,
          struct source *s, struct report *report, struct error *e)
{
    struct judge_file *f = begin_file(j, path, role, report);
    bool deep = j->options->deep;
    int rc = 0;

    if (j->options->stats && role != DATASET_ROLE_MANIFEST)
        f->stats = judge_stats_new(j->options->now_ms);
    if (role == DATASET_ROLE_MANIFEST)
        add_manifest(f, s, report);
    else if (role == DATASET_ROLE_DUMP)
        rc = add_dump(j->options, f, deep, s, report, e);
    else
        rc = add_aof(j->options, f, deep, s, report, e);
    if (rc == 0 && s->size_bytes == UINT64_MAX)
        source_drain(s);
    if (rc == 0 && s->error.kind != ERROR_NONE) {
        *e = s->error;
        rc = -1;
    }
    if (rc != 0)
        return forget_file(j);
    f->size_bytes = s->size_bytes == UINT64_MAX ? source_offset(s)
                                                : s->size_bytes;
    f->good_end = f->is_aof ? f->aof.good_end : f->size_bytes;
    if (f->stats != NULL)
        judge_stats_end(f->stats, !f->is_aof || f->aof.has_rdb ? &f->rdb : NULL,
                        f->is_aof ? &f->aof : NULL);
    return 0;
}

void
judge_add_missing(struct judge *j, const char *path, enum dataset_role role,
                  const char *why, struct report *report)
{
    struct judge_file *f = begin_file(j, path, role, report);

    f->missing = true;
    f->verdict = VERDICT_DAMAGED;
    f->is_aof = role != DATASET_ROLE_DUMP && role != DATASET_ROLE_MANIFEST;
    report_add(report, SEVERITY_ERROR, "file-missing", -1,
               "servers refuse to start without it: put it back, or make it "
               "readable; to go on without it: " REPORT_REPAIR
               "; or " REPORT_RESTORE,
               "%s%s", f->is_aof ? "the manifest names it: " : "", why);
}

void
judge_clear(struct judge *j)
{
    for (size_t i = 0; i < j->count; i++)
        clear_file(&j->files[i]);
    free(j->files);
    *j = (struct judge){0};
}

const char *
judge_server_name(enum judge_server s)
{
    return server_names[s];
}

void
judge_counts(const struct judge *j, uint64_t *keys, uint64_t *expires,
             uint64_t *commands)
{
    *keys = *expires = *commands = 0;
    for (size_t i = 0; i < j->count; i++) {
        if (j->files[i].role == DATASET_ROLE_ORPHAN)
            continue;
        *keys += j->files[i].keys;
        *expires += j->files[i].expires;
        *commands += j->files[i].commands;
    }
}
