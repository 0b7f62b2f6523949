#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/judge.h"
#include "test_judge_scene.h"

START_TEST(describes_each_file)
{
    static const struct scene scene = {.manifest = BYTES(B I1),
                                       .base = BYTES(KEY),
                                       .incr1 = BYTES(SET SET HALF)};
    struct judge_options options = complete_options(&scene.options);
    struct dataset d;
    struct judge j;
    struct error e = {0};
    uint64_t keys, expires, commands;

    put_scene(&scene);
    ck_assert_int_eq(dataset_open(&d, dir, &options.names, &e), 0);
    judge_begin(&j, &options);
    judge_files(&j, &d, NULL);
    ck_assert_uint_eq(j.count, 3);
    ck_assert_int_eq(j.files[0].role, DATASET_ROLE_MANIFEST);
    ck_assert(!j.files[0].is_aof);
    ck_assert_int_eq(j.files[1].version, 10);
    ck_assert_uint_eq(j.files[1].keys, 1);
    ck_assert_int_eq(j.files[1].checksum, RDB_CHECKSUM_DISABLED);
    ck_assert(j.files[1].is_aof);
    ck_assert_uint_eq(j.files[2].commands, 2);
    ck_assert_uint_eq(j.files[2].good_end, 54);
    ck_assert_uint_eq(j.files[2].size_bytes, sizeof SET SET HALF - 1);
    ck_assert_int_eq(j.files[2].verdict, VERDICT_TORN);
    judge_counts(&j, &keys, &expires, &commands);
    ck_assert_uint_eq(keys, 1);
    ck_assert_uint_eq(expires, 0);
    ck_assert_uint_eq(commands, 2);
    judge_clear(&j);
    dataset_close(&d);
}
END_TEST

/* Unfinished tails that a live server is still writing. */
static const struct bytes tails[] = {
    BYTES(SET HALF),  BYTES(SET MULTI SET), BYTES(SET MULTI HALF),
    BYTES(SET "#TS"), BYTES(SET),
};

START_TEST(tells_where_a_tail_may_be_cut)
{
    struct judge_options options = {.release = release_newest()};
    struct judge j;
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    source_of_memory(&s, tails[_i].bytes, tails[_i].size);
    ck_assert_int_eq(judge_add(&j, "a", DATASET_ROLE_INCR, &s, NULL, &e), 0);
    ck_assert_uint_eq(j.files[0].good_end, sizeof SET - 1);
    judge_clear(&j);
}
END_TEST

struct stream {
    const char *bytes;
    size_t left;
    bool fails;
};

static int
pull_stream(void *context, void *bytes, size_t size, size_t *got,
            struct error *e)
{
    struct stream *stream = context;

    *got = stream->left < size ? stream->left : size;
    memcpy(bytes, stream->bytes, *got);
    stream->bytes += *got;
    stream->left -= *got;
    if (*got == 0 && stream->fails)
        return error_set(e, ERROR_FAILED, "the archive ends");
    return 0;
}

START_TEST(the_size_of_a_stream_is_found_at_its_end)
{
    struct judge_options options = {.release = release_newest()};
    struct stream stream = {.bytes = SET "!!!" SET,
                            .left = sizeof SET "!!!" SET - 1};
    struct judge j;
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    source_of_pull(&s, pull_stream, &stream, UINT64_MAX);
    ck_assert_int_eq(judge_add(&j, "a", DATASET_ROLE_INCR, &s, NULL, &e), 0);
    ck_assert_uint_eq(j.files[0].size_bytes, sizeof SET "!!!" SET - 1);
    ck_assert_uint_eq(j.files[0].good_end, 27);
    source_close(&s);
    judge_clear(&j);
}
END_TEST

START_TEST(a_file_that_fails_to_read_is_not_judged)
{
    static const enum dataset_role roles[] = {
        DATASET_ROLE_MANIFEST, DATASET_ROLE_DUMP, DATASET_ROLE_INCR};
    struct judge_options options = {.release = release_newest()};
    struct stream stream = {.bytes = "", .fails = true};
    struct judge j;
    struct source s;
    struct error e = {0};

    judge_begin(&j, &options);
    source_of_pull(&s, pull_stream, &stream, 100);
    ck_assert_int_eq(judge_add(&j, "a", roles[_i], &s, NULL, &e), -1);
    ck_assert_str_eq(e.text, "the archive ends");
    ck_assert_uint_eq(j.count, 0);
    source_close(&s);
    judge_clear(&j);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("judge");
    TCase *tc = tcase_create("judge");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_test(tc, describes_each_file);
    tcase_add_loop_test(tc, tells_where_a_tail_may_be_cut, 0,
                        sizeof tails / sizeof *tails);
    tcase_add_test(tc, the_size_of_a_stream_is_found_at_its_end);
    tcase_add_loop_test(tc, a_file_that_fails_to_read_is_not_judged, 0, 3);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
