#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/mend_set_lines.h"

#define A "file a seq 1 type b\n"

static const struct {
    const char *text, *lines; /* name:seq:type, by name */
    size_t bad;
} texts[] = {
    {"", "", 0},
    {A "file b seq 2 type i\n", "a:1:b b:2:i", 0},
    {"file b seq 2 type h\n" A, "a:1:b b:2:h", 0},
    {A "file a seq 9 type i\n", "a:1:b", 0},
    {"# file a seq 1 type b\n # b\n\n \t\r\n", "", 0},
    {"type incr FILE a SEQ 12\n", "a:12:i", 0},
    {"file ../x\\y/a seq 1 type b\n", "a:1:b", 0},
    {"file \"a\\\"b\" seq 1 type b\n", "a\"b:1:b", 0},
    {"file \"a seq 1 type b\n", "a:1:b", 0},
    {"file a seq x type y\n", "a:0:?", 0},
    {"file a seq\n", "a:0:?", 1},
    {"file a startoffset 3 seq 1 type i x\n", "a:1:i", 1},
    {"file a startoffset 3 seq 1 type i\n", "a:1:i", 0},
    {"file a seq 1 type bfile b seq 2 type i\n", "a:2:i", 1},
    {"file\n", "", 1},
    {"file ..\nfile a/\n", "", 2},
    {"seq 1 type b\n" A, "a:1:b", 1},
};

static void
write_lines(char *out, const struct mend_set_lines *lines)
{
    *out = '\0';
    for (size_t i = 0; i < lines->count; i++)
        out += sprintf(out, "%s%s:%lld:%c", i == 0 ? "" : " ",
                       lines->lines[i].name, (long long)lines->lines[i].seq,
                       lines->lines[i].type == 0 ? '?' : lines->lines[i].type);
}

START_TEST(reads_what_servers_do_not)
{
    struct mend_set_lines lines;
    char seen[400];

    mend_set_lines_read(&lines, texts[_i].text, strlen(texts[_i].text));
    write_lines(seen, &lines);
    ck_assert_str_eq(seen, texts[_i].lines);
    ck_assert_uint_eq(lines.bad, texts[_i].bad);
    mend_set_lines_clear(&lines);
}
END_TEST

START_TEST(zeros_end_a_line)
{
    static const char text[] = "file a se\0\0\0" A "file b seq 2 type i\0";
    struct mend_set_lines lines;
    char seen[400];

    mend_set_lines_read(&lines, text, sizeof text - 1);
    write_lines(seen, &lines);
    ck_assert_str_eq(seen, "a:1:b b:2:i");
    ck_assert_ptr_nonnull(mend_set_lines_find(&lines, "b"));
    ck_assert_ptr_null(mend_set_lines_find(&lines, "c"));
    mend_set_lines_clear(&lines);
}
END_TEST

START_TEST(a_line_of_a_megabyte_says_nothing)
{
    struct mend_set_lines lines;
    char *text = malloc(1 << 20);

    memset(text, 'x', 1 << 20);
    memcpy(text + (1 << 19), "\n" A, sizeof A);
    text[(1 << 19) + sizeof A] = '\n';
    mend_set_lines_read(&lines, text, 1 << 20);
    ck_assert_uint_eq(lines.count, 1);
    ck_assert_uint_eq(lines.bad, 3);
    mend_set_lines_clear(&lines);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("mend_set_lines");
    TCase *c = tcase_create("mend_set_lines");
    SRunner *r;
    int failed;

    tcase_add_loop_test(c, reads_what_servers_do_not, 0,
                        (int)(sizeof texts / sizeof *texts));
    tcase_add_test(c, zeros_end_a_line);
    tcase_add_test(c, a_line_of_a_megabyte_says_nothing);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
