#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/lzf.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *packed;
    size_t size, plain;
    const char *text; /* NULL: it cannot be unpacked */
} cases[] = {
    {BYTES("\x04hello"), 5, "hello"},
    {BYTES("\0a\x20\0"), 4, "aaaa"},
    {BYTES("\0a\xe0\x02\0"), 12, "aaaaaaaaaaaa"},
    {BYTES("\x03"
           "abcd\x60\x03\0e"),
     10, "abcdabcdae"},
    {BYTES("\x01xy\0z"), 3, "xyz"},
    {BYTES("\x04hello"), 4, NULL},
    {BYTES("\x04hello"), 6, NULL},
    {BYTES("\x05hello"), 6, NULL},
    {BYTES("\0a\x20\1"), 4, NULL},  /* from before the beginning */
    {BYTES("\0a\x20"), 4, NULL},    /* the distance is not there */
    {BYTES("\0a\xe0\0"), 10, NULL}, /* nor here */
    {BYTES("\x20\0"), 3, NULL},
    {BYTES("\0a\x20\0\0"), 4, NULL}, /* a run without bytes */
    {BYTES("\0a\x1f"), 33, NULL},    /* the longest one without bytes */
};

static bool
walk_in_steps(const unsigned char *at, size_t size, size_t step, uint64_t plain)
{
    const unsigned char *end = at + size, *until = at;
    struct lzf l = {0};

    while (at < end) {
        until = (size_t)(end - until) < step ? end : until + step;
        at = lzf_walk(&l, at, until);
        if (until == end)
            break;
    }
    return at == end && lzf_is_whole(&l, plain);
}

START_TEST(knows_what_can_be_unpacked)
{
    size_t size = cases[_i].size;
    unsigned char *packed =
        memcpy(calloc(1, size + LZF_BEHIND), cases[_i].packed, size);
    unsigned char *out = malloc(cases[_i].plain);
    bool good = cases[_i].text != NULL;
    struct lzf_string s = {packed, packed + size, cases[_i].plain};

    for (size_t step = 1; step <= size; step++)
        ck_assert(walk_in_steps(packed, size, step, cases[_i].plain) == good);
    ck_assert(lzf_check(&s, 1) == good);
    ck_assert(lzf_unpack_whole(packed, size, out, cases[_i].plain) == good);
    if (good)
        ck_assert_mem_eq(out, cases[_i].text, cases[_i].plain);
    free(packed);
    free(out);
}
END_TEST

/* Every count around the number of lanes, the broken one at every place. */
START_TEST(finds_the_broken_one_among_many)
{
    struct lzf_string s[12];
    unsigned char *all[5];

    for (size_t i = 0; i < 5; i++)
        all[i] = memcpy(calloc(1, cases[i].size + LZF_BEHIND), cases[i].packed,
                        cases[i].size);
    for (size_t n = 1; n <= 12; n++) {
        for (size_t i = 0; i < n; i++)
            s[i] = (struct lzf_string){
                all[i % 5], all[i % 5] + cases[i % 5].size, cases[i % 5].plain};
        ck_assert(lzf_check(s, n));
        for (size_t bad = 0; bad < n; bad++) {
            s[bad].size++;
            ck_assert(!lzf_check(s, n));
            s[bad].size--;
        }
    }
    for (size_t i = 0; i < 5; i++)
        free(all[i]);
}
END_TEST

START_TEST(gives_the_beginning_of_what_is_cut_off)
{
    unsigned char out[8];

    ck_assert_uint_eq(
        lzf_unpack((const unsigned char *)"\0a\xe0\x02", 4, out, 8), 1);
    ck_assert_uint_eq(
        lzf_unpack((const unsigned char *)"\0a\xe0\x02\0", 5, out, 8), 8);
    ck_assert_mem_eq(out, "aaaaaaaa", 8);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lzf");
    TCase *tests = tcase_create("lzf");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, knows_what_can_be_unpacked, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tests, finds_the_broken_one_among_many);
    tcase_add_test(tests, gives_the_beginning_of_what_is_cut_off);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
