#include "jobs/conf.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

static struct conf c;

static void
begin(void)
{
    folder_begin();
    ck_assert_int_eq(chdir(path), 0);
    conf_begin(&c);
}

static void
end(void)
{
    conf_clear(&c);
    ck_assert_int_eq(chdir("/"), 0);
    folder_end();
}

static int
load(const char *text)
{
    conf_clear(&c);
    put("redis.conf", text);
    return conf_load(&c, "redis.conf", &e);
}

START_TEST(knows_what_a_server_will_use)
{
    ck_assert_int_eq(load("# port 1\n"
                          "bind 127.0.0.1 -::1\r\n"
                          "PORT 6380\n"
                          "  unixsocket   \"/run/a b/redis.sock\"  \n"
                          "dir '/srv/it'\n"
                          "tls-port 6390\n"
                          "tls-ca-cert-file /etc/ca.pem\n"
                          "AppendOnly YES\n"
                          "aof-load-truncated no\n"
                          "appendfilename \"a b.aof\"\n"
                          "appenddirname it\n"
                          "dbfilename d.rdb\n"
                          "databases 3\n"
                          "aof-load-corrupt-tail-max-size 64kb\n"
                          "save 60 1\n"
                          "replicaof other 6379\n"
                          "cluster-enabled yes"),
                     0);
    ck_assert_uint_eq(c.port, 6380);
    ck_assert_uint_eq(c.tls_port, 6390);
    ck_assert_str_eq(c.address, "127.0.0.1");
    ck_assert_str_eq(c.unix_socket, "/run/a b/redis.sock");
    ck_assert_str_eq(c.dir, "/srv/it");
    ck_assert_str_eq(c.tls_ca, "/etc/ca.pem");
    ck_assert_ptr_null(c.tls_cert);
    ck_assert_int_eq(c.appendonly, 1);
    ck_assert_int_eq(c.aof_load_truncated, 0);
    ck_assert_str_eq(c.appendfilename, "a b.aof");
    ck_assert_str_eq(c.appenddirname, "it");
    ck_assert_str_eq(c.dbfilename, "d.rdb");
    ck_assert_int_eq(c.databases, 3);
    ck_assert_int_eq(c.aof_load_corrupt_tail_max_size, 65536);
    ck_assert(c.has_save && c.save_told && c.replica && c.cluster);
    ck_assert(!c.has_password && !c.sentinel);
}
END_TEST

START_TEST(says_what_is_not_told)
{
    ck_assert_int_eq(load(""), 0);
    ck_assert_uint_eq(c.port, 6379);
    ck_assert_int_eq(c.appendonly, -1);
    ck_assert_int_eq(c.aof_load_truncated, -1);
    ck_assert_int_eq(c.databases, -1);
    ck_assert(!c.has_save && !c.save_told && !c.replica && !c.cluster);
    ck_assert_ptr_null(c.dir);
    ck_assert_ptr_null(c.dbfilename);
}
END_TEST

START_TEST(takes_what_stands_last)
{
    ck_assert_int_eq(load("port 1\nport 2\ndir /a\ndir \"/b\\\"c\\x41\"\n"
                          "unixsocket /s\nunixsocket \"\"\n"
                          "save 60 1\nsave \"\"\n"
                          "slaveof other 1\nslaveof no one\n"),
                     0);
    ck_assert_uint_eq(c.port, 2);
    ck_assert_str_eq(c.dir, "/b\"cA");
    ck_assert_ptr_null(c.unix_socket);
    ck_assert(c.save_told && !c.has_save && !c.replica);
}
END_TEST

START_TEST(reads_what_is_included_at_its_place)
{
    put("one.conf", "port 1\nappendonly yes\n");
    ck_assert_int_eq(load("port 2\ninclude one.conf\nappendonly no\n"), 0);
    ck_assert_uint_eq(c.port, 1);
    ck_assert_int_eq(c.appendonly, 0);
}
END_TEST

START_TEST(reads_what_a_pattern_matches_in_order)
{
    put("b.inc", "port 2\n");
    put("a.inc", "port 1\n");
    ck_assert_int_eq(load("include *.inc\ninclude none-*.inc\n"), 0);
    ck_assert_uint_eq(c.port, 2);
}
END_TEST

START_TEST(looks_for_a_relative_include_where_it_has_changed_to)
{
    ck_assert_int_eq(file_make_directory(dir, "x[1]", 0700, NULL, &e), 0);
    put("x[1]/it.inc", "port 7\n");
    ck_assert_int_eq(load("dir x[1]\ninclude it.i*\n"), 0);
    ck_assert_uint_eq(c.port, 7);
    ck_assert_int_eq(load("dir x[1]\ninclude redis.conf\n"), -1);
    ck_assert_int_eq(load("dir x[1]\ninclude it.inc\ndir sub\n"), 0);
    ck_assert_str_eq(c.dir, "x[1]/sub");
}
END_TEST

START_TEST(the_command_line_wins)
{
    const char *const argv[] = {
        "--appendonly", "no", "--port 9", "--save",         "--dir", "sub",
        "--replicaof",  "h",  "1",        "--requirepass=", "--",    "--save"};

    ck_assert_int_eq(load("appendonly yes\nsave 60 1\ndir /a\n"), 0);
    ck_assert_int_eq(conf_override(&c, 12, argv, &e), 0);
    ck_assert_int_eq(c.appendonly, 0);
    ck_assert_uint_eq(c.port, 9);
    ck_assert(!c.has_save && c.replica);
    ck_assert_str_eq(c.dir, "/a/sub");
}
END_TEST

static const struct {
    const char *text;
    bool password, sentinel;
} kinds[] = {
    {"requirepass secret\n", true, false},
    {"requirepass \"\"\n", false, false},
    {"#requirepass secret\n", false, false},
    {"user keeper on >pw +@all\n", true, false},
    {"aclfile /etc/redis/users.acl\n", true, false},
    {"sentinel monitor m 127.0.0.1 6379 2\n", false, true},
};

START_TEST(knows_whether_it_wants_a_password)
{
    ck_assert_int_eq(load(kinds[_i].text), 0);
    ck_assert_int_eq(c.has_password, kinds[_i].password);
    ck_assert_int_eq(c.sentinel, kinds[_i].sentinel);
}
END_TEST

static const struct {
    const char *text, *error;
} bad[] = {
    {"port 1\nappendonly maybe\n",
     "redis.conf line 2: appendonly: found 'maybe', expected yes or no"},
    {"port 65536\n", "redis.conf line 1: port: found '65536', expected 0 to"
                     " 65535"},
    {"dir \"/never closed\n", "redis.conf line 1: quotes are not closed"},
    {"dir \"/a\"b\n", "redis.conf line 1: quotes are not closed"},
    {"dbfilename a/b\n", "redis.conf line 1: dbfilename: found 'a/b', expected"
                         " a file name"},
    {"databases 0\n", "redis.conf line 1: databases: found '0', expected a"
                      " number from 1"},
    {"aof-load-corrupt-tail-max-size 1x\n",
     "redis.conf line 1: aof-load-corrupt-tail-max-size: found '1x', expected"
     " a size such as 64kb"},
    {"\ninclude none.conf\n", "redis.conf line 2: include: read none.conf: No"
                              " such file or directory"},
};

START_TEST(refuses_and_says_where)
{
    ck_assert_int_eq(load(bad[_i].text), -1);
    ck_assert_str_eq(e.text, bad[_i].error);
    ck_assert_ptr_null(c.dir);
}
END_TEST

static const char *const odd[] = {
    "port", "\n\n \t\n", "'' ''", "\x80\xff \x01\n", "# it's\nport 6379",
};

START_TEST(stands_anything)
{
    ck_assert_int_eq(load(odd[_i]), 0);
    ck_assert_uint_eq(c.port, 6379);
}
END_TEST

START_TEST(ends_where_files_include_each_other)
{
    ck_assert_int_eq(load("include redis.conf\n"), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "include"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("conf");
    TCase *cases = tcase_create("conf");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, knows_what_a_server_will_use);
    tcase_add_test(cases, says_what_is_not_told);
    tcase_add_test(cases, takes_what_stands_last);
    tcase_add_test(cases, reads_what_is_included_at_its_place);
    tcase_add_test(cases, reads_what_a_pattern_matches_in_order);
    tcase_add_test(cases, looks_for_a_relative_include_where_it_has_changed_to);
    tcase_add_test(cases, the_command_line_wins);
    tcase_add_loop_test(cases, knows_whether_it_wants_a_password, 0,
                        (int)(sizeof kinds / sizeof *kinds));
    tcase_add_loop_test(cases, refuses_and_says_where, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(cases, stands_anything, 0,
                        (int)(sizeof odd / sizeof *odd));
    tcase_add_test(cases, ends_where_files_include_each_other);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
