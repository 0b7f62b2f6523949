#include "../../tools/status_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_status_state.h"

static char shown[16384];

/* Each test is a process of its own, and what it prints goes into memory. */
static const char *
show(const char *change, bool colour)
{
    json_t *state = state_with(change);
    struct status_wrongs wrongs;
    int memory = memfd_create("shown", MFD_CLOEXEC), saved;
    ssize_t size;

    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    ck_assert_int_eq(dup2(memory, STDOUT_FILENO), STDOUT_FILENO);
    status_wrong_look(&wrongs, state, STATE_NOW_MS);
    status_text_print(state, &wrongs, STATE_NOW_MS, colour);
    fflush(stdout);
    ck_assert_int_eq(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    size = pread(memory, shown, sizeof shown - 1, 0);
    ck_assert_int_ge(size, 0);
    shown[size] = '\0';
    close(saved);
    close(memory);
    status_wrong_clear(&wrongs);
    json_decref(state);
    return shown;
}

START_TEST(tells_that_all_is_well_on_one_screen)
{
    ck_assert_str_eq(
        show("{}", false),
        "main: redkeepd 1.0.0, pid 4711, up 3 d 2 h\n"
        "\n"
        "server      connected, redis 7.0.15, primary, 12345 keys, 2.5 MiB of"
        " 1.0 GiB\n"
        "data        /var/lib/redis, AOF, last save 3 min ago, 17 changes"
        " since\n"
        "protected   until 2026-11-20 11:20:00 UTC, 10 min ago\n"
        "restore     12 snapshots ('redkeep list')\n"
        "snapshot    20261120T112000Z, sound, 12345 keys, 5.3 MiB, 10 min"
        " ago\n"
        "drill       none known\n"
        "repository  /var/lib/redkeep, used 45 MiB, free 68 GiB\n"
        "\n"
        "job         schedule        last run        next run\n"
        "snapshot    every 1h        ok, 10 min ago  in 50 min\n"
        "verify      every 1d        never           runs now, pid 4999\n"
        "prune       after snapshot  never           -\n"
        "off         drill, follow\n"
        "\n"
        "all is well\n");
}
END_TEST

START_TEST(what_is_not_known_is_not_told)
{
    ck_assert_str_eq(
        show("{\"version\":null,\"pid\":null,\"uptime\":null,\"server\":{"
             "\"state\":null,\"product\":null,\"version\":null,\"role\":null,"
             "\"data_dir\":null,\"keys\":null,\"used_memory\":null,"
             "\"maxmemory\":null,\"last_save\":null,"
             "\"changes_since_save\":null},\"protected_until\":null,"
             "\"last_snapshot\":null,\"last_good_snapshot\":null,"
             "\"jobs\":[],\"repository\":{\"snapshots\":null,\"bytes\":null,"
             "\"free_bytes\":null},\"archive\":null}",
             false),
        "main: redkeepd does not run\n"
        "\n"
        "server      not known\n"
        "protected   NOT: no good snapshot that is proven to be of the"
        " server\n"
        "restore     the snapshots are not known\n"
        "snapshot    none yet\n"
        "drill       none known\n"
        "repository  /var/lib/redkeep\n"
        "\n"
        "all is well\n");
}
END_TEST

static const struct {
    const char *change, *line;
} lines[] = {
    {"{\"server\":{\"role\":\"slave\",\"product\":\"valkey\","
     "\"version\":\"8.1.1\",\"maxmemory\":0}}",
     "server      connected, valkey 8.1.1, replica, 12345 keys, 2.5 MiB\n"},
    {"{\"server\":{\"state\":\"connecting\",\"loading\":true}}",
     "server      connecting, loading, redis 7.0.15,"},
    {"{\"server\":{\"appendonly\":false}}",
     "data        /var/lib/redis, no AOF"},
    {"{\"restore_window\":{\"from\":\"2026-11-13T11:30:00Z\","
     "\"to\":\"2026-11-20T11:29:59.5Z\"}}",
     "restore     any moment from 2026-11-13 11:30:00 UTC to 2026-11-20"
     " 11:29:59 UTC, and 12 snapshots"},
    {"{\"repository\":{\"snapshots\":0}}", "restore     no snapshot yet\n"},
    {"{\"repository\":{\"snapshots\":1}}", "restore     1 snapshot ("},
    {"{\"last_snapshot\":{\"id\":\"20261120T113000Z\",\"verdict\":\"torn\","
     "\"bound\":false}}",
     "snapshot    20261120T113000Z, torn, not proven, 12345 keys, 5.3 MiB,"
     " 10 min ago\nlast good   20261120T112000Z, sound,"},
    {"{\"last_drill\":{\"id\":\"20261120T102000Z\",\"ok\":true,\"keys\":9,"
     "\"load_seconds\":1.44,\"finished\":\"2026-11-20T10:30:00Z\"}}",
     "drill       20261120T102000Z: ok, 9 keys loaded in 1.4 s, 1 h ago\n"},
    {"{\"last_drill\":{\"id\":\"20261120T102000Z\",\"ok\":false}}",
     "drill       20261120T102000Z: NOT OK\n"},
    {"{\"last_drill\":{\"id\":null,\"ok\":null}}",
     "drill       no snapshot: skipped\n"},
    {"{\"archive\":{\"status\":\"degraded\",\"lag_seconds\":31.25},"
     "\"gaps\":2}",
     "archive     degraded, 31.2 s behind, 2 gaps\n"},
    {"{\"state_written\":\"2026-11-20T11:00:00Z\"}",
     "as the agent noted it 30 min ago;"},
    {"{\"jobs\":[{\"name\":\"bgsave\",\"state\":\"waiting\"}]}",
     "bgsave      -         -         waits until it can\n"},
    {"{\"jobs\":[{\"name\":\"bgsave\",\"state\":\"idle\","
     "\"next\":\"2026-11-20T11:29:59Z\"}]}",
     "bgsave      -         -         due\n"},
    {"{\"alarms\":[{\"name\":\"disk_low\",\"text\":\"5 % is free\"}]}",
     "\n\n! alarm disk_low: 5 % is free\n  to do: redkeep prune --dry-run\n"},
};

START_TEST(tells_each_in_its_line)
{
    const char *text = show(lines[_i].change, false);

    ck_assert_msg(strstr(text, lines[_i].line) != NULL, "no line '%s' in:\n%s",
                  lines[_i].line, text);
}
END_TEST

START_TEST(no_text_commands_the_terminal)
{
    const char *text = show(
        "{\"instance\":\"a\\u001b[2Jb\",\"version\":\"\\u009b\","
        "\"server\":{\"state\":\"\\u001b]0;x\\u0007\",\"data_dir\":\"\\r\"},"
        "\"jobs\":[{\"name\":\"\\u001bc\",\"schedule\":\"\\n\\n\","
        "\"last\":{\"result\":\"failed\",\"text\":\"\\u001b[31m\"}}],"
        "\"alarms\":[{\"name\":\"\\u007f\",\"text\":\"\\b\"}]}",
        false);

    for (const char *c = text; *c != '\0'; c++)
        ck_assert_msg((unsigned char)*c >= ' ' || *c == '\n', "byte %d in:\n%s",
                      *c, text);
    ck_assert_ptr_null(strstr(text, "\x7f"));
    ck_assert_ptr_null(strstr(text, "\xc2\x9b"));
}
END_TEST

START_TEST(a_text_of_any_length_is_cut_not_overrun)
{
    char *long_text = malloc(40001), *change;

    memset(long_text, 'x', 40000);
    long_text[40000] = '\0';
    ck_assert_int_gt(asprintf(&change,
                              "{\"server\":{\"state\":\"%s\"},"
                              "\"instance\":\"%.9000s\"}",
                              long_text, long_text),
                     0);
    ck_assert_ptr_nonnull(strstr(show(change, true), "xxxx"));
    free(change);
    free(long_text);
}
END_TEST

START_TEST(colour_adds_nothing_to_the_words)
{
    char plain[sizeof shown];
    char *to = plain;

    show("{\"alarms\":[{\"name\":\"disk_low\",\"text\":\"it is so\"}]}", true);
    ck_assert_ptr_nonnull(strstr(shown, "\033[31m! alarm disk_low"));
    for (const char *c = shown; *c != '\0'; c++)
        if (*c == '\033')
            c += strcspn(c, "m");
        else
            *to++ = *c;
    *to = '\0';
    ck_assert_str_eq(
        plain,
        show("{\"alarms\":[{\"name\":\"disk_low\",\"text\":\"it is so\"}]}",
             false));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status_text");
    TCase *t = tcase_create("status_text");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, tells_that_all_is_well_on_one_screen);
    tcase_add_test(t, what_is_not_known_is_not_told);
    tcase_add_loop_test(t, tells_each_in_its_line, 0,
                        sizeof lines / sizeof *lines);
    tcase_add_test(t, no_text_commands_the_terminal);
    tcase_add_test(t, a_text_of_any_length_is_cut_not_overrun);
    tcase_add_test(t, colour_adds_nothing_to_the_words);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
