#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1
/* Entries "aa", "bb"; the second says that the first has 9 bytes, not 4. */
#define AA     \
    "\x00\x02" \
    "aa"
#define BB     \
    "\x09\x02" \
    "bb"
#define ZIPLIST(count, end) \
    "\x13"                  \
    "\x13\0\0\0"            \
    "\x0e\0\0\0" count AA BB end
#define INTSET(count) \
    "\x0c"            \
    "\2\0\0\0" count "\1\0\2\0"

/* Who refuses it: redis before 7.0 looks into few of them. */
static const struct {
    unsigned char type;
    const char *value;
    size_t size;
    unsigned refused_by;
} values[] = {
    {10, BYTES(ZIPLIST("\2\0", "\xff")), RDB_BY_ALL},
    {14, BYTES("\1" ZIPLIST("\2\0", "\xff")), RDB_BY_WALKING},
    {13, BYTES(ZIPLIST("\2\0", "\xff")), RDB_BY_WALKING},
    {12, BYTES(ZIPLIST("\2\0", "\xff")), RDB_BY_WALKING},
    {12, BYTES(ZIPLIST("\2\1", "\xff")), RDB_BY_ALL},     /* 129 members */
    {13, BYTES(ZIPLIST("\2\1", "\xff")), RDB_BY_WALKING}, /* 129 fields */
    {13, BYTES(ZIPLIST("\2\4", "\xff")), RDB_BY_ALL},     /* 513 fields */
    {10, BYTES(ZIPLIST("\2\0", "\xfe")), RDB_BY_ALL},
    {14, BYTES("\1" ZIPLIST("\2\0", "\xfe")), RDB_BY_LOOKING},
    {13, BYTES(ZIPLIST("\2\0", "\xfe")), RDB_BY_LOOKING},
    {11, BYTES(INTSET("\3\0\0\0")), RDB_BY_LOOKING},
    {11, BYTES(INTSET("\1\2\0\0")), RDB_BY_ALL}, /* 513 numbers */
};

START_TEST(tells_who_refuses_a_value)
{
    struct bytes b = make_one_key("REDIS0009", values[_i].type,
                                  values[_i].value, values[_i].size);
    struct walked w = walk_memory(&b);

    ck_assert_int_eq(w.result.verdict, VERDICT_DAMAGED);
    ck_assert_uint_eq(w.result.refused_by, values[_i].refused_by);
    ck_assert_uint_eq(w.report.count, 1);
    report_clear(&w.report);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, tells_who_refuses_a_value, 0,
                        sizeof values / sizeof *values);
}

int
main(void)
{
    return run_tests("rdb_packed", fill);
}
