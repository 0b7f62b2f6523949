#include "jobs/reach.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char secret[] = "/tmp/redkeep-reach-XXXXXX";

static void
write_secret(const char *text)
{
    FILE *file = fopen(secret, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Reads what the options (name, value, ..., NULL) say. */
static int
read_options(struct config *c, struct reach *r, const char *const *options,
             struct error *e)
{
    config_init(c);
    for (; *options != NULL; options += 2)
        ck_assert_int_eq(config_set_option(c, options[0], options[1], e), 0);
    return reach_read(r, c, e);
}

START_TEST(takes_the_first_line_of_the_password_file)
{
    struct config c;
    struct reach r;
    struct error e = {0};

    write_secret("s3cret \r\nmore\n");
    ck_assert_int_eq(
        read_options(&c, &r, (const char *[]){"password-file", secret, NULL},
                     &e),
        0);
    ck_assert_str_eq(r.link.password, "s3cret ");
    ck_assert_ptr_eq(r.link.url, &r.url);
    ck_assert_uint_eq(r.link.connect_timeout_ms, 5000);
    ck_assert(!r.link.tls_insecure);
    reach_clear(&r);
    config_clear(&c);
}
END_TEST

START_TEST(needs_no_password_file_where_the_url_has_one)
{
    struct config c;
    struct reach r;
    struct error e = {0};

    ck_assert_int_eq(
        read_options(&c, &r,
                     (const char *[]){"redis", "redis://:p@h", "password-file",
                                      "/nowhere", NULL},
                     &e),
        0);
    ck_assert_ptr_null(r.link.password);
    reach_clear(&r);
    config_clear(&c);
    ck_assert_int_eq(
        read_options(&c, &r,
                     (const char *[]){"password-file", "/nowhere", NULL}, &e),
        -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.text, "password_file /nowhere"));
    reach_clear(&r);
    config_clear(&c);
}
END_TEST

static const struct {
    const char *options[5];
    bool equal;
} pairs[] = {
    {{NULL}, true},
    {{"connection-delays", "1ms", NULL}, true},
    {{"connection-command-timeout", "1ms", NULL}, true},
    {{"redis", "redis://127.0.0.1", NULL}, true},
    {{"redis", "redis://127.0.0.1:1", NULL}, false},
    {{"redis", "redis://127.0.0.2", NULL}, false},
    {{"redis", "redis://a@127.0.0.1", NULL}, false},
    {{"redis", "redis://:a@127.0.0.1", NULL}, false},
    {{"redis", "redis://127.0.0.1/1", NULL}, false},
    {{"redis", "rediss://127.0.0.1", NULL}, false},
    {{"redis", "unix:///a", NULL}, false},
    {{"connection-tls-ca", "/a", NULL}, false},
    {{"connection-tls-verify", "no", NULL}, false},
    {{"password-file", secret, NULL}, false},
};

START_TEST(knows_what_makes_another_connection)
{
    struct config preset, other;
    struct reach a, b;
    struct error e = {0};

    write_secret("x\n");
    ck_assert_int_eq(read_options(&preset, &a, (const char *[]){NULL}, &e), 0);
    ck_assert_int_eq(read_options(&other, &b, pairs[_i].options, &e), 0);
    ck_assert_int_eq(reach_equal(&a, &b), pairs[_i].equal);
    reach_clear(&a);
    reach_clear(&b);
    config_clear(&preset);
    config_clear(&other);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reach");
    TCase *t = tcase_create("reach");
    SRunner *runner = srunner_create(suite);
    int failed, fd = mkstemp(secret);

    suite_add_tcase(suite, t);
    tcase_add_test(t, takes_the_first_line_of_the_password_file);
    tcase_add_test(t, needs_no_password_file_where_the_url_has_one);
    tcase_add_loop_test(t, knows_what_makes_another_connection, 0,
                        sizeof pairs / sizeof *pairs);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    close(fd);
    unlink(secret);
    return failed != 0;
}
