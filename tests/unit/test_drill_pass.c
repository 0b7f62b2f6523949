#include "jobs/drill_touch.h"

#include "folder.h"

#define BYTES(text) text, sizeof text - 1

/* The moments between which a server looked at expiries. */
enum { FROM_MS = 1000, UNTIL_MS = 2000 };

/* Milliseconds, little endian. */
#define AT_500 "\xfc\xf4\x01\0\0\0\0\0\0"
#define AT_1500 "\xfc\xdc\x05\0\0\0\0\0\0"
#define AT_2500 "\xfc\xc4\x09\0\0\0\0\0\0"
#define FAR_AWAY "\xfc\0\0\0\0\x01\0\0\0" /* 2^32 ms: 49 days */

static const char rdb[] = "REDIS0011\xfe\0"
                          "\0\x01"
                          "a"
                          "\x01"
                          "1"
                          "\0\x02"
                          "aa"
                          "\x03"
                          "xyz" AT_500 "\0\x01"
                          "b"
                          "\x01"
                          "2" AT_1500 "\0\x01"
                          "c"
                          "\x01"
                          "3" AT_2500 "\0\x01"
                          "d"
                          "\x01"
                          "4" FAR_AWAY "\0\x01"
                          "e"
                          "\x01"
                          "5"
                          "\x01\x04"
                          "void"
                          "\0"
                          "\xfe\x03"
                          "\x01\x04"
                          "list"
                          "\x01\x01"
                          "v"
                          "\xff\0\0\0\0\0\0\0\0";

static struct drill_pass p;
static int fd;

static void
begin(void)
{
    folder_begin();
    ck_assert_int_eq(file_replace(dir, "rdb", BYTES(rdb), 0600, &e), 0);
    fd = file_open(dir, "rdb", &e);
    p = (struct drill_pass){
        .from_ms = FROM_MS, .until_ms = UNTIL_MS, .seed = 7};
    ck_assert_msg(drill_pass_run(&p, fd, sizeof rdb - 1, NULL, &e) == 0, "%s",
                  e.text);
}

static void
finish(void)
{
    drill_pass_clear(&p);
    close(fd);
    folder_end();
}

/* Of the sample, or NULL. */
static struct drill_pass_key *
find(const char *name)
{
    for (int type = 0; type < DRILL_PASS_TYPES; type++)
        for (int i = 0; i < DRILL_PASS_EACH; i++) {
            struct drill_pass_key *key = &p.sample[type][i];

            if (key->name != NULL && key->name_size == strlen(name) &&
                memcmp(key->name, name, key->name_size) == 0)
                return key;
        }
    return NULL;
}

START_TEST(counts_what_may_and_what_must_be_there)
{
    struct drill_pass_database d = drill_pass_find(&p, 0);

    ck_assert_int_eq(d.keys_least, 4);    /* a aa d e */
    ck_assert_int_eq(d.keys_most, 6);     /* and c, void */
    ck_assert_int_eq(d.expires_least, 2); /* d e */
    ck_assert_int_eq(d.expires_most, 3);
    d = drill_pass_find(&p, 3);
    ck_assert_int_eq(d.keys_least, 1);
    ck_assert_int_eq(d.keys_most, 1);
    ck_assert_int_eq(drill_pass_find(&p, 1).keys_most, 0);
    ck_assert_uint_eq(p.database_count, 2);
}
END_TEST

START_TEST(samples_what_does_not_expire_meanwhile)
{
    ck_assert_ptr_nonnull(find("a"));
    ck_assert_ptr_nonnull(find("aa"));
    ck_assert_ptr_nonnull(find("e"));
    ck_assert_int_eq(find("e")->expire_ms, INT64_C(1) << 32);
    ck_assert_ptr_nonnull(find("list"));
    ck_assert_uint_eq(find("list")->db, 3);
    ck_assert_ptr_null(find("c"));
    ck_assert_ptr_null(find("d"));
    ck_assert_ptr_null(find("void"));
}
END_TEST

START_TEST(a_value_is_as_dump_has_it)
{
    /* DUMP of "xyz" by redis 7.2 (RDB version 11). */
    static const unsigned char head[] = "\0\x03xyz\x0b\0";
    char type[16];
    size_t size;
    unsigned char *dump = drill_pass_dump(&p, fd, find("aa"), &size, &e);

    ck_assert_ptr_nonnull(dump);
    ck_assert_uint_eq(size, sizeof head - 1 + 8);
    ck_assert_mem_eq(dump, head, sizeof head - 1);
    free(dump);
    drill_pass_type(type, sizeof type, &p, find("list"));
    ck_assert_str_eq(type, "list");
}
END_TEST

static const struct {
    const char *commands;
    bool a, aa, e;
} touched[] = {
    {"", true, true, true},
    {"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nx\r\n", false, true, true},
    {"#TS:1795347000\r\n*2\r\n$3\r\nDEL\r\n$2\r\naa\r\n", true, false, true},
    {"*3\r\n$4\r\nMSET\r\n$1\r\ne\r\n$1\r\na\r\n", false, true, false},
    {"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", true, true, true},
    /* What is no word of its own names nothing. */
    {"*2\r\n$3\r\nSET\r\n$7\r\n$1\r\na\r\n\r\n", true, true, true},
    {"*1\r\n$8\r\nFLUSHALL\r\n", false, false, false},
    {"*1\r\n$7\r\nflushDB\r\n", false, false, false},
    {"*3\r\n$4\r\nEVAL\r\n$1\r\nx\r\n$1\r\n0\r\n", false, false, false},
    {"*x\r\n", false, false, false},
    {"*2\r\n$3\r\nSET", false, false, false},
    {"*0\r\n", false, false, false},
    {"*1\r\n$99999999999999999999\r\n", false, false, false},
};

START_TEST(leaves_out_what_commands_name)
{
    char text[4096];
    int incr;

    /* Behind something else, as in an AOF with an RDB in front. */
    snprintf(text, sizeof text, "REDIS%s", touched[_i].commands);
    put("incr", text);
    incr = file_open(dir, "incr", &e);
    ck_assert_msg(drill_touch_remove(&p, incr, 5, strlen(text), NULL, &e) == 0,
                  "%s", e.text);
    close(incr);
    ck_assert_int_eq(find("a") != NULL, touched[_i].a);
    ck_assert_int_eq(find("aa") != NULL, touched[_i].aa);
    ck_assert_int_eq(find("e") != NULL, touched[_i].e);
}
END_TEST

START_TEST(a_long_word_is_passed_over)
{
    char *text = malloc(200000);
    int incr, n = sprintf(text, "*2\r\n$3\r\nSET\r\n$100000\r\n");

    memset(text + n, 'a', 100000);
    strcpy(text + n + 100000, "\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n");
    put("incr", text);
    incr = file_open(dir, "incr", &e);
    ck_assert_int_eq(drill_touch_remove(&p, incr, 0, strlen(text), NULL, &e),
                     0);
    close(incr);
    free(text);
    ck_assert_ptr_null(find("a"));
    ck_assert_ptr_nonnull(find("aa"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("drill_pass");
    TCase *cases = tcase_create("drill_pass");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, begin, finish);
    tcase_add_test(cases, counts_what_may_and_what_must_be_there);
    tcase_add_test(cases, samples_what_does_not_expire_meanwhile);
    tcase_add_test(cases, a_value_is_as_dump_has_it);
    tcase_add_loop_test(cases, leaves_out_what_commands_name, 0,
                        sizeof touched / sizeof *touched);
    tcase_add_test(cases, a_long_word_is_passed_over);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
