#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1
#define NOT_ITS_NAME "a library of functions says more than its name"
#define NO_NAME "a library of functions without a right name"
#define NO_LANGUAGE "a library of functions in no language that servers know"
#define NO_LINE "a library of functions has no first line"
#define NO_HEAD "a library of functions does not begin with #!"

/* Tried on redis 7.0.15 and 8.0, valkey 8.1 and 9.1. */
static const struct {
    const char *text;
    size_t size;
    const char *error; /* NULL: it is right */
} libraries[] = {
    {BYTES("#!lua name=a\ncode"), NULL},
    {BYTES("#!lua name=a\r\n"), NULL},
    {BYTES("#!LUA NAME=a\n"), NULL},
    {BYTES("#!lua\tname=a_1  \n"), NULL},
    {BYTES("#!lua \"name=a\"\n"), NULL},
    {BYTES("#!lua name=\"a\"\n"), NULL},
    {BYTES("#! lua name=a\n"), NO_LANGUAGE},
    {BYTES("#!lub name=a\n"), NO_LANGUAGE},
    {BYTES("#!\n"), NO_LANGUAGE},
    {BYTES("#!lua name=a name=b\n"), NOT_ITS_NAME},
    {BYTES("#!lua name=a x=1\n"), NOT_ITS_NAME},
    {BYTES("#!lua\n"), NO_NAME},
    {BYTES("#!lua name=\n"), NO_NAME},
    {BYTES("#!lua name=a-b\n"), NO_NAME},
    {BYTES("#!lua name=a"), NO_LINE},
    {BYTES("#!lua name=a\0b\n"), NO_LINE},
    {BYTES("#!lua name=a\nx\0"), "a library of functions holds a zero byte"},
    {BYTES(" #!lua name=a\n"), NO_HEAD},
    {BYTES("#"), NO_HEAD},
    {BYTES(""), NO_HEAD},
    {BYTES("#!lua \"name=a\n"),
     "the first line of a library of functions has an open quote"},
};

static void
add_library(struct bytes *body, const char *text, size_t size)
{
    add(body, "\xf5", 1);
    add(body, &(unsigned char){(unsigned char)size}, 1);
    add(body, text, size);
}

static void
assert_found(struct bytes *body, const char *error, uint64_t offset)
{
    struct bytes b = make_rdb("REDIS0010", body->data, body->size);
    struct walked w = walk_memory(&b);

    ck_assert(w.result.functions);
    ck_assert_uint_eq(w.result.end_offset, b.size);
    ck_assert_uint_eq(w.report.count, error != NULL);
    ck_assert_uint_eq(w.result.refused_by, error != NULL ? RDB_BY_ALL : 0);
    if (error != NULL) {
        ck_assert_str_eq(w.report.findings[0].text, error);
        ck_assert_int_eq(w.report.findings[0].offset, (int64_t)offset);
    }
    assert_same_in_steps(&b, &w);
    report_clear(&w.report);
    free(b.data);
    free(body->data);
}

START_TEST(judges_the_first_line)
{
    struct bytes body = {0};

    add_library(&body, libraries[_i].text, libraries[_i].size);
    assert_found(&body, libraries[_i].error, 9);
}
END_TEST

static const struct {
    const char *first, *second, *error;
} pairs[] = {
    {"#!lua name=a\n", "#!lua name=b\n", NULL},
    {"#!lua name=a\n", "#!lua name=A\n", NULL},
    {"#!lua name=a\n", "#!lua name=a\n", "a library of functions comes twice"},
};

START_TEST(finds_a_library_that_comes_twice)
{
    struct bytes body = {0};

    add_library(&body, pairs[_i].first, strlen(pairs[_i].first));
    add_library(&body, pairs[_i].second, strlen(pairs[_i].second));
    assert_found(&body, pairs[_i].error, 11 + strlen(pairs[_i].first));
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, judges_the_first_line, 0,
                        sizeof libraries / sizeof *libraries);
    tcase_add_loop_test(tests, finds_a_library_that_comes_twice, 0,
                        sizeof pairs / sizeof *pairs);
}

int
main(void)
{
    return run_tests("rdb_function", fill);
}
