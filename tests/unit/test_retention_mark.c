#include "repo/retention_mark.h"

#include <check.h>
#include <stdlib.h>

#include "folder.h"

static const struct {
    const char *text, *id;
    uint64_t sequence;
} lines[] = {
    {"20261120T113000Z 42\n", "20261120T113000Z", 42},
    {"20261120T113000Z-12 9223372036854775807\n", "20261120T113000Z-12",
     INT64_MAX},
    {"20261120T113000Z 0\n", "", 0},
    {"20261120T113000Z 9223372036854775808\n", "", 0},
    {"20261120T113000Z 42", "", 0},
    {"20261120T113000Z 42\n\n", "", 0},
    {"20261120T113000Z  42\n", "", 0},
    {"20261120T113000Z 42 x\n", "", 0},
    {"20261120T113000Z -1\n", "", 0},
    {"20261120T113000Z\n", "", 0},
    {"latest 42\n", "", 0},
    {" 42\n", "", 0},
    {"\n", "", 0},
    {"", "", 0},
    {"20261120T113000Z-123456789012345678901234567890123456 1\n", "", 0},
    {"20261120T113000Z 4200000000000000000000000000000000000000000000000000\n",
     "", 0},
};

START_TEST(reads_one_line_or_nothing)
{
    struct retention_mark mark = {.sequence = 7, .id = "x"};
    bool read =
        retention_mark_read(&mark, lines[_i].text, strlen(lines[_i].text));

    ck_assert_int_eq(read, lines[_i].sequence > 0);
    ck_assert_uint_eq(mark.sequence, lines[_i].sequence);
    ck_assert_str_eq(mark.id, lines[_i].id);
}
END_TEST

START_TEST(a_nul_ends_no_line)
{
    static const char bytes[] = "20261120T113000Z 4\0002\n";
    struct retention_mark mark;

    ck_assert(!retention_mark_read(&mark, bytes, sizeof bytes - 1));
}
END_TEST

START_TEST(loads_what_was_saved)
{
    struct retention_mark mark = {.sequence = 42, .id = "20261120T113000Z"};
    struct retention_mark again;

    retention_mark_load(&again, dir);
    ck_assert_uint_eq(again.sequence, 0);
    ck_assert_int_eq(retention_mark_save(&mark, dir, &e), 0);
    expect("accepted", "20261120T113000Z 42\n");
    retention_mark_load(&again, dir);
    ck_assert_uint_eq(again.sequence, 42);
    ck_assert_str_eq(again.id, mark.id);
    ck_assert_uint_eq(entries(), 1);
    put("accepted", "20261120T113000Z 4");
    retention_mark_load(&again, dir);
    ck_assert_uint_eq(again.sequence, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("retention_mark");
    TCase *t = tcase_create("mark");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, folder_begin, folder_end);
    tcase_add_loop_test(t, reads_one_line_or_nothing, 0,
                        (int)(sizeof lines / sizeof *lines));
    tcase_add_test(t, a_nul_ends_no_line);
    tcase_add_test(t, loads_what_was_saved);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
