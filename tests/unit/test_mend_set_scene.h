/*
 * test_mend_set_scene.h - data directories for tests of the set's plan: what
 * lies there, and the plan in one line.
 */
#ifndef TESTS_UNIT_TEST_MEND_SET_SCENE_H
#define TESTS_UNIT_TEST_MEND_SET_SCENE_H

#include "formats/mend_set.h"
#include "test_judge_scene.h"

/* RDBs with a key, made at 1000 and at 2000 s since 1970. */
#define AT(time)        \
    "REDIS0010\xfa\x05" \
    "ctime\xc2" time "\0\0\xfe\0\0\1k\1v" END
#define RDB1000 AT("\xe8\x03")
#define RDB2000 AT("\xd0\x07")
#define TS(time) "#TS:" time "\r\n" SET

/* NAME of appendonlydir/appendonly.aof.NAME; else behind a slash. */
struct item {
    const char *name;
    const char *bytes; /* NULL: nothing more */
    size_t size;
    time_t mtime; /* 0: now */
};
#define ITEM(name, bytes) AGED(name, bytes, 0)
#define AGED(name, bytes, mtime)              \
    {                                         \
        name, bytes, sizeof(bytes) - 1, mtime \
    }

struct plan_scene {
    const char *name;
    struct item items[9];
    enum dataset_appendonly appendonly;
    const char *plan; /* see write_plan; or the text of the refusal */
};

static inline void
put_item(const struct item *item)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = item->mtime}};
    char name[400];

    snprintf(name, sizeof name, "appendonlydir/appendonly.aof%s%s",
             item->name[0] == '\0' ? "" : ".", item->name);
    put_bytes(item->name[0] == '/' ? item->name + 1 : name, item->bytes,
              item->size);
    if (item->mtime != 0)
        ck_assert_int_eq(utimensat(dir,
                                   item->name[0] == '/' ? item->name + 1 : name,
                                   times, 0),
                         0);
}

/* What every name of a set begins with says nothing. */
static inline const char *
short_name(const char *name)
{
    static const char usual[] = "appendonlydir/appendonly.aof.";

    return strncmp(name, usual, sizeof usual - 1) == 0 ? name + sizeof usual - 1
                                                       : name;
}

/* "?action path, action path => path path<from path*": ? a guess, * mended. */
static inline void
write_plan(char *out, const struct mend_set *set)
{
    for (size_t i = 0; i < set->step_count; i++)
        out += sprintf(out, "%s%s%s %s", i == 0 ? "" : ", ",
                       set->steps[i].guess ? "?" : "", set->steps[i].action,
                       short_name(set->steps[i].path));
    out += sprintf(out, "%s=>", set->step_count == 0 ? "" : " ");
    for (size_t i = 0; i < set->part_count; i++) {
        const struct mend_part *p = &set->parts[i];

        out += sprintf(out, " %s", short_name(p->path));
        if (strcmp(p->path, p->from) != 0)
            out += sprintf(out, "<%s", short_name(p->from));
        out += sprintf(out, "%s", p->salvage ? "*" : "");
    }
}

/* What the manifest says is what the parts are. */
static inline void
expect_manifest(const struct mend_set *set)
{
    size_t at = 0;

    if (set->manifest.count == 0)
        return;
    for (size_t i = 0; i < set->part_count; i++) {
        const struct mend_part *p = &set->parts[i];

        if (p->role != DATASET_ROLE_BASE && p->role != DATASET_ROLE_INCR)
            continue;
        while (set->manifest.parts[at].type == AOF_HISTORY)
            at++;
        ck_assert_uint_lt(at, set->manifest.count);
        ck_assert_str_eq(strchr(p->path, '/') + 1,
                         set->manifest.parts[at++].name);
    }
}

/* The written manifest is one that servers read. */
static inline void
expect_readable(const struct mend_set *set)
{
    struct aof_manifest m;
    struct error e = {0};
    size_t size;
    char *text;

    if (!set->manifest_changed || set->manifest.count == 0)
        return;
    text = aof_manifest_write(&set->manifest, &size);
    ck_assert_msg(aof_manifest_read(&m, text, size, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(m.count, set->manifest.count);
    aof_manifest_clear(&m);
    free(text);
}

/* Finds the plan of what lies in the directory, or why there is none. */
static inline int
find_plan(struct mend_set *set, const struct judge_options *options,
          struct error *e)
{
    struct report report = {0};
    struct dataset d;
    struct judge j;
    int rc;

    ck_assert_int_eq(dataset_open(&d, dir, &options->names, e), 0);
    judge_begin(&j, options);
    judge_files(&j, &d, &report);
    judge_end(&j, &d, &report);
    rc = mend_set_find(set, dir, &d, &j, e);
    judge_clear(&j);
    dataset_close(&d);
    report_clear(&report);
    return rc;
}

static inline void
expect_plan(const struct plan_scene *scene)
{
    const struct judge_options some = {
        .names = {.appendonly = scene->appendonly}};
    const struct judge_options options = complete_options(&some);
    struct mend_set set;
    struct error e = {0};
    char plan[4000];

    for (size_t i = 0; scene->items[i].bytes != NULL; i++)
        put_item(&scene->items[i]);
    if (find_plan(&set, &options, &e) == 0) {
        write_plan(plan, &set);
        expect_manifest(&set);
        expect_readable(&set);
        ck_assert(set.step_count == 0 || set.steps[0].text[0] != '\0');
    } else {
        ck_assert_int_eq(e.kind, ERROR_REFUSED);
        snprintf(plan, sizeof plan, "%s", e.text);
    }
    ck_assert_msg(strcmp(plan, scene->plan) == 0, "%s:\n  %s\nexpected\n  %s",
                  scene->name, plan, scene->plan);
    mend_set_clear(&set);
}

static inline int
run_tests(TCase *c, const char *name)
{
    Suite *s = suite_create(name);
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(c, make_dir, remove_dir);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
