#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/rdb_prefix.h"

static const struct {
    const char *name, *prefix;
} names[] = {
    {"", ""},
    {"name", ""},
    {":", ":"},
    {"user:1000", "user:"},
    {"user:1000:cart", "user:*:"},
    {"user:1000:cart:7", "user:*:"},
    {"cache:page:home", "cache:page:"},
    {"bull:emails:17:lock", "bull:emails:"},
    {"17:18:19", "*:*:"},
    {"::x", "::"},
    {"s:00f1-22aa-9c:x", "s:*:"},
    {"s:deadbeefcafe:x", "s:deadbeefcafe:"}, /* no digit */
    {"s:1a:x", "s:1a:"},                     /* too short for an id */
    {"s:-:x", "s:-:"},
    {"s:12345678g:x", "s:12345678g:"},
};

START_TEST(shows_what_like_keys_have_in_common)
{
    const char *name = names[_i].name, *expected = names[_i].prefix;
    char prefix[64];
    size_t size =
        rdb_prefix_write(prefix, sizeof prefix, name, strlen(name), ':');

    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_mem_eq(prefix, expected, size);
}
END_TEST

START_TEST(keeps_within_the_size)
{
    static const char name[] = "abcdef:ghijkl:m";
    char prefix[16];

    for (size_t room = 0; room < sizeof prefix; room++) {
        size_t size;

        memset(prefix, '#', sizeof prefix);
        size = rdb_prefix_write(prefix, room, name, sizeof name - 1, ':');
        ck_assert_uint_eq(size, room < 14 ? room : 14);
        ck_assert_mem_eq(prefix, name, size);
        ck_assert_int_eq(prefix[size], '#');
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rdb_prefix");
    TCase *tests = tcase_create("rdb_prefix");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, shows_what_like_keys_have_in_common, 0,
                        sizeof names / sizeof *names);
    tcase_add_test(tests, keeps_within_the_size);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
