#include "base/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

static const struct {
    const char *text;
    bool ok;
    uint64_t value;
} numbers[] = {
    {"0", true, 0},
    {"12", true, 12},
    {"100", true, 100},
    {"0100", true, 100},
    {"101", false, 0},
    {"", false, 0},
    {"-1", false, 0},
    {"+1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1x", false, 0},
    {"0x1", false, 0},
    {"99999999999999999999", false, 0},
};

START_TEST(reads_whole_numbers_up_to_a_limit)
{
    uint64_t value = UNTOUCHED;

    ck_assert(text_number(numbers[_i].text, 100, &value) == numbers[_i].ok);
    ck_assert_uint_eq(value, numbers[_i].ok ? numbers[_i].value : UNTOUCHED);
}
END_TEST

START_TEST(reads_the_largest_number_and_not_one_more)
{
    uint64_t value = 0;

    ck_assert(text_number("18446744073709551615", UINT64_MAX, &value));
    ck_assert(value == UINT64_MAX);
    ck_assert(!text_number("18446744073709551616", UINT64_MAX, &value));
    ck_assert(text_number("3", 3, &value));
    ck_assert(!text_number("4", 3, &value));
    ck_assert(!text_number("9", 0, &value));
}
END_TEST

static const struct {
    const char *text;
    bool ok;
    uint64_t value;
} sizes[] = {
    {"0", true, 0},
    {"4096", true, 4096},
    {"64KiB", true, 65536},
    {"64MiB", true, UINT64_C(64) << 20},
    {"10GiB", true, UINT64_C(10) << 30},
    {"2TiB", true, UINT64_C(2) << 40},
    {"16777216TiB", false, 0},
    {"64 MiB", false, 0},
    {"64MB", false, 0},
    {"64mib", false, 0},
    {"MiB", false, 0},
    {"1.5GiB", false, 0},
};

START_TEST(reads_sizes)
{
    uint64_t value = UNTOUCHED;

    ck_assert(text_size(sizes[_i].text, &value) == sizes[_i].ok);
    ck_assert_uint_eq(value, sizes[_i].ok ? sizes[_i].value : UNTOUCHED);
}
END_TEST

static const struct {
    const char *text;
    bool ok;
    uint64_t value;
} durations[] = {
    {"500ms", true, 500},
    {"5s", true, 5000},
    {"10m", true, 600000},
    {"1h", true, 3600000},
    {"7d", true, 604800000},
    {"30", true, 30000},
    {"0", true, 0},
    {"5 s", false, 0},
    {"1h30m", false, 0},
    {"s", false, 0},
    {"5sec", false, 0},
    {"-5s", false, 0},
    {"18446744073709551615d", false, 0},
};

START_TEST(reads_durations)
{
    uint64_t value = UNTOUCHED;

    ck_assert(text_duration(durations[_i].text, &value) == durations[_i].ok);
    ck_assert_uint_eq(value,
                      durations[_i].ok ? durations[_i].value : UNTOUCHED);
}
END_TEST

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-20T11:30:00Z", INT64_C(1795174200000)},
    {"2026-11-20T11:30:00.123Z", INT64_C(1795174200123)},
    {"2024-02-29T23:59:59Z", INT64_C(1709251199000)},
    {"1969-12-31T23:59:59.900Z", -100},
};

START_TEST(reads_and_writes_times)
{
    char text[TEXT_TIME_SIZE];
    int64_t ms = 7;

    ck_assert(text_time(times[_i].text, &ms));
    ck_assert_int_eq(ms, times[_i].ms);
    text_write_time(text, times[_i].ms);
    ck_assert_str_eq(text, times[_i].text);
}
END_TEST

static const char *const no_times[] = {
    "",
    "2026-11-20",
    "2026-11-20 11:30:00Z",
    "2026-11-20T11:30:00",
    "2026-11-20T11:30:00+01:00",
    "2026-11-20T11:30Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T11:60:00Z",
    "2026-11-20T11:30:60Z",
    "2026-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-11-20T11:30:00.Z",
    "2026-11-20T11:30:00Zx",
    "26-11-20T11:30:00Z",
};

START_TEST(refuses_what_is_no_time)
{
    int64_t ms = 7;

    ck_assert(!text_time(no_times[_i], &ms));
    ck_assert_int_eq(ms, 7);
}
END_TEST

START_TEST(drops_what_is_finer_than_a_millisecond)
{
    int64_t ms;

    ck_assert(text_time("1970-01-01T00:00:01.0019999999999Z", &ms));
    ck_assert_int_eq(ms, 1001);
    ck_assert(text_time("1970-01-01T00:00:01.5Z", &ms));
    ck_assert_int_eq(ms, 1500);
}
END_TEST

static const struct {
    uint64_t bytes;
    const char *text;
} size_words[] = {
    {0, "0 B"},
    {812, "812 B"},
    {1023, "1023 B"},
    {1024, "1.0 KiB"},
    {1434, "1.4 KiB"},
    {12 << 20, "12 MiB"},
    {1048575, "1.0 MiB"},
    {10224, "10 KiB"},
    {UINT64_C(1288490189), "1.2 GiB"},
    {UINT64_MAX, "16 EiB"},
};

START_TEST(writes_sizes_for_people)
{
    char text[TEXT_WORDS_SIZE];

    text_write_size(text, size_words[_i].bytes);
    ck_assert_str_eq(text, size_words[_i].text);
}
END_TEST

static const struct {
    uint64_t ms;
    const char *text;
} duration_words[] = {
    {0, "0 ms"},
    {85, "85 ms"},
    {1400, "1.4 s"},
    {9949, "9.9 s"},
    {9950, "10 s"},
    {59499, "59 s"},
    {59500, "1 min"},
    {125000, "2 min 5 s"},
    {3599600, "1 h"},
    {11400000, "3 h 10 min"},
    {352800000, "4 d 2 h"},
    {UINT64_MAX, "213503982334 d 14 h"},
};

START_TEST(writes_durations_for_people)
{
    char text[TEXT_WORDS_SIZE];

    text_write_duration(text, duration_words[_i].ms);
    ck_assert_str_eq(text, duration_words[_i].text);
}
END_TEST

START_TEST(quotes_hostile_bytes)
{
    char out[16];

    ck_assert_str_eq(text_quote(out, sizeof out, "plain", 5), "plain");
    ck_assert_str_eq(text_quote(out, sizeof out, "a\n\0z", 4), "a\\x0a\\x00z");
    ck_assert_str_eq(text_quote(out, sizeof out, "\xff\x1b", 2), "\\xff\\x1b");
    ck_assert_str_eq(text_quote(out, sizeof out, "123456789012345", 15),
                     "123456789012345");
    ck_assert_str_eq(text_quote(out, sizeof out, "1234567890123456", 16),
                     "123456789012...");
    ck_assert_str_eq(text_quote(out, sizeof out, "1234567890\xff\xff", 12),
                     "1234567890...");
    ck_assert_str_eq(text_quote(out, 3, "abcdef", 6), "..");
    ck_assert_str_eq(text_quote(out, 1, "abcdef", 6), "");
}
END_TEST

START_TEST(knows_one_file_name)
{
    ck_assert(text_is_name("appendonly.aof"));
    ck_assert(text_is_name("..."));
    ck_assert(!text_is_name(""));
    ck_assert(!text_is_name("."));
    ck_assert(!text_is_name(".."));
    ck_assert(!text_is_name("a/b"));
    ck_assert(!text_is_name("/"));
}
END_TEST

static const struct {
    const char *text, *word;
} shell_words[] = {
    {"/var/lib/redis", "/var/lib/redis"},
    {"sp ace", "'sp ace'"},
    {"it's; rm", "'it'\\''s; rm'"},
    {"$(x)`y`", "'$(x)`y`'"},
    {"it's\n\033[31m\\\xc3\xa9", "$'it\\047s\\012\\033[31m\\134\\303\\251'"},
    {"\xc3\xa9", "'\xc3\xa9'"},
    {"\xc2\x9b"
     "2J",
     "$'\\302\\2332J'"},
    {"", "''"},
};

START_TEST(writes_one_word_for_a_shell)
{
    char *word = text_shell_word(shell_words[_i].text);

    ck_assert_str_eq(word, shell_words[_i].word);
    free(word);
}
END_TEST

START_TEST(tells_a_suffix_with_something_before_it)
{
    ck_assert(text_has_suffix("a.rdb", ".rdb"));
    ck_assert(!text_has_suffix(".rdb", ".rdb"));
    ck_assert(!text_has_suffix("a.rdbx", ".rdb"));
    ck_assert(!text_has_suffix("", ".rdb"));
}
END_TEST

START_TEST(formats_text_of_any_length)
{
    char *text = text_format("%0*d", 5000, 7);

    ck_assert_uint_eq(strlen(text), 5000);
    ck_assert_int_eq(text[4999], '7');
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("text");
    TCase *cases = tcase_create("text");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, reads_whole_numbers_up_to_a_limit, 0,
                        (int)(sizeof numbers / sizeof *numbers));
    tcase_add_test(cases, reads_the_largest_number_and_not_one_more);
    tcase_add_loop_test(cases, reads_sizes, 0,
                        (int)(sizeof sizes / sizeof *sizes));
    tcase_add_loop_test(cases, reads_durations, 0,
                        (int)(sizeof durations / sizeof *durations));
    tcase_add_loop_test(cases, reads_and_writes_times, 0,
                        (int)(sizeof times / sizeof *times));
    tcase_add_loop_test(cases, refuses_what_is_no_time, 0,
                        (int)(sizeof no_times / sizeof *no_times));
    tcase_add_test(cases, drops_what_is_finer_than_a_millisecond);
    tcase_add_loop_test(cases, writes_sizes_for_people, 0,
                        (int)(sizeof size_words / sizeof *size_words));
    tcase_add_loop_test(cases, writes_durations_for_people, 0,
                        (int)(sizeof duration_words / sizeof *duration_words));
    tcase_add_test(cases, quotes_hostile_bytes);
    tcase_add_test(cases, knows_one_file_name);
    tcase_add_loop_test(cases, writes_one_word_for_a_shell, 0,
                        (int)(sizeof shell_words / sizeof *shell_words));
    tcase_add_test(cases, tells_a_suffix_with_something_before_it);
    tcase_add_test(cases, formats_text_of_any_length);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
