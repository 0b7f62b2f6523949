#include <check.h>
#include <stdlib.h>

#include "formats/release.h"

static const struct {
    const char *text;
    struct release release;
} good[] = {
    {"7.0.15", {.major = 7, .minor = 0, .patch = 15}},
    {"redis-6.2.14", {.major = 6, .minor = 2, .patch = 14}},
    {"valkey-8.1.1", {.valkey = true, .major = 8, .minor = 1, .patch = 1}},
    {"255.255.255", {.major = 255, .minor = 255, .patch = 255}},
};

START_TEST(reads_a_release)
{
    struct release r = {0};

    ck_assert(release_read(&r, good[_i].text));
    ck_assert_int_eq(r.valkey, good[_i].release.valkey);
    ck_assert_int_eq(r.major, good[_i].release.major);
    ck_assert_int_eq(r.minor, good[_i].release.minor);
    ck_assert_int_eq(r.patch, good[_i].release.patch);
}
END_TEST

static const char *const bad[] = {
    "",         "7",         "7.0",         "7.0.",
    "7.0.15.1", "7.0.x",     "7.0.15 ",     " 7.0.15",
    "-7.0.15",  "7..15",     "keydb-6.3.4", "valkey",
    "redis-",   "7.0.99999", "7.0.15-rc1",  "valkey-redis-7.0.1",
};

START_TEST(refuses_what_is_no_release)
{
    struct release r = {.major = 42};

    ck_assert(!release_read(&r, bad[_i]));
    ck_assert_int_eq(r.major, 42);
}
END_TEST

START_TEST(writes_a_release_for_people)
{
    char text[RELEASE_TEXT_SIZE];

    release_write(text, &(struct release){.major = 7, .patch = 15});
    ck_assert_str_eq(text, "redis 7.0.15");
    release_write(
        text,
        &(struct release){.valkey = true, .major = 8, .minor = 1, .patch = 1});
    ck_assert_str_eq(text, "valkey 8.1.1");
}
END_TEST

START_TEST(compares_major_before_minor)
{
    struct release r = {.major = 7, .minor = 2};

    ck_assert(release_at_least(&r, 7, 2));
    ck_assert(release_at_least(&r, 6, 9));
    ck_assert(!release_at_least(&r, 7, 4));
    ck_assert(!release_at_least(&r, 8, 0));
}
END_TEST

START_TEST(manifests_began_with_redis_7_and_all_valkeys_have_them)
{
    ck_assert(!release_has_manifest(&(struct release){.major = 6, .minor = 2}));
    ck_assert(release_has_manifest(&(struct release){.major = 7}));
    ck_assert(release_has_manifest(
        &(struct release){.valkey = true, .major = 7, .minor = 2}));
}
END_TEST

/* The newest version that loads; the next one must not. */
static const struct {
    const char *release;
    int version;
    bool valkey_magic;
} limits[] = {
    {"2.2.0", 1, false},         {"2.4.0", 2, false},
    {"2.8.24", 6, false},        {"3.2.13", 7, false},
    {"4.0.14", 8, false},        {"5.0.14", 9, false},
    {"6.0.16", 9, false},        {"6.2.14", 9, false},
    {"7.0.15", 10, false},       {"7.2.5", 11, false},
    {"7.4.1", 12, false},        {"8.0.0", 12, false},
    {"8.4.2", 12, false},        {"8.6.0", 13, false},
    {"8.8.0", 14, false},        {"9.0.0", 14, false},
    {"valkey-7.2.6", 11, false}, {"valkey-8.1.1", 11, false},
    {"valkey-9.0.0", 11, false}, {"valkey-9.0.0", 80, true},
    {"valkey-9.1.0", 80, true},  {"valkey-9.2.0", 81, true},
};

START_TEST(loads_rdbs_up_to_its_own_version)
{
    struct release r;
    bool valkey = limits[_i].valkey_magic;

    ck_assert(release_read(&r, limits[_i].release));
    ck_assert(release_loads_rdb(&r, limits[_i].version, valkey));
    ck_assert(!release_loads_rdb(&r, limits[_i].version + 1, valkey));
    ck_assert(!release_loads_rdb(&r, 0, valkey));
}
END_TEST

START_TEST(magics_of_the_other_product_are_refused)
{
    struct release redis = release_newest();
    struct release valkey8 = {.valkey = true, .major = 8, .minor = 1};
    struct release valkey9 = {.valkey = true, .major = 9};

    ck_assert(!release_loads_rdb(&redis, 80, true));
    ck_assert(!release_loads_rdb(&valkey8, 80, true));
    ck_assert(!release_loads_rdb(&valkey9, 79, true));
    ck_assert(!release_loads_rdb(&valkey9, 80, false));
    ck_assert(!release_loads_rdb(&valkey9, 12, false));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("release");
    TCase *tc = tcase_create("release");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, reads_a_release, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tc, refuses_what_is_no_release, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tc, writes_a_release_for_people);
    tcase_add_test(tc, compares_major_before_minor);
    tcase_add_test(tc, manifests_began_with_redis_7_and_all_valkeys_have_them);
    tcase_add_loop_test(tc, loads_rdbs_up_to_its_own_version, 0,
                        sizeof limits / sizeof *limits);
    tcase_add_test(tc, magics_of_the_other_product_are_refused);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
