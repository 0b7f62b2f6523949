#include "config/schedule.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static struct error e;

static struct schedule
read_schedule(const char *text)
{
    struct schedule s;

    ck_assert_msg(schedule_read(&s, text, &e) == 0, "%s: %s", text, e.text);
    return s;
}

static int64_t
moment(const char *text)
{
    int64_t ms;

    ck_assert_msg(text_time(text, &ms), "%s", text);
    return ms;
}

static void
set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* What follows a moment, as many as are listed. */
struct row {
    const char *zone, *text, *after;
    const char *next[8];
};

static const struct row plain[] = {
    {"UTC",
     "30 3 * * *",
     "2026-11-20T11:30:00Z",
     {"2026-11-21T03:30:00Z", "2026-11-22T03:30:00Z"}},
    {"UTC", "30 3 * * *", "2026-11-20T03:29:59.999Z", {"2026-11-20T03:30:00Z"}},
    {"UTC", "30 3 * * *", "2026-11-20T03:30:00Z", {"2026-11-21T03:30:00Z"}},
    {"UTC",
     "*/20 22-23 * * *",
     "2026-11-20T22:30:00Z",
     {"2026-11-20T22:40:00Z", "2026-11-20T23:00:00Z", "2026-11-20T23:20:00Z",
      "2026-11-20T23:40:00Z", "2026-11-21T22:00:00Z"}},
    {"UTC",
     "5/20 0 * * *",
     "2026-11-20T22:30:00Z",
     {"2026-11-21T00:05:00Z", "2026-11-21T00:25:00Z", "2026-11-21T00:45:00Z"}},
    {"UTC",
     "0 5 * * sun",
     "2026-11-20T22:30:00Z",
     {"2026-11-22T05:00:00Z", "2026-11-29T05:00:00Z"}},
    {"UTC", "0 5 * * 7", "2026-11-20T22:30:00Z", {"2026-11-22T05:00:00Z"}},
    {"UTC",
     "0 5 * * fri-sun",
     "2026-11-20T22:30:00Z",
     {"2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z", "2026-11-27T05:00:00Z"}},
    {"UTC",
     "0 0 1 JAN,jul *",
     "2026-11-20T22:30:00Z",
     {"2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"}},
    /* Either of the two days, where both are restricted; else both. */
    {"UTC",
     "0 0 1 * mon",
     "2026-11-20T22:30:00Z",
     {"2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z",
      "2026-12-07T00:00:00Z"}},
    {"UTC",
     "0 0 */2 * mon",
     "2026-11-20T22:30:00Z",
     {"2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z"}},
    {"UTC", "0 0 29 2 *", "2026-11-20T22:30:00Z", {"2028-02-29T00:00:00Z"}},
    {"UTC", "0 0 29 2 *", "2096-11-20T22:30:00Z", {"2104-02-29T00:00:00Z"}},
    {"UTC",
     "0 0 29 2 */7",
     "2072-11-20T22:30:00Z",
     {"2088-02-29T00:00:00Z", "2128-02-29T00:00:00Z"}},
    {"Asia/Kathmandu",
     "0 0 * * *",
     "2026-11-20T12:00:00Z",
     {"2026-11-20T18:15:00Z", "2026-11-21T18:15:00Z"}},
};

/* Clocks that are put on or back; the times of UTC tell. */
static const struct row saving[] = {
    /* 2026-03-29 01:00Z: 02:00 to 03:00 is not shown. */
    {"Europe/Berlin",
     "30 2 * * *",
     "2026-03-28T00:00:00Z",
     {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
    {"Europe/Berlin",
     "*/20 2 * * *",
     "2026-03-28T01:30:00Z",
     {"2026-03-28T01:40:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z",
      "2026-03-30T00:20:00Z"}},
    {"Europe/Berlin",
     "0 2,3 * * *",
     "2026-03-29T00:00:00Z",
     {"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T01:00:00Z"}},
    {"Europe/Berlin",
     "*/30 * * * *",
     "2026-03-29T00:15:00Z",
     {"2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"}},
    {"Europe/Berlin",
     "15 * * * *",
     "2026-03-29T00:00:00Z",
     {"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z", "2026-03-29T02:15:00Z"}},
    /* 2026-10-25 01:00Z: 02:00 to 03:00 is shown twice. */
    {"Europe/Berlin",
     "30 2 * * *",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
    {"Europe/Berlin",
     "30 2 * * *",
     "2026-10-25T00:45:00Z",
     {"2026-10-26T01:30:00Z"}},
    {"Europe/Berlin",
     "0 */2 * * *",
     "2026-10-24T22:30:00Z",
     {"2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z", "2026-10-25T05:00:00Z"}},
    {"Europe/Berlin",
     "15,45 * * * *",
     "2026-10-25T00:00:00Z",
     {"2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z",
      "2026-10-25T01:45:00Z", "2026-10-25T02:15:00Z"}},
    {"Europe/Berlin",
     "0 3 * * *",
     "2026-10-24T12:00:00Z",
     {"2026-10-25T02:00:00Z", "2026-10-26T02:00:00Z"}},
    /* 2026-03-08 07:00Z and 2026-11-01 06:00Z. */
    {"America/New_York",
     "30 2 * * *",
     "2026-03-08T00:00:00Z",
     {"2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"}},
    {"America/New_York",
     "30 1 * * *",
     "2026-11-01T00:00:00Z",
     {"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
    {"America/New_York",
     "*/30 * * * *",
     "2026-11-01T05:00:00Z",
     {"2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z",
      "2026-11-01T07:00:00Z"}},
    /* By half an hour: 2026-10-03 15:30Z 02:00 is 02:30, and 2026-04-04 15:00Z
     * 02:00 is 01:30. */
    {"Australia/Lord_Howe",
     "15 2 * * *",
     "2026-10-03T00:00:00Z",
     {"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
    {"Australia/Lord_Howe",
     "15 * * * *",
     "2026-10-03T14:00:00Z",
     {"2026-10-03T14:45:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:15:00Z"}},
    {"Australia/Lord_Howe",
     "*/15 * * * *",
     "2026-10-03T15:10:00Z",
     {"2026-10-03T15:15:00Z", "2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z"}},
    {"Australia/Lord_Howe",
     "45 1 * * *",
     "2026-04-04T00:00:00Z",
     {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"}},
    {"Australia/Lord_Howe",
     "45 * * * *",
     "2026-04-04T13:00:00Z",
     {"2026-04-04T13:45:00Z", "2026-04-04T14:45:00Z", "2026-04-04T16:15:00Z"}},
    {"Australia/Lord_Howe",
     "*/15 * * * *",
     "2026-04-04T14:40:00Z",
     {"2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z",
      "2026-04-04T15:30:00Z"}},
    /* Midnight is not shown on 2018-11-04; on 2018-02-17 23:00 is twice. */
    {"America/Sao_Paulo",
     "0 0 * * *",
     "2018-11-03T12:00:00Z",
     {"2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"}},
    {"America/Sao_Paulo",
     "30 23 * * *",
     "2018-02-17T12:00:00Z",
     {"2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"}},
    {"America/Sao_Paulo",
     "*/30 * * * *",
     "2018-02-18T01:30:00Z",
     {"2018-02-18T02:00:00Z", "2018-02-18T02:30:00Z", "2018-02-18T03:00:00Z"}},
    /* 30 December 2011 was left out. */
    {"Pacific/Apia",
     "0 12 * * *",
     "2011-12-29T00:00:00Z",
     {"2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"}},
};

static void
follows(const struct row *row)
{
    struct schedule s = read_schedule(row->text);
    int64_t at = moment(row->after);

    set_zone(row->zone);
    for (size_t i = 0; i < 8 && row->next[i] != NULL; i++) {
        char found[TEXT_TIME_SIZE];

        at = schedule_next(&s, at);
        text_write_time(found, at);
        ck_assert_msg(strcmp(found, row->next[i]) == 0,
                      "%s, %s: after %s the %zu. is %s, not %s", row->zone,
                      row->text, row->after, i + 1, found, row->next[i]);
    }
}

START_TEST(comes_when_the_fields_say)
{
    follows(&plain[_i]);
}
END_TEST

START_TEST(neither_skips_nor_doubles_a_run_when_clocks_are_changed)
{
    follows(&saving[_i]);
}
END_TEST

/* A daily run: once each local day, all year long. */
START_TEST(comes_once_a_day_in_every_zone)
{
    static const char *const zones[] = {
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
        "Africa/Cairo",  "America/Havana",   "UTC"};

    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        set_zone(zones[z]);
        for (int half = 0; half < 48; half++) {
            char text[32];
            struct schedule s;
            int64_t at = moment("2026-01-01T12:00:00Z");
            int runs = 0;

            snprintf(text, sizeof text, "%d %d * * *", half % 2 * 30, half / 2);
            s = read_schedule(text);
            for (;
                 (at = schedule_next(&s, at)) <= moment("2027-01-01T12:00:00Z");
                 runs++)
                ck_assert_int_eq(at % 60000, 0);
            ck_assert_msg(runs == 365, "%s %s: %d", zones[z], text, runs);
        }
    }
}
END_TEST

START_TEST(knows_the_longest_time_between_two_runs)
{
    static const struct {
        const char *text;
        uint64_t minutes;
    } rows[] = {
        {"every 90m", 90},           {"off", 0},
        {"after snapshot", 0},       {"* * * * *", 1},
        {"*/7 * * * *", 7},          {"30 3 * * *", 1440},
        {"0 9-17 * * 1-5", 64 * 60}, {"0 0 1 * *", 31 * 1440},
        {"0 0 1 1,2 *", 334 * 1440}, {"0 5 * * 0", 7 * 1440},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct schedule s = read_schedule(rows[i].text);

        ck_assert_msg(schedule_interval_ms(&s) == rows[i].minutes * 60000,
                      "%s: %llu", rows[i].text,
                      (unsigned long long)schedule_interval_ms(&s) / 60000);
    }
}
END_TEST

START_TEST(counts_an_interval_from_the_time_before)
{
    struct schedule s = read_schedule("every 90m");
    struct schedule off = read_schedule("off");
    struct schedule after = read_schedule("after snapshot");

    ck_assert_int_eq(schedule_next(&s, 1000), 1000 + 90 * 60 * 1000);
    ck_assert_int_eq(schedule_next(&off, 1000), -1);
    ck_assert_int_eq(schedule_next(&after, 1000), -1);
}
END_TEST

static const struct {
    const char *text, *error;
} bad[] = {
    {"0 0 31 2 *", "never comes: there is no such day"},
    {"0 0 30 2 */2", "never comes: there is no such day"},
    {"0 0 31 4,6,9,11 *", "never comes: there is no such day"},
    {"60 * * * *",
     "minute '60' is not 0-59, a range, a list or a step of them"},
    {"* 24 * * *", "hour '24' is not 0-23, a range, a list or a step of them"},
    {"* * 0 * *", "day of the month '0' is not 1-31, a range, a list or a step"
                  " of them"},
    {"* * * 13 *", "month '13' is not 1-12 (or its name), a range, a list or a "
                   "step of them"},
    {"* * * * 8", "day of the week '8' is not 0-7 (or its name), a range, a "
                  "list or a step of them"},
    {"*/0 * * * *",
     "minute '*/0' is not 0-59, a range, a list or a step of them"},
    {"30-10 * * * *",
     "minute '30-10' is not 0-59, a range, a list or a step of them"},
    {"1,,2 * * * *",
     "minute '1,,2' is not 0-59, a range, a list or a step of them"},
    {"*-5 * * * *",
     "minute '*-5' is not 0-59, a range, a list or a step of them"},
    {"-5 * * * *",
     "minute '-5' is not 0-59, a range, a list or a step of them"},
    {"jan * * * *",
     "minute 'jan' is not 0-59, a range, a list or a step of them"},
    {"* * * *", "has not five fields"},
    {"* * * * * *", "has not five fields"},
    {"", "has not five fields"},
    {"every", "has not five fields"},
    {"every 0s", "'every' wants a duration like 10m, 1h or 7d"},
    {"every day", "'every' wants a duration like 10m, 1h or 7d"},
};

START_TEST(refuses_and_says_why)
{
    struct schedule s;

    ck_assert_int_eq(schedule_read(&s, bad[_i].text, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_str_eq(e.text, bad[_i].error);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tcase = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tcase, comes_when_the_fields_say, 0,
                        sizeof plain / sizeof *plain);
    tcase_add_loop_test(tcase,
                        neither_skips_nor_doubles_a_run_when_clocks_are_changed,
                        0, sizeof saving / sizeof *saving);
    tcase_add_test(tcase, comes_once_a_day_in_every_zone);
    tcase_add_test(tcase, knows_the_longest_time_between_two_runs);
    tcase_add_test(tcase, counts_an_interval_from_the_time_before);
    tcase_add_loop_test(tcase, refuses_and_says_why, 0,
                        sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
