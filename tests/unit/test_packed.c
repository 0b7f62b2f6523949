/* Ziplists, listpacks, zipmaps and intsets from bytes made by hand. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/intset.h"
#include "formats/listpack.h"
#include "formats/stream_listpack.h"
#include "formats/twins.h"
#include "formats/ziplist.h"
#include "formats/zipmap.h"

#define BYTES(text) text, sizeof(text) - 1
#define LP(size, count) size "\0\0\0" count "\0"
#define ZL(size, tail, count) size "\0\0\0" tail "\0\0\0" count "\0"

enum form { LISTPACK, ZIPLIST, ZIPMAP, INTSET };

/* Each entry as "text," or "number,". */
static const struct {
    enum form form;
    const char *bytes;
    size_t size;
    const char *entries, *error;
} cases[] = {
    {LISTPACK, BYTES(LP("\x07", "\0") "\xff"), "", NULL},
    {LISTPACK,
     BYTES(LP("\x10", "\3") "\x7f\1"
                            "\x82hi\3"
                            "\xdf\xff\2\xff"),
     "127,'hi',-1,", NULL},
    {LISTPACK, BYTES(LP("\x0b", "\1") "\xf1\x00\x80\3\xff"), "-32768,", NULL},
    {LISTPACK, BYTES(LP("\x0c", "\1") "\xf2\0\0\x80\4\xff"), "-8388608,", NULL},
    {LISTPACK, BYTES(LP("\x0d", "\1") "\xf3\0\0\0\x80\5\xff"), "-2147483648,",
     NULL},
    {LISTPACK,
     BYTES(LP("\x11", "\1") "\xf4\xff\xff\xff\xff\xff\xff\xff\x7f"
                            "\x09\xff"),
     "9223372036854775807,", NULL},
    {LISTPACK, BYTES(LP("\x0c", "\1") "\xe0\2hi\4\xff"), "'hi',", NULL},
    {LISTPACK, BYTES(LP("\x0f", "\1") "\xf0\2\0\0\0hi\7\xff"), "'hi',", NULL},
    {LISTPACK, BYTES("\x09\0\0\0\xff\xff\1\1\xff"), "1,", NULL},
    {LISTPACK, BYTES(LP("\x09", "\2") "\1\1\xff"), "1,",
     "the count of a listpack is not its count"},
    {LISTPACK, BYTES(LP("\x0a", "\1") "\1\1\xff\xff"), "1,",
     "a listpack ends before its end"},
    {LISTPACK, BYTES(LP("\x09", "\1") "\1\2\xff"), "",
     "an entry of a listpack has a wrong way back"},
    {LISTPACK, BYTES(LP("\x09", "\1") "\xf5\1\xff"), "",
     "an entry of a listpack has no known encoding"},
    {LISTPACK, BYTES(LP("\x09", "\1") "\xbf\1\xff"), "",
     "an entry of a listpack reaches beyond its end"},
    {LISTPACK, BYTES(LP("\x0c", "\1") "\xf0\xff\xff\xff\xff\xff"), "",
     "an entry of a listpack reaches beyond its end"},
    {LISTPACK, BYTES(LP("\x08", "\1") "\xe1\xff"), "",
     "an entry of a listpack has no known encoding"},
    {LISTPACK, BYTES(LP("\x09", "\1") "\1\1\xff"), "1,", NULL},
    {LISTPACK, BYTES(LP("\x0a", "\1") "\1\1\xff"), "",
     "the size in the head of a listpack is not its size"},
    {LISTPACK, BYTES(LP("\x09", "\1") "\1\1\xfe"), "",
     "a listpack does not end with FF"},
    {LISTPACK, BYTES("\6\0\0\0\0\0"), "",
     "a listpack is shorter than its head"},

    {ZIPLIST, BYTES(ZL("\x0b", "\x0a", "\0") "\xff"), "", NULL},
    {ZIPLIST,
     BYTES(ZL("\x14", "\x11", "\3") "\0\2hi"
                                    "\4\xfe\xff"
                                    "\3\xf2\xff"),
     "'hi',-1,1,", NULL},
    {ZIPLIST, BYTES(ZL("\x0f", "\x0a", "\1") "\0\xc0\0\x80\xff"), "-32768,",
     NULL},
    {ZIPLIST, BYTES(ZL("\x10", "\x0a", "\1") "\0\xf0\0\0\x80\xff"), "-8388608,",
     NULL},
    {ZIPLIST, BYTES(ZL("\x11", "\x0a", "\1") "\0\xd0\0\0\0\x80\xff"),
     "-2147483648,", NULL},
    {ZIPLIST, BYTES(ZL("\x15", "\x0a", "\1") "\0\xe0\0\0\0\0\0\0\0\x80\xff"),
     "-9223372036854775808,", NULL},
    {ZIPLIST, BYTES(ZL("\x10", "\x0a", "\1") "\0\x40\2hi\xff"), "'hi',", NULL},
    {ZIPLIST, BYTES(ZL("\x13", "\x0a", "\1") "\0\x80\0\0\0\2hi\xff"), "'hi',",
     NULL},
    {ZIPLIST, BYTES(ZL("\x11", "\x0a", "\1") "\xfe\0\0\0\0\xf1\xff"), "0,",
     NULL},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0a", "\2") "\0\xf1\xff"), "0,",
     "the count of a ziplist is not its count"},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0b", "\1") "\0\xf1\xff"), "0,",
     "the head of a ziplist points beside its last entry"},
    {ZIPLIST, BYTES(ZL("\x0f", "\x0c", "\2") "\0\xf1\3\xf1\xff"), "0,",
     "an entry of a ziplist has a wrong size for the one before it"},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0a", "\1") "\0\xff\xff"), "",
     "an entry of a ziplist reaches beyond its end or has no known encoding"},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0a", "\1") "\0\x3f\xff"), "",
     "an entry of a ziplist reaches beyond its end or has no known encoding"},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0a", "\1") "\0\xe0\xff"), "",
     "an entry of a ziplist reaches beyond its end or has no known encoding"},
    {ZIPLIST, BYTES(ZL("\x0c", "\x0a", "\1") "\0\xff"), "",
     "an entry of a ziplist lies at its end"},
    {ZIPLIST, BYTES(ZL("\x0e", "\x0a", "\1") "\0\xf1\xff\xff"), "0,",
     "a ziplist ends before its end"},
    {ZIPLIST, BYTES(ZL("\x0d", "\x0d", "\1") "\0\xf1\xff"), "",
     "the last entry of a ziplist lies beyond its end"},

    {ZIPMAP, BYTES("\1\1a\2\1hix\xff"), "'a','hi',", NULL},
    {ZIPMAP, BYTES("\xfe\1a\0\0\xff"), "'a','',", NULL},
    {ZIPMAP, BYTES("\0\xff"), "", "a zipmap without fields"},
    {ZIPMAP, BYTES("\2\1a\0\0\xff"), "'a','',",
     "the count of a zipmap is not its count"},
    {ZIPMAP, BYTES("\1\1a\0\0\xff\xff"), "'a','',",
     "a zipmap ends before its end"},
    {ZIPMAP, BYTES("\1\1a\0\0\xfd"), "", "a zipmap does not end with FF"},
    {ZIPMAP, BYTES("\1\1a\xff"), "'a',", "an entry of a zipmap is cut off"},
    {ZIPMAP, BYTES("\1\5a\xff"), "",
     "an entry of a zipmap reaches beyond its end"},
    {ZIPMAP, BYTES("\1\1a\1\1b\xff"), "'a',",
     "an entry of a zipmap reaches beyond its end"},

    {INTSET, BYTES("\2\0\0\0\2\0\0\0\xff\xff\1\0"), "", NULL},
    {INTSET, BYTES("\4\0\0\0\1\0\0\0\1\0\0\0"), "", NULL},
    {INTSET, BYTES("\2\0\0\0\2\0\0\0\1\0\xff\xff"), "",
     "the numbers of an intset do not ascend"},
    {INTSET, BYTES("\2\0\0\0\2\0\0\0\1\0\1\0"), "",
     "an intset has a number twice"},
    {INTSET, BYTES("\3\0\0\0\1\0\0\0\1\0\1"), "",
     "the width of an intset is not 2, 4 or 8"},
    {INTSET, BYTES("\2\0\0\0\xff\xff\xff\xff\1\0"), "",
     "the count of an intset is not its count"},
};

static const char *
walk(enum form form, const char *bytes, size_t size, char *entries)
{
    static packed_next *const next[] = {listpack_next, ziplist_next,
                                        zipmap_next};
    const unsigned char *copy = memcpy(malloc(size), bytes, size);
    const char *wrong = NULL;
    struct packed_entry e;
    struct packed p = {0};

    if (form == LISTPACK &&
        (wrong = listpack_check_head(copy, size, copy[size - 1])) == NULL)
        listpack_begin(&p, copy, size);
    if (form == ZIPLIST &&
        (wrong = ziplist_check_head(copy, size, copy[size - 1])) == NULL)
        ziplist_begin(&p, copy, size);
    if (form == ZIPMAP)
        zipmap_begin(&p, copy, size);
    if (form == INTSET && (wrong = intset_check_head(copy, size)) == NULL)
        wrong = intset_check_order(copy);
    while (p.bytes != NULL && next[form](&p, &e)) {
        char *at = entries + strlen(entries);

        if (e.text == NULL)
            sprintf(at, "%lld,", (long long)e.number);
        else
            sprintf(at, "'%.*s',", (int)e.size, (const char *)e.text);
    }
    free((void *)(uintptr_t)copy);
    return wrong != NULL ? wrong : p.wrong;
}

START_TEST(walks_each_and_says_what_is_wrong)
{
    char entries[200] = "";
    const char *wrong =
        walk(cases[_i].form, cases[_i].bytes, cases[_i].size, entries);

    if (cases[_i].error == NULL)
        ck_assert_msg(wrong == NULL, "%s", wrong);
    else
        ck_assert_str_eq(wrong == NULL ? "nothing" : wrong, cases[_i].error);
    ck_assert_str_eq(entries, cases[_i].entries);
}
END_TEST

/* One entry with the master's field f. */
#define NODE                           \
    "\x1c\0\0\0\x0a\0\1\1\0\1\1\1\x81" \
    "f\2\0\1\2\1\0\1\0\1\1\1\4\1\xff"

static const struct {
    size_t at;
    unsigned char byte;
    const char *error;
} nodes[] = {
    {0, 0x1c, NULL},
    {6, 2, "a stream node ends inside an entry"},
    {8, 1, "a stream node ends inside an entry"},
    {6, 0, "a stream node has more entries than it counts"},
    {10, 2, "the master entry of a stream node has no end"},
    {10, 0, "a stream node has a text where a number should be"},
    {15, 1, "the master entry of a stream node has no end"},
    {17, 3, "a stream node has a wrong count of deleted entries"},
    {17, 0, "a stream node ends inside an entry"},
    {25, 5, "an entry of a stream has a wrong count of its elements"},
    {26, 9, "an entry of a listpack has a wrong way back"},
    {4, 9, "the count of a listpack is not its count"},
};

START_TEST(walks_the_node_of_a_stream)
{
    unsigned char node[] = NODE;
    const char *wrong;
    int64_t live;

    node[nodes[_i].at] = nodes[_i].byte;
    wrong = stream_listpack_check(node, sizeof node - 1, &live);
    if (nodes[_i].error == NULL) {
        ck_assert_msg(wrong == NULL, "%s", wrong);
        ck_assert_int_eq(live, 1);
    } else {
        ck_assert_str_eq(wrong == NULL ? "nothing" : wrong, nodes[_i].error);
    }
}
END_TEST

static struct packed_entry
text(const char *string)
{
    struct packed_entry e = {.text = (const unsigned char *)string};

    e.size = strlen(string);
    return e;
}

START_TEST(a_number_and_its_digits_are_one_member)
{
    static const char *const others[] = {
        "",
        "-",
        "05",
        "-0",
        "+5",
        "5 ",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551621",
    };
    struct packed_entry five = {.number = 5}, least = {.number = INT64_MIN};
    struct packed_entry e;
    struct twins t = {0};

    ck_assert(!twins_add(&t, &five) && !twins_add(&t, &least));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        e = text(others[i]);
        ck_assert_msg(!twins_add(&t, &e), "%s", others[i]);
    }
    e = text("5");
    ck_assert(twins_add(&t, &e));
    e = text("-9223372036854775808");
    ck_assert(twins_add(&t, &e));
    twins_begin(&t);
    ck_assert(!twins_add(&t, &e));
    twins_clear(&t);
}
END_TEST

START_TEST(finds_a_member_among_many)
{
    static char names[5000][8];
    struct twins t = {0};
    struct packed_entry e;

    for (int i = 0; i < 5000; i++) {
        sprintf(names[i], "m%d", i);
        e = text(names[i]);
        ck_assert(!twins_add(&t, &e));
    }
    for (int i = 0; i < 5000; i += 7) {
        e = text(names[i]);
        ck_assert(twins_add(&t, &e));
    }
    twins_clear(&t);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("packed");
    TCase *tests = tcase_create("packed");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, walks_each_and_says_what_is_wrong, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, walks_the_node_of_a_stream, 0,
                        sizeof nodes / sizeof *nodes);
    tcase_add_test(tests, a_number_and_its_digits_are_one_member);
    tcase_add_test(tests, finds_a_member_among_many);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
