#include "repo/catalog.h"

#include "test_catalog_folder.h"

START_TEST(is_empty_where_nothing_is)
{
    struct catalog c = loaded();

    ck_assert_uint_eq(c.count, 0);
    ck_assert_ptr_null(catalog_newest(&c, false));
    ck_assert_ptr_null(catalog_find(&c, "20261120T113000Z"));
    catalog_clear(&c);
}
END_TEST

START_TEST(is_in_the_order_of_the_sequence_not_of_the_clock)
{
    static const char *const order[] = {"20270101T000000Z",
                                        "20261120T113000Z-2",
                                        "20261120T113000Z", "20260101T000000Z"};
    struct catalog c;

    put_snapshot(order[3], 40, VERDICT_DAMAGED);
    put_snapshot(order[0], 9, VERDICT_SOUND);
    put_snapshot(order[2], 30, VERDICT_SOUND);
    put_snapshot(order[1], 10, VERDICT_TORN);
    c = loaded();
    ck_assert_uint_eq(c.count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(c.items[i].id, order[i]);
    ck_assert_uint_eq(catalog_newest(&c, false)->sequence, 40);
    ck_assert_uint_eq(catalog_newest(&c, true)->sequence, 30);
    ck_assert_ptr_eq(catalog_find(&c, order[1]), &c.items[1]);
    catalog_clear(&c);
}
END_TEST

START_TEST(passes_over_what_is_no_entry)
{
    struct catalog c;

    put("20261120T113000Z.tar.zst", "an archive without entry");
    put("README.json", "{}");
    put("20261120T113000Z.json.bak", "{}");
    put("20261120T113000Z.hold", "");
    put("20261120T113000Z-1.json", "{}");
    put(".redkeep-new-1-1", "{}");
    c = loaded();
    ck_assert_uint_eq(c.count, 0);
    catalog_clear(&c);
}
END_TEST

/* What is done to a snapshot that was good. */
static const struct {
    const char *name, *text, *error;
} breaks[] = {
    {"20261120T113000Z.json", "{",
     "20261120T113000Z.json: the entry is not JSON from line 1, column 1 on"},
    {"20261120T113000Z.json", "{\"format\": 2}",
     "20261120T113000Z.json: the entry has format 2, this redkeep reads up to "
     "1: use a newer redkeep"},
    {"20261120T113000Z.tar.gz", "",
     "20261120T113000Z.json: its archive 20261120T113000Z.tar.gz has 0 bytes, "
     "expected 7"},
    {"20261120T113000Z.tar.gz", NULL,
     "20261120T113000Z.json: its archive 20261120T113000Z.tar.gz is missing"},
};

START_TEST(lists_a_broken_entry_last_and_says_why)
{
    struct error e = {0};
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    put_snapshot("20261120T123000Z", 2, VERDICT_SOUND);
    if (breaks[_i].text != NULL)
        put(breaks[_i].name, breaks[_i].text);
    else
        ck_assert_int_eq(file_remove(dir, breaks[_i].name, &e), 0);
    c = loaded();
    ck_assert_uint_eq(c.count, 2);
    ck_assert_str_eq(c.items[0].id, "20261120T123000Z");
    ck_assert_int_eq(c.items[0].broken.kind, ERROR_NONE);
    ck_assert_str_eq(c.items[1].id, "20261120T113000Z");
    ck_assert_str_eq(c.items[1].broken.text, breaks[_i].error);
    ck_assert_ptr_null(c.items[1].entry.instance);
    ck_assert_str_eq(catalog_newest(&c, true)->id, "20261120T123000Z");
    catalog_clear(&c);
}
END_TEST

START_TEST(refuses_an_entry_under_another_name)
{
    struct error e = {0};
    struct catalog c;

    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    ck_assert_int_eq(file_move(dir, "20261120T113000Z.json", dir,
                               "20261120T113001Z.json", &e),
                     0);
    c = loaded();
    ck_assert_uint_eq(c.count, 1);
    ck_assert_str_eq(c.items[0].broken.text,
                     "20261120T113001Z.json: it is the entry of "
                     "20261120T113000Z");
    catalog_clear(&c);
}
END_TEST

START_TEST(follows_no_link)
{
    struct catalog c;

    ck_assert_int_eq(symlinkat("/etc/passwd", dir, "20261120T113000Z.json"), 0);
    c = loaded();
    ck_assert_uint_eq(c.count, 1);
    ck_assert_str_eq(c.items[0].broken.text, "20261120T113000Z.json is a "
                                             "symbolic link, not a file");
    catalog_clear(&c);
}
END_TEST

START_TEST(gives_each_snapshot_an_id_of_its_own)
{
    char id[CATALOG_ID_SIZE];
    struct catalog c = loaded();

    catalog_new_id(&c, 1795174200999, id);
    ck_assert_str_eq(id, "20261120T113000Z");
    catalog_clear(&c);
    put_snapshot("20261120T113000Z", 1, VERDICT_SOUND);
    put("20261120T113000Z-2.json", "broken ones are taken too");
    c = loaded();
    catalog_new_id(&c, 1795174200000, id);
    ck_assert_str_eq(id, "20261120T113000Z-3");
    catalog_new_id(&c, 1795174201000, id);
    ck_assert_str_eq(id, "20261120T113001Z");
    catalog_clear(&c);
    put("20261120T113000Z-10.json", "those before it were pruned");
    c = loaded();
    catalog_new_id(&c, 1795174200000, id);
    ck_assert_str_eq(id, "20261120T113000Z-11");
    catalog_clear(&c);
}
END_TEST

START_TEST(gives_ids_whatever_the_clock_says)
{
    static const int64_t clocks[] = {INT64_MIN, -1, 0, INT64_MAX};
    char id[CATALOG_ID_SIZE];
    struct catalog c = {0};

    catalog_new_id(&c, clocks[_i], id);
    ck_assert_msg(catalog_is_id(id), "%s", id);
}
END_TEST

static const struct {
    const char *text;
    bool is;
} ids[] = {
    {"20261120T113000Z", true},
    {"20261120T113000Z-2", true},
    {"20261120T113000Z-10", true},
    {"20261120T113000Z-999999999", true},
    {"20261120T113000Z-1000000000", false},
    {"20261120T113000Z-1", false},
    {"20261120T113000Z-0", false},
    {"20261120T113000Z-02", false},
    {"20261120T113000Z-", false},
    {"20261120T113000Z-2x", false},
    {"20261120T113000Zx", false},
    {"20261120T113000", false},
    {"2026112T1130000Z", false},
    {"20261120t113000Z", false},
    {"../20261120T113000Z", false},
    {"20261120T113000Z/..", false},
    {"latest", false},
    {"", false},
};

START_TEST(knows_the_form_of_an_id)
{
    ck_assert_msg(catalog_is_id(ids[_i].text) == ids[_i].is, "%s",
                  ids[_i].text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog");
    TCase *cases = tcase_create("catalog");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, is_empty_where_nothing_is);
    tcase_add_test(cases, is_in_the_order_of_the_sequence_not_of_the_clock);
    tcase_add_test(cases, passes_over_what_is_no_entry);
    tcase_add_loop_test(cases, lists_a_broken_entry_last_and_says_why, 0,
                        (int)(sizeof breaks / sizeof *breaks));
    tcase_add_test(cases, refuses_an_entry_under_another_name);
    tcase_add_test(cases, follows_no_link);
    tcase_add_test(cases, gives_each_snapshot_an_id_of_its_own);
    tcase_add_loop_test(cases, gives_ids_whatever_the_clock_says, 0, 4);
    tcase_add_loop_test(cases, knows_the_form_of_an_id, 0,
                        (int)(sizeof ids / sizeof *ids));
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
