#include "test_rdb_bytes.h"

#define BYTES(text) text, sizeof(text) - 1

/* What is told of the first key. */
struct told {
    char name[RDB_KEY_NAME_MAX + 1];
    uint32_t size;
    uint64_t whole, elements;
    bool uncounted;
    size_t keys;
};

static void
tell(void *context, const struct rdb_key *key)
{
    struct told *t = context;

    if (t->keys++ > 0)
        return;
    ck_assert_uint_le(key->name_size, RDB_KEY_NAME_MAX);
    memcpy(t->name, key->name, key->name_size);
    t->size = key->name_size;
    t->whole = key->name_whole;
    t->elements = key->elements;
    t->uncounted = key->uncounted;
}

/* From a stream of so many bytes at a time; 0: from memory. */
static struct told
walk_told(const struct bytes *b, size_t step, bool deep)
{
    struct stream stream = {.bytes = b, .step = step};
    struct told told = {.keys = 0};
    struct rdb_options options = {
        .key_seen = tell, .context = &told, .deep = deep};
    struct rdb_result result;
    struct report report = {0};
    struct error e = {0};
    struct source s;

    if (step == 0)
        source_of_memory(&s, b->data, b->size);
    else
        source_of_pull(&s, deliver, &stream, UINT64_MAX);
    ck_assert_int_eq(rdb_walk(&s, &options, &report, &result, &e), 0);
    ck_assert_msg(result.verdict == VERDICT_SOUND, "%s",
                  report.count > 0 ? report.findings[0].text : "");
    source_close(&s);
    report_clear(&report);
    return told;
}

/* A name as it is written, and as it is. */
static const struct {
    const char *written;
    size_t size;
    const char *name;
} names[] = {
    {BYTES("\x03key"), "key"},
    {BYTES("\x00"), ""},
    {BYTES("\x40\x05with2"), "with2"},
    {BYTES("\x80\0\0\0\x05with4"), "with4"},
    {BYTES("\x81\0\0\0\0\0\0\0\x05with8"), "with8"},
    {BYTES("\xc0\xff"), "-1"},
    {BYTES("\xc1\x39\x30"), "12345"},
    {BYTES("\xc2\x00\x00\x00\x80"), "-2147483648"},
    {BYTES("\xc3\x05\x1d\x00"
           "a\xe0\x13\x00"),
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

START_TEST(tells_a_name_however_it_is_written)
{
    struct bytes body = {0}, b;

    add(&body, "\x00", 1);
    add(&body, names[_i].written, names[_i].size);
    add(&body, "\x01v", 2);
    b = make_rdb("REDIS0011", body.data, body.size);
    for (size_t step = 0; step < 8; step++)
        for (int deep = 0; deep < 2; deep++) {
            struct told t = walk_told(&b, step, deep);

            ck_assert_uint_eq(t.keys, 1);
            ck_assert_str_eq(t.name, names[_i].name);
            ck_assert_uint_eq(t.size, strlen(names[_i].name));
            ck_assert_uint_eq(t.whole, t.size);
        }
    free(b.data);
    free(body.data);
}
END_TEST

/* 1000 letters, plain and as LZF in 50 runs of 20. */
START_TEST(tells_the_beginning_of_a_long_name)
{
    struct bytes body = {0}, b;
    bool packed = _i == 1;
    struct told t;

    if (packed)
        add(&body, "\x00\xc3\x44\x1a\x43\xe8", 6);
    else
        add(&body, "\x00\x43\xe8", 3);
    for (unsigned i = 0; i < 1000; i++) {
        if (packed && i % 20 == 0)
            add(&body, "\x13", 1);
        add(&body, &(char){(char)('a' + i % 26)}, 1);
    }
    add(&body, "\x01v", 2);
    b = make_rdb("REDIS0011", body.data, body.size);
    t = walk_told(&b, 0, false);
    ck_assert_uint_eq(t.size, RDB_KEY_NAME_MAX);
    ck_assert_uint_eq(t.whole, 1000);
    for (unsigned i = 0; i < t.size; i++)
        ck_assert_int_eq(t.name[i], 'a' + (int)(i % 26));
    free(b.data);
    free(body.data);
}
END_TEST

/* Values by their types, and how many elements their heads tell. */
static const struct {
    unsigned char type;
    const char *value;
    size_t size;
    uint64_t elements;
    bool uncounted;
} values[] = {
    {0, BYTES("\x01v"), 0, false},
    {1,
     BYTES("\x02\x01"
           "a\x01"
           "b"),
     2, false},
    {2, BYTES("\x01\x01m"), 1, false},
    {4,
     BYTES("\x01\x01"
           "f\x01v"),
     1, false},
    {5, BYTES("\x01\x01m\0\0\0\0\0\0\xf0\x3f"), 1, false},
    {11, BYTES("\x0c\2\0\0\0\2\0\0\0\1\0\2\0"), 2, false},
    {16, BYTES("\x0b\x0b\0\0\0\2\0\1\1\2\1\xff"), 1, false},
    {20, BYTES("\x0b\x0b\0\0\0\2\0\1\1\2\1\xff"), 2, false},
    /* Its head says: many. */
    {20, BYTES("\x0b\x0b\0\0\0\xff\xff\1\1\2\1\xff"), 0, true},
    {18,
     BYTES("\x02\x01\x01"
           "a\x02\x0b\x0b\0\0\0\2\0\1\1\2\1\xff"),
     3, false},
};

START_TEST(counts_elements_by_the_heads)
{
    struct bytes b = make_one_key("REDIS0011", values[_i].type,
                                  values[_i].value, values[_i].size);

    for (size_t step = 0; step < 8; step++) {
        struct told t = walk_told(&b, step, false);

        ck_assert_uint_eq(t.keys, 1);
        ck_assert_uint_eq(t.elements, values[_i].elements);
        ck_assert_int_eq(t.uncounted, values[_i].uncounted);
    }
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, tells_a_name_however_it_is_written, 0,
                        sizeof names / sizeof *names);
    tcase_add_loop_test(tests, tells_the_beginning_of_a_long_name, 0, 2);
    tcase_add_loop_test(tests, counts_elements_by_the_heads, 0,
                        sizeof values / sizeof *values);
}

int
main(void)
{
    return run_tests("rdb_name", fill);
}
