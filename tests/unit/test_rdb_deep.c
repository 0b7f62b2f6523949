#include "test_rdb_bytes.h"

#include "formats/rdb_seen.h"

#define BYTES(text) text, sizeof(text) - 1
#define MEMBER20 "\x14member-of-20-letters"
#define MEMBER20_LZF "\xc3\x15\x14\x13member-of-20-letters"

/* What only --deep finds: the first finding, NULL when there is none. */
static const struct {
    const char *body;
    size_t size;
    const char *error;
    unsigned refused_by;
} cases[] = {
    {BYTES("\x02\x01k\x02\x01"
           "a\x01"
           "a"),
     "the member 'a' comes twice, first at byte 13 (set, key at byte 9)",
     RDB_BY_LOOKING},
    {BYTES("\x02\x01k\x02\xc0\x05\x01\x35"),
     "the member '5' comes twice, first at byte 13 (set, key at byte 9)",
     RDB_BY_LOOKING},
    {BYTES("\x02\x01k\x02" MEMBER20 MEMBER20_LZF),
     "the member 'member-of-20-letters' comes twice, first at byte 13 (set, "
     "key at byte 9)",
     RDB_BY_LOOKING},
    {BYTES("\x04\x01k\x02\x01"
           "a\x01x\x01"
           "a\x01x"),
     "the field 'a' comes twice, first at byte 13 (hash, key at byte 9)",
     RDB_BY_9_1},
    {BYTES("\x04\x01k\x02\x01"
           "a\x01"
           "b\x01"
           "b\x01"
           "a"),
     NULL, 0},
    {BYTES("\x01\x01k\x02\x01"
           "a\x01"
           "a"),
     NULL, 0},
    {BYTES("\x00\x01k\x01v\x00\x01l\x01v\x00\x01k\x01v"),
     "the key 'k' comes twice in its database, first at byte 10",
     RDB_BY_LOOKING | RDB_BY_6_0},
    {BYTES("\x00\xc0\x07\x01v\x00\x01l\x01v\x00\x01\x37\x01v"),
     "the key '7' comes twice in its database, first at byte 10",
     RDB_BY_LOOKING | RDB_BY_6_0},
    {BYTES("\x00\x00\x01v\x00\x01l\x01v\x00\x00\x01v"),
     "the key '' comes twice in its database, first at byte 10",
     RDB_BY_LOOKING | RDB_BY_6_0},
    {BYTES("\x00\x01k\x01v\xfe\x01\x00\x01k\x01v"), NULL, 0},
    {BYTES("\x00\x01k\x01v\x02\x01k\x00"), NULL, 0}, /* empty: not there */
    {BYTES("\x10\x01k\x0b\x0b\0\0\0\2\0\1\1\2\3\xff"),
     "an entry of a listpack has a wrong way back, at byte 8 of it (hash, "
     "listpack, key at byte 9)",
     RDB_BY_9_1},
    {BYTES("\x0b\x01k\x0c\2\0\0\0\2\0\0\0\2\0\1\0"),
     "the numbers of an intset do not ascend (set, intset, key at byte 9)",
     RDB_BY_9_1},
    {BYTES("\x19\x01k\0\0\0\0\1\0\0\0\x13\x13\0\0\0\6\0\1\1\1\1\5\1\2\1\1\1\4"
           "\1\xff"),
     "the fields are not in the order of their expiries (hash, listpack, "
     "times, key at byte 9)",
     RDB_BY_9_1},
};

static struct walked
walk_deep(const struct bytes *b)
{
    struct rdb_options options = {.deep = true};
    struct walked w = {0};
    struct source s;

    source_of_memory(&s, b->data, b->size);
    w.rc = rdb_walk(&s, &options, &w.report, &w.result, &w.error);
    return w;
}

START_TEST(finds_what_servers_do_not_look_at)
{
    struct bytes b = make_rdb("REDIS0012", cases[_i].body, cases[_i].size);
    struct walked w = walk_deep(&b);
    bool good = cases[_i].error == NULL;

    ck_assert_int_eq(w.rc, 0);
    ck_assert_int_eq(w.result.verdict, good ? VERDICT_SOUND : VERDICT_DAMAGED);
    ck_assert_uint_eq(w.result.refused_by, cases[_i].refused_by);
    if (!good)
        ck_assert_str_eq(find_finding(&w.report, SEVERITY_ERROR)->text,
                         cases[_i].error);
    report_clear(&w.report);

    /* All but keys in a row is sound without it. */
    w = walk_memory(&b);
    ck_assert_int_eq(w.result.verdict, VERDICT_SOUND);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

START_TEST(two_keys_in_a_row_need_no_deep_look)
{
    static const char body[] = "\x00\x01k\x01v\x00\x01k\x01w";
    struct bytes b = make_rdb("REDIS0012", BYTES(body));
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_str_eq(w.report.findings[0].code, "rdb-duplicate-key");
    ck_assert_int_eq(w.report.findings[0].offset, 14);
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

struct pairs {
    uint64_t count, sum;
};

static int
count_pair(void *context, const struct rdb_seen_item *first,
           const struct rdb_seen_item *second, struct error *e)
{
    struct pairs *p = context;

    (void)e;
    ck_assert_uint_eq(first->hash, second->hash);
    ck_assert_uint_lt(first->offset, second->offset);
    p->count++;
    p->sum += second->offset;
    return 0;
}

/* In memory by each way to sort, and in 2 to 100 runs. */
START_TEST(finds_what_comes_twice_among_any_number)
{
    static const size_t counts[] = {0, 1, 10, 100, 5000, 20000};
    static const size_t limits[] = {0, 10000, 200};

    for (size_t c = 0; c < 6; c++)
        for (size_t l = 0; l < 3; l++) {
            struct rdb_seen s;
            struct pairs p = {0};
            struct error e = {0};
            uint64_t expected = 0;

            rdb_seen_begin(&s);
            s.limit = limits[l];
            for (uint64_t i = 0; i < counts[c]; i++) {
                uint64_t n = i % 10 == 9 ? i - 9 : i;

                expected += n != i;
                ck_assert_int_eq(
                    rdb_seen_add(&s, n * UINT64_C(0x9e3779b97f4a7c15), i, &e),
                    0);
            }
            ck_assert_int_eq(rdb_seen_end(&s, count_pair, &p, &e), 0);
            ck_assert_uint_eq(p.count, expected);
            rdb_seen_clear(&s);
        }
}
END_TEST

START_TEST(says_so_when_there_is_no_room_for_runs)
{
    struct error e = {0};
    struct rdb_seen s;

    rdb_seen_begin(&s);
    s.limit = 1;
    setenv("TMPDIR", "/nowhere/at/all", 1);
    ck_assert_int_eq(rdb_seen_add(&s, 1, 1, &e), 0);
    ck_assert_int_eq(rdb_seen_add(&s, 2, 2, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "TMPDIR"));
    unsetenv("TMPDIR");
    rdb_seen_clear(&s);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, finds_what_servers_do_not_look_at, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tests, two_keys_in_a_row_need_no_deep_look);
    tcase_add_test(tests, finds_what_comes_twice_among_any_number);
    tcase_add_test(tests, says_so_when_there_is_no_room_for_runs);
}

int
main(void)
{
    return run_tests("rdb_deep", fill);
}
