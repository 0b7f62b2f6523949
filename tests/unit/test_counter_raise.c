/* Raising by a script and without, against a real server. */
#include <check.h>
#include <hiredis/hiredis.h>

#include "base/text.h"
#include "redis/counter.h"
#include "server.h"

enum { MANY = 4321 };

static struct server server;
static struct link *connection;
static struct error e;
static enum counter_state states[MANY];
static size_t told_count;

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
    told_count = 0;
}

static void
end(void)
{
    link_close(connection);
    server_stop(&server);
}

static int
told(void *context, enum counter_state state, int64_t number, struct error *why)
{
    (void)context;
    (void)number;
    (void)why;
    ck_assert_uint_lt(told_count, MANY);
    states[told_count++] = state;
    return 0;
}

static int
raise_by_script(const struct counter_key *keys, size_t count)
{
    struct counter_raiser r;
    size_t done = 0, n;

    counter_raise_begin(&r, connection, told, NULL);
    for (; done < count; done += n) {
        n = count - done < COUNTER_BATCH_MAX ? count - done : COUNTER_BATCH_MAX;
        if (counter_raise_send(&r, keys + done, n, &e) != 0)
            break;
    }
    return counter_raise_drain(&r, &e);
}

static int
raise_watched(const struct counter_key *keys, size_t count)
{
    size_t n;

    for (; told_count < count; told_count += n) {
        n = count - told_count < COUNTER_BATCH_MAX ? count - told_count
                                                   : COUNTER_BATCH_MAX;
        if (counter_raise_watched(connection, keys + told_count, n,
                                  states + told_count, &e) != 0)
            return -1;
    }
    return 0;
}

static int (*const ways[])(const struct counter_key *, size_t) = {
    raise_by_script,
    raise_watched,
};

static void
say(const char *command, const char *key, const char *value)
{
    struct redisReply *reply =
        link_say(connection, &e, command, key, value, NULL);

    ck_assert_msg(reply != NULL, "%s", e.text);
    link_reply_free(reply);
}

static void
expect(const char *key, const char *value)
{
    struct redisReply *reply = link_say(connection, &e, "GET", key, NULL);

    ck_assert_msg(reply != NULL, "%s", e.text);
    ck_assert_str_eq(reply->str, value);
    link_reply_free(reply);
}

/* The key is called as its value is. */
static const struct {
    const char *value; /* NULL: missing */
    uint64_t least;
    enum counter_state state;
    const char *then;
} cases[] = {
    {"5", 5, COUNTER_NUMBER, "5"},
    {"6", 5, COUNTER_NUMBER, "6"},
    {"10", 9, COUNTER_NUMBER, "10"},
    {"9", 10, COUNTER_RAISED, "10"},
    {"0", 0, COUNTER_NUMBER, "0"},
    {"-7", 0, COUNTER_RAISED, "0"},
    {NULL, 3, COUNTER_MADE, "3"},
    {"9007199254740992", 9007199254740993, COUNTER_RAISED, "9007199254740993"},
    {"9223372036854775806", INT64_MAX, COUNTER_RAISED, "9223372036854775807"},
    {"9223372036854775807", INT64_MAX, COUNTER_NUMBER, "9223372036854775807"},
    {"-9223372036854775808", 1, COUNTER_RAISED, "1"},
    {"9223372036854775808", 1, COUNTER_NO_NUMBER, "9223372036854775808"},
    {"-9223372036854775809", 1, COUNTER_NO_NUMBER, "-9223372036854775809"},
    {"x", 1, COUNTER_NO_NUMBER, "x"},
    {"01", 7, COUNTER_NO_NUMBER, "01"},
    {"-0", 7, COUNTER_NO_NUMBER, "-0"},
    {"", 7, COUNTER_NO_NUMBER, ""},
};

enum { CASES = sizeof cases / sizeof *cases };

START_TEST(raises_what_is_lower_and_nothing_else)
{
    struct counter_key keys[CASES + 1];

    for (size_t i = 0; i < CASES; i++) {
        const char *key = cases[i].value != NULL ? cases[i].value : "none";

        if (cases[i].value != NULL)
            say("SET", key, cases[i].value);
        keys[i] = (struct counter_key){key, strlen(key), cases[i].least};
    }
    say("LPUSH", "list", "a");
    keys[CASES] = (struct counter_key){"list", 4, 7};
    ck_assert_msg(ways[_i](keys, CASES + 1) == 0, "%s", e.text);
    ck_assert_uint_eq(told_count, CASES + 1);
    for (size_t i = 0; i < CASES; i++) {
        ck_assert_msg(states[i] == cases[i].state, "%s: %d", keys[i].key,
                      (int)states[i]);
        expect(keys[i].key, cases[i].then);
    }
    ck_assert_int_eq(states[CASES], COUNTER_NO_STRING);
}
END_TEST

START_TEST(raises_many)
{
    static struct counter_key keys[MANY];
    struct redisReply *reply;

    for (unsigned i = 0; i < MANY; i++) {
        char *key = text_format("counter:%u", i);

        keys[i] = (struct counter_key){key, strlen(key), i};
    }
    ck_assert_msg(ways[_i](keys, MANY) == 0, "%s", e.text);
    ck_assert_uint_eq(told_count, MANY);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_int_eq(states[i], COUNTER_MADE);
    reply = link_say(connection, &e, "DBSIZE", NULL);
    ck_assert_int_eq(reply->integer, MANY);
    link_reply_free(reply);
    expect("counter:4320", "4320");
    for (unsigned i = 0; i < MANY; i++)
        free((char *)(uintptr_t)keys[i].key);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("counter_raise");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 30);
    tcase_add_loop_test(tc, raises_what_is_lower_and_nothing_else, 0, 2);
    tcase_add_loop_test(tc, raises_many, 0, 2);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
