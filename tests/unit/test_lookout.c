#include "jobs/lookout.h"

#include <poll.h>

#include "base/text.h"
#include "folder.h"
#include "repo/catalog.h"
#include "repo/storage.h"
#include "test_catalog_sample.h"

/* 2026-11-20T11:30:00Z */
#define NOON INT64_C(1795174200000)

static struct lookout l;
static json_t *told;
static char *repo;

static const struct storage_owner owner = {
    .machine_id = "12ab", .host = "alpha", .directory = "/data"};

static void
begin(void)
{
    folder_begin();
    repo = text_format("%s/repo", path);
    lookout_open(&l, repo, "main", 50, true);
}

static void
end(void)
{
    json_decref(told);
    lookout_close(&l);
    free(repo);
    folder_end();
}

static void
look(void)
{
    json_decref(told);
    told = lookout_look(&l);
}

static bool
is_true(const char *key)
{
    return json_is_true(json_object_get(told, key));
}

static const char *
problem(void)
{
    return json_string_value(json_object_get(told, "problem"));
}

static json_t *
catalog(void)
{
    json_t *c = json_object_get(told, "catalog");

    ck_assert(json_is_object(c));
    return c;
}

static json_int_t
number(const char *key)
{
    json_t *n = json_object_get(catalog(), key);

    ck_assert(json_is_integer(n));
    return json_integer_value(n);
}

static void
make_instance(void)
{
    struct storage s;

    ck_assert_msg(storage_open_writable(&s, repo, "main", &owner, false, &e) ==
                      0,
                  "%s", e.text);
    storage_close(&s);
}

/* One an hour; keys 1000 a piece unless said otherwise. */
static void
put_snapshot(unsigned hour, enum verdict verdict, enum catalog_bound bound,
             int64_t keys)
{
    char *name = text_format("20261120T%02u0000Z.tar.gz", hour), *text;
    char *at = text_format("repo/main/snapshots/%s", name);
    struct catalog_file dump = {
        .path = (char[]){"dump.rdb"}, .cut = -1, .sha256 = SUM_A};
    struct catalog_entry entry = {
        .format = CATALOG_FORMAT,
        .sequence = hour,
        .instance = (char[]){"main"},
        .dataset = DATASET_RDB,
        .dbfilename = (char[]){"dump.rdb"},
        .appendfilename = (char[]){"appendonly.aof"},
        .appenddirname = (char[]){"appendonlydir"},
        .files = &dump,
        .file_count = 1,
        .verdict = verdict,
        .bound = bound,
        .keys = keys,
        .state_time_ms = NOON + (int64_t)hour * 3600000,
        .archive = {.name = name,
                    .codec = CODEC_GZIP,
                    .size_bytes = 7,
                    .sha256 = SUM_A},
    };
    size_t size;

    snprintf(entry.id, sizeof entry.id, "20261120T%02u0000Z", hour);
    text = catalog_entry_write(&entry, &size);
    put(at, "archive");
    strcpy(strstr(at, ".tar.gz"), ".json");
    put(at, text);
    free(text);
    free(at);
    free(name);
}

static bool
wait_for_change(void)
{
    struct pollfd wait = {.fd = l.inotify, .events = POLLIN};

    return poll(&wait, 1, 20000) > 0 && lookout_changed(&l);
}

START_TEST(makes_the_repository_once)
{
    look();
    ck_assert_msg(is_true("ok"), "%s", problem());
    ck_assert(is_true("writable"));
    ck_assert_str_eq(problem(), "");
    ck_assert_int_gt(json_integer_value(json_object_get(told, "free")), 0);
    ck_assert_int_gt(json_integer_value(json_object_get(told, "total")), 0);
    ck_assert_int_eq(number("snapshots"), 0);
    ck_assert_int_eq(number("protected"), -1);
    ck_assert_int_eq(file_remove_tree(dir, "repo", &e), 0);
    look();
    ck_assert(!is_true("ok"));
    ck_assert_msg(strstr(problem(), "No such file") != NULL, "%s", problem());
    ck_assert(json_is_null(json_object_get(told, "catalog")));
    ck_assert_int_ne(faccessat(dir, "repo", F_OK, 0), 0);
}
END_TEST

START_TEST(is_up_when_it_is_back)
{
    make_instance();
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    look();
    ck_assert_int_eq(number("snapshots"), 1);
    ck_assert_int_eq(file_move(dir, "repo", dir, "away", &e), 0);
    look();
    ck_assert(!is_true("ok"));
    ck_assert_int_eq(file_move(dir, "away", dir, "repo", &e), 0);
    look();
    ck_assert_msg(is_true("ok"), "%s", problem());
    ck_assert_int_eq(number("snapshots"), 1);
}
END_TEST

START_TEST(counts_and_tells_the_newest)
{
    json_t *c, *list;

    make_instance();
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    put_snapshot(2, VERDICT_SOUND, CATALOG_UNBOUND, 1000);
    put_snapshot(3, VERDICT_TORN, CATALOG_BOUND, 1000);
    put_snapshot(5, VERDICT_SOUND, CATALOG_BOUND, 1000);
    put("repo/main/snapshots/20261120T050000Z.verified",
        "failed 2026-11-20T12:00:00Z\n");
    put("repo/main/snapshots/20261120T040000Z.json", "{}");
    look();
    c = catalog();
    ck_assert_int_eq(number("snapshots"), 5);
    ck_assert_int_eq(number("sound"), 2);
    ck_assert_int_eq(number("torn"), 1);
    ck_assert_int_eq(number("damaged"), 2);
    ck_assert_int_eq(number("unknown"), 0);
    ck_assert_int_ge(number("used"), 28);
    /* Only what is good, as stored and proven protects. */
    ck_assert_int_eq(number("protected"), NOON + 3600000);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(c, "last"), "id")),
        "20261120T050000Z");
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(c, "last_good"), "id")),
                     "20261120T020000Z");
    list = json_object_get(json_object_get(c, "list"), "snapshots");
    ck_assert_uint_eq(json_array_size(list), 5);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(list, 0), "id")),
        "20261120T010000Z");
}
END_TEST

START_TEST(reads_the_catalog_only_when_it_changed)
{
    look();
    look();
    ck_assert_ptr_null(json_object_get(told, "catalog"));
    make_instance();
    ck_assert(wait_for_change());
    look();
    ck_assert_int_eq(number("snapshots"), 0);
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    ck_assert(wait_for_change());
    look();
    ck_assert_int_eq(number("snapshots"), 1);
    look();
    ck_assert_ptr_null(json_object_get(told, "catalog"));
}
END_TEST

START_TEST(sees_without_inotify_what_changed)
{
    make_instance();
    look();
    close(l.inotify);
    l.inotify = -1;
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    look();
    ck_assert_int_eq(number("snapshots"), 1);
}
END_TEST

START_TEST(tells_the_freeze)
{
    json_t *c;

    make_instance();
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    put_snapshot(2, VERDICT_SOUND, CATALOG_BOUND, 3);
    look();
    c = catalog();
    ck_assert(json_is_true(json_object_get(c, "frozen")));
    ck_assert(json_is_true(json_object_get(c, "collapsed")));
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(c, "frozen_text")), "3"));
}
END_TEST

static const struct {
    const char *name, *text, *problem;
} foreign[] = {
    {"repo", "a file", "Not a directory"},
    {"repo/main/dump.rdb", "REDIS", "neither empty nor an instance"},
    {"repo/main/instance.json", "{\"format\":2,\"uuid\":\"\"}",
     "use a newer redkeep"},
    {"repo/main/instance.json", "{", "instance.json"},
};

/* A mount that went leaves another to be seen, or covers it. */
START_TEST(takes_no_other_for_the_one_it_was)
{
    make_instance();
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    look();
    ck_assert(is_true("ok"));
    ck_assert_int_eq(file_move(dir, "repo", dir, "away", &e), 0);
    make_instance();
    put_snapshot(2, VERDICT_SOUND, CATALOG_BOUND, 1000);
    look();
    ck_assert(!is_true("ok"));
    ck_assert_msg(strstr(problem(), "not the repository that it was") != NULL,
                  "%s", problem());
    ck_assert(json_is_null(json_object_get(told, "catalog")));
    ck_assert_int_eq(file_remove(dir, "repo/main/instance.json", &e), 0);
    look();
    ck_assert(!is_true("ok"));
    ck_assert_int_eq(file_remove_tree(dir, "repo", &e), 0);
    ck_assert_int_eq(file_move(dir, "away", dir, "repo", &e), 0);
    look();
    ck_assert_msg(is_true("ok"), "%s", problem());
    ck_assert_int_eq(number("protected"), NOON + 3600000);
    ck_assert_int_eq(file_remove_tree(dir, "repo/main/snapshots", &e), 0);
    look();
    ck_assert(!is_true("ok"));
}
END_TEST

START_TEST(tells_nothing_of_another_machines)
{
    make_instance();
    put_snapshot(1, VERDICT_SOUND, CATALOG_BOUND, 1000);
    l.machine_id = owner.machine_id;
    look();
    ck_assert(is_true("ok"));
    l.machine_id = "34cd";
    look();
    ck_assert(!is_true("ok"));
    ck_assert_msg(strstr(problem(), "another machine, alpha") != NULL, "%s",
                  problem());
    ck_assert(json_is_null(json_object_get(told, "catalog")));
}
END_TEST

START_TEST(believes_nothing_of_what_is_not_its_own)
{
    if (strchr(foreign[_i].name, '/') != NULL) {
        ck_assert_int_eq(file_make_directory(dir, "repo", 0700, NULL, &e), 0);
        ck_assert_int_eq(file_make_directory(dir, "repo/main", 0700, NULL, &e),
                         0);
    }
    put(foreign[_i].name, foreign[_i].text);
    look();
    ck_assert(!is_true("ok"));
    ck_assert(!is_true("writable"));
    ck_assert_msg(strstr(problem(), foreign[_i].problem) != NULL, "%s",
                  problem());
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lookout");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, makes_the_repository_once);
    tcase_add_test(tc, is_up_when_it_is_back);
    tcase_add_test(tc, counts_and_tells_the_newest);
    tcase_add_test(tc, reads_the_catalog_only_when_it_changed);
    tcase_add_test(tc, sees_without_inotify_what_changed);
    tcase_add_test(tc, tells_the_freeze);
    tcase_add_test(tc, takes_no_other_for_the_one_it_was);
    tcase_add_test(tc, tells_nothing_of_another_machines);
    tcase_add_loop_test(tc, believes_nothing_of_what_is_not_its_own, 0,
                        sizeof foreign / sizeof *foreign);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
