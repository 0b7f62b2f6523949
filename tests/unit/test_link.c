#include "redis/link.h"

#include <check.h>
#include <hiredis/hiredis.h>

#include "base/clock.h"
#include "base/process.h"
#include "fake.h"
#include "server.h"

#define PONG "+PONG\r\n"

static struct link *
open_url(const char *text, unsigned timeout_ms, struct error *e)
{
    struct url url;
    struct link *link;
    struct link_options options = {.url = &url,
                                   .connect_timeout_ms = timeout_ms,
                                   .command_timeout_ms = timeout_ms};

    ck_assert_int_eq(url_read(&url, text, e), 0);
    link = link_open(&options, e);
    url_clear(&url);
    return link;
}

/* The words behind "URL: ". */
static void
check_words(const struct error *e, const char *url, const char *words)
{
    char expected[600];

    snprintf(expected, sizeof expected, "%s: %s", url, words);
    ck_assert_str_eq(e->text, expected);
}

static const struct {
    const char *answer, *words;
    enum error_kind kind;
} answers[] = {
    {"-ERR oops\r\n", "ERR oops", ERROR_FAILED},
    {"-ERR full stop.\r\n", "ERR full stop", ERROR_FAILED},
    {"-\r\n", "an error without words", ERROR_FAILED},
    {"-ERR a\tb\x1b[31m\r\n", "ERR a\\x09b\\x1b[31m", ERROR_FAILED},
    {"-NOPERM this user has no permissions to run the 'get' command\r\n",
     "NOPERM this user has no permissions to run the 'get' command",
     ERROR_DENIED},
    {"-NOAUTH Authentication required.\r\n",
     "NOAUTH Authentication required: give the password in the URL or "
     "password_file",
     ERROR_DENIED},
    {"-ERR unknown command 'CONFIG', with args beginning with: 'GET' \r\n",
     "ERR unknown command 'CONFIG'", ERROR_DENIED},
    {"HTTP/1.1 400 Bad Request\r\n",
     "what the server says is no reply: Protocol error, got \"H\" as reply "
     "type byte",
     ERROR_FAILED},
    {"*2000000000\r\n", "the server's reply has too many elements",
     ERROR_FAILED},
    {"*1000000\r\n*1000000\r\n", "the server's reply has too many elements",
     ERROR_FAILED},
    {"$2000000000\r\nabc", "timeout after 80 ms waiting for GET", ERROR_FAILED},
    {FAKE_HANG, "timeout after 80 ms waiting for GET", ERROR_FAILED},
    {"", "the server closed the connection", ERROR_FAILED},
    {"$10\r\nabc", "the server closed the connection", ERROR_FAILED},
};

START_TEST(tells_what_became_of_a_command)
{
    bool waits = strncmp(answers[_i].words, "timeout", 7) == 0;
    struct fake f;
    struct error e = {0};
    struct link *link;

    fake_start(&f, (const char *[]){PONG, answers[_i].answer,
                                    waits ? FAKE_HANG : FAKE_CLOSE, NULL});
    link = open_url(f.url, waits ? 80 : 5000, &e);
    ck_assert_msg(link != NULL, "%s", e.text);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_str_eq(e.text, answers[_i].words);
    ck_assert_int_eq(e.kind, answers[_i].kind);
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(refuses_replies_nested_without_end)
{
    struct fake f;
    struct error e = {0};
    struct link *link;
    char deep[400] = "";

    for (int i = 0; i < 50; i++)
        strcat(deep, "*1\r\n");
    fake_start(&f, (const char *[]){PONG, deep, NULL});
    link = open_url(f.url, 1000, &e);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_str_eq(e.text, "the server's reply is nested too deep");
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(refuses_replies_longer_than_the_limit)
{
    struct fake f;
    struct error e = {0};
    struct link *link;

    fake_start(&f, (const char *[]){PONG, "$2000000000\r\n", FAKE_UNASKED,
                                    FAKE_FLOOD, NULL});
    link = open_url(f.url, 5000, &e);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_str_eq(e.text, "the server's reply has more than 16777216 bytes");
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(hands_replies_over_in_pieces)
{
    struct fake f;
    struct error e = {0};
    struct link *link;
    struct redisReply *reply;

    fake_start(&f, (const char *[]){PONG, "*2\r\n$3\r\nfo", FAKE_UNASKED,
                                    "o\r\n:", FAKE_UNASKED, "42\r\n", ":7\r\n",
                                    NULL});
    link = open_url(f.url, 1000, &e);
    reply = link_say(link, &e, "GET", "a", NULL);
    ck_assert_msg(reply != NULL, "%s", e.text);
    ck_assert_uint_eq(reply->elements, 2);
    ck_assert_str_eq(reply->element[0]->str, "foo");
    ck_assert_int_eq(reply->element[1]->integer, 42);
    link_reply_free(reply);
    reply = link_say(link, &e, "GET", "a", NULL);
    ck_assert_int_eq(reply->integer, 7);
    link_reply_free(reply);
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(stays_lost_once_a_reply_was_late)
{
    struct fake f;
    struct error e = {0};
    struct link *link;

    fake_start(&f, (const char *[]){PONG, FAKE_HANG, NULL});
    link = open_url(f.url, 1000, &e);
    ck_assert_uint_eq(link_set_timeout(link, 50), 1000);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_str_eq(e.text, "timeout after 50 ms waiting for GET");
    e = (struct error){0};
    ck_assert_ptr_null(link_say(link, &e, "PING", NULL));
    ck_assert_str_eq(e.text, "timeout after 50 ms waiting for GET");
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(is_lost_when_the_server_speaks_unasked)
{
    struct fake f;
    struct error e = {0};
    struct link *link;
    struct redisReply *reply;

    fake_start(&f, (const char *[]){PONG, ":1\r\n:2\r\n", FAKE_HANG, NULL});
    link = open_url(f.url, 5000, &e);
    reply = link_say(link, &e, "GET", "a", NULL);
    ck_assert_int_eq(reply->integer, 1);
    link_reply_free(reply);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_str_eq(e.text, "the server spoke without being asked");
    link_close(link);
    fake_stop(&f);
}
END_TEST

/* AUTH, SELECT, PING in this order; "@" stands for the address. */
static const struct {
    const char *user, *db;
    const char *answers[5];
    const char *words; /* NULL: it opens */
} greetings[] = {
    {"", "", {PONG}, NULL},
    {"", "", {"-LOADING Redis is loading the dataset in memory\r\n"}, NULL},
    {"", "", {"-MISCONF Redis is configured to save\r\n"}, NULL},
    {"", "", {"-NOPERM this user has no permissions\r\n"}, NULL},
    {":pw@", "/3", {"+OK\r\n", "+OK\r\n", PONG}, NULL},
    {"",
     "",
     {"-NOAUTH Authentication required.\r\n"},
     "NOAUTH Authentication required: give the password in the URL or "
     "password_file"},
    {"",
     "",
     {"-ERR max number of clients reached\r\n", FAKE_CLOSE},
     "ERR max number of clients reached"},
    {"",
     "",
     {FAKE_UNASKED, "-ERR max number of clients reached\r\n", FAKE_CLOSE},
     "ERR max number of clients reached"},
    {"",
     "",
     {"-DENIED Redis is running in protected mode\r\n", FAKE_CLOSE},
     "DENIED Redis is running in protected mode"},
    {"joe:pw@",
     "",
     {"-WRONGPASS invalid username-password pair or user is disabled.\r\n"},
     "WRONGPASS invalid username-password pair or user is disabled: the URL "
     "or password_file has a wrong user or password"},
    {":pw@",
     "",
     {"-ERR AUTH <password> called without any password configured for the "
      "default user. Are you sure your configuration is correct?\r\n"},
     "ERR AUTH <password> called without any password configured for the "
     "default user. Are you sure your configuration is correct?: this server "
     "wants no password: take it out of the URL and password_file"},
    {":pw@",
     "",
     {"-ERR Client sent AUTH, but no password is set\r\n"},
     "ERR Client sent AUTH, but no password is set: this server wants no "
     "password: take it out of the URL and password_file"},
    {"joe:pw@",
     "",
     {"-ERR wrong number of arguments for 'auth' command\r\n"},
     "ERR wrong number of arguments for 'auth' command: servers before 6.0 "
     "know no users: take the user out of the URL"},
    {":hunter2@",
     "",
     {"-ERR unknown command `AUTH`, with args beginning with: `hunter2`\r\n"},
     "ERR unknown command `AUTH`: AUTH is renamed or disabled there"},
    {"",
     "/99",
     {"-ERR DB index is out of range\r\n"},
     "ERR DB index is out of range"},
    {"",
     "",
     {"\x15\x03\x03\x02\x02\x28"},
     "the server speaks TLS on this port: the URL begins with rediss://"},
    {"", "", {FAKE_HANG}, "timeout after 80 ms waiting for PING"},
    {":pw@", "", {FAKE_HANG}, "timeout after 80 ms waiting for AUTH"},
    {"",
     "",
     {"", FAKE_CLOSE},
     "the server closed the connection (does this port want TLS, rediss://?)"},
};

START_TEST(greets_the_server)
{
    struct fake f;
    struct error e = {0};
    struct link *link;
    char url[128], shown[128];
    bool waits = greetings[_i].words != NULL &&
                 strncmp(greetings[_i].words, "timeout", 7) == 0;

    fake_start(&f, greetings[_i].answers);
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%u%s", greetings[_i].user,
             f.port, greetings[_i].db);
    snprintf(shown, sizeof shown, "redis://%s127.0.0.1:%u%s",
             strchr(greetings[_i].user, 'j') ? "joe:***@"
             : greetings[_i].user[0] != '\0' ? ":***@"
                                             : "",
             f.port, greetings[_i].db);
    link = open_url(url, waits ? 80 : 5000, &e);
    if (greetings[_i].words == NULL)
        ck_assert_msg(link != NULL, "%s", e.text);
    else
        check_words(&e, shown, greetings[_i].words);
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(says_that_nobody_listens)
{
    struct fake f;
    struct error e = {0};
    char url[64];

    fake_start(&f, (const char *[]){NULL});
    fake_stop(&f);
    ck_assert_ptr_null(open_url(f.url, 1000, &e));
    check_words(&e, f.url, "Connection refused");

    /* All addresses of a name are tried. */
    snprintf(url, sizeof url, "redis://%s:%u", server_localhost(), f.port);
    ck_assert_ptr_null(open_url(url, 1000, &e));
    check_words(&e, url, "Connection refused");

    ck_assert_ptr_null(open_url("unix:///nowhere/socket", 1000, &e));
    check_words(&e, "unix:///nowhere/socket", "No such file or directory");

    ck_assert_ptr_null(open_url("redis://a..b", 1000, &e));
    check_words(&e, "redis://a..b:6379", "Name or service not known");
}
END_TEST

/* A listener whose queue is full neither accepts nor refuses. */
START_TEST(does_not_wait_for_ever_to_connect)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), others[4];
    struct error e = {0};
    char url[64];

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(listen(fd, 0), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    for (int i = 0; i < 4; i++) {
        others[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        ck_assert(connect(others[i], (struct sockaddr *)&a, sizeof a) != 0);
    }
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", ntohs(a.sin_port));
    ck_assert_ptr_null(open_url(url, 100, &e));
    check_words(&e, url, "timeout after 100 ms");
}
END_TEST

START_TEST(stops_waiting_on_a_signal)
{
    uint64_t begin = clock_steady_ms();
    struct fake f;
    struct error e = {0};
    struct link *link;

    process_catch_stop();
    fake_start(&f, (const char *[]){PONG, FAKE_SIGNAL, NULL});
    link = open_url(f.url, 20000, &e);
    ck_assert_ptr_null(link_say(link, &e, "GET", "a", NULL));
    ck_assert_int_eq(e.kind, ERROR_STOPPED);
    ck_assert_str_eq(e.text, "stopped by SIGTERM");
    ck_assert_uint_lt(clock_steady_ms() - begin, 2000);
    link_close(link);
    fake_stop(&f);
}
END_TEST

START_TEST(frees_nothing_and_refuses_too_many_words)
{
    struct fake f;
    struct error e = {0};
    struct link *link;

    link_close(NULL);
    link_reply_free(NULL);
    fake_start(&f, (const char *[]){PONG, NULL});
    link = open_url(f.url, 1000, &e);
    ck_assert_ptr_null(link_say(link, &e, "1", "2", "3", "4", "5", "6", "7",
                                "8", "9", "10", "11", "12", "13", "14", "15",
                                "16", "17", NULL));
    ck_assert_str_eq(e.text, "1 has more than 16 words");
    link_close(link);
    fake_stop(&f);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link");
    TCase *t = tcase_create("link");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, tells_what_became_of_a_command, 0,
                        sizeof answers / sizeof *answers);
    tcase_add_test(t, refuses_replies_nested_without_end);
    tcase_add_test(t, refuses_replies_longer_than_the_limit);
    tcase_add_test(t, hands_replies_over_in_pieces);
    tcase_add_test(t, stays_lost_once_a_reply_was_late);
    tcase_add_test(t, is_lost_when_the_server_speaks_unasked);
    tcase_add_loop_test(t, greets_the_server, 0,
                        sizeof greetings / sizeof *greetings);
    tcase_add_test(t, says_that_nobody_listens);
    tcase_add_test(t, does_not_wait_for_ever_to_connect);
    tcase_add_test(t, stops_waiting_on_a_signal);
    tcase_add_test(t, frees_nothing_and_refuses_too_many_words);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
