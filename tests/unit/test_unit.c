#include "jobs/unit.h"

#include "folder.h"

static struct unit unit;
static int data;

static void
begin(void)
{
    struct error none;

    folder_begin();
    ck_assert_int_eq(file_make_directory(dir, "etc", 0755, NULL, &none), 0);
    ck_assert_int_eq(file_make_directory(dir, "lib", 0755, NULL, &none), 0);
    ck_assert_int_eq(file_make_directory(dir, "data", 0755, NULL, &none), 0);
    ck_assert_int_eq(file_make_directory(dir, "other", 0755, NULL, &none), 0);
    data = file_open_directory(dir, "data", &none);
    ck_assert_int_ge(data, 0);
}

static void
end(void)
{
    unit_clear(&unit);
    close(data);
    folder_end();
}

/* A file of the test's folder, in which %s stands for that. */
static void
put_in(const char *folder, const char *name, const char *format)
{
    char text[1024];
    int fd = file_open_directory(dir, folder, &e);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, format, path, path);
#pragma GCC diagnostic pop
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_replace(fd, name, text, strlen(text), 0644, &e), 0);
    close(fd);
}

static bool
find(void)
{
    char etc[80], lib[80];
    const char *const folders[] = {etc, lib, "/nowhere", lib, NULL};

    snprintf(etc, sizeof etc, "%s/etc", path);
    snprintf(lib, sizeof lib, "%s/lib", path);
    return unit_find(&unit, folders, data);
}

START_TEST(finds_the_unit_whose_server_works_there)
{
    put_in("etc", "redis.conf", "dir %s/data\nappendonly no\n");
    put_in("etc", "other.conf", "dir %s/other\n");
    put_in("lib", "a.service", "[Service]\nExecStart=/bin/true x\n");
    put_in("lib", "b.service",
           "[Service]\nExecStart=/usr/bin/redis-server %s/etc/other.conf\n");
    put_in("lib", "redis-server.service",
           "[Service]\nExecStart=-/usr/bin/redis-server %s/etc/redis.conf"
           " --supervised systemd --appendonly yes\n");
    ck_assert(find());
    ck_assert_str_eq(unit.name, "redis-server.service");
    ck_assert_int_eq(unit.conf.appendonly, 1);
    ck_assert_ptr_nonnull(strstr(unit.file, "/etc/redis.conf"));
}
END_TEST

START_TEST(finds_the_instance_of_a_template)
{
    put_in("etc", "redis-one.conf", "dir %s/other\n");
    put_in("etc", "redis-two.conf", "dir %s/data\n");
    put_in("etc", "redis-.conf", "dir %s/data\n");
    put_in("lib", "valkey@.service",
           "ExecStart=/usr/bin/valkey-server %s/etc/redis-%%i.conf\n");
    ck_assert(find());
    ck_assert_str_eq(unit.name, "valkey@two.service");
}
END_TEST

START_TEST(takes_the_file_of_the_first_folder)
{
    put_in("etc", "redis.conf", "dir %s/data\n");
    put_in("etc", "r.service", "ExecStart=/usr/bin/redis-server --port 1\n");
    put_in("lib", "r.service",
           "ExecStart=/usr/bin/redis-server %s/etc/redis.conf\n");
    ck_assert(!find());
    ck_assert_ptr_null(unit.name);
}
END_TEST

START_TEST(says_nothing_where_two_are_found)
{
    put_in("etc", "redis.conf", "dir %s/data\n");
    put_in("lib", "a.service",
           "ExecStart=/usr/bin/redis-server %s/etc/redis.conf\n");
    put_in("lib", "b.service",
           "ExecStart=/usr/bin/redis-server %s/etc/redis.conf\n");
    ck_assert(!find());
}
END_TEST

static const char *const not_understood[] = {
    "ExecStart=/usr/bin/redis-server \"%s/etc/redis.conf\"\n",
    "ExecStart=/usr/bin/redis-server $FILE\n",
    "ExecStart=/usr/bin/redis-server %s/etc/redis.conf\nExecStart=\n",
    "ExecStart=/bin/sh -c redis-server %s/etc/redis.conf\n",
    "ExecStart=/usr/bin/redis-server %s/etc/redis.conf --include /nowhere\n",
    "ExecStart=\n",
    "",
};

START_TEST(passes_over_what_it_does_not_understand)
{
    put_in("etc", "redis.conf", "dir %s/data\n");
    put_in("lib", "a.service", not_understood[_i]);
    ck_assert(!find());
}
END_TEST

START_TEST(knows_no_service_of_a_process_that_is_gone)
{
    ck_assert_ptr_null(unit_of_process(0x7ffffff0));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("unit");
    TCase *cases = tcase_create("unit");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, finds_the_unit_whose_server_works_there);
    tcase_add_test(cases, finds_the_instance_of_a_template);
    tcase_add_test(cases, takes_the_file_of_the_first_folder);
    tcase_add_test(cases, says_nothing_where_two_are_found);
    tcase_add_loop_test(cases, passes_over_what_it_does_not_understand, 0,
                        sizeof not_understood / sizeof *not_understood);
    tcase_add_test(cases, knows_no_service_of_a_process_that_is_gone);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
