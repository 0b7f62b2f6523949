#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n" /* 27 bytes */
#define BLA "*1\r\n$3\r\nbla\r\n"
#define SHORT "*2\r\n$3\r\nSET\r\n$1\r\nk\r\n"
#define ALONE "*1\r\n$3\r\nSET\r\n"
#define LONG "*3\r\n$4\r\nINCR\r\n$1\r\nk\r\n$1\r\nk\r\n"
#define LPOP "*3\r\n$4\r\nLPOP\r\n$1\r\nk\r\n$1\r\n2\r\n"
#define HEXPIRE                                                         \
    "*6\r\n$7\r\nHEXPIRE\r\n$1\r\nk\r\n$1\r\n9\r\n$6\r\nFIELDS\r\n$1\r" \
    "\n1\r\n$1\r\nf\r\n"
#define XGROUP "*1\r\n$6\r\nXGROUP\r\n"
#define PART "*4\r\n$6\r\nXGROUP\r\n$7\r\nDESTROY\r\n$1\r\nk\r\n$1\r\ng\r\n"
#define NO_PART "*2\r\n$6\r\nXGROUP\r\n$3\r\nbla\r\n"
#define SHORT_PART "*3\r\n$6\r\nXGROUP\r\n$7\r\nDESTROY\r\n$1\r\nk\r\n"
#define JSON "*4\r\n$8\r\nJSON.SET\r\n$1\r\nk\r\n$1\r\n$\r\n$1\r\n1\r\n"
#define SELECT(n) "*2\r\n$6\r\nSELECT\r\n$1\r\n" n "\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define DISCARD "*1\r\n$7\r\nDISCARD\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"

#define TEXT(t) t, sizeof t - 1

/* Behind one SET that is right, and before more of them. */
static const struct {
    const char *bytes;
    size_t size;
    const char *release;
    enum verdict verdict;
    bool refused;
    const char *code; /* of the one finding; NULL none */
} judged[] = {
    {TEXT(BLA), "7.0.15", VERDICT_DAMAGED, true, "aof-command-unknown"},
    {TEXT(BLA), NULL, VERDICT_DAMAGED, true, "aof-command-unknown"},
    {TEXT(MULTI BLA EXEC), "8.0.2", VERDICT_DAMAGED, true,
     "aof-command-unknown"},
    {TEXT(MULTI SET DISCARD EXEC), "8.8.0", VERDICT_DAMAGED, true,
     "aof-discard"},
    {TEXT(DISCARD), "7.0.15", VERDICT_SOUND, false, NULL},
    {TEXT(HEXPIRE), NULL, VERDICT_SOUND, false, NULL},
    {TEXT(HEXPIRE), "8.0.2", VERDICT_SOUND, false, NULL},
    {TEXT(HEXPIRE HEXPIRE HEXPIRE), "valkey-9.1.2", VERDICT_SOUND, false, NULL},
    {TEXT(HEXPIRE), "7.0.15", VERDICT_SOUND, true, "aof-command-version"},
    {TEXT(HEXPIRE), "valkey-8.1.1", VERDICT_SOUND, true, "aof-command-version"},
    {TEXT(ALONE), "7.0.15", VERDICT_DAMAGED, true, "aof-words-few"},
    {TEXT("*1\r\n$3\r\nDEL\r\n"), "7.0.15", VERDICT_DAMAGED, false,
     "aof-words-few"},
    {TEXT(SHORT), "7.0.15", VERDICT_DAMAGED, true, "aof-words-few"},
    {TEXT("*2\r\n$4\r\nHGET\r\n$1\r\nk\r\n"), "7.0.15", VERDICT_DAMAGED, false,
     "aof-words-few"},
    {TEXT(SHORT), "valkey-8.1.1", VERDICT_DAMAGED, true, "aof-words-few"},
    {TEXT(LONG), "8.0.2", VERDICT_DAMAGED, false, "aof-words-many"},
    {TEXT(LONG), "valkey-9.1.2", VERDICT_DAMAGED, true, "aof-words-many"},
    {TEXT(LPOP), "7.0.15", VERDICT_SOUND, false, NULL},
    {TEXT(LPOP), "6.0.16", VERDICT_DAMAGED, false, "aof-words-many"},
    {TEXT(XGROUP), "7.0.15", VERDICT_DAMAGED, true, "aof-words-few"},
    {TEXT(XGROUP), "6.0.16", VERDICT_DAMAGED, true, "aof-words-few"},
    {TEXT(PART), "7.0.15", VERDICT_SOUND, false, NULL},
    {TEXT(PART), "6.0.16", VERDICT_SOUND, false, NULL},
    {TEXT(NO_PART), "7.0.15", VERDICT_DAMAGED, true, "aof-command-unknown"},
    {TEXT(NO_PART), "6.0.16", VERDICT_DAMAGED, false, "aof-command-unknown"},
    {TEXT(SHORT_PART), "7.0.15", VERDICT_DAMAGED, false, "aof-words-few"},
    {TEXT(JSON), "8.0.2", VERDICT_SOUND, true, "modules-needed"},
    {TEXT(SELECT("5")), "8.0.2", VERDICT_SOUND, false, NULL},
    {TEXT(SELECT("x")), "8.0.2", VERDICT_DAMAGED, false, "aof-select"},
};

static void
scan(const char *bytes, size_t size, const char *release, struct report *report,
     struct aof_result *result)
{
    struct release r = {0};
    struct aof_options options = {.release = release == NULL ? NULL : &r};
    struct source s;
    struct error e = {0};

    ck_assert(release == NULL || release_read(&r, release));
    source_of_memory(&s, bytes, size);
    ck_assert_msg(aof_scan(&s, &options, report, result, &e) == 0, "%s",
                  e.text);
    source_close(&s);
}

/* With more behind it, the fast path sees it first. */
static void
check_before(int _i, const char *behind)
{
    struct report report = {0};
    struct aof_result r;
    char bytes[1024] = SET;
    size_t size = 27;

    memcpy(bytes + size, judged[_i].bytes, judged[_i].size);
    size += judged[_i].size;
    memcpy(bytes + size, behind, strlen(behind));
    size += strlen(behind);
    scan(bytes, size, judged[_i].release, &report, &r);
    ck_assert_int_eq(r.verdict, judged[_i].verdict);
    ck_assert(r.command_refused == judged[_i].refused);
    ck_assert(!r.server_refuses);
    ck_assert_uint_eq(report.count, judged[_i].code != NULL);
    if (judged[_i].code != NULL)
        ck_assert_str_eq(report.findings[0].code, judged[_i].code);
    ck_assert_uint_eq(r.good_end, r.verdict == VERDICT_DAMAGED ? 27 : size);
    report_clear(&report);
}

START_TEST(judges_a_command_as_that_server_does)
{
    check_before(_i, "");
    check_before(_i, SET SET SET);
}
END_TEST

/* A server with rename-command, or of a release to come. */
START_TEST(believes_the_server_that_wrote_it)
{
    static const char *const own[] = {BLA, SHORT, LONG, NO_PART,
                                      MULTI BLA EXEC};
    struct release release = {.major = 7};
    struct aof_options options = {.release = &release, .own_commands = true};
    struct report report = {0};
    struct aof_result r;
    struct source s;
    struct error e = {0};

    source_of_memory(&s, own[_i], strlen(own[_i]));
    ck_assert_int_eq(aof_scan(&s, &options, &report, &r, &e), 0);
    ck_assert_int_eq(r.verdict, VERDICT_SOUND);
    ck_assert(!r.command_refused);
    ck_assert_uint_eq(report.count, 1);
    ck_assert_str_eq(report.findings[0].code, "aof-command-own");
    ck_assert_int_eq(report.findings[0].severity, SEVERITY_WARNING);
    report_clear(&report);
}
END_TEST

START_TEST(tells_a_few_of_many)
{
    struct report report = {0};
    struct aof_result r;
    char *bytes = malloc(13 * 1000);

    for (size_t i = 0; i < 1000; i++)
        memcpy(bytes + i * 13, BLA, 13);
    scan(bytes, 13 * 1000, "7.0.15", &report, &r);
    ck_assert_uint_eq(r.commands, 1000);
    ck_assert_uint_eq(report.count, 8);
    ck_assert_int_eq(report.findings[1].offset, 13);
    report_clear(&report);
    free(bytes);
}
END_TEST

START_TEST(counts_databases_and_commands_of_modules)
{
    struct report report = {0};
    struct aof_result r;

    scan(TEXT(SELECT("3") SET JSON SELECT("7") JSON SELECT("2")), "8.0.2",
         &report, &r);
    ck_assert_uint_eq(r.databases, 8);
    ck_assert_uint_eq(r.modules, 2);
    report_clear(&report);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("aof_command");
    TCase *c = tcase_create("aof_command");
    SRunner *r;
    int failed;

    tcase_add_loop_test(c, judges_a_command_as_that_server_does, 0,
                        (int)(sizeof judged / sizeof *judged));
    tcase_add_loop_test(c, believes_the_server_that_wrote_it, 0, 5);
    tcase_add_test(c, tells_a_few_of_many);
    tcase_add_test(c, counts_databases_and_commands_of_modules);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
