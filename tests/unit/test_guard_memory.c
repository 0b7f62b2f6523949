#include "jobs/guard_memory.h"

#include "folder.h"

/* Long after anything that is written here. */
static const int64_t late_ms = 4000000000000;
static struct judge_options options;
static struct guard_memory_options of;
static struct guard_memory memory;

static void
begin(void)
{
    folder_begin();
    options = (struct judge_options){.databases = 16};
    of = (struct guard_memory_options){.path = path,
                                       .judge = &options,
                                       .repo = "/nowhere",
                                       .instance = "main"};
    put("dump.rdb", "it");
}

static void
end(void)
{
    guard_memory_close(&memory);
    folder_end();
}

static void
open_memory(void)
{
    guard_memory_close(&memory);
    guard_memory_open(&memory, &of);
}

static void
keep(const char *verdict, int64_t now_ms)
{
    json_t *answer = json_pack("{s:s, s:s, s:b, s:b}", "verdict", verdict,
                               "server", "loads", "starts", true, "mended",
                               false);

    open_memory();
    guard_memory_keep(&memory, answer, now_ms);
    json_decref(answer);
}

static bool
is_known(void)
{
    json_t *answer;

    open_memory();
    answer = guard_memory_find(&memory);
    json_decref(answer);
    return answer != NULL;
}

START_TEST(holds_while_nothing_changes)
{
    ck_assert(!is_known());
    keep("sound", late_ms);
    ck_assert(is_known());
    ck_assert(is_known());
}
END_TEST

START_TEST(ends_when_a_file_changes)
{
    keep("sound", late_ms);
    put("dump.rdb", "at");
    ck_assert(!is_known());
}
END_TEST

START_TEST(ends_when_a_file_comes)
{
    keep("sound", late_ms);
    put("temp-1.rdb", "it");
    ck_assert(!is_known());
}
END_TEST

START_TEST(ends_when_a_setting_changes)
{
    keep("sound", late_ms);
    options.databases = 8;
    ck_assert(!is_known());
}
END_TEST

START_TEST(ends_when_the_server_is_another)
{
    of.programs[0] = "/bin/true";
    keep("sound", late_ms);
    ck_assert(is_known());
    of.programs[0] = "/bin/false";
    ck_assert(!is_known());
}
END_TEST

START_TEST(minds_nothing_else)
{
    keep("sound", late_ms);
    put("server.log", "a line");
    ck_assert(is_known());
}
END_TEST

START_TEST(is_not_kept_of_what_just_changed)
{
    keep("sound", 0);
    ck_assert(!is_known());
}
END_TEST

START_TEST(is_not_kept_of_what_is_not_well)
{
    keep("torn", late_ms);
    ck_assert(!is_known());
}
END_TEST

START_TEST(is_not_kept_where_a_file_changed_meanwhile)
{
    json_t *answer = json_pack("{s:s, s:s, s:b, s:b}", "verdict", "sound",
                               "server", "loads", "starts", true, "mended",
                               false);

    open_memory();
    put("dump.rdb", "at");
    guard_memory_keep(&memory, answer, late_ms);
    json_decref(answer);
    ck_assert(!is_known());
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("guard_memory");
    TCase *cases = tcase_create("guard_memory");
    SRunner *runner;
    int failed;

    memory.folder = -1;
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, holds_while_nothing_changes);
    tcase_add_test(cases, ends_when_a_file_changes);
    tcase_add_test(cases, ends_when_a_file_comes);
    tcase_add_test(cases, ends_when_a_setting_changes);
    tcase_add_test(cases, ends_when_the_server_is_another);
    tcase_add_test(cases, minds_nothing_else);
    tcase_add_test(cases, is_not_kept_of_what_just_changed);
    tcase_add_test(cases, is_not_kept_of_what_is_not_well);
    tcase_add_test(cases, is_not_kept_where_a_file_changed_meanwhile);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
