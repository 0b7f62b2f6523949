#include "../../tools/usage.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct usage
make_usage(struct queues_queue *queues, size_t count)
{
    struct usage u = {.url = "unix:///run/it's", .full_in_ms = -1};

    u.info.fragmentation = NAN;
    u.info.used_memory = INFO_UNKNOWN;
    u.found.items = queues;
    u.found.count = count;
    error_set(&u.snapshot, ERROR_ABSENT, "no good snapshot");
    return u;
}

static struct queues_queue
make_queue(enum queues_system system, char *name, char *base, int64_t completed)
{
    struct queues_queue q = {.system = system, .name = name, .base = base};

    for (size_t i = 0; i < QUEUES_STATES; i++)
        q.jobs[i] = -1;
    q.jobs[QUEUES_COMPLETED] = completed;
    return q;
}

START_TEST(names_are_words_of_the_command_and_not_its_text)
{
    struct queues_queue queues[] = {
        make_queue(QUEUES_BULLMQ, "odd", "a:b $(x):it's'; reboot", 3),
        make_queue(QUEUES_BULLMQ, "empty", "bull:empty", 0),
        make_queue(QUEUES_BULLMQ, "unknown", "bull:unknown", -1),
        make_queue(QUEUES_RQ, "rq", "rq", 9),
    };
    struct usage_clean clean[USAGE_CLEAN_MAX];
    struct usage u = make_usage(queues, 4);

    ck_assert_uint_eq(usage_clean(&u, clean), 1);
    ck_assert_ptr_nonnull(strstr(clean[0].what, "3 completed jobs of the "));
    ck_assert_ptr_nonnull(strstr(clean[0].command,
                                 "})()' 'it'\\''s'\\''; reboot' 'a:b $(x)' "
                                 "'unix:///run/it'\\''s'"));
    usage_clean_clear(clean, 1);
}
END_TEST

START_TEST(no_more_is_told_than_there_is_room_for)
{
    struct queues_queue queues[2 * USAGE_CLEAN_MAX];
    struct usage_clean clean[USAGE_CLEAN_MAX];
    struct usage u = make_usage(queues, 2 * USAGE_CLEAN_MAX);

    for (size_t i = 0; i < 2 * USAGE_CLEAN_MAX; i++)
        queues[i] = make_queue(QUEUES_BULLMQ, "q", "bull:q", 1);
    u.info.fragmentation = 3;
    u.info.used_memory = 1 << 30;
    ck_assert_uint_eq(usage_clean(&u, clean), USAGE_CLEAN_MAX);
    ck_assert_str_eq(clean[0].command, "redis-cli MEMORY PURGE");
    ck_assert_ptr_nonnull(strstr(clean[0].what, "2.0 GiB"));
    usage_clean_clear(clean, USAGE_CLEAN_MAX);
    u.info.used_memory = 1 << 20; /* that little is not worth a word */
    u.found.count = 0;
    ck_assert_uint_eq(usage_clean(&u, clean), 0);
}
END_TEST

START_TEST(what_is_not_known_is_null_and_told_why)
{
    struct usage u = make_usage(NULL, 0);
    json_t *all;

    error_set(&u.server, ERROR_FAILED, "nobody there \xff");
    error_set(&u.queues, ERROR_FAILED, "nobody there");
    growth_judge(&u.growth, NULL, 0);
    all = usage_json(&u);
    ck_assert_ptr_nonnull(all);
    ck_assert(json_is_null(json_object_get(all, "server")));
    ck_assert_str_eq(json_string_value(json_object_get(all, "server_error")),
                     "nobody there \\xff");
    ck_assert(json_is_null(json_object_get(all, "snapshot")));
    ck_assert(json_is_null(json_object_get(all, "sizes")));
    ck_assert(json_is_null(json_object_get(all, "queues")));
    ck_assert_uint_eq(json_array_size(json_object_get(all, "clean")), 0);
    json_decref(all);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("usage");
    TCase *tests = tcase_create("usage");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, names_are_words_of_the_command_and_not_its_text);
    tcase_add_test(tests, no_more_is_told_than_there_is_room_for);
    tcase_add_test(tests, what_is_not_known_is_null_and_told_why);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
