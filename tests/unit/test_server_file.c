#include "jobs/server_file.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct server_file f;

static void
end(void)
{
    server_file_clear(&f);
}

START_TEST(knows_where_a_server_is)
{
    server_file_read(&f, "# port 1\n"
                         "bind 127.0.0.1 -::1\r\n"
                         "PORT 6380\n"
                         "  unixsocket   \"/run/a b/redis.sock\"  \n"
                         "dir '/srv/it'\n"
                         "tls-port 6390\n"
                         "tls-ca-cert-file /etc/ca.pem\n"
                         "appendonly yes");
    ck_assert_uint_eq(f.port, 6380);
    ck_assert_uint_eq(f.tls_port, 6390);
    ck_assert_str_eq(f.address, "127.0.0.1");
    ck_assert_str_eq(f.unix_socket, "/run/a b/redis.sock");
    ck_assert_str_eq(f.dir, "/srv/it");
    ck_assert_str_eq(f.tls_ca, "/etc/ca.pem");
    ck_assert_ptr_null(f.tls_cert);
    ck_assert(!f.has_password);
    ck_assert(!f.sentinel);
}
END_TEST

START_TEST(takes_what_stands_last)
{
    server_file_read(&f, "port 1\nport 2\nport 99999\nport x\ndir /a\n"
                         "dir \"/b\\\"c\"\nunixsocket /s\nunixsocket \"\"\n");
    ck_assert_uint_eq(f.port, 2);
    ck_assert_str_eq(f.dir, "/b\"c");
    ck_assert_ptr_null(f.unix_socket);
}
END_TEST

START_TEST(has_the_usual_port_where_none_is_said)
{
    server_file_read(&f, "");
    ck_assert_uint_eq(f.port, 6379);
    server_file_read(&f, "port 0\n");
    ck_assert_uint_eq(f.port, 0);
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
    server_file_read(&f, kinds[_i].text);
    ck_assert_int_eq(f.has_password, kinds[_i].password);
    ck_assert_int_eq(f.sentinel, kinds[_i].sentinel);
}
END_TEST

static const char *const odd[] = {
    "port",  "\"",      "dir \"/never closed", "dir \"\\", "\n\n \t\n",
    "'' ''", "port \"", "\x80\xff \x01\n",
};

START_TEST(stands_anything)
{
    server_file_read(&f, odd[_i]);
    ck_assert_uint_eq(f.port, 6379);
}
END_TEST

START_TEST(says_that_there_is_none)
{
    struct error e;

    ck_assert_int_eq(server_file_load(&f, "/nowhere/redis.conf", &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/redis.conf"));
    ck_assert_ptr_null(f.dir);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("server_file");
    TCase *cases = tcase_create("server_file");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, NULL, end);
    tcase_add_test(cases, knows_where_a_server_is);
    tcase_add_test(cases, takes_what_stands_last);
    tcase_add_test(cases, has_the_usual_port_where_none_is_said);
    tcase_add_loop_test(cases, knows_whether_it_wants_a_password, 0,
                        (int)(sizeof kinds / sizeof *kinds));
    tcase_add_loop_test(cases, stands_anything, 0,
                        (int)(sizeof odd / sizeof *odd));
    tcase_add_test(cases, says_that_there_is_none);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
