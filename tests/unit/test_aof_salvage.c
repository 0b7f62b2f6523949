#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/aof.h"
#include "formats/aof_salvage.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n"   /* 27 bytes */
#define PUT "*3\r\n$3\r\nSET\r\n$1\r\nn\r\n$1\r\n7\r\n"   /* 27 bytes */
#define INCR "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n"            /* 21 bytes */
#define MULTI "*1\r\n$5\r\nMULTI\r\n"                     /* 15 bytes */
#define EXEC "*1\r\n$4\r\nEXEC\r\n"                       /* 14 bytes */
#define SELECT(n) "*2\r\n$6\r\nSELECT\r\n$1\r\n" n "\r\n" /* 23 bytes */
#define STAMP(n) "#TS:170000000" n "\r\n"                 /* 16 bytes */
#define GARBAGE "gar\rba\nge*1$7\x80\r\n"
#define HOLE "does not parse"
#define TORN "unfinished at the end of the file"
#define TORN_HIDES \
    TORN ", or of a wrong length: it holds what looks like commands"
#define REST "the rest of a transaction whose begin is lost"
#define REOPENED                                                         \
    "a transaction that was never finished; what a server wrote behind " \
    "it, once it was started again, is kept"
#define NESTED                                                     \
    "a MULTI without its EXEC before another MULTI; the commands " \
    "between are kept, as a server runs them"
#define UNFIT "no server can run it"

struct bytes {
    char *text;
    size_t size;
};

static int
append(void *context, const void *bytes, size_t size, struct error *e)
{
    struct bytes *b = context;

    (void)e;
    b->text = memory_resize(b->text, b->size + size + 1, 1);
    memcpy(b->text + b->size, bytes, size);
    b->size += size;
    b->text[b->size] = '\0';
    return 0;
}

/* The caller clears m and frees the text of out. */
static void
salvage(const char *bytes, size_t size, const struct aof_options *options,
        struct mend *m, struct bytes *out)
{
    struct source s;
    struct error e = {0};

    *out = (struct bytes){.text = memory_new(1)};
    source_of_memory(&s, bytes, size);
    mend_begin(m, &s, append, out);
    ck_assert_msg(aof_salvage(&s, options, m, &e) == 0, "%s", e.text);
    ck_assert_msg(mend_end(m, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(m->size_bytes, out->size);
}

/* Sound, of so many commands, and the salvage of it changes nothing. */
static void
assert_mended(const struct bytes *out, const struct aof_options *options,
              uint64_t commands)
{
    struct aof_result r;
    struct error e = {0};
    struct source s;
    struct mend m;
    struct bytes again;

    source_of_memory(&s, out->text, out->size);
    ck_assert_int_eq(aof_scan(&s, options, NULL, &r, &e), 0);
    ck_assert_str_eq(verdict_name(r.verdict), "sound");
    ck_assert_uint_eq(r.commands, commands);
    salvage(out->text, out->size, options, &m, &again);
    ck_assert(!m.changed);
    ck_assert_uint_eq(m.count, 0);
    ck_assert_uint_eq(m.commands, commands);
    ck_assert_mem_eq(again.text, out->text, out->size);
    mend_clear(&m);
    free(again.text);
}

#define TEXT(t) t, sizeof t - 1

/* Files that stay as they are. */
static const struct {
    const char *bytes;
    size_t size;
    uint64_t commands;
} sound[] = {
    {TEXT(""), 0},
    {TEXT(SET), 1},
    {TEXT(SELECT("0") STAMP("0") SET INCR MULTI SET INCR EXEC SET), 8},
    {TEXT("# words\r\n" SET STAMP("1")), 1},
    {TEXT(EXEC SET), 2},
    {TEXT(MULTI MULTI SET EXEC), 4},
    {TEXT(SELECT("0") MULTI SET SELECT("0") SET MULTI SET EXEC), 8},
    {TEXT("*01\r\n$04\r\nPING\r\n"), 1},
    {TEXT("*2\r\n$8\r\nJSON.GET\r\n$1\r\nk\r\n"), 1},
    {TEXT("*2\r\n$5\r\nARLEN\r\n$1\r\nk\r\n" SET), 2},
    {TEXT(SELECT("3") SET SELECT("0") SET MULTI SELECT("3") SET EXEC SET), 9},
};

START_TEST(keeps_a_sound_file_as_it_is)
{
    struct mend m;
    struct bytes out;

    salvage(sound[_i].bytes, sound[_i].size, NULL, &m, &out);
    ck_assert(!m.changed);
    ck_assert_uint_eq(m.count, 0);
    ck_assert_uint_eq(out.size, sound[_i].size);
    ck_assert_mem_eq(out.text, sound[_i].bytes, out.size);
    assert_mended(&out, NULL, sound[_i].commands);
    mend_clear(&m);
    free(out.text);
}
END_TEST

/* Damage, what is made of it, and the first loss; why NULL: none. */
static const struct {
    const char *bytes;
    size_t size;
    const char *good;
    size_t good_size;
    uint64_t commands;
    const char *why, *name;
    uint64_t offset, lost;
    int64_t lost_commands;
} mended[] = {
    /* Unfinished tails. */
    {TEXT(SET "*"), TEXT(SET), 1, TORN, NULL, 27, 1, 1},
    {TEXT(SET "*3\r\n$3\r\nSE"), TEXT(SET), 1, TORN, NULL, 27, 10, 1},
    {TEXT(SET "#TS:17"), TEXT(SET), 1, TORN, NULL, 27, 6, 0},
    {TEXT(SET MULTI SET), TEXT(SET), 1, TORN, NULL, 27, 42, 2},
    {TEXT(SET MULTI SET "*2\r\n"), TEXT(SET), 1, TORN, NULL, 27, 46, 3},
    {TEXT(SET MULTI "#T"), TEXT(SET), 1, TORN, NULL, 27, 17, 1},
    {TEXT(SET MULTI SET MULTI), TEXT(SET SET), 2, NESTED, NULL, 27, 15, 1},
    {TEXT(SET "\0\0\0\0\0\0\0"), TEXT(SET), 1, HOLE, NULL, 27, 7, -1},
    {TEXT("\0\0\0\0"), TEXT(""), 0, HOLE, NULL, 0, 4, -1},
    /* A server went on behind an unfinished MULTI. */
    {TEXT(SELECT("0") MULTI SET SELECT("0") SET SET),
     TEXT(SELECT("0") SELECT("0") SET SET), 4, REOPENED, NULL, 23, 42, 2},
    {TEXT(SELECT("0") MULTI SELECT("3") SET STAMP("1") SELECT("3") SET "*3"),
     TEXT(SELECT("0") STAMP("1") SELECT("3") SET), 3, REOPENED, NULL, 23, 65,
     3},
    {TEXT(SELECT("0") MULTI SET SELECT("0") SET MULTI SET "*1\r\n$4"),
     TEXT(SELECT("0") SELECT("0") SET), 3, REOPENED, NULL, 23, 42, 2},
    {TEXT(SELECT("0") MULTI SELECT("0") SET MULTI SELECT("0") SET),
     TEXT(SELECT("0") SELECT("0") SET SELECT("0") SET), 5, REOPENED, NULL, 23,
     15, 1},
    {TEXT(SELECT("0") MULTI SET SELECT("0") SET GARBAGE SET),
     TEXT(SELECT("0") SELECT("0") SET SET), 4, REOPENED, NULL, 23, 42, 2},
    {TEXT(GARBAGE MULTI SET PUT MULTI INCR GARBAGE SET), TEXT(SET PUT SET), 3,
     HOLE, NULL, 0, 16, -1},
    {TEXT(MULTI SELECT("0") SET), TEXT(""), 0, TORN, NULL, 0, 65, 3},
    {TEXT(SELECT("0") MULTI SELECT("3") SET), TEXT(SELECT("0")), 1, TORN, NULL,
     23, 65, 3},
    /* Holes. */
    {TEXT(SET GARBAGE SET), TEXT(SET SET), 2, HOLE, NULL, 27, 16, -1},
    {TEXT(GARBAGE SET), TEXT(SET), 1, HOLE, NULL, 0, 16, -1},
    {TEXT(SET "3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" INCR), TEXT(SET INCR),
     2, HOLE, NULL, 27, 26, -1},
    {TEXT(SET "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" INCR SET),
     TEXT(SET INCR SET), 3, HOLE, NULL, 27, 27, -1},
    {TEXT(SET "*2\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" INCR), TEXT(SET INCR),
     2, HOLE, NULL, 27, 27, -1},
    {TEXT(SET "*3\r\n$4\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" INCR SET),
     TEXT(SET INCR SET), 3, HOLE, NULL, 27, 27, -1},
    /* One byte less in a value: the command was not what it looks like. */
    {TEXT(SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nfour\r\n" INCR SET SET),
     TEXT(SET INCR SET SET), 4, HOLE, NULL, 27, 30, -1},
    /* A length that reaches behind the end, and a value that is torn. */
    {TEXT(SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$91\r\nv\r\n" INCR SET),
     TEXT(SET INCR SET), 3, HOLE, NULL, 27, 28, -1},
    {TEXT(SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$912\r\nv\r\n" INCR SET SET SET),
     TEXT(SET), 1, TORN_HIDES, NULL, 27, 131, -1},
    /* Values that hold commands. */
    {TEXT(SET "!3\r\n$3\r\nSET\r\n$1\r\nk\r\n$21\r\n" INCR "\r\n" SET INCR),
     TEXT(SET SET INCR), 3, HOLE, NULL, 27, 48, -1},
    {TEXT(SET "!3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2!\r\n" INCR "\r\n" SET INCR SET),
     TEXT(SET SET INCR SET), 4, HOLE, NULL, 27, 48, -1},
    /* Transactions. */
    {TEXT(SET MULTI SET GARBAGE INCR EXEC SET), TEXT(SET SET), 2, HOLE, NULL,
     27, 58, -1},
    {TEXT(SET MULTI SET EXEC GARBAGE INCR SET),
     TEXT(SET MULTI SET EXEC INCR SET), 6, HOLE, NULL, 83, 16, -1},
    {TEXT(SET MULTI SET GARBAGE INCR SET MULTI SET EXEC),
     TEXT(SET INCR SET MULTI SET EXEC), 6, HOLE, NULL, 27, 58, -1},
    {TEXT(SET GARBAGE INCR EXEC EXEC), TEXT(SET EXEC), 2, HOLE, NULL, 27, 16,
     -1},
    /* Numbers of a command that are wrong, and show behind it only. */
    {TEXT(SET "*2\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n" SET INCR),
     TEXT(SET SET INCR), 3, HOLE, NULL, 27, 28, -1},
    {TEXT(SET SELECT("3") "$1\r\nb\r\n" SET INCR),
     TEXT(SET SELECT("3") SET INCR), 4,
     HOLE "; a SELECT may be lost with it: then what follows goes to another "
          "database, up to the next SELECT",
     NULL, 27, 30, -1},
    {TEXT(MULTI SET "*1\r\n$4\r\nGXEC\r\n" SET MULTI SET EXEC),
     TEXT(SET MULTI SET EXEC), 4,
     "a transaction with a command that no server can run", "GXEC", 0, 56, 3},
    {TEXT(MULTI SET EXEC "$1\r\nb\r\n" SET INCR), TEXT(MULTI SET EXEC SET INCR),
     5, HOLE, NULL, 56, 7, -1},
    {TEXT(MULTI SET "*2\r\n$4\r\nEXEC\r\n$1\r\nxyz!" SET INCR), TEXT(SET INCR),
     2, HOLE, NULL, 0, 64, -1},
    {TEXT(MULTI SET "*1\r\n$4\r\nEXECyz!" SET INCR),
     TEXT(MULTI SET EXEC SET INCR), 5, HOLE, NULL, 56, 1, -1},
    /* A number that took the begin of what follows into a value. */
    {TEXT(SET "*2\r\n$4\r\nINCR\r\n$5\r\nn\r\n" SET INCR), TEXT(SET SET INCR),
     3, HOLE, NULL, 27, 21, -1},
    {TEXT(SET "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n$-1\r\n"), TEXT(SET INCR), 2,
     HOLE, NULL, 48, 5, -1},
    /* A SELECT that is hidden. */
    {TEXT(SET "*2\r\n$6\r\nSELACT\r\n$2\r\n13\r\n" SET),
     TEXT(SET "*2\r\n$6\r\nSELECT\r\n$2\r\n13\r\n" SET), 3,
     "no server can run it; taken for a SELECT", "SELACT", 27, 24, 1},
    {TEXT(SET "*\x82\r\n$6\r\nSELECT\r\n$1\r\n3\r\n" SET INCR),
     TEXT(SET SELECT("3") SET INCR), 4, HOLE, NULL, 27, 23, -1},
    /* Odd, and written as a server would. */
    {TEXT(SET "*1\r\n$4\r\nTIMExx" SET), TEXT(SET "*1\r\n$4\r\nTIME\r\n" SET),
     3, NULL, NULL, 0, 0, 0},
    {TEXT(SET "*1\n$ +4\r\nTIME\r\n"), TEXT(SET "*1\r\n$4\r\nTIME\r\n"), 2,
     NULL, NULL, 0, 0, 0},
    {TEXT(MULTI SET "*1 \r\n$4\r\nTIMExx" STAMP("2") EXEC),
     TEXT(MULTI SET "*1\r\n$4\r\nTIME\r\n" STAMP("2") EXEC), 4, NULL, NULL, 0,
     0, 0},
    {TEXT("*1x\r\n$5\r\nMULTI\r\n" SET "*1\r\n$4\r\nEXECxx"),
     TEXT(MULTI SET EXEC), 3, NULL, NULL, 0, 0, 0},
    {TEXT(SET "*1\r\n$4\r\nEXECxx" SET), TEXT(SET EXEC SET), 3, NULL, NULL, 0,
     0, 0},
    /* What no server runs. */
    {TEXT(SET "*1\r\n$0\r\n\r\n" SET), TEXT(SET SET), 2, UNFIT, "", 27, 10, 1},
    {TEXT(SET "*2\r\n$4\r\nIN\x80R\r\n$1\r\nn\r\n" SET), TEXT(SET SET), 2,
     UNFIT, "IN\\x80R", 27, 21, 1},
    {TEXT(SET "*1\r\n$4\r\nINCR\r\n" SET), TEXT(SET SET), 2, UNFIT, "INCR", 27,
     14, 1},
    {TEXT(SET "*3\r\n$4\r\nINCR\r\n$1\r\nn\r\n$1\r\nm\r\n"), TEXT(SET), 1,
     UNFIT, "INCR", 27, 28, 1},
    {TEXT(SELECT("x") SET), TEXT(SET), 1, UNFIT, "SELECT", 0, 23, 1},
    {TEXT(SET MULTI SET "*1\r\n$7\r\nDISCARD\r\n" EXEC SET), TEXT(SET SET), 2,
     "a transaction with a command that no server can run", "DISCARD", 27, 59,
     3},
    {TEXT("*2\r\n$5\r\nMULTI\r\n$1\r\nx\r\n" SET EXEC SET), TEXT(SET), 1,
     "a transaction with a command that no server can run", "MULTI", 0, 22, 1},
    {TEXT(MULTI SET "*2\r\n$4\r\nEXEC\r\n$1\r\nx\r\n" SET), TEXT(SET), 1,
     "a transaction with a command that no server can run", "EXEC", 0, 63, 3},
    /* The database that is selected where commands were left out. */
    {TEXT(SET MULTI SELECT("3") SET GARBAGE SET SET),
     TEXT(SET SELECT("3") SET SET), 4,
     "does not parse; a SELECT may be lost with it: then what follows goes to "
     "another database, up to the next SELECT",
     NULL, 27, 81, -1},
    {TEXT(MULTI SELECT("3") "*1\r\n$4\r\nINCR\r\n" EXEC SET),
     TEXT(SELECT("3") SET), 2,
     "a transaction with a command that no server can run", "INCR", 0, 52, 3},
    {TEXT(MULTI SELECT("3") GARBAGE SELECT("0") SET),
     TEXT(SELECT("3") SELECT("0") SET), 3,
     "does not parse; a SELECT may be lost with it: then "
     "what follows goes to another database, up to the next SELECT",
     NULL, 0, 54, -1},
};

START_TEST(mends_what_is_damaged_and_names_what_is_lost)
{
    struct mend m;
    struct bytes out;

    salvage(mended[_i].bytes, mended[_i].size, NULL, &m, &out);
    ck_assert(m.changed);
    ck_assert_uint_eq(out.size, mended[_i].good_size);
    ck_assert_mem_eq(out.text, mended[_i].good, out.size);
    ck_assert_int_eq(m.count > 0, mended[_i].why != NULL);
    if (m.count > 0) {
        ck_assert_str_eq(m.losses[0].why, mended[_i].why);
        ck_assert_pstr_eq(m.losses[0].name, mended[_i].name);
        ck_assert_uint_eq(m.losses[0].offset, mended[_i].offset);
        ck_assert_uint_eq(m.losses[0].size_bytes, mended[_i].lost);
        ck_assert_int_eq(m.losses[0].commands, mended[_i].lost_commands);
    }
    ck_assert_uint_eq(m.commands, mended[_i].commands);
    assert_mended(&out, NULL, mended[_i].commands);
    mend_clear(&m);
    free(out.text);
}
END_TEST

START_TEST(leaves_out_the_rest_of_a_transaction_up_to_its_exec)
{
    static const char bytes[] = SET MULTI GARBAGE INCR SET EXEC SET;
    struct mend m;
    struct bytes out;

    salvage(bytes, sizeof bytes - 1, NULL, &m, &out);
    ck_assert_str_eq(out.text, SET SET);
    ck_assert_uint_eq(m.count, 2);
    ck_assert_uint_eq(m.losses[1].offset, 58);
    ck_assert_uint_eq(m.losses[1].size_bytes, 62);
    ck_assert_int_eq(m.losses[1].commands, 3);
    ck_assert_str_eq(m.losses[1].why, REST);
    ck_assert_int_eq(m.commands_lost, -1);
    mend_clear(&m);
    free(out.text);
}
END_TEST

START_TEST(tells_the_times_around_a_hole)
{
    static const char bytes[] = GARBAGE STAMP("1") SET STAMP("2") SET GARBAGE
        "# words\r\n" SET SET STAMP("5") SET "*1\r\n$4\r\nINCR\r\n" SET;
    struct mend m;
    struct bytes out;

    salvage(bytes, sizeof bytes - 1, NULL, &m, &out);
    ck_assert_str_eq(out.text,
                     STAMP("1") SET STAMP("2") SET SET SET STAMP("5") SET SET);
    ck_assert_uint_eq(m.count, 3);
    ck_assert_int_eq(m.losses[0].after_s, -1);
    ck_assert_int_eq(m.losses[0].before_s, 1700000001);
    ck_assert_int_eq(m.losses[1].after_s, 1700000002);
    ck_assert_int_eq(m.losses[1].before_s, 1700000005);
    ck_assert_int_eq(m.losses[2].after_s, 1700000005);
    ck_assert_int_eq(m.losses[2].before_s, -1);
    mend_clear(&m);
    free(out.text);
}
END_TEST

START_TEST(keeps_what_the_servers_own_program_wrote)
{
    static const char bytes[] = SET "*2\r\n$5\r\nMYSET\r\n$1\r\nx\r\n" GARBAGE
                                    "*2\r\n$5\r\nMYSET\r\n$1\r\ny\r\n";
    const struct aof_options own = {.own_commands = true};
    struct mend m;
    struct bytes out;

    salvage(bytes, sizeof bytes - 1, &own, &m, &out);
    ck_assert_uint_eq(m.count, 1);
    ck_assert_uint_eq(out.size, 27 + 2 * 22);
    assert_mended(&out, &own, 3);
    mend_clear(&m);
    free(out.text);
}
END_TEST

START_TEST(only_finds_out_when_nothing_takes_the_bytes)
{
    static const char bytes[] = SET GARBAGE SET SET "*1\r\n$4\r\nTIMExx";
    struct source s;
    struct mend m;
    struct error e = {0};

    source_of_memory(&s, bytes, sizeof bytes - 1);
    mend_begin(&m, &s, NULL, NULL);
    ck_assert_int_eq(aof_salvage(&s, NULL, &m, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_uint_eq(m.size_bytes, 3 * 27 + 14);
    ck_assert_uint_eq(m.commands, 4);
    mend_clear(&m);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("aof_salvage");
    TCase *tc = tcase_create("aof_salvage");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_loop_test(tc, keeps_a_sound_file_as_it_is, 0,
                        sizeof sound / sizeof *sound);
    tcase_add_loop_test(tc, mends_what_is_damaged_and_names_what_is_lost, 0,
                        sizeof mended / sizeof *mended);
    tcase_add_test(tc, leaves_out_the_rest_of_a_transaction_up_to_its_exec);
    tcase_add_test(tc, tells_the_times_around_a_hole);
    tcase_add_test(tc, keeps_what_the_servers_own_program_wrote);
    tcase_add_test(tc, only_finds_out_when_nothing_takes_the_bytes);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
