/*
 * judge.h - from the files of a dataset to the verdict of the whole, and what
 * a server would do when it starts on it.
 *
 * Files are judged one by one, in the order of the dataset, as they stream by
 * (check, snapshot, verify, restore); then judge_end says what the set is.
 */
#ifndef FORMATS_JUDGE_H
#define FORMATS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/aof.h"
#include "formats/dataset.h"
#include "formats/judge_stats.h"
#include "formats/rdb.h"
#include "formats/release.h"
#include "formats/report.h"

/* The best first. */
enum judge_server {
    JUDGE_LOADS,
    JUDGE_TRUNCATES,
    JUDGE_EMPTY,
    JUDGE_REFUSES,
};

struct judge_options {
    struct release release;
    struct dataset_names names;
    bool refuse_truncated;        /* aof-load-truncated no */
    uint64_t databases;           /* 0: 16 */
    bool own_commands;            /* see aof.h */
    const struct release *target; /* the same; NULL: none */
    bool deep;                    /* see rdb_options */
    bool stats;                   /* count what is in the files */
    int64_t now_ms; /* since 1970: by it keys have expired; for stats */
};

/* What one file turned out to be. */
struct judge_file {
    char *path;
    enum dataset_role role;
    enum verdict verdict;
    uint64_t size_bytes;
    int version; /* of the RDB in it; 0 none */
    uint64_t keys, expires, commands;
    enum rdb_checksum checksum;
    uint64_t good_end; /* AOF: where it may be cut; else its size */
    bool missing;      /* or could not be opened */
    bool is_aof;
    struct rdb_result rdb;     /* dump, or in front of an AOF */
    struct aof_result aof;     /* where is_aof */
    struct judge_stats *stats; /* NULL: not asked for, or a manifest */
};

struct judge {
    const struct judge_options *options; /* borrowed */
    struct judge_file *files;
    size_t count;
    enum verdict verdict;     /* after judge_end */
    enum judge_server server; /* after judge_end */
};

/* Begins a set; options and what they point to must outlive it. */
void judge_begin(struct judge *j, const struct judge_options *options);

/*
 * Judges one file from its bytes. path is what findings name. The source need
 * not be at its end afterwards (a damaged file is left where it breaks): use
 * source_drain when the rest matters. -1: it could not be read.
 * The returned file is borrowed from j until the next call.
 */
int judge_add(struct judge *j, const char *path, enum dataset_role role,
              struct source *s, struct report *report, struct error *e);

/* Notes a file that the manifest names and that is not there or unreadable. */
void judge_add_missing(struct judge *j, const char *path,
                       enum dataset_role role, const char *why,
                       struct report *report);

/*
 * Judges the set: d tells the kind, the manifest (and whether it can be read)
 * and what else lies there. Sets verdict and server.
 */
void judge_end(struct judge *j, const struct dataset *d, struct report *report);

void judge_clear(struct judge *j);

/* "loads", "truncates", "empty", "refuses". */
const char *judge_server_name(enum judge_server s);

/* Keys and expires of the RDBs of the set; commands of its AOFs. */
void judge_counts(const struct judge *j, uint64_t *keys, uint64_t *expires,
                  uint64_t *commands);

#endif
