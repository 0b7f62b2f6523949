#include "daemon/http_guard.h"

#include <sys/resource.h>

#include "base/memory.h"
#include "http_client.h"

/* What follows is or may be the rest of a body: it is not taken for a request.
 */
static const char *const unread[] = {
    "HEAD /health/live HTTP/1.1\r\nContent-Length: 30\r\n\r\n" LIVE,
    "TRACE / HTTP/1.1\r\nContent-Length: 30\r\n\r\n" LIVE,
    "GET /health/live HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" LIVE,
};

START_TEST(closes_where_the_next_request_is_in_doubt)
{
    int fd;

    start();
    fd = dial();
    say(fd, unread[_i], strlen(unread[_i]));
    ck_assert(hear(fd, 50));
    ck_assert_uint_eq(count("HTTP/1.1"), 1);
    ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
    close(fd);
}
END_TEST

/* Too large: what fills the request up, and with what it is answered. */
static const struct {
    const char *before, *after;
    size_t size;
    int status;
} large[] = {
    {"GET /", " HTTP/1.1\r\n\r\n", 4070, 404},
    {"GET /", " HTTP/1.1\r\n\r\n", 4090, 414},
    {"GET /", "", 1000000, 414},
    {"GET /health/live HTTP/1.1\r\nA: ", "\r\n\r\n", 16000, 200},
    {"GET /health/live HTTP/1.1\r\nA: ", "\r\n\r\n", 16500, 431},
    {"GET /health/live HTTP/1.1\r\nA: ", "", 1000000, 431},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 65536\r\n\r\n", "", 65536,
     200},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", "",
     1000000, 413},
};
enum { LARGE = sizeof large / sizeof *large };

START_TEST(limits_the_size_and_still_says_so)
{
    char *fill = memory_new(large[_i].size);
    int fd;

    start();
    fd = dial();
    memset(fill, 'x', large[_i].size);
    say(fd, large[_i].before, strlen(large[_i].before));
    say(fd, fill, large[_i].size);
    say(fd, large[_i].after, strlen(large[_i].after));
    ck_assert_int_eq(hear(fd, 50), large[_i].status > 404);
    ck_assert_int_eq(atoi(got + 9), large[_i].status);
    ck_assert_uint_eq(count("HTTP/1.1"), 1);
    ck_assert_uint_eq(counted(large[_i].status), 1);
    close(fd);
    free(fill);
}
END_TEST

START_TEST(limits_the_number_of_headers)
{
    char request[8192] = "GET /health/live HTTP/1.1\r\n";

    start();
    for (int i = 0; i < 998; i++)
        strcat(request, "a:\r\n");
    strcat(request, "\r\n");
    ck_assert_int_eq(ask(request), 200);
    strcpy(request + strlen(request) - 2, "a:\r\n\r\n");
    ck_assert_int_eq(ask(request), 431);
}
END_TEST

static const char *const starts[] = {"G", "GET /health/live HTTP/1.1\r\n",
                                     "POST / HTTP/1.1\r\n"
                                     "Content-Length: 500\r\n\r\n",
                                     "GET / HTTP/1.1\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n1"};

START_TEST(ends_a_request_that_comes_too_slowly)
{
    uint64_t began_ms, took_ms;
    int fd;

    set("http-request-timeout", "200ms");
    start();
    fd = dial();
    say(fd, starts[_i], strlen(starts[_i]));
    began_ms = clock_steady_ms();
    while (clock_steady_ms() < began_ms + 1000 && !hear(fd, 20))
        say(fd, "a", 1);
    took_ms = clock_steady_ms() - began_ms;
    ck_assert_uint_ge(took_ms, 150);
    ck_assert_uint_le(took_ms, 400);
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(fd);
}
END_TEST

START_TEST(gives_each_request_its_own_time)
{
    uint64_t began_ms = clock_steady_ms();
    int fd;

    set("http-request-timeout", "200ms");
    start();
    fd = dial();
    while (clock_steady_ms() < began_ms + 500) {
        say(fd, LIVE "G", strlen(LIVE) + 1);
        ck_assert(!hear(fd, 100));
        say(fd, &LIVE[1], strlen(LIVE) - 1);
        ck_assert(!hear(fd, 20));
    }
    close(fd);
}
END_TEST

START_TEST(ends_an_idle_connection)
{
    int silent, after;

    set("http-idle-timeout", "150ms");
    start();
    silent = dial();
    after = dial();
    say(after, LIVE, strlen(LIVE));
    ck_assert(!hear(after, 50));
    ck_assert(hear(silent, 300));
    ck_assert(hear(after, 300));
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(silent);
    close(after);
}
END_TEST

START_TEST(takes_other_limits_with_a_reload)
{
    int fds[9];

    set("http-max-connections", "9");
    start();
    set("http-max-connections", "8");
    set("http-idle-timeout", "100ms");
    ck_assert_int_eq(http_reload(http, &config, &e), 0);
    for (int i = 0; i < 9; i++)
        fds[i] = dial();
    ck_assert(hear(fds[8], 20));
    ck_assert(!hear(fds[7], 20));
    ck_assert(hear(fds[7], 200));
    for (int i = 0; i < 9; i++)
        close(fds[i]);
}
END_TEST

START_TEST(ends_a_connection_that_takes_no_answer)
{
    json_t *list = json_array();
    int fd, small = 4096;

    for (int i = 0; i < 100000; i++)
        json_array_append_new(list, json_string("20261120T113000Z"));
    views.repository.list = json_pack("{s:o}", "snapshots", list);
    set("http-idle-timeout", "150ms");
    start();
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 5; i++)
        say(fd, "GET /api/snapshots HTTP/1.1\r\n\r\n", 31);
    for (uint64_t until_ms = clock_steady_ms() + 400;
         clock_steady_ms() < until_ms;)
        turn();
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(fd);
}
END_TEST

START_TEST(sends_a_large_answer_whole)
{
    json_t *list = json_array();

    for (int i = 0; i < 100000; i++)
        json_array_append_new(list, json_string("20261120T113000Z"));
    views.repository.list = json_pack("{s:o}", "snapshots", list);
    start();
    ck_assert_int_eq(ask("GET /api/snapshots HTTP/1.0\r\n\r\n"), 200);
    ck_assert_uint_gt(got_size, 100000 * strlen("20261120T113000Z"));
    ck_assert(is_whole(false));
    ck_assert_int_eq(got[got_size - 1], '\n');
}
END_TEST

START_TEST(refuses_one_connection_more)
{
    int fds[9];

    set("http-max-connections", "8");
    start();
    for (int i = 0; i < 8; i++)
        fds[i] = dial();
    fds[8] = dial();
    say(fds[8], LIVE, strlen(LIVE));
    ck_assert(hear(fds[8], 50));
    ck_assert_int_eq(atoi(got + 9), 503);
    ck_assert_uint_eq(http_view(http)->connections, 8);
    close(fds[8]);
    close(fds[0]);
    turn();
    ck_assert_int_eq(ask(LIVE), 200);
    for (int i = 1; i < 8; i++)
        close(fds[i]);
}
END_TEST

START_TEST(ends_the_slowest_for_one_that_comes)
{
    int fds[8];
    uint64_t until_ms;

    set("http-max-connections", "8");
    start();
    for (int i = 0; i < 8; i++) {
        fds[i] = dial();
        say(fds[i], "G", 1);
    }
    ck_assert_int_eq(ask(LIVE), 503);
    until_ms = clock_steady_ms() + 400;
    while (clock_steady_ms() < until_ms)
        turn();
    ck_assert_int_eq(ask(LIVE), 200);
    ck_assert(hear(fds[0], 20));
    for (int i = 1; i < 8; i++)
        ck_assert(!hear(fds[i], 5));
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}
END_TEST

START_TEST(does_not_spin_without_descriptors)
{
    struct rlimit before, limit;
    int first, second, turns = 0;
    uint64_t until_ms;

    start();
    first = dial();
    second = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)second + 1;
    setrlimit(RLIMIT_NOFILE, &limit);
    close(second);
    second = dial(); /* the last descriptor: accept has none */
    until_ms = clock_steady_ms() + 300;
    for (; clock_steady_ms() < until_ms; turns++) {
        const struct timeval moment = {.tv_usec = 100000};

        event_base_loopexit(agent.base, &moment);
        event_base_loop(agent.base, EVLOOP_ONCE);
    }
    ck_assert_int_lt(turns, 20);
    setrlimit(RLIMIT_NOFILE, &before);
    say(second, LIVE, strlen(LIVE));
    hear(second, 400);
    ck_assert_int_eq(atoi(got + 9), 200);
    close(first);
    close(second);
}
END_TEST

START_TEST(leaks_no_descriptor)
{
    int before = open("/dev/null", O_RDONLY), after;

    close(before);
    start();
    close(dial());
    for (int i = 0; i < 100; i++) {
        int fd = dial();

        say(fd, LIVE, i % 2 == 0 ? strlen(LIVE) : 3);
        close(fd);
    }
    http_free(http);
    http = NULL;
    agent.http = NULL;
    turn();
    after = open("/dev/null", O_RDONLY);
    close(after);
    ck_assert_int_eq(after, before);
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, http_begin, http_end);
    tcase_add_loop_test(cases, closes_where_the_next_request_is_in_doubt, 0, 3);
    tcase_add_loop_test(cases, limits_the_size_and_still_says_so, 0, LARGE);
    tcase_add_test(cases, limits_the_number_of_headers);
    tcase_add_loop_test(cases, ends_a_request_that_comes_too_slowly, 0, 4);
    tcase_add_test(cases, gives_each_request_its_own_time);
    tcase_add_test(cases, ends_an_idle_connection);
    tcase_add_test(cases, takes_other_limits_with_a_reload);
    tcase_add_test(cases, ends_a_connection_that_takes_no_answer);
    tcase_add_test(cases, sends_a_large_answer_whole);
    tcase_add_test(cases, refuses_one_connection_more);
    tcase_add_test(cases, ends_the_slowest_for_one_that_comes);
    tcase_add_test(cases, does_not_spin_without_descriptors);
    tcase_add_test(cases, leaks_no_descriptor);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("http_guard");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
