#include "redis/counter.h"

#include <check.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static struct error e;

static const struct {
    const char *text;
    enum counter_state state;
    int64_t number;
} values[] = {
    {"0", COUNTER_NUMBER, 0},
    {"7", COUNTER_NUMBER, 7},
    {"-1", COUNTER_NUMBER, -1},
    {"9007199254740993", COUNTER_NUMBER, 9007199254740993},
    {"9223372036854775807", COUNTER_NUMBER, INT64_MAX},
    {"-9223372036854775808", COUNTER_NUMBER, INT64_MIN},
    {"9223372036854775808", COUNTER_NO_NUMBER, 0},
    {"-9223372036854775809", COUNTER_NO_NUMBER, 0},
    {"18446744073709551616", COUNTER_NO_NUMBER, 0},
    {"99999999999999999999", COUNTER_NO_NUMBER, 0},
    {"111111111111111111111111", COUNTER_NO_NUMBER, 0},
    {"", COUNTER_NO_NUMBER, 0},
    {"-", COUNTER_NO_NUMBER, 0},
    {"-0", COUNTER_NO_NUMBER, 0},
    {"00", COUNTER_NO_NUMBER, 0},
    {"-01", COUNTER_NO_NUMBER, 0},
    {"+1", COUNTER_NO_NUMBER, 0},
    {" 1", COUNTER_NO_NUMBER, 0},
    {"1 ", COUNTER_NO_NUMBER, 0},
    {"1.5", COUNTER_NO_NUMBER, 0},
    {"1:", COUNTER_NO_NUMBER, 0},
};

START_TEST(takes_what_incr_takes)
{
    char *text = strdup(values[_i].text);
    const struct redisReply reply = {
        .type = REDIS_REPLY_STRING, .str = text, .len = strlen(text)};
    const struct error none = {0};
    enum counter_state state;
    int64_t number;

    ck_assert_int_eq(counter_judge(&reply, &none, &state, &number, &e), 0);
    ck_assert_int_eq(state, values[_i].state);
    if (state == COUNTER_NUMBER)
        ck_assert_int_eq(number, values[_i].number);
    free(text);
}
END_TEST

START_TEST(tells_a_key_of_another_type_from_a_failure)
{
    const struct redisReply nil = {.type = REDIS_REPLY_NIL},
                            odd = {.type = REDIS_REPLY_ARRAY};
    struct error why = {0};
    enum counter_state state;
    int64_t number;

    ck_assert_int_eq(counter_judge(&nil, &why, &state, &number, &e), 0);
    ck_assert_int_eq(state, COUNTER_MISSING);
    error_set(&why, ERROR_FAILED, "WRONGTYPE Operation against a key");
    ck_assert_int_eq(counter_judge(NULL, &why, &state, &number, &e), 0);
    ck_assert_int_eq(state, COUNTER_NO_STRING);
    error_set(&why, ERROR_DENIED, "NOPERM");
    ck_assert_int_eq(counter_judge(NULL, &why, &state, &number, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_int_eq(counter_judge(&odd, &why, &state, &number, &e), -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("counter");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, takes_what_incr_takes, 0,
                        (int)(sizeof values / sizeof *values));
    tcase_add_test(tc, tells_a_key_of_another_type_from_a_failure);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
