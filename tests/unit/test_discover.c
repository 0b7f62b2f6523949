#include "jobs/discover.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/process.h"
#include "server.h"

static struct server server;
static struct discover found;
static struct error e;
static unsigned port;
static char folder[80]; /* its name says that it is a server's */
static const char *folders[] = {folder, NULL};
static const char *const none[] = {NULL};
static struct discover_places places;
static struct discover_options options;

static void
begin(void)
{
    server_prepare(&server);
    snprintf(folder, sizeof folder, "%s/redis", server.dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    snprintf(server.socket, sizeof server.socket, "%s/a.sock", folder);
    snprintf(server.url, sizeof server.url, "unix://%s", server.socket);
    port = server_free_port();
    places = (struct discover_places){.configs = none, .sockets = none};
    options = (struct discover_options){.places = &places, .timeout_ms = 5000};
    memset(&e, 0, sizeof e);
}

static void
end(void)
{
    discover_clear(&found);
    server_stop(&server);
}

static void
start(const char *password)
{
    char number[16];
    const char *words[] = {"--port", number, "--requirepass", password, NULL};

    snprintf(number, sizeof number, "%u", port);
    server_start(&server, words);
}

static void
put_config(const char *name, const char *more)
{
    char path[200];
    FILE *to;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    to = fopen(path, "w");
    ck_assert_ptr_nonnull(to);
    fprintf(to, "bind 127.0.0.1\nport %u\nunixsocket %s\ndir %s\n%s", port,
            server.socket, server.dir, more);
    fclose(to);
    places.configs = folders;
}

static void
find(size_t count)
{
    ck_assert_msg(discover_find(&found, &options, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(found.count, count);
}

START_TEST(takes_two_ways_to_a_server_for_one)
{
    start("");
    put_config("redis.conf", "");
    places.sockets = folders;
    find(1);
    ck_assert(found.servers[0].answers);
    ck_assert_str_eq(found.servers[0].url, server.url);
    ck_assert_str_eq(found.servers[0].data_dir, server.dir);
    ck_assert(found.servers[0].told_dir);
    ck_assert_ptr_nonnull(strstr(found.servers[0].config_file, "/redis.conf"));
    ck_assert_str_eq(found.servers[0].info.role, "master");
}
END_TEST

START_TEST(finds_a_socket_that_no_file_names)
{
    start("");
    places.sockets = folders;
    find(1);
    ck_assert_str_eq(found.servers[0].url, server.url);
    ck_assert_str_eq(found.servers[0].found_by, server.socket);
}
END_TEST

START_TEST(knows_a_server_that_wants_a_password)
{
    start("secret");
    put_config("redis.conf", "requirepass secret\n");
    find(1);
    ck_assert(!found.servers[0].answers);
    ck_assert(found.servers[0].wants_password);
    ck_assert_str_eq(found.servers[0].data_dir, server.dir);
}
END_TEST

START_TEST(keeps_no_password_in_the_url)
{
    char url[160];

    start("secret");
    snprintf(url, sizeof url, "redis://:secret@127.0.0.1:%u", port);
    options.url = url;
    options.password = "secret";
    find(1);
    ck_assert(found.servers[0].answers);
    ck_assert_ptr_null(strstr(found.servers[0].url, "secret"));
    ck_assert_ptr_null(strchr(found.servers[0].url, '@'));
}
END_TEST

START_TEST(tells_of_a_server_that_does_not_run)
{
    put_config("redis.conf", "");
    find(1);
    ck_assert(!found.servers[0].answers);
    ck_assert_str_eq(found.servers[0].data_dir, server.dir);
    ck_assert_str_ne(found.servers[0].why.text, "");
}
END_TEST

START_TEST(puts_those_that_answer_first)
{
    char socket[sizeof server.socket];

    start("");
    memcpy(socket, server.socket, sizeof socket);
    snprintf(server.socket, sizeof server.socket, "%s/away.sock", folder);
    port = server_free_port();
    put_config("a.conf", "");
    memcpy(server.socket, socket, sizeof socket);
    put_config("b.conf", "port 0\n");
    find(2);
    ck_assert(found.servers[0].answers);
    ck_assert_str_eq(found.servers[0].url, server.url);
    ck_assert(!found.servers[1].answers);
}
END_TEST

START_TEST(leaves_sentinels_and_guesses_out)
{
    char url[64];

    put_config("x.conf", "sentinel monitor m 127.0.0.1 6379 2\n");
    put_config("redis-sentinel.conf", "");
    put_config("notes.txt", "");
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", port);
    places.url = url;
    find(0);
}
END_TEST

START_TEST(finds_a_process_by_what_it_shows)
{
    struct process_server *all;
    size_t count, i = 0;

    start("");
    ck_assert_int_eq(process_list_servers(&all, &count, &e), 0);
    while (i < count && all[i].pid != server.pid)
        i++;
    ck_assert_uint_lt(i, count);
    ck_assert_str_eq(all[i].directory, server.dir);
    ck_assert_ptr_nonnull(strstr(all[i].title, "redis-server"));
    process_free_servers(all, count);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("discover");
    TCase *cases = tcase_create("discover");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, takes_two_ways_to_a_server_for_one);
    tcase_add_test(cases, finds_a_socket_that_no_file_names);
    tcase_add_test(cases, knows_a_server_that_wants_a_password);
    tcase_add_test(cases, keeps_no_password_in_the_url);
    tcase_add_test(cases, tells_of_a_server_that_does_not_run);
    tcase_add_test(cases, puts_those_that_answer_first);
    tcase_add_test(cases, leaves_sentinels_and_guesses_out);
    tcase_add_test(cases, finds_a_process_by_what_it_shows);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
