#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof_manifest.h"

#define BASE "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define INCR1 "file appendonly.aof.1.incr.aof seq 1 type i\n"
#define INCR2 "file appendonly.aof.2.incr.aof seq 2 type i\n"

static int
read_text(struct aof_manifest *m, const char *text, struct error *e)
{
    return aof_manifest_read(m, text, strlen(text), e);
}

START_TEST(reads_what_servers_write)
{
    static const char text[] = BASE
        "file appendonly.aof.9.incr.aof seq 9 type h\n" INCR1
        "file appendonly.aof.2.incr.aof seq 2 type i startoffset 100 "
        "endoffset 200\n";
    struct aof_manifest m;
    struct error e = {0};

    ck_assert_int_eq(read_text(&m, text, &e), 0);
    ck_assert_uint_eq(m.count, 4);
    ck_assert_str_eq(aof_manifest_base(&m)->name, "appendonly.aof.1.base.rdb");
    ck_assert_str_eq(aof_manifest_last_incr(&m)->name,
                     "appendonly.aof.2.incr.aof");
    ck_assert_int_eq(m.parts[1].type, AOF_HISTORY);
    ck_assert_int_eq(m.parts[1].seq, 9);
    ck_assert_int_eq(m.parts[2].start_offset, -1);
    ck_assert_int_eq(m.parts[3].start_offset, 100);
    ck_assert_int_eq(m.parts[3].end_offset, 200);
    aof_manifest_clear(&m);
    ck_assert_uint_eq(m.count, 0);
}
END_TEST

/* One part each, as a server reads it. */
static const struct {
    const char *text, *name;
    int64_t seq;
    char type;
} taken[] = {
    {"type b seq 1 file a\n", "a", 1, 'b'},
    {"FILE a SEQ 1 TYPE b\n", "a", 1, 'b'},
    {"file a seq 1 type b\r\n", "a", 1, 'b'},
    {" \t file   a seq\t1 type b  \n", "a", 1, 'b'},
    {"file a seq 1 type base\n", "a", 1, 'b'},
    {"file a seq 1 type incremental\n", "a", 1, 'i'},
    {"file a seq -7 type b\n", "a", -7, 'b'},
    {"file a seq 7x type b\n", "a", 7, 'b'},
    {"file a seq 1 type b new key\n", "a", 1, 'b'},
    {"file x seq 9 type h file a seq 1 type b\n", "a", 1, 'b'},
    {"# a comment\nfile a seq 1 type b\n", "a", 1, 'b'},
    {"file a seq 1 type b\n# without line feed", "a", 1, 'b'},
    {"file 'a b' seq 1 type b\n", "a b", 1, 'b'},
    {"file \"a b\" seq 1 type b\n", "a b", 1, 'b'},
    {"file a\" \"b seq 1 type b\n", NULL, 0, 0},
    {"file a\" b\" seq 1 type b\n", "a b", 1, 'b'},
    {"file \"\\x41\\n\\r\\t\\b\\a\\q\\\"\" seq 1 type b\n", "A\n\r\t\b\aq\"", 1,
     'b'},
    {"file \"\\x4\" seq 1 type b\n", "x4", 1, 'b'},
    {"file 'it\\'s' seq 1 type b\n", "it's", 1, 'b'},
    {"file 'a\\nb' seq 1 type b\n", NULL, 0, 0},
    {"file \"a\\x00/b\" seq 1 type b\n", "a", 1, 'b'},
    {"file .. seq 1 type b\n", "..", 1, 'b'},
    {"file \"\" seq 1 type b\n", "", 1, 'b'},
    {"file a seq 99999999999999999999 type b\n", "a", INT64_MAX, 'b'},
    {"file a\vb seq 1 type b\n", "a\vb", 1, 'b'},
    {"file \"a\"\vseq 1 type b\n", "a", 1, 'b'},
};

START_TEST(takes_a_line_as_a_server_does)
{
    struct aof_manifest m;
    struct error e = {0};
    int rc = read_text(&m, taken[_i].text, &e);

    if (taken[_i].name == NULL) {
        ck_assert_int_eq(rc, -1);
        return;
    }
    ck_assert_msg(rc == 0, "%s", e.text);
    ck_assert_uint_eq(m.count, 1);
    ck_assert_str_eq(m.parts[0].name, taken[_i].name);
    ck_assert_int_eq(m.parts[0].seq, taken[_i].seq);
    ck_assert_int_eq((char)m.parts[0].type, taken[_i].type);
    aof_manifest_clear(&m);
}
END_TEST

#define FORMAT " (Invalid AOF manifest file format)"

static const struct {
    const char *text, *error;
} refused[] = {
    {"", "it is empty (Found an empty AOF manifest)"},
    {"\n", "line 1: a blank line" FORMAT},
    {INCR1 " \t\r\n" INCR2, "line 2: a blank line" FORMAT},
    {BASE BASE, "line 2: a second base file (Found duplicate base file "
                "information)"},
    {INCR2 INCR1, "line 2: seq 1 does not rise above 2 (Found a "
                  "non-monotonic sequence number)"},
    {INCR1 INCR1, "line 2: seq 1 does not rise above 1 (Found a "
                  "non-monotonic sequence number)"},
    {"file a seq -1 type i\n", "line 1: seq -1 does not rise above 0 (Found a "
                               "non-monotonic sequence number)"},
    {"file a seq 1 type x\n",
     "line 1: type is not b, i or h (Unknown AOF file type)"},
    {"file a seq 1 type B\n",
     "line 1: type is not b, i or h (Unknown AOF file type)"},
    {"file a seq 1 type \"\"\n", "line 1: type is missing" FORMAT},
    {"file a seq 0 type b\n", "line 1: seq is missing, 0 or no number" FORMAT},
    {"file a seq x type b\n", "line 1: seq is missing, 0 or no number" FORMAT},
    {"filx a seq 1 type b\n", "line 1: file is missing" FORMAT},
    {"file a type b\n", "line 1: 4 words, expected three or more pairs" FORMAT},
    {"file a seq 1 type b new\n",
     "line 1: 7 words, expected three or more pairs" FORMAT},
    {" # indented\n", "line 1: 2 words, expected three or more pairs" FORMAT},
    {"file ../a seq 1 type b\n", "line 1: file '../a' is a path (File can't "
                                 "be a path, just a filename)"},
    {"file a\\b seq 1 type b\n", "line 1: file 'a\\b' is a path (File can't "
                                 "be a path, just a filename)"},
    {"file \"a seq 1 type b\n", "line 1: quotes do not match" FORMAT},
    {"file 'a seq 1 type b\n", "line 1: quotes do not match" FORMAT},
    {"file \"a\"b seq 1 type b\n", "line 1: quotes do not match" FORMAT},
    {"file 'a'b seq 1 type b\n", "line 1: quotes do not match" FORMAT},
    {BASE "file a seq 1 type i",
     "line 2: the last line has no line feed (The AOF manifest file contains "
     "too long line)"},
};

START_TEST(refuses_and_says_why)
{
    struct aof_manifest m;
    struct error e = {0};

    ck_assert_int_eq(read_text(&m, refused[_i].text, &e), -1);
    ck_assert_str_eq(e.text, refused[_i].error);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_uint_eq(m.count, 0);
}
END_TEST

START_TEST(a_zero_byte_ends_a_line_too_early)
{
    static const char text[] = "file a\0 seq 1 type b\n";
    struct aof_manifest m;
    struct error e = {0};

    ck_assert_int_eq(aof_manifest_read(&m, text, sizeof text - 1, &e), -1);
    ck_assert_str_eq(e.text, "line 1: a zero byte (The AOF manifest file "
                             "contains too long line)");
}
END_TEST

START_TEST(only_comments_are_a_manifest_without_files)
{
    struct aof_manifest m;
    struct error e = {0};

    ck_assert_int_eq(read_text(&m, "# nothing\n", &e), 0);
    ck_assert_uint_eq(m.count, 0);
    ck_assert_ptr_null(aof_manifest_base(&m));
    ck_assert_ptr_null(aof_manifest_last_incr(&m));
    aof_manifest_clear(&m);
}
END_TEST

/* A line of size bytes, line feed included, by a key nobody knows. */
static void
write_line(char *out, int size)
{
    int used = sprintf(out, "file a seq 1 type b pad ");

    memset(out + used, 'x', (size_t)(size - used - 1));
    strcpy(out + size - 1, "\n");
}

START_TEST(a_line_may_have_1024_bytes_and_no_more)
{
    char text[1100];
    struct aof_manifest m;
    struct error e = {0};

    write_line(text, 1024);
    ck_assert_int_eq(read_text(&m, text, &e), 0);
    aof_manifest_clear(&m);
    write_line(text, 1025);
    ck_assert_int_eq(read_text(&m, text, &e), -1);
    ck_assert_str_eq(e.text, "line 1: longer than 1024 bytes (The AOF "
                             "manifest file contains too long line)");
}
END_TEST

START_TEST(the_rest_of_a_long_comment_is_a_line)
{
    char text[1100];
    struct aof_manifest m;
    struct error e = {0};

    memset(text, '#', 1024);
    strcpy(text + 1024, "file a seq 1 type b\n");
    ck_assert_int_eq(read_text(&m, text, &e), 0);
    ck_assert_uint_eq(m.count, 1);
    aof_manifest_clear(&m);
}
END_TEST

START_TEST(writes_base_history_incr)
{
    struct aof_part parts[] = {
        {"i1", 1, AOF_INCR, 100, 200},
        {"h", 7, AOF_HISTORY, -1, -1},
        {"my \"b\"", 2, AOF_BASE, -1, -1},
        {"i2", 2, AOF_INCR, -1, -1},
    };
    struct aof_manifest m = {0};
    char *text;
    size_t size;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        aof_manifest_add(&m, &parts[i]);
    text = aof_manifest_write(&m, &size);
    ck_assert_str_eq(text, "file \"my \\\"b\\\"\" seq 2 type b\n"
                           "file h seq 7 type h\n"
                           "file i1 seq 1 type i startoffset 100 endoffset "
                           "200\n"
                           "file i2 seq 2 type i\n");
    ck_assert_uint_eq(size, strlen(text));
    free(text);
    aof_manifest_clear(&m);
}
END_TEST

/* Names that a server's own line would not always survive. */
static const char *const names[] = {
    "appendonly.aof.1.base.rdb",
    "a b",
    "it's",
    "\"",
    "\x01\x7f\xff",
    "\n",
    "caf\xc3\xa9",
    "#",
    "x41",
    "\a\b\t\r",
    "",
    "a\vb\f",
};

START_TEST(any_name_comes_back_as_it_was)
{
    struct aof_part part = {
        .seq = 5, .type = AOF_BASE, .start_offset = -1, .end_offset = -1};
    struct aof_manifest m = {0}, back;
    struct error e = {0};
    char name[300], *text;
    size_t size;

    strcpy(name, names[_i]);
    part.name = name;
    aof_manifest_add(&m, &part);
    text = aof_manifest_write(&m, &size);
    ck_assert_msg(aof_manifest_read(&back, text, size, &e) == 0, "%s", e.text);
    ck_assert_str_eq(back.parts[0].name, name);
    free(text);
    aof_manifest_clear(&m);
    aof_manifest_clear(&back);
}
END_TEST

START_TEST(the_longest_name_is_still_one_line)
{
    char name[256];
    struct aof_part part = {.name = name,
                            .seq = INT64_MAX,
                            .type = AOF_INCR,
                            .start_offset = INT64_MAX,
                            .end_offset = INT64_MAX};
    struct aof_manifest m = {0}, back;
    struct error e = {0};
    char *text;
    size_t size;

    memset(name, "\xff\n\x01"[_i], 255);
    name[255] = '\0';
    aof_manifest_add(&m, &part);
    text = aof_manifest_write(&m, &size);
    ck_assert_uint_le(size, 1024);
    ck_assert_msg(aof_manifest_read(&back, text, size, &e) == 0, "%s", e.text);
    ck_assert_str_eq(back.parts[0].name, name);
    free(text);
    aof_manifest_clear(&m);
    aof_manifest_clear(&back);
}
END_TEST

START_TEST(more_files_than_its_limit_are_refused)
{
    size_t size = 0, capacity = 40 * (AOF_MANIFEST_PARTS_MAX + 1);
    char *text = malloc(capacity);
    struct aof_manifest m;
    struct error e = {0};

    for (int i = 0; i <= AOF_MANIFEST_PARTS_MAX; i++)
        size += (size_t)snprintf(text + size, capacity - size,
                                 "file a seq %d type h\n", i + 1);
    ck_assert_int_eq(aof_manifest_read(&m, text, size, &e), -1);
    ck_assert_str_eq(e.text, "line 65537: more than 65536 files");
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof_manifest");
    TCase *tc = tcase_create("aof_manifest");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, reads_what_servers_write);
    tcase_add_loop_test(tc, takes_a_line_as_a_server_does, 0,
                        sizeof taken / sizeof *taken);
    tcase_add_loop_test(tc, refuses_and_says_why, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tc, a_zero_byte_ends_a_line_too_early);
    tcase_add_test(tc, only_comments_are_a_manifest_without_files);
    tcase_add_test(tc, a_line_may_have_1024_bytes_and_no_more);
    tcase_add_test(tc, the_rest_of_a_long_comment_is_a_line);
    tcase_add_test(tc, writes_base_history_incr);
    tcase_add_loop_test(tc, any_name_comes_back_as_it_was, 0,
                        sizeof names / sizeof *names);
    tcase_add_loop_test(tc, the_longest_name_is_still_one_line, 0, 3);
    tcase_add_test(tc, more_files_than_its_limit_are_refused);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
