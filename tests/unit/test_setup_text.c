#include "jobs/setup_text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct discover_server server;
static struct setup_text_options options;
static struct error e;
static char *text;

static void
begin(void)
{
    server = (struct discover_server){
        .url = "unix:///run/redis/redis.sock",
        .found_by = "process 12",
        .config_file = "/etc/redis/redis.conf",
        .data_dir = "/nowhere/redis",
        .told_dir = true,
        .answers = true,
    };
    strcpy(server.info.version, "7.0.15");
    strcpy(server.info.role, "master");
    server.info.keys = 3;
    server.info.aof_enabled = true;
    options = (struct setup_text_options){
        .server = &server,
        .instance = "main",
        .repo = "/var/lib/redkeep",
        .listen = "127.0.0.1:9736",
    };
    memset(&e, 0, sizeof e);
    text = NULL;
}

static void
end(void)
{
    free(text);
}

static void
expect(const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no '%s' in\n%s", words, text);
}

START_TEST(names_the_server_and_what_it_is)
{
    text = setup_text_write(&options, &e);
    ck_assert_msg(text != NULL, "%s", e.text);
    expect("\n# Server: Redis 7.0.15, primary, 3 keys, append-only file on.\n");
    expect("\n# Found by: process 12\n");
    expect("\ninstance = main\nredis = unix:///run/redis/redis.sock\n");
    expect("\nrepo = /var/lib/redkeep\n");
    expect("\nlisten = 127.0.0.1:9736\n");
    ck_assert_ptr_null(strstr(text, "data_dir"));
    ck_assert_ptr_null(strstr(text, "password"));
}
END_TEST

START_TEST(says_the_directory_that_the_server_does_not)
{
    server.told_dir = false;
    text = setup_text_write(&options, &e);
    ck_assert_msg(text != NULL, "%s", e.text);
    expect("\ndata_dir = /nowhere/redis\n");
}
END_TEST

START_TEST(names_a_file_for_the_password)
{
    server.answers = false;
    server.wants_password = true;
    options.instance = "cache";
    text = setup_text_write(&options, &e);
    ck_assert_msg(text != NULL, "%s", e.text);
    expect("\npassword_file = /etc/redkeep/cache.password\n");
    free(text);
    options.password_file = "/run/secrets/redis";
    text = setup_text_write(&options, &e);
    ck_assert_ptr_nonnull(text);
    expect("\npassword_file = /run/secrets/redis\n");
}
END_TEST

START_TEST(is_never_led_astray_by_what_a_server_says)
{
    server.answers = false;
    server.wants_password = false;
    strcpy(server.why.text, "ERR a\n[redkeep]\nrepo = /etc");
    server.found_by = "/tmp/redis\ninstance = x";
    text = setup_text_write(&options, &e);
    ck_assert_msg(text != NULL, "%s", e.text);
    expect("ERR a\\x0a[redkeep]\\x0arepo = /etc\n");
}
END_TEST

static const char *const unwritable[] = {
    "/srv/a ;b",
    "/srv/a\nrepo = /etc",
    "/srv/blank ",
    "/srv/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

START_TEST(refuses_what_a_configuration_cannot_say)
{
    server.told_dir = false;
    server.data_dir = (char *)unwritable[_i];
    text = setup_text_write(&options, &e);
    ck_assert_msg(text == NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot be written"));
}
END_TEST

static const struct {
    const char *config_file, *url, *name;
} names[] = {
    {"/etc/redis/redis-cache.conf", "redis://127.0.0.1:6380", "cache"},
    {"/etc/valkey/valkey_jobs.conf", "redis://127.0.0.1:6380", "jobs"},
    {"/etc/redis/6380.conf", "redis://127.0.0.1:6380", "6380"},
    {"/etc/redis/redis.conf", "redis://127.0.0.1:6379", "redis-6379"},
    {NULL, "redis://[::1]:7000", "redis-7000"},
    {NULL, "unix:///run/redis-a/redis-server.sock", "redis"},
    {NULL, "unix:///run/redis/a%20b.sock", "a-b"},
    {"/etc/redis/a;b.conf", "redis://h", "a-b"},
};

START_TEST(finds_a_name_for_the_instance)
{
    char *name;

    server.config_file = (char *)names[_i].config_file;
    server.url = (char *)names[_i].url;
    name = setup_text_name(&server);
    ck_assert_str_eq(name, names[_i].name);
    free(name);
}
END_TEST

START_TEST(knows_whose_the_data_is)
{
    char *owner;

    server.data_dir = "/";
    owner = setup_text_owner(&server);
    ck_assert_str_eq(owner, "root");
    free(owner);
    server.data_dir = "/nowhere";
    ck_assert_ptr_null(setup_text_owner(&server));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("setup_text");
    TCase *cases = tcase_create("setup_text");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, names_the_server_and_what_it_is);
    tcase_add_test(cases, says_the_directory_that_the_server_does_not);
    tcase_add_test(cases, names_a_file_for_the_password);
    tcase_add_test(cases, is_never_led_astray_by_what_a_server_says);
    tcase_add_loop_test(cases, refuses_what_a_configuration_cannot_say, 0,
                        (int)(sizeof unwritable / sizeof *unwritable));
    tcase_add_loop_test(cases, finds_a_name_for_the_instance, 0,
                        (int)(sizeof names / sizeof *names));
    tcase_add_test(cases, knows_whose_the_data_is);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
