#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/footprint.h"

/* What MEMORY USAGE said of a key "k" (or of more k's, as told). */
static const struct {
    const char *release;
    bool valkey;
    uint64_t name, size;
    bool expires, number;
    uint64_t said;
} strings[] = {
    {"6.0.16", false, 1, 1, false, false, 51},
    {"6.0.16", false, 24, 44, false, false, 118},
    {"6.0.16", false, 1, 45, false, false, 112},
    {"6.0.16", false, 100, 1000, true, false, 1176},
    {"6.0.16", false, 1, 6, false, true, 48},
    {"7.0.15", false, 1, 1, false, false, 64},
    {"7.0.15", false, 24, 20, false, false, 104},
    {"7.0.15", false, 1, 44, false, false, 96},
    {"7.0.15", false, 1, 45, false, false, 112},
    {"7.0.15", false, 100, 20, true, false, 184},
    {"7.0.15", false, 1, 1000, false, false, 1072},
    {"8.0.2", false, 1, 6, false, true, 48},
    {"8.0.2", false, 24, 60, false, false, 136},
    {"8.1.1", true, 1, 1, false, false, 32},
    {"8.1.1", true, 24, 3, false, false, 64},
    {"8.1.1", true, 1, 20, false, false, 48},
    {"9.1.2", true, 1, 11, false, false, 32},
    {"9.1.2", true, 24, 1, false, false, 48},
    {"9.1.2", true, 24, 44, false, false, 96},
    {"9.1.2", true, 1, 60, false, false, 80},
    {"9.1.2", true, 1, 100, false, false, 128},
    {"9.1.2", true, 1, 1000, false, false, 1056},
    {"9.1.2", true, 100, 20, true, false, 192},
    {"9.1.2", true, 1, 6, false, true, 32},
};

static struct footprint
find(const char *text, bool valkey)
{
    struct release release;
    struct footprint f;

    ck_assert(release_read(&release, text));
    release.valkey = valkey;
    footprint_of(&f, &release, false);
    return f;
}

START_TEST(strings_cost_what_servers_say)
{
    struct footprint f = find(strings[_i].release, strings[_i].valkey);

    ck_assert_uint_eq(footprint_string(&f, strings[_i].name,
                                       strings[_i].expires, strings[_i].size,
                                       strings[_i].number),
                      strings[_i].said);
}
END_TEST

static const struct {
    uint64_t asked, got;
} blocks[] = {
    {0, 8},       {8, 8},         {9, 16},        {16, 16},
    {17, 32},     {128, 128},     {129, 160},     {161, 192},
    {256, 256},   {257, 320},     {505, 512},     {1004, 1024},
    {1025, 1280}, {16385, 20480}, {33006, 40960}, {1100010, 1310720},
};

START_TEST(blocks_are_those_of_jemalloc)
{
    struct footprint f = find("7.0.15", false);

    ck_assert_uint_eq(footprint_block(&f, blocks[_i].asked), blocks[_i].got);
}
END_TEST

START_TEST(large_blocks_may_be_whole_pages)
{
    struct footprint f = find("9.1.2", true);

    f.pages = true;
    ck_assert_uint_eq(footprint_block(&f, 14000), 14336);
    ck_assert_uint_eq(footprint_block(&f, 33006), 36864);
    ck_assert_uint_eq(footprint_block(&f, 70010), 73728);
    ck_assert_uint_eq(footprint_block(&f, 1100010), 1101824);
    ck_assert(footprint_has_pages("jemalloc-5.3.1"));
    ck_assert(footprint_has_pages("jemalloc-6.0.0"));
    ck_assert(!footprint_has_pages("jemalloc-5.3.0"));
    ck_assert(!footprint_has_pages("jemalloc-5.2.1"));
    ck_assert(!footprint_has_pages("libc"));
    ck_assert(!footprint_has_pages(""));
}
END_TEST

/* Of 1000 members of 10 bytes, with a table that was not being resized. */
START_TEST(tables_of_redis_cost_what_it_says)
{
    struct footprint six = find("6.0.16", false), f = find("7.0.15", false);
    uint64_t members = 1000 * footprint_text(&f, 10);

    ck_assert_uint_eq(footprint_key(&six, 1, false) +
                          footprint_table(&six, 1000) + members,
                      48336);
    ck_assert_uint_eq(footprint_key(&f, 1, false) + footprint_table(&f, 1000) +
                          members,
                      48296);
    ck_assert_uint_eq(footprint_key(&f, 1, false) + footprint_table(&f, 1000) +
                          1000 * footprint_field(&f, 20, 100, false),
                      176296);
    ck_assert_uint_eq(footprint_key(&f, 1, false) + footprint_table(&f, 1000) +
                          1000 * footprint_field(&f, 20, 500, false),
                      576296);
}
END_TEST

/* What falls to which bucket is by chance: 1024 buckets and 117 to 131 more. */
START_TEST(tables_of_valkey_cost_about_what_it_says)
{
    struct footprint f = find("8.1.1", true);
    uint64_t all = footprint_table(&f, 5000);

    ck_assert_uint_ge(all, 72 + 64 * (1024 + 110));
    ck_assert_uint_le(all, 72 + 64 * (1024 + 135));
    ck_assert_uint_eq(footprint_table(&f, 7), 72 + 64);
    ck_assert_uint_eq(footprint_field(&f, 10, 10, false), 32);
    ck_assert_uint_eq(footprint_field(&f, 20, 100, false), 128);
    ck_assert_uint_eq(footprint_field(&f, 20, 500, false), 544);
}
END_TEST

START_TEST(lists_and_packed_values_cost_what_servers_say)
{
    struct footprint six = find("6.0.16", false), seven = find("7.0.15", false);
    struct footprint eight = find("8.0.2", false);

    ck_assert_uint_eq(
        footprint_key(&six, 1, false) +
            footprint_list(&six, 1, footprint_packed(&six, 33), true),
        153);
    ck_assert_uint_eq(
        footprint_key(&seven, 1, false) +
            footprint_list(&seven, 1, footprint_packed(&seven, 29), true),
        160);
    ck_assert_uint_eq(
        footprint_key(&eight, 1, false) +
            footprint_list(&eight, 1, footprint_packed(&eight, 29), true),
        80);
    ck_assert_uint_eq(footprint_list(&eight, 1, 100, false), 40 + 40 + 100);
    ck_assert_uint_eq(48 + footprint_packed(&six, 8 + 4 * 100), 456);
    ck_assert_uint_eq(48 + footprint_packed(&seven, 8 + 4 * 100), 496);
}
END_TEST

START_TEST(a_sorted_set_costs_about_what_servers_say)
{
    static const struct {
        const char *release;
        bool valkey;
        uint64_t size, said;
    } sets[] = {
        {"6.0.16", false, 10, 102368},
        {"7.0.15", false, 30, 118872},
        {"8.0.2", false, 10, 102024},
    };

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct footprint f = find(sets[i].release, sets[i].valkey);
        uint64_t all = footprint_key(&f, 1, false) + footprint_skiplist(&f) +
                       footprint_table(&f, 1000) +
                       1000 * footprint_skiplist_member(&f, sets[i].size);

        ck_assert_uint_ge(all, sets[i].said * 98 / 100);
        ck_assert_uint_le(all, sets[i].said * 102 / 100);
    }
}
END_TEST

START_TEST(every_release_has_a_footprint)
{
    static const char *const releases[] = {"2.8.0", "5.0.3", "6.2.1", "7.2.4",
                                           "7.4.0", "8.4.0", "99.0.0"};

    for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
        for (unsigned valkey = 0; valkey < 2; valkey++) {
            struct footprint f = find(releases[i], valkey);

            ck_assert_int_eq(f.valkey, valkey);
            ck_assert_uint_gt(footprint_string(&f, 10, false, 10, false), 20);
        }
    ck_assert_int_eq(find("7.4.0", false).minor, 2);
}
END_TEST

START_TEST(a_small_node_has_the_rest_of_four_kib_in_reserve)
{
    struct footprint six = find("6.0.16", false), seven = find("7.0.15", false);

    ck_assert_uint_eq(footprint_reserve(&seven, 100), 4096 - 112);
    ck_assert_uint_eq(footprint_reserve(&seven, 4096), 0);
    ck_assert_uint_eq(footprint_reserve(&seven, 5000), 0);
    ck_assert_uint_eq(footprint_reserve(&six, 100), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("footprint");
    TCase *tests = tcase_create("footprint");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, strings_cost_what_servers_say, 0,
                        sizeof strings / sizeof *strings);
    tcase_add_loop_test(tests, blocks_are_those_of_jemalloc, 0,
                        sizeof blocks / sizeof *blocks);
    tcase_add_test(tests, large_blocks_may_be_whole_pages);
    tcase_add_test(tests, tables_of_redis_cost_what_it_says);
    tcase_add_test(tests, tables_of_valkey_cost_about_what_it_says);
    tcase_add_test(tests, lists_and_packed_values_cost_what_servers_say);
    tcase_add_test(tests, a_sorted_set_costs_about_what_servers_say);
    tcase_add_test(tests, every_release_has_a_footprint);
    tcase_add_test(tests, a_small_node_has_the_rest_of_four_kib_in_reserve);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
