#include "jobs/target.h"

#include "folder.h"

static struct target target;
static struct instance nobody;

static void
begin(void)
{
    folder_begin();
    nobody = (struct instance){.dir = -1};
}

static void
end(void)
{
    target_clear(&target);
    folder_end();
}

/* Reads the file that says so, for the test's folder. */
static int
look(const char *text, int at)
{
    char file[80];
    const struct target_options options = {
        .server = &nobody, .dir = at, .file = file};

    snprintf(file, sizeof file, "%s/redis.conf", path);
    put("redis.conf", text);
    return target_look(&target, &options, &e);
}

START_TEST(takes_defaults_for_what_a_file_does_not_say)
{
    ck_assert_int_eq(look("port 1\n", dir), 0);
    ck_assert(!target.running && !target.elsewhere);
    ck_assert_int_eq(target.appendonly, 0);
    ck_assert_str_eq(target.dbfilename, "dump.rdb");
    ck_assert_str_eq(target.appendfilename, "appendonly.aof");
    ck_assert_str_eq(target.appenddirname, "appendonlydir");
    ck_assert_int_eq(target.databases, 16);
    ck_assert_int_eq(target.ties.saves, 1);
    ck_assert_ptr_null(target.ties.primary);
}
END_TEST

START_TEST(takes_what_a_file_says)
{
    ck_assert_int_eq(look("appendonly yes\ndbfilename a.rdb\n"
                          "appendfilename b.aof\nappenddirname c\n"
                          "databases 4\nsave \"\"\ncluster-enabled yes\n"
                          "replicaof 10.0.0.1 6379\n",
                          dir),
                     0);
    ck_assert_int_eq(target.appendonly, 1);
    ck_assert_str_eq(target.dbfilename, "a.rdb");
    ck_assert_str_eq(target.appendfilename, "b.aof");
    ck_assert_str_eq(target.appenddirname, "c");
    ck_assert_int_eq(target.databases, 4);
    ck_assert_int_eq(target.ties.saves, 0);
    ck_assert_int_eq(target.ties.cluster, 1);
    ck_assert_ptr_nonnull(target.ties.primary);
}
END_TEST

START_TEST(tells_a_directory_that_is_another)
{
    char text[128];

    snprintf(text, sizeof text, "dir %s\n", path);
    ck_assert_int_eq(look(text, dir), 0);
    ck_assert(!target.elsewhere);
    target_clear(&target);
    ck_assert_int_eq(look("dir /\n", dir), 0);
    ck_assert(target.elsewhere);
    target_clear(&target);
    ck_assert_int_eq(look("dir /nowhere\n", dir), 0);
    ck_assert(target.elsewhere);
}
END_TEST

START_TEST(refuses_a_file_that_cannot_be_read)
{
    const struct target_options options = {
        .server = &nobody, .dir = dir, .file = "/nowhere/redis.conf"};

    ck_assert_int_eq(target_look(&target, &options, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/redis.conf"));
    ck_assert_ptr_null(target.source);
}
END_TEST

START_TEST(knows_nothing_without_a_server_and_a_file)
{
    const struct target_options options = {.server = &nobody, .dir = dir};

    ck_assert_int_eq(target_look(&target, &options, &e), 0);
    ck_assert_ptr_null(target.source);
    ck_assert_int_eq(target.appendonly, -1);
    ck_assert_int_eq(target.databases, -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("target");
    TCase *cases = tcase_create("target");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, takes_defaults_for_what_a_file_does_not_say);
    tcase_add_test(cases, takes_what_a_file_says);
    tcase_add_test(cases, tells_a_directory_that_is_another);
    tcase_add_test(cases, refuses_a_file_that_cannot_be_read);
    tcase_add_test(cases, knows_nothing_without_a_server_and_a_file);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
