#include "daemon/http_head.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct http_head head;
static char bytes[64 * 1024];

static void
begin(void)
{
    memset(&head, 0, sizeof head);
}

static void
take(const char *text)
{
    http_head_take(&head, text, strlen(text));
}

START_TEST(ends_at_the_empty_line)
{
    take("GET / HTTP/1.1\r\nA: b\r\n");
    ck_assert(!head.done);
    take("\r");
    ck_assert(!head.done);
    take("\nGET /2 HTTP/1.1\r\n");
    ck_assert(head.done);
    ck_assert_uint_eq(head.lines, 3);
    ck_assert_uint_eq(head.bytes, strlen("GET / HTTP/1.1\r\nA: b\r\n\r\n"));
}
END_TEST

START_TEST(ends_at_bare_line_ends_too)
{
    take("GET / HTTP/1.1\nA: b\n\n");
    ck_assert(head.done);
}
END_TEST

/* Bytes of the request line, and what it is answered with. */
static const struct {
    size_t length;
    int refusal;
} lines[] = {{4096, 0}, {4097, 414}, {60000, 414}};

START_TEST(limits_the_request_line)
{
    memset(bytes, 'x', lines[_i].length);
    memcpy(bytes + lines[_i].length - 9, " HTTP/1.1", 9);
    http_head_take(&head, bytes, lines[_i].length);
    take("\r\n");
    ck_assert_int_eq(head.refusal, lines[_i].refusal);
}
END_TEST

START_TEST(limits_the_bytes_of_the_head)
{
    memset(bytes, 'x', HTTP_HEAD_MAX);
    take("GET / HTTP/1.1\r\n");
    http_head_take(&head, bytes, HTTP_HEAD_MAX - 16);
    ck_assert_int_eq(head.refusal, 0);
    take("x");
    ck_assert_int_eq(head.refusal, 431);
    take("\r\n\r\n");
    ck_assert(!head.done);
}
END_TEST

START_TEST(limits_the_headers)
{
    take("GET / HTTP/1.1\n");
    for (int i = 1; i < HTTP_HEAD_LINES_MAX; i++)
        take("a:\n");
    ck_assert_int_eq(head.refusal, 0);
    take("a:\n");
    ck_assert_int_eq(head.refusal, 431);
}
END_TEST

static const struct {
    const char *line;
    int refusal;
} versions[] = {
    {"GET / HTTP/1.1\r\n", 0},
    {"GET / HTTP/1.0\n", 0},
    {"GET / HTTP/1.2\r\n", 400},
    {"GET / HTTP/0.9\r\n", 400},
    {"GET / HTTP/2.0\r\n", 400},
    {"GET / HTTP/-1.1\r\n", 400},
    {"GET /\r\n", 400},
    {"GET /HTTP/1.1\r\n", 400},
    {"\r\n", 400},
    {"GET / HTTP/1.1 \r\n", 400},
};
enum { VERSIONS = sizeof versions / sizeof *versions };

START_TEST(takes_two_versions_only)
{
    take(versions[_i].line);
    ck_assert_int_eq(head.refusal, versions[_i].refusal);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
} foreign[] = {
    {"GET /\0 HTTP/1.1", 15},        {"GET /\x1b HTTP/1.1", 15},
    {"GET / HTTP/1.1\r\r\n", 17},    {"GET / HTTP/1.1\r\nA: b\rC: d", 26},
    {"GET / HTTP/1.1\r\nA: \0", 20},
};

START_TEST(refuses_bytes_that_others_may_read_otherwise)
{
    http_head_take(&head, foreign[_i].bytes, foreign[_i].size);
    ck_assert_int_eq(head.refusal, 400);
}
END_TEST

START_TEST(takes_tabs_and_what_is_no_ascii)
{
    take("GET /\xff HTTP/1.1\r\nA:\tb \xc3\xa4\r\n\r\n");
    ck_assert_int_eq(head.refusal, 0);
    ck_assert(head.done);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_head");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, ends_at_the_empty_line);
    tcase_add_test(cases, ends_at_bare_line_ends_too);
    tcase_add_loop_test(cases, limits_the_request_line, 0, 3);
    tcase_add_test(cases, limits_the_bytes_of_the_head);
    tcase_add_test(cases, limits_the_headers);
    tcase_add_loop_test(cases, refuses_bytes_that_others_may_read_otherwise, 0,
                        5);
    tcase_add_test(cases, takes_tabs_and_what_is_no_ascii);
    tcase_add_loop_test(cases, takes_two_versions_only, 0, VERSIONS);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
