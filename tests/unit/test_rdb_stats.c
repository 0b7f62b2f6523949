#include "test_rdb_bytes.h"

#include <stdio.h>

#include "formats/rdb_stats.h"

#define BYTES(text) text, sizeof(text) - 1

/* A hash of 5000 ms, an expired set, a long-lived string; database 9. */
static const char composite[] =
    "\xfe\x00\x00\x03key\x05value"
    "\xfc\x88\x13\0\0\0\0\0\0\x10\x06user:1\x0b\x0b\0\0\0\2\0\1\1\2\1\xff"
    "\xfc\x01\0\0\0\0\0\0\0\x02\x06user:2\x02\x01"
    "a\x01"
    "b"
    "\x04\x06user:3\x01\x01"
    "f\x01v"
    "\xfe\x09\xfc\0\0\0\0\0\1\0\0\x00\x01n\xc0\x07"
    "\xfe\x44\x00\x00\x01o\xc0\x07";

static void
count_key(void *context, const struct rdb_key *key)
{
    rdb_stats_add(context, key);
}

static void
count_rdb(struct rdb_stats *s, const struct bytes *b, int64_t now_ms)
{
    struct rdb_options options = {.key_seen = count_key, .context = s};
    struct rdb_result result;
    struct error e = {0};
    struct source source;

    rdb_stats_begin(s, now_ms);
    source_of_memory(&source, b->data, b->size);
    ck_assert_int_eq(rdb_walk(&source, &options, NULL, &result, &e), 0);
    rdb_stats_end(s);
}

static const struct rdb_stats_count *
find(const struct rdb_stats_named *named, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(named[i].name, name) == 0)
            return &named[i].count;
    ck_abort_msg("no %s", name);
    return NULL;
}

START_TEST(counts_databases_types_and_expiries)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));
    struct rdb_stats_named named[RDB_STATS_NAMES];
    struct rdb_stats s;
    size_t n;

    count_rdb(&s, &b, 2000);
    ck_assert_uint_eq(s.all.keys, 6);
    ck_assert_uint_eq(s.all.expires, 3);
    ck_assert_uint_eq(s.all.expired, 1);
    ck_assert_uint_eq(s.lives[RDB_STATS_EXPIRED], 1);
    ck_assert_uint_eq(s.lives[RDB_STATS_HOUR], 1);
    ck_assert_uint_eq(s.lives[RDB_STATS_LATER], 1);
    ck_assert_uint_eq(s.database_count, 10);
    ck_assert_uint_eq(s.databases[0].keys, 4);
    ck_assert_uint_eq(s.databases[9].keys, 1);
    ck_assert_uint_eq(s.databases[8].keys, 0);
    ck_assert_uint_eq(s.other_databases.keys, 1); /* 1024 */
    n = rdb_stats_types(&s, false, named);
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(find(named, n, "string")->keys, 3);
    ck_assert_uint_eq(find(named, n, "hash")->keys, 2);
    ck_assert_uint_eq(find(named, n, "hash")->elements, 2);
    ck_assert_uint_eq(find(named, n, "set")->expired, 1);
    n = rdb_stats_encodings(&s, false, named);
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(find(named, n, "hash, listpack")->keys, 1);
    ck_assert_uint_eq(find(named, n, "hash")->keys, 1);
    rdb_stats_clear(&s);
    free(b.data);
}
END_TEST

START_TEST(sizes_are_bytes_in_the_file)
{
    struct bytes b = make_rdb("REDIS0011", BYTES(composite));
    uint64_t between = 2 + 2 + 3; /* SELECTDB */
    struct rdb_stats s;

    count_rdb(&s, &b, 2000);
    ck_assert_uint_eq(s.all.bytes, sizeof composite - 1 - between);
    ck_assert_uint_eq(s.biggest_count, 6);
    ck_assert_uint_eq(s.biggest[0].bytes, 29);
    ck_assert_mem_eq(s.biggest[0].name, "user:1", 6);
    ck_assert_uint_eq(s.biggest[0].elements, 1);
    ck_assert_int_eq(s.biggest[0].expire_ms, 5000);
    ck_assert_uint_eq(s.biggest[0].offset, 9 + 2 + 11);
    for (size_t i = 1; i < s.biggest_count; i++)
        ck_assert_uint_ge(s.biggest[i - 1].bytes, s.biggest[i].bytes);
    ck_assert_uint_eq(s.prefixes.count, 2);
    ck_assert(s.prefixes_exact);
    ck_assert_mem_eq(s.prefixes.entries[0].name, "user:", 5);
    ck_assert_uint_eq(s.prefixes.entries[0].count, 3);
    ck_assert_uint_eq(s.prefixes.entries[1].size, 0);
    ck_assert_uint_eq(s.prefixes.entries[1].count, 3);
    rdb_stats_clear(&s);
    free(b.data);
}
END_TEST

START_TEST(the_biggest_are_found_wherever_they_lie)
{
    struct bytes body = {0}, b;
    struct rdb_stats s;

    /* Sizes 1 to 60 once each, in no order. */
    for (unsigned i = 0; i < 60; i++) {
        unsigned char size = (unsigned char)(i * 37 % 60 + 1);
        char name[8];

        snprintf(name, sizeof name, "%03u", size);
        add(&body, "\x00\x03", 2);
        add(&body, name, 3);
        add(&body, &size, 1);
        for (unsigned k = 0; k < size; k++)
            add(&body, "x", 1);
    }
    b = make_rdb("REDIS0011", body.data, body.size);
    count_rdb(&s, &b, 0);
    ck_assert_uint_eq(s.biggest_count, RDB_STATS_MOST);
    for (unsigned i = 0; i < RDB_STATS_MOST; i++) {
        char name[8];

        snprintf(name, sizeof name, "%03u", 60 - i);
        ck_assert_mem_eq(s.biggest[i].name, name, 3);
        ck_assert_uint_eq(s.biggest[i].bytes, 6 + 60 - i);
    }
    rdb_stats_clear(&s);
    free(b.data);
    free(body.data);
}
END_TEST

START_TEST(a_number_of_type_means_what_the_magic_says)
{
    char type[RDB_STATS_NAME_SIZE];

    rdb_stats_type_name(type, false, 26);
    ck_assert_str_eq(type, "stream");
    rdb_stats_type_name(type, true, 22);
    ck_assert_str_eq(type, "hash");
    rdb_stats_type_name(type, true, 26);
    ck_assert_str_eq(type, "unknown");
    for (unsigned number = 0; number <= 28; number++) {
        rdb_stats_type_name(type, false, number);
        ck_assert_msg(number == 8 || strcmp(type, "unknown") != 0, "%u",
                      number);
    }
}
END_TEST

static const struct {
    int64_t expire_ms, now_ms;
    enum rdb_stats_life life;
} lives[] = {
    {INT64_MIN, 0, RDB_STATS_EXPIRED},
    {999, 1000, RDB_STATS_EXPIRED},
    {1000, 1000, RDB_STATS_HOUR},
    {3601000, 1000, RDB_STATS_HOUR},
    {3601001, 1000, RDB_STATS_DAY},
    {86400000, 0, RDB_STATS_DAY},
    {86400001, 0, RDB_STATS_WEEK},
    {7 * 86400000, 0, RDB_STATS_WEEK},
    {7 * 86400000 + 1, 0, RDB_STATS_MONTH},
    {30 * INT64_C(86400000), 0, RDB_STATS_MONTH},
    {30 * INT64_C(86400000) + 1, 0, RDB_STATS_LATER},
    {INT64_MAX, INT64_C(1700000000000), RDB_STATS_LATER},
};

START_TEST(tells_how_long_keys_live)
{
    struct rdb_key key = {.name = "",
                          .offset = 1,
                          .end_offset = 2,
                          .expire_ms = lives[_i].expire_ms};
    struct rdb_stats s;

    rdb_stats_begin(&s, lives[_i].now_ms);
    rdb_stats_add(&s, &key);
    for (int life = 0; life < RDB_STATS_LIVES; life++)
        ck_assert_uint_eq(s.lives[life], life == (int)lives[_i].life);
    rdb_stats_clear(&s);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_add_test(tests, counts_databases_types_and_expiries);
    tcase_add_test(tests, sizes_are_bytes_in_the_file);
    tcase_add_test(tests, the_biggest_are_found_wherever_they_lie);
    tcase_add_test(tests, a_number_of_type_means_what_the_magic_says);
    tcase_add_loop_test(tests, tells_how_long_keys_live, 0,
                        sizeof lives / sizeof *lives);
}

int
main(void)
{
    return run_tests("rdb_stats", fill);
}
