/* Many commands under way, against a real server. */
#include "redis/link_pipe.h"

#include <check.h>
#include <hiredis/hiredis.h>

#include "server.h"

enum { MANY = 5000 };

static struct server server;
static struct link *connection;
static struct error e;
static struct link_pipe piped;
static unsigned heard, refused, most_under_way;

static void
begin(void)
{
    struct url url;

    server_start(&server, NULL);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    connection = link_open(&(struct link_options){.url = &url,
                                                  .connect_timeout_ms = 5000,
                                                  .command_timeout_ms = 5000},
                           &e);
    ck_assert_msg(connection != NULL, "%s", e.text);
    url_clear(&url);
    heard = refused = most_under_way = 0;
}

static void
end(void)
{
    link_close(connection);
    server_stop(&server);
}

static int
echo(const char *text)
{
    const char *argv[] = {"ECHO", text};

    return link_pipe_send(&piped, 2, argv, NULL, &e);
}

static int
on_number(void *context, const struct redisReply *reply,
          const struct error *why, struct error *out)
{
    (void)out;
    ck_assert_ptr_eq(context, &heard);
    if (piped.under_way > most_under_way)
        most_under_way = piped.under_way;
    if (reply == NULL) {
        ck_assert_msg(strncmp(why->text, "ERR unknown", 11) == 0, "%s",
                      why->text);
        refused++;
    } else
        ck_assert_int_eq(atoi(reply->str), (int)heard);
    heard++;
    return 0;
}

START_TEST(replies_come_in_order_and_a_refusal_is_one)
{
    static const unsigned limits[] = {1, 2, LINK_PIPE_MAX, 100000};
    const char *nonsense[] = {"NONSENSE"};

    link_pipe_begin(&piped, connection, limits[_i], on_number, &heard);
    for (int i = 0; i < MANY; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        ck_assert_int_eq(i % 10 == 3
                             ? link_pipe_send(&piped, 1, nonsense, NULL, &e)
                             : echo(text),
                         0);
    }
    ck_assert_int_eq(link_pipe_drain(&piped, &e), 0);
    ck_assert_uint_eq(heard, MANY);
    ck_assert_uint_eq(refused, MANY / 10);
    ck_assert_uint_lt(most_under_way, LINK_PIPE_MAX);
    link_reply_free(link_say(connection, &e, "PING", NULL));
    ck_assert_int_eq(e.kind, ERROR_NONE);
}
END_TEST

static int
on_enough(void *context, const struct redisReply *reply,
          const struct error *why, struct error *out)
{
    (void)context;
    (void)reply;
    (void)why;
    return ++heard < 10 ? 0 : error_set(out, ERROR_REFUSED, "enough");
}

START_TEST(who_hears_may_end_it_and_the_link_stays_good)
{
    struct redisReply *reply;
    int sent = 0;

    link_pipe_begin(&piped, connection, 100, on_enough, NULL);
    while (sent < MANY && echo("x") == 0)
        sent++;
    ck_assert_int_lt(sent, MANY);
    ck_assert_str_eq(e.text, "enough");
    e = (struct error){0};
    ck_assert_int_eq(link_pipe_drain(&piped, &e), -1);
    ck_assert_str_eq(e.text, "enough");
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_uint_eq(heard, 10);
    reply = link_say(connection, &e, "ECHO", "mine", NULL);
    ck_assert_str_eq(reply->str, "mine");
    link_reply_free(reply);
}
END_TEST

static int
on_any(void *context, const struct redisReply *reply, const struct error *why,
       struct error *out)
{
    (void)context;
    heard++;
    if (reply != NULL)
        return 0;
    *out = *why;
    return -1;
}

START_TEST(a_lost_connection_ends_it)
{
    static const char *const crash[] = {"SHUTDOWN", "NOSAVE"};

    link_pipe_begin(&piped, connection, LINK_PIPE_MAX, on_any, NULL);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(echo("x"), 0);
    link_pipe_send(&piped, 2, (const char **)(uintptr_t)crash, NULL, &e);
    for (int i = 0; i < MANY && echo("x") == 0; i++)
        continue;
    ck_assert_int_eq(link_pipe_drain(&piped, &e), -1);
    ck_assert_uint_ge(heard, 1);
    ck_assert_uint_le(heard, 11);
    ck_assert_uint_eq(piped.under_way, 0);
    ck_assert_int_eq(echo("x"), -1);
    ck_assert_int_eq(link_pipe_drain(&piped, &e), -1);
    ck_assert_ptr_null(link_say(connection, &e, "PING", NULL));
}
END_TEST

START_TEST(a_late_reply_ends_it)
{
    const char *wait[] = {"BLPOP", "none", "0"};

    link_set_timeout(connection, 100);
    link_pipe_begin(&piped, connection, LINK_PIPE_MAX, on_any, NULL);
    ck_assert_int_eq(link_pipe_send(&piped, 3, wait, NULL, &e), 0);
    ck_assert_int_eq(echo("x"), 0);
    ck_assert_int_eq(link_pipe_drain(&piped, &e), -1);
    ck_assert_str_eq(e.text, "timeout after 100 ms waiting for BLPOP");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link_pipe");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, replies_come_in_order_and_a_refusal_is_one, 0, 4);
    tcase_add_test(tc, who_hears_may_end_it_and_the_link_stays_good);
    tcase_add_test(tc, a_lost_connection_ends_it);
    tcase_add_test(tc, a_late_reply_ends_it);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
