#include "formats/footprint_tree.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct footprint
valkey(void)
{
    const struct release release = {.valkey = true, .major = 8, .minor = 1};
    struct footprint f;

    footprint_of(&f, &release, false);
    return f;
}

static struct footprint
redis(void)
{
    const struct release release = {.major = 7};
    struct footprint f;

    footprint_of(&f, &release, false);
    return f;
}

/* As streams have them: milliseconds, then a number, both big endian. */
static void
add(struct footprint_tree *t, uint64_t ms, uint64_t number)
{
    unsigned char id[FOOTPRINT_TREE_ID];

    for (unsigned i = 0; i < 8; i++) {
        id[i] = (unsigned char)(ms >> (56 - 8 * i));
        id[8 + i] = (unsigned char)(number >> (56 - 8 * i));
    }
    footprint_tree_add(t, id);
}

/* Of trees of valkey 8.1.1: raxAllocSize, by MEMORY USAGE of streams. */
START_TEST(a_tree_is_as_large_as_its_blocks)
{
    struct footprint f = valkey();
    struct footprint_tree t = {0};

    ck_assert_uint_eq(footprint_tree_end(&t, &f), 32 + 8);
    add(&t, 1700000000000, 0);
    ck_assert_uint_eq(footprint_tree_end(&t, &f), 80);
    add(&t, 1700000000000, 0);
    add(&t, 1700000000700, 0);
    ck_assert_uint_eq(footprint_tree_end(&t, &f), 80 + 112);
}
END_TEST

/* Two ids: what they begin with, where they part, and for each the letters
 * behind that and an end. */
START_TEST(a_tree_is_counted_by_the_rule_of_its_server)
{
    struct footprint f = redis();
    struct footprint_tree t = {0};

    ck_assert_uint_eq(footprint_tree_end(&t, &f), 244);
    add(&t, 1700000000000, 0);
    ck_assert_uint_eq(footprint_tree_end(&t, &f), 16 + 2 * 244);
    add(&t, 1700000000000, 0);
    add(&t, 1700000000700, 0);
    ck_assert_uint_eq(footprint_tree_end(&t, &f), 2 * 16 + 6 * 244);
}
END_TEST

/* Where ids part in their last letter nothing is behind it. */
START_TEST(ids_that_part_late_have_no_letters_behind)
{
    struct footprint f = redis();
    struct footprint_tree t = {0};

    for (uint64_t i = 0; i < 200; i++)
        add(&t, 1, i);
    ck_assert_uint_eq(footprint_tree_end(&t, &f),
                      200 * 16 + (1 + 1 + 200) * 244);
    for (uint64_t i = 0; i < 300; i++)
        add(&t, 1, i);
    /* 256 and 44, and what leads to each of the two. */
    ck_assert_uint_eq(footprint_tree_end(&t, &f),
                      300 * 16 + (1 + 1 + 2 + 300) * 244);
}
END_TEST

START_TEST(ids_that_come_twice_or_in_no_order_do_no_harm)
{
    struct footprint f = valkey();
    struct footprint_tree t = {0};

    for (uint64_t i = 0; i < 100000; i++)
        add(&t, (i * 2654435761u) << 7, i * i);
    ck_assert_uint_gt(footprint_tree_end(&t, &f), 100000);
    ck_assert_uint_eq(t.open_count, 0);
    add(&t, 5, 5);
    add(&t, 5, 5);
    ck_assert_uint_eq(t.ids, 1);
    add(&t, 0, 0);
    footprint_tree_end(&t, &f);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("footprint_tree");
    TCase *tests = tcase_create("footprint_tree");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, a_tree_is_as_large_as_its_blocks);
    tcase_add_test(tests, a_tree_is_counted_by_the_rule_of_its_server);
    tcase_add_test(tests, ids_that_part_late_have_no_letters_behind);
    tcase_add_test(tests, ids_that_come_twice_or_in_no_order_do_no_harm);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
