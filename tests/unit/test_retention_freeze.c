#include "repo/retention.h"

#include <check.h>
#include <stdlib.h>

#include "test_retention_scene.h"

enum { PERCENT = 50 };

static void
expect(const char *text)
{
    struct retention_freeze f;

    retention_freeze(&f, &catalog, &mark, PERCENT);
    ck_assert_int_eq(f.frozen, text != NULL);
    ck_assert_str_eq(f.text, text != NULL ? text : "");
}

static void
accept(const struct catalog_entry *entry)
{
    retention_mark_accept(&mark, entry->id, entry->sequence);
}

START_TEST(nothing_is_frozen_while_all_is_well)
{
    expect(NULL);
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    expect(NULL);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 501);
    expect(NULL);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 251);
    expect(NULL);
}
END_TEST

START_TEST(lost_keys_freeze)
{
    struct retention_freeze f;

    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 500);
    retention_freeze(&f, &catalog, &mark, PERCENT);
    ck_assert(f.frozen && f.collapsed);
    ck_assert_str_eq(f.id, "20261120T110000Z");
    ck_assert_str_eq(f.text,
                     "20261120T110000Z has 500 keys, 20261120T100000Z before "
                     "it 1000");
}
END_TEST

START_TEST(percent_0_is_never_a_collapse)
{
    struct retention_freeze f;

    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 0);
    retention_freeze(&f, &catalog, &mark, 0);
    ck_assert(!f.frozen);
}
END_TEST

START_TEST(a_collapse_is_not_forgotten_with_the_next_snapshot)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 0);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 5);
    expect("20261120T120000Z has 5 keys, 20261120T100000Z before it 1000");
    add("2026-11-20T13:00:00Z", VERDICT_TORN, 6);
    expect("20261120T130000Z has 6 keys, 20261120T100000Z before it 1000");
}
END_TEST

START_TEST(data_that_came_back_ends_it)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 0);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 900);
    expect(NULL);
    add("2026-11-20T13:00:00Z", VERDICT_SOUND, 460);
    expect(NULL);
}
END_TEST

START_TEST(what_was_accepted_is_what_later_ones_are_compared_with)
{
    const struct catalog_entry *fallen;

    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    fallen = add("2026-11-20T11:00:00Z", VERDICT_SOUND, 100);
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 90);
    accept(fallen);
    expect(NULL);
    add("2026-11-20T13:00:00Z", VERDICT_SOUND, 40);
    expect("20261120T130000Z has 40 keys, 20261120T120000Z before it 90");
}
END_TEST

START_TEST(the_mark_never_goes_back)
{
    const struct catalog_entry *old, *young;

    old = add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    young = add("2026-11-20T11:00:00Z", VERDICT_SOUND, 0);
    accept(young);
    accept(old);
    ck_assert_uint_eq(mark.sequence, 2);
    ck_assert_str_eq(mark.id, "20261120T110000Z");
    expect(NULL);
}
END_TEST

START_TEST(the_mark_of_a_later_copy_is_none)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 0);
    mark = (struct retention_mark){.sequence = 3, .id = "20261120T120000Z"};
    expect("20261120T110000Z has 0 keys, 20261120T100000Z before it 1000");
}
END_TEST

/* Between those that are left, all went slowly. */
START_TEST(what_prune_marked_hides_the_pruned_steps)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    accept(add("2026-11-20T11:00:00Z", VERDICT_SOUND, 300));
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 290);
    expect(NULL);
}
END_TEST

START_TEST(a_damaged_newest_freezes_until_a_good_one_or_accepted)
{
    const struct catalog_entry *bad;

    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    bad = add("2026-11-20T11:00:00Z", VERDICT_DAMAGED, 999);
    expect("20261120T110000Z is damaged");
    accept(bad);
    expect(NULL);
    add("2026-11-20T12:00:00Z", VERDICT_DAMAGED, 999);
    expect("20261120T120000Z is damaged");
    add("2026-11-20T13:00:00Z", VERDICT_SOUND, 999);
    expect(NULL);
}
END_TEST

START_TEST(a_newest_that_is_not_what_was_stored_freezes)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000)->failed = true;
    expect("20261120T100000Z is not what was stored");
    add("2026-11-20T11:00:00Z", VERDICT_SOUND, 1000);
    expect(NULL);
}
END_TEST

START_TEST(an_accepted_damaged_one_is_compared_with_too)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    accept(add("2026-11-20T11:00:00Z", VERDICT_DAMAGED, 900));
    add("2026-11-20T12:00:00Z", VERDICT_SOUND, 2);
    expect("20261120T120000Z has 2 keys, 20261120T110000Z before it 900");
}
END_TEST

START_TEST(torn_and_unknown_are_no_reason)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add("2026-11-20T11:00:00Z", VERDICT_TORN, -1);
    expect(NULL);
    add("2026-11-20T12:00:00Z", VERDICT_UNKNOWN, -1);
    expect(NULL);
}
END_TEST

enum { KIB = 1024 };

START_TEST(a_dump_that_shrinks_has_lost_data)
{
    struct catalog_entry *n;

    n = add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    n->files[0].size_bytes = 64 * KIB;
    n = add("2026-11-20T11:00:00Z", VERDICT_SOUND, 1000);
    n->files[0].size_bytes = 32 * KIB;
    expect("20261120T110000Z has 32 KiB of data, 20261120T100000Z before it "
           "64 KiB");
    n->files[0].size_bytes++;
    expect(NULL);
    n->files[0].size_bytes = 1;
    n->dataset = DATASET_AOF; /* another kind of file, another size */
    expect(NULL);
}
END_TEST

START_TEST(small_sizes_say_nothing)
{
    struct catalog_entry *n;

    n = add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    n->files[0].size_bytes = 64 * KIB - 1;
    n = add("2026-11-20T11:00:00Z", VERDICT_SOUND, 1000);
    n->files[0].size_bytes = 1;
    expect(NULL);
}
END_TEST

static void
add_aof(const char *time, uint64_t base, uint64_t incr, int64_t keys)
{
    struct catalog_entry *n = add(time, VERDICT_SOUND, keys);

    n->dataset = DATASET_AOF;
    n->files[0].role = DATASET_ROLE_BASE;
    n->files[0].size_bytes = base;
    n->files[1] = (struct catalog_file){
        .role = DATASET_ROLE_INCR,
        .size_bytes = incr,
    };
    n->file_count = 2;
}

START_TEST(an_aof_that_was_rewritten_has_lost_nothing)
{
    add_aof("2026-11-20T10:00:00Z", 100 * KIB, 10000 * KIB, -1);
    add_aof("2026-11-20T11:00:00Z", 110 * KIB, 0, -1);
    expect(NULL);
}
END_TEST

START_TEST(an_aof_smaller_than_its_base_was_has)
{
    add_aof("2026-11-20T10:00:00Z", 100 * KIB, 10000 * KIB, -1);
    add_aof("2026-11-20T11:00:00Z", 9 * KIB, 3 * KIB, -1);
    expect("20261120T110000Z has 12 KiB of data, 20261120T100000Z before it "
           "100 KiB");
}
END_TEST

START_TEST(an_entry_that_cannot_be_read_freezes_if_it_is_the_newest)
{
    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add_broken("20261120T095959Z", ERROR_DAMAGED);
    expect(NULL);
    add_broken("20261120T100000Z-10", ERROR_DAMAGED);
    expect("20261120T100000Z-10.json: it is bad");
    retention_mark_accept(&mark, "20261120T100000Z-10", 1);
    expect(NULL);
    add_broken("20261120T110000Z", ERROR_FAILED);
    expect("20261120T110000Z.json: it is bad");
}
END_TEST

START_TEST(what_a_newer_redkeep_wrote_freezes_wherever_it_is)
{
    struct retention_freeze f;

    add("2026-11-20T10:00:00Z", VERDICT_SOUND, 1000);
    add_broken("20200101T000000Z", ERROR_REFUSED);
    expect("20200101T000000Z.json: it is bad");
    accept(&items[0].entry);
    retention_freeze(&f, &catalog, &mark, PERCENT);
    ck_assert(f.frozen && f.newer);
}
END_TEST

START_TEST(only_broken_ones_freeze)
{
    add_broken("20261120T100000Z", ERROR_DAMAGED);
    expect("20261120T100000Z.json: it is bad");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("retention_freeze");
    TCase *t = tcase_create("freeze");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_test(t, nothing_is_frozen_while_all_is_well);
    tcase_add_test(t, lost_keys_freeze);
    tcase_add_test(t, percent_0_is_never_a_collapse);
    tcase_add_test(t, a_collapse_is_not_forgotten_with_the_next_snapshot);
    tcase_add_test(t, data_that_came_back_ends_it);
    tcase_add_test(t, what_was_accepted_is_what_later_ones_are_compared_with);
    tcase_add_test(t, the_mark_never_goes_back);
    tcase_add_test(t, the_mark_of_a_later_copy_is_none);
    tcase_add_test(t, what_prune_marked_hides_the_pruned_steps);
    tcase_add_test(t, a_damaged_newest_freezes_until_a_good_one_or_accepted);
    tcase_add_test(t, a_newest_that_is_not_what_was_stored_freezes);
    tcase_add_test(t, an_accepted_damaged_one_is_compared_with_too);
    tcase_add_test(t, torn_and_unknown_are_no_reason);
    tcase_add_test(t, a_dump_that_shrinks_has_lost_data);
    tcase_add_test(t, small_sizes_say_nothing);
    tcase_add_test(t, an_aof_that_was_rewritten_has_lost_nothing);
    tcase_add_test(t, an_aof_smaller_than_its_base_was_has);
    tcase_add_test(t, an_entry_that_cannot_be_read_freezes_if_it_is_the_newest);
    tcase_add_test(t, what_a_newer_redkeep_wrote_freezes_wherever_it_is);
    tcase_add_test(t, only_broken_ones_freeze);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
