/*
 * test_judge_scene.h - data directories for tests of the judge, from bytes to
 * judged files.
 */
#ifndef TESTS_UNIT_TEST_JUDGE_SCENE_H
#define TESTS_UNIT_TEST_JUDGE_SCENE_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/judge.h"
#include "test_dataset_dir.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define HALF "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define STAMP "#TS:1700000000\r\n"
#define END "\xff\0\0\0\0\0\0\0\0"
#define RDB "REDIS0010" END
#define KEY "REDIS0010\xfe\0\0\1k\1v" END
#define DB16 "REDIS0010\xfe\x10\0\1k\1v" END
#define MODULE "REDIS0009\xf7\x81\0\0\0\0\0\0\4\0\2\2\0" END
#define RDB12 "REDIS0012" END
#define VALKEY "VALKEY080" END
#define RDB99 "REDIS0099" END
#define BAD_CRC "REDIS0010\xff\1\2\3\4\5\6\7\x08"
#define B "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define I1 "file appendonly.aof.1.incr.aof seq 1 type i\n"
#define I2 "file appendonly.aof.2.incr.aof seq 2 type i\n"

/* Bytes of a file; none when bytes is NULL. */
struct bytes {
    const char *bytes;
    size_t size;
};
#define BYTES(t)        \
    {                   \
        t, sizeof t - 1 \
    }

/* A directory, the server that may start on it, and what comes of it. */
struct scene {
    const char *name;
    struct bytes dump, single, manifest, base, incr1, incr2;
    struct judge_options options; /* release 0: redis 7.0.15 */
    enum verdict verdict;
    enum judge_server server;
    const char *codes; /* of the findings, "" none */
};

static inline void
put_some(const char *name, const struct bytes *b)
{
    if (b->bytes != NULL)
        put_bytes(name, b->bytes, b->size);
}

static inline void
put_scene(const struct scene *scene)
{
    put_some("dump.rdb", &scene->dump);
    put_some("appendonly.aof", &scene->single);
    put_some("appendonlydir/appendonly.aof.manifest", &scene->manifest);
    put_some("appendonlydir/appendonly.aof.1.base.rdb", &scene->base);
    put_some("appendonlydir/appendonly.aof.1.incr.aof", &scene->incr1);
    put_some("appendonlydir/appendonly.aof.2.incr.aof", &scene->incr2);
}

static inline void
judge_files(struct judge *j, const struct dataset *d, struct report *report)
{
    struct error e = {0};

    for (size_t i = 0; i < d->count; i++) {
        const struct dataset_file *f = &d->files[i];
        struct source s;

        if (f->fd < 0) {
            judge_add_missing(j, f->path, f->role, f->error.text, report);
            continue;
        }
        ck_assert_int_eq(source_of_file(&s, f->fd, f->id.size_bytes, &e), 0);
        ck_assert_int_eq(judge_add(j, f->path, f->role, &s, report, &e), 0);
        source_close(&s);
    }
}

/* From the directory to the verdict; d and j are the caller's to clear. */
static inline void
judge_dir(struct judge *j, const struct judge_options *options,
          struct dataset *d, struct report *report)
{
    struct error e = {0};

    ck_assert_int_eq(dataset_open(d, dir, &options->names, &e), 0);
    judge_begin(j, options);
    judge_files(j, d, report);
    judge_end(j, d, report);
}

/* The codes in order; that a checksum is switched off is not told. */
static inline void
list_codes(const struct report *report, char *out)
{
    char *start = out;

    *out = '\0';
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->findings[i].code, "rdb-checksum-disabled") != 0)
            out += sprintf(out, "%s%s", out == start ? "" : " ",
                           report->findings[i].code);
}

static inline struct judge_options
complete_options(const struct judge_options *options)
{
    struct judge_options full = *options;

    if (full.release.major == 0)
        full.release = (struct release){.major = 7, .patch = 15};
    return full;
}

/* What a directory is judged to be. */
static inline void
assert_scene(const struct scene *scene)
{
    struct judge_options options = complete_options(&scene->options);
    struct dataset d;
    struct judge j;
    struct report report = {0};
    char codes[1000];

    put_scene(scene);
    judge_dir(&j, &options, &d, &report);
    list_codes(&report, codes);
    ck_assert_msg(strcmp(codes, scene->codes) == 0, "%s: %s, expected %s",
                  scene->name, codes, scene->codes);
    ck_assert_msg(j.verdict == scene->verdict && j.server == scene->server,
                  "%s: %s", scene->name, verdict_name(j.verdict));
    judge_clear(&j);
    report_clear(&report);
    dataset_close(&d);
}

#endif
