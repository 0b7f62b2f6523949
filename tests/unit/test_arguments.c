#include "daemon/arguments.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8 };

/* Words separated by blanks, as a command line of redkeepd. */
static int
read_words(struct arguments *a, char *line, struct error *e)
{
    char *argv[WORDS_MAX + 1] = {"redkeepd"};
    int argc = 1;

    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return arguments_read(a, argc, argv, e);
}

START_TEST(takes_a_file_flags_and_keys)
{
    char line[] = "-c /a.conf -n --repo /srv --http-listen=off";
    struct arguments a;
    struct config c;
    struct error e;

    ck_assert_int_eq(read_words(&a, line, &e), 0);
    ck_assert_str_eq(a.file, "/a.conf");
    ck_assert(a.judge_only && !a.help && !a.version);
    config_init(&c);
    ck_assert_int_eq(arguments_apply(&a, &c, &e), 0);
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/srv");
    ck_assert_str_eq(config_text(&c, CONFIG_HTTP_LISTEN), "off");
    config_clear(&c);
}
END_TEST

static const struct {
    const char *line, *error;
} bad[] = {
    {"snapshot", "unexpected 'snapshot'; commands are redkeep's"},
    {"-x", "there is no option -x"},
    {"-c", "-c wants a value"},
    {"--repo", "--repo wants a value"},
    {"--rep", "there is no option --rep; did you mean --repo?"},
    {"--rep /x", "there is no option --rep; did you mean --repo?"},
    {"--connection-jitter 99",
     "--connection-jitter: jitter: '99' is not a number from 0 to 50"},
};

START_TEST(refuses_and_says_why)
{
    char line[80];
    struct arguments a;
    struct error e = {0};

    snprintf(line, sizeof line, "%s", bad[_i].line);
    ck_assert_int_eq(read_words(&a, line, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_str_eq(e.text, bad[_i].error);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("arguments");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tcase, takes_a_file_flags_and_keys);
    tcase_add_loop_test(tcase, refuses_and_says_why, 0,
                        sizeof bad / sizeof *bad);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
