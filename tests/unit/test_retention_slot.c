#include "repo/retention_slot.h"

#include <check.h>
#include <stdlib.h>

#include "base/text.h"

static int64_t
at(const char *time)
{
    int64_t ms = -1;

    ck_assert_msg(text_time(time, &ms), "%s", time);
    return ms;
}

/* Where one slot ends and the next begins. */
static const struct {
    enum retention_slot slot;
    const char *last, *first, *name;
} ends[] = {
    {RETENTION_HOURLY, "2026-11-20T10:59:59.999Z", "2026-11-20T11:00:00Z",
     "hourly 2026-11-20 11:00"},
    {RETENTION_DAILY, "2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z",
     "daily 2028-02-29"},
    {RETENTION_WEEKLY, "2026-11-15T23:59:59Z", "2026-11-16T00:00:00Z",
     "weekly 2026-W47"},
    {RETENTION_WEEKLY, "2020-12-27T23:59:59Z", "2020-12-28T00:00:00Z",
     "weekly 2020-W53"},
    {RETENTION_WEEKLY, "2021-01-03T23:59:59Z", "2021-01-04T00:00:00Z",
     "weekly 2021-W01"},
    {RETENTION_WEEKLY, "1970-01-04T23:59:59Z", "1970-01-05T00:00:00Z",
     "weekly 1970-W02"},
    {RETENTION_MONTHLY, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z",
     "monthly 2027-01"},
    {RETENTION_YEARLY, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z",
     "yearly 2027"},
};

START_TEST(a_slot_begins_where_the_last_one_ends)
{
    enum retention_slot slot = ends[_i].slot;
    int64_t before = retention_slot_of(slot, at(ends[_i].last));
    int64_t number = retention_slot_of(slot, at(ends[_i].first));
    char name[RETENTION_SLOT_SIZE];

    ck_assert_int_eq(number, before + 1);
    ck_assert_int_eq(number, retention_slot_of(slot, at(ends[_i].first) + 1));
    retention_slot_write(name, slot, at(ends[_i].first));
    ck_assert_str_eq(name, ends[_i].name);
}
END_TEST

START_TEST(there_are_slots_before_1970)
{
    for (int slot = 0; slot < RETENTION_SLOTS; slot++)
        ck_assert_int_lt(retention_slot_of((enum retention_slot)slot, -1),
                         retention_slot_of((enum retention_slot)slot,
                                           at("1970-01-05T00:00:00Z")));
    ck_assert_int_eq(retention_slot_of(RETENTION_HOURLY, -1), -1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("retention_slot");
    TCase *t = tcase_create("slots");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_loop_test(t, a_slot_begins_where_the_last_one_ends, 0,
                        (int)(sizeof ends / sizeof *ends));
    tcase_add_test(t, there_are_slots_before_1970);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
