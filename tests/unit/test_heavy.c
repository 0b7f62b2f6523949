#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/heavy.h"
#include "formats/twins.h"

static void
add_text(struct heavy *h, const char *name, uint64_t weight)
{
    heavy_add(h, name, strlen(name), weight);
}

static const struct heavy_entry *
find(const struct heavy *h, const char *name)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->entries[i].size == strlen(name) &&
            memcmp(h->entries[i].name, name, strlen(name)) == 0)
            return &h->entries[i];
    return NULL;
}

START_TEST(few_names_are_counted_exactly_and_sorted)
{
    struct heavy h = {0};

    add_text(&h, "light", 2);
    add_text(&h, "heavy", 30);
    add_text(&h, "", 7);
    add_text(&h, "light", 3);
    heavy_end(&h, 10);
    ck_assert_uint_eq(h.count, 3);
    ck_assert_ptr_eq(find(&h, "heavy"), &h.entries[0]);
    ck_assert_ptr_eq(find(&h, ""), &h.entries[1]);
    ck_assert_ptr_eq(find(&h, "light"), &h.entries[2]);
    ck_assert_uint_eq(h.entries[2].weight, 5);
    ck_assert_uint_eq(h.entries[2].count, 2);
    ck_assert_uint_eq(h.entries[2].missed, 0);
    ck_assert_uint_eq(heavy_unseen(&h), 0);
    heavy_clear(&h);
}
END_TEST

START_TEST(tells_what_the_ones_that_are_not_kept_may_weigh)
{
    struct heavy h = {0};

    add_text(&h, "a", 9);
    add_text(&h, "b", 8);
    add_text(&h, "c", 7);
    heavy_end(&h, 1);
    ck_assert_uint_eq(h.count, 1);
    ck_assert_uint_eq(heavy_unseen(&h), 8);
    heavy_clear(&h);
}
END_TEST

START_TEST(long_names_count_by_their_beginning)
{
    char name[HEAVY_NAME_MAX + 10];
    struct heavy h = {0};

    memset(name, 'n', sizeof name);
    heavy_add(&h, name, sizeof name, 1);
    heavy_add(&h, name, HEAVY_NAME_MAX, 1);
    heavy_end(&h, 10);
    ck_assert_uint_eq(h.count, 1);
    ck_assert_uint_eq(h.entries[0].size, HEAVY_NAME_MAX);
    ck_assert_uint_eq(h.entries[0].weight, 2);
    heavy_clear(&h);
}
END_TEST

/* Three heavy names among half a million light ones, in every order. */
START_TEST(bounds_hold_when_there_are_too_many_names)
{
    enum { LIGHT = 500000, EVERY = 500 };
    static const char *const heavies[] = {"one", "two", "three"};
    uint64_t truth[3] = {0};
    struct heavy h = {0};
    size_t most = 0;
    char name[32];

    for (unsigned i = 0; i < LIGHT; i++) {
        snprintf(name, sizeof name, "light%u", i * 7919 % LIGHT);
        add_text(&h, name, 1 + i % 3);
        /* The first stays, the second comes late, the third ends early. */
        for (unsigned k = 0; k < 3; k++)
            if (i % EVERY == k && (k != 1 || i > LIGHT / 2) &&
                (k != 2 || i < LIGHT / 2)) {
                add_text(&h, heavies[k], 100);
                truth[k] += 100;
            }
        most = h.count > most ? h.count : most;
    }
    ck_assert_uint_le(most, HEAVY_ENTRIES);
    heavy_end(&h, 20);
    ck_assert_uint_gt(heavy_unseen(&h), 0);
    for (unsigned k = 0; k < 3; k++) {
        const struct heavy_entry *e = find(&h, heavies[k]);

        ck_assert_ptr_nonnull(e);
        ck_assert_uint_le(e->weight, truth[k]);
        ck_assert_uint_ge(e->weight + e->missed, truth[k]);
        ck_assert_uint_lt(e->missed, e->weight / 10);
    }
    /* Nothing told of which more is unknown than known. */
    ck_assert_uint_eq(h.count, 3);
    ck_assert_uint_lt(heavy_unseen(&h), 1000);
    heavy_clear(&h);
}
END_TEST

/* The hash is no secret: names that all want one place find an end. */
START_TEST(weight_that_finds_no_place_widens_the_bounds)
{
    enum { COLLIDING = 200 };
    struct heavy h = {0};
    char name[32];
    unsigned found = 0;

    for (unsigned i = 0; found < COLLIDING; i++) {
        int size = snprintf(name, sizeof name, "%u", i);

        if (twins_hash(name, (size_t)size) % (2 * HEAVY_ENTRIES) != 5)
            continue;
        add_text(&h, name, 10);
        found++;
    }
    ck_assert_uint_lt(h.count, COLLIDING);
    ck_assert_uint_eq(heavy_unseen(&h), 10 * (COLLIDING - h.count));
    add_text(&h, "late", 1);
    ck_assert_uint_eq(h.entries[h.count - 1].missed, heavy_unseen(&h));
    heavy_clear(&h);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("heavy");
    TCase *tests = tcase_create("heavy");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, few_names_are_counted_exactly_and_sorted);
    tcase_add_test(tests, tells_what_the_ones_that_are_not_kept_may_weigh);
    tcase_add_test(tests, long_names_count_by_their_beginning);
    tcase_add_test(tests, bounds_hold_when_there_are_too_many_names);
    tcase_add_test(tests, weight_that_finds_no_place_widens_the_bounds);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
