#include "daemon/http_counters.h"

#include "http_client.h"

#define ASK "GET /health/redis_counters HTTP/1.1\r\n\r\n"

static void
begin(void)
{
    http_begin();
    views.counter_sets = 1;
    views.samples_later = true;
    views.counters[0].name = "chats";
    views.samples[0] = (struct tally_sample){.taken = true,
                                             .ended_ms = VIEWS_NOW,
                                             .consistent = true,
                                             .items = json_array(),
                                             .warnings = json_array()};
    set("http-max-connections", "8");
    set("http-idle-timeout", "100ms");
    start();
}

/* A request that waits from now on. */
static int
ask_and_wait(const char *request)
{
    int fd = dial();
    unsigned before = views.asked;

    got_size = 0;
    got[0] = '\0';
    say(fd, request, strlen(request));
    for (int i = 0; i < 1000 && views.asked == before; i++)
        turn();
    ck_assert_uint_eq(views.asked, before + 1);
    return fd;
}

static int
answer(int fd)
{
    views_answer();
    got_size = 0;
    for (int i = 0; i < 50 && !is_whole(false); i++)
        hear(fd, 2);
    return atoi(got + 9);
}

START_TEST(answers_when_there_is_an_answer)
{
    int fd = ask_and_wait(ASK);

    ck_assert(!hear(fd, 20));
    ck_assert_uint_eq(got_size, 0);
    ck_assert_int_eq(answer(fd), 200);
    ck_assert_ptr_nonnull(strstr(got, "\"chats\":[]"));
    close(fd);
}
END_TEST

START_TEST(answers_503_where_they_are_not_consistent)
{
    int fd = ask_and_wait(ASK);

    views.samples[0].consistent = false;
    ck_assert_int_eq(answer(fd), 503);
    ck_assert_ptr_nonnull(strstr(got, "{\"status\":\"warning\""));
    ck_assert_ptr_nonnull(strstr(got, "\r\nCache-Control: no-store\r\n"));
    close(fd);
}
END_TEST

START_TEST(answers_others_meanwhile)
{
    int fd = ask_and_wait(ASK);

    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ask(LIVE), 200);
    ck_assert_int_eq(answer(fd), 200);
    close(fd);
}
END_TEST

START_TEST(is_not_idle_while_it_waits)
{
    int fd = ask_and_wait(ASK);

    ck_assert(!hear(fd, 300));
    ck_assert_int_eq(answer(fd), 200);
    ck_assert(!hear(fd, 20));
    ck_assert(hear(fd, 300)); /* then it is */
    close(fd);
}
END_TEST

START_TEST(lets_half_of_all_wait)
{
    int fds[4];

    for (int i = 0; i < 4; i++)
        fds[i] = ask_and_wait(ASK);
    ck_assert_int_eq(ask(ASK), 503);
    ck_assert_uint_eq(views.asked, 4);
    ck_assert_ptr_nonnull(strstr(got, "too many"));
    ck_assert_int_eq(ask(LIVE), 200);
    ck_assert_int_eq(answer(fds[3]), 200);
    close(fds[3]);
    fds[3] = ask_and_wait(ASK);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}
END_TEST

START_TEST(goes_on_with_what_came_behind_it)
{
    int fd = ask_and_wait(ASK LIVE);

    ck_assert(!hear(fd, 20));
    say(fd, LIVE, strlen(LIVE));
    ck_assert(!hear(fd, 20));
    ck_assert_uint_eq(got_size, 0);
    answer(fd);
    hear(fd, 50);
    ck_assert_uint_eq(count("HTTP/1.1 200 OK"), 3);
    ck_assert_uint_eq(count("\"alive\""), 2);
    close(fd);
}
END_TEST

START_TEST(bears_who_has_gone)
{
    int fd = ask_and_wait(ASK);

    close(fd);
    for (int i = 0; i < 20; i++)
        turn();
    views_answer();
    for (int i = 0; i < 20; i++)
        turn();
    ck_assert_int_eq(ask(LIVE), 200);
    ck_assert_uint_eq(http_view(http)->connections, 0);
}
END_TEST

START_TEST(forgets_who_waits_at_the_end)
{
    int fd = ask_and_wait(ASK);

    http_free(http);
    http = NULL;
    ck_assert_uint_eq(views.forgotten, 1);
    close(fd);
}
END_TEST

START_TEST(gives_head_no_body)
{
    int fd = ask_and_wait("HEAD /health/redis_counters HTTP/1.1\r\n\r\n");

    views_answer();
    hear(fd, 50);
    ck_assert_int_eq(atoi(got + 9), 200);
    ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
    close(fd);
}
END_TEST

static const struct {
    bool consistent;
    const char *line;
} scrapes[] = {
    {true, "\nhealth_redis_counters_status 1\n"},
    {false, "\nhealth_redis_counters_status 0\n"},
};

START_TEST(gives_a_scrape_the_metric)
{
    int fd = ask_and_wait("GET /health/redis_counters HTTP/1.1\r\n"
                          "Accept: text/plain;version=0.0.4\r\n\r\n");

    views.samples[0].consistent = scrapes[_i].consistent;
    ck_assert_int_eq(answer(fd), 200);
    ck_assert_ptr_nonnull(strstr(got, scrapes[_i].line));
    ck_assert_ptr_nonnull(strstr(got, "Content-Type: text/plain"));
    close(fd);
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, begin, http_end);
    tcase_add_test(cases, answers_when_there_is_an_answer);
    tcase_add_test(cases, answers_503_where_they_are_not_consistent);
    tcase_add_test(cases, answers_others_meanwhile);
    tcase_add_test(cases, is_not_idle_while_it_waits);
    tcase_add_test(cases, lets_half_of_all_wait);
    tcase_add_test(cases, goes_on_with_what_came_behind_it);
    tcase_add_test(cases, bears_who_has_gone);
    tcase_add_test(cases, forgets_who_waits_at_the_end);
    tcase_add_test(cases, gives_head_no_body);
    tcase_add_loop_test(cases, gives_a_scrape_the_metric, 0, 2);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("http_counters");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
