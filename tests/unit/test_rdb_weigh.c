#include "test_rdb_bytes.h"

#include "formats/rdb_stats.h"

#define BYTES(text) text, sizeof(text) - 1

#define REDIS_6             \
    "\xfa\x09redis-ver\x06" \
    "6.0.16"
#define REDIS_7             \
    "\xfa\x09redis-ver\x06" \
    "7.0.15"
#define VALKEY_9             \
    "\xfa\x0avalkey-ver\x05" \
    "9.1.2"

/* Keys "k" of a version 11; sizes are what those servers said of them. */
static const struct {
    const char *name, *body;
    size_t size;
    uint64_t memory, spare;
} keys[] = {
    {"a string", BYTES(REDIS_7 "\x00\x01k\x01x"), 64, 0},
    {"a number", BYTES(REDIS_7 "\x00\x01k\xc1\x39\x30"), 48, 0},
    {"a long number is one too",
     BYTES(REDIS_7 "\x00\x01k\x13"
                   "1000000000000000000"),
     48, 0},
    {"a number with a zero in front is a text",
     BYTES(REDIS_7 "\x00\x01k\x03"
                   "007"),
     64, 0},
    {"a sign alone is none", BYTES(REDIS_7 "\x00\x01k\x01-"), 64, 0},
    {"0 is one",
     BYTES(REDIS_7 "\x00\x01k\x01"
                   "0"),
     48, 0},
    {"what no 64 bits hold is a text",
     BYTES(REDIS_7 "\x00\x01k\x14"
                   "99999999999999999999"),
     80, 0},
    {"of an older server", BYTES(REDIS_6 "\x00\x01k\x01x"), 51, 0},
    {"of valkey", BYTES(VALKEY_9 "\x00\x01k\x0bxxxxxxxxxxx"), 32, 0},
    {"with an expiry",
     BYTES(VALKEY_9 "\xfc\0\0\0\0\0\1\0\0\x00\x01k\x0bxxxxxxxxxxx"), 48, 0},
    {"packed by LZF", BYTES(REDIS_7 "\x00\x01k\xc3\x05\x0a\x00x\xe0\x00\x00"),
     64, 0},
    {"a set",
     BYTES(REDIS_7 "\x02\x01k\x02\x01"
                   "a\xc0\x07"),
     48 + 56 + 4 * 8 + 2 * (24 + 8), 0},
    {"a hash",
     BYTES(REDIS_7 "\x04\x01k\x01\x01"
                   "f\x01v"),
     48 + 56 + 4 * 8 + 24 + 8 + 8, 0},
    {"an intset", BYTES(REDIS_7 "\x0b\x01k\x0c\2\0\0\0\2\0\0\0\1\0\2\0"),
     48 + 16, 0},
    {"a list",
     BYTES(REDIS_7 "\x12\x01k\x01\x02\x0a\x0a\0\0\0\1\0\x81"
                   "a\2\xff"),
     48 + 40 + 40 + 16, 0},
    {"with a plain node", BYTES(REDIS_7 "\x12\x01k\x01\x01\x03xyz"),
     48 + 40 + 40 + 8, 0},
};

static struct walked
weigh(const struct bytes *b, size_t step)
{
    struct stream stream = {.bytes = b, .step = step};
    struct walked w = {0};
    const struct rdb_options options = {
        .key_seen = note_key, .context = &w, .weigh = true};
    struct source s;

    source_of_pull(&s, deliver, &stream, b->size);
    w.rc = rdb_walk(&s, &options, &w.report, &w.result, &w.error);
    source_close(&s);
    return w;
}

START_TEST(keys_weigh_what_their_server_says)
{
    struct bytes b = make_rdb("REDIS0011", keys[_i].body, keys[_i].size);

    for (size_t step = 1; step < 200; step += 33) {
        struct walked w = weigh(&b, step);

        ck_assert_int_eq(w.rc, 0);
        ck_assert_msg(w.result.verdict == VERDICT_SOUND && w.key_count == 1,
                      "%s", keys[_i].name);
        ck_assert_msg(w.keys[0].memory_bytes == keys[_i].memory,
                      "%s: %llu, and it said %llu", keys[_i].name,
                      (unsigned long long)w.keys[0].memory_bytes,
                      (unsigned long long)keys[_i].memory);
        ck_assert_uint_eq(w.keys[0].spare_bytes, keys[_i].spare);
        report_clear(&w.report);
    }
    free(b.data);
}
END_TEST

START_TEST(nothing_is_weighed_unless_asked)
{
    struct bytes b = make_rdb("REDIS0011", keys[0].body, keys[0].size);
    struct walked w = walk_memory(&b);

    ck_assert_uint_eq(w.keys[0].memory_bytes, 0);
    free(b.data);
    report_clear(&w.report);
}
END_TEST

static void
add_key(void *context, const struct rdb_key *key)
{
    rdb_stats_add(context, key);
}

/* The second is larger in memory, and the first in the file. */
START_TEST(the_biggest_are_those_in_memory)
{
    static const char body[] = REDIS_7
        "\x00\x01t\x3c"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "\x02\x01s\x03\x01"
        "a\x01"
        "b\x01"
        "c";
    struct bytes b = make_rdb("REDIS0011", BYTES(body));

    for (unsigned weighed = 0; weighed < 2; weighed++) {
        struct rdb_stats stats;
        const struct rdb_options options = {
            .key_seen = add_key, .context = &stats, .weigh = true};
        struct rdb_result result;
        struct error e = {0};
        struct source s;

        rdb_stats_begin(&stats, 0);
        stats.weighed = weighed;
        stats.most = 1;
        source_of_memory(&s, b.data, b.size);
        ck_assert_int_eq(rdb_walk(&s, &options, NULL, &result, &e), 0);
        rdb_stats_end(&stats);
        ck_assert_uint_eq(stats.biggest_count, 1);
        ck_assert_int_eq(stats.biggest[0].name[0], weighed ? 's' : 't');
        rdb_stats_clear(&stats);
    }
    free(b.data);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rdb_weigh");
    TCase *tests = tcase_create("rdb_weigh");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tests, keys_weigh_what_their_server_says, 0,
                        sizeof keys / sizeof *keys);
    tcase_add_test(tests, nothing_is_weighed_unless_asked);
    tcase_add_test(tests, the_biggest_are_those_in_memory);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
