#include "repo/digest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* FIPS 180-2, appendix B, and the empty message. */
static const struct {
    const char *text, *hex;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(gives_the_sums_of_the_standard)
{
    char hex[DIGEST_HEX_SIZE];

    digest_of(known[_i].text, strlen(known[_i].text), hex);
    ck_assert_str_eq(hex, known[_i].hex);
}
END_TEST

START_TEST(does_not_care_how_the_bytes_are_cut)
{
    char block[1000], whole[DIGEST_HEX_SIZE], parts[DIGEST_HEX_SIZE];
    struct digest d;

    memset(block, 'x', sizeof block);
    digest_of(block, sizeof block, whole);
    digest_begin(&d);
    for (size_t at = 0, n = 0; at < sizeof block; at += n, n = n % 67 + 1) {
        if (n > sizeof block - at)
            n = sizeof block - at;
        digest_add(&d, block + at, n);
    }
    digest_end(&d, parts);
    ck_assert_str_eq(parts, whole);
}
END_TEST

START_TEST(can_be_given_back_at_any_time)
{
    struct digest d = {0};

    digest_clear(&d);
    digest_begin(&d);
    digest_add(&d, "abc", 3);
    digest_clear(&d);
    ck_assert_ptr_null(d.state);
    digest_clear(&d);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("digest");
    TCase *cases = tcase_create("digest");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, gives_the_sums_of_the_standard, 0,
                        (int)(sizeof known / sizeof *known));
    tcase_add_test(cases, does_not_care_how_the_bytes_are_cut);
    tcase_add_test(cases, can_be_given_back_at_any_time);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
