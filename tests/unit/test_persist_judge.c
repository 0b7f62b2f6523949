#include "jobs/persist_judge.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/persist_host.h"

#define GB (INT64_C(1) << 30)

static struct info i;
static struct persist_host host;
static struct persist_ask ask;
static struct error e;

static void
begin(void)
{
    memset(&i, 0, sizeof i);
    strcpy(i.run_id, "one");
    i.link_up = i.aof_enabled = i.last_bgsave_ok = i.last_rewrite_ok = true;
    i.used_memory = 10 * GB;
    i.last_cow_size = -1;
    i.last_save_time = 1000;
    i.changes_since_save = 5;
    i.aof_base_size = 4 * GB;
    host = (struct persist_host)PERSIST_HOST_UNKNOWN;
    ask = (struct persist_ask){.begun = true, .before = i};
}

static void
refuses(enum persist_kind kind, const char *why)
{
    e = (struct error){0};
    if (why == NULL) {
        ck_assert_msg(persist_judge_can(kind, &i, &host, &e) == 0, "%s",
                      e.text);
        return;
    }
    ck_assert_int_eq(persist_judge_can(kind, &i, &host, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_str_eq(e.text, why);
}

START_TEST(may_where_nothing_stands_in_the_way)
{
    refuses(PERSIST_BGSAVE, NULL);
    refuses(PERSIST_BGREWRITEAOF, NULL);
    host = (struct persist_host){.memory_available = 2 * GB,
                                 .memory_total = 11 * GB,
                                 .commit_left = 0,
                                 .overcommit = 0,
                                 .disk_free = 11 * GB,
                                 .dump_size = -1};
    refuses(PERSIST_BGSAVE, NULL);
    refuses(PERSIST_BGREWRITEAOF, NULL);
    i.aof_enabled = false;
    refuses(PERSIST_BGSAVE, NULL);
}
END_TEST

START_TEST(waits_for_what_the_server_does)
{
    bool *const flags[] = {&i.loading, &i.bgsave_in_progress,
                           &i.rewrite_in_progress, &i.rewrite_scheduled,
                           &i.other_child};
    static const char *const whys[] = {
        "the server is loading its data",
        "a save or a replica's sync is running",
        "a rewrite of the AOF is running",
        "a rewrite of the AOF is running",
        "a module's child is running",
    };

    for (size_t n = 0; n < sizeof flags / sizeof *flags; n++) {
        *flags[n] = true;
        refuses(PERSIST_BGSAVE, whys[n]);
        refuses(PERSIST_BGREWRITEAOF, whys[n]);
        *flags[n] = false;
    }
    i.link_up = false;
    refuses(PERSIST_BGSAVE, "the replica's link to its primary is down");
    i.link_up = true;
    i.aof_enabled = false;
    refuses(PERSIST_BGREWRITEAOF, "the server's AOF is off;"
                                  " CONFIG SET appendonly yes writes one");
}
END_TEST

START_TEST(wants_memory_for_the_fork)
{
    host.memory_available = GB / 2;
    refuses(PERSIST_BGSAVE, "memory for the pages that are written to "
                            "meanwhile: about 1.0 GiB are needed, 512 MiB are "
                            "free");
    i.last_cow_size = GB / 4;
    refuses(PERSIST_BGSAVE, NULL);
    host.memory_available = 20 * GB;
    host.overcommit = 2;
    host.commit_left = 9 * GB;
    refuses(PERSIST_BGSAVE, "memory for the fork (vm.overcommit_memory is 2): "
                            "about 10 GiB are needed, 9.0 GiB are free");
    host.overcommit = 1;
    refuses(PERSIST_BGSAVE, NULL);
    host.overcommit = 0;
    host.memory_total = 8 * GB;
    refuses(PERSIST_BGREWRITEAOF,
            "memory for the fork (vm.overcommit_memory is 0): about 10 GiB are "
            "needed, 8.0 GiB are free");
}
END_TEST

START_TEST(wants_space_for_the_file)
{
    host.disk_free = 5 * GB;
    refuses(PERSIST_BGREWRITEAOF, NULL);
    refuses(PERSIST_BGSAVE, "space on the server's disk: about 10 GiB are "
                            "needed, 5.0 GiB are free");
    host.dump_size = 3 * GB;
    refuses(PERSIST_BGSAVE, NULL);
    host.disk_free = 3 * GB;
    refuses(PERSIST_BGSAVE, "space on the server's disk: about 3.3 GiB are "
                            "needed, 3.0 GiB are free");
}
END_TEST

static const struct {
    enum persist_kind command;
    const char *words;
    enum error_kind kind;
    const char *text;
} words[] = {
    {PERSIST_BGSAVE, "ERR Background save already in progress", ERROR_DENIED,
     "BGSAVE: ERR Background save already in progress: another child is "
     "running"},
    {PERSIST_BGSAVE,
     "ERR Another child process is active (AOF?): can't BGSAVE right now.",
     ERROR_DENIED,
     "BGSAVE: ERR Another child process is active (AOF?): can't BGSAVE right "
     "now.: another child is running"},
    {PERSIST_BGSAVE, "LOADING Redis is loading the dataset in memory",
     ERROR_DENIED,
     "BGSAVE: LOADING Redis is loading the dataset in memory: the server is "
     "loading its data"},
    {PERSIST_BGSAVE,
     "NOPERM User default has no permissions to run the 'bgsave' command",
     ERROR_FAILED,
     "BGSAVE: NOPERM User default has no permissions to run the 'bgsave' "
     "command: allow this user the command (ACL)"},
    {PERSIST_BGSAVE, "ERR", ERROR_FAILED,
     "BGSAVE: the server could not fork (its log says why): free memory, or "
     "set vm.overcommit_memory=1"},
    {PERSIST_BGREWRITEAOF,
     "ERR Can't execute an AOF background rewriting. Please check the server "
     "logs for more information.",
     ERROR_FAILED,
     "BGREWRITEAOF: the server could not fork (its log says why): free memory, "
     "or set vm.overcommit_memory=1"},
    {PERSIST_BGREWRITEAOF, "ERR unknown command 'BGREWRITEAOF'", ERROR_FAILED,
     "BGREWRITEAOF: ERR unknown command 'BGREWRITEAOF': it is renamed or "
     "disabled there"},
    {PERSIST_BGREWRITEAOF, "ERR odd", ERROR_FAILED, "BGREWRITEAOF: ERR odd"},
};

START_TEST(knows_which_refusal_passes)
{
    error_set(&e, ERROR_FAILED, "%s", words[_i].words);
    ck_assert_int_eq(persist_judge_refusal(words[_i].command, &e), -1);
    ck_assert_int_eq(e.kind, words[_i].kind);
    ck_assert_str_eq(e.text, words[_i].text);
}
END_TEST

START_TEST(believes_a_newer_save_that_went_well)
{
    i.bgsave_in_progress = true;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_GOES_ON);
    i.bgsave_in_progress = false;
    i.last_save_time = 1001;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_DONE);
    i.last_bgsave_ok = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text,
                     "the server's save failed: look at its log, the space on "
                     "its disk and the rights of its dir");
    i.last_bgsave_ok = true;
    i.last_save_time = 1000;
    i.changes_since_save = 0;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_DONE);
}
END_TEST

START_TEST(believes_no_save_that_left_no_trace)
{
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text,
                     "the server's save ended without a dump (FLUSHALL, "
                     "BGSAVE CANCEL or a full resync ends it)");
    ask.scheduled = true;
    i.rewrite_in_progress = true;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_GOES_ON);
    ask.scheduled = ask.begun = i.rewrite_in_progress = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text, "the connection was lost when it was asked for, "
                             "and no save has begun");
}
END_TEST

START_TEST(follows_a_save_over_a_lost_connection)
{
    ask.begun = false;
    i.bgsave_in_progress = true;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_GOES_ON);
    i.bgsave_in_progress = false;
    i.last_save_time = 1005;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_DONE);
    strcpy(i.run_id, "two");
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text, "the server was restarted meanwhile");
}
END_TEST

START_TEST(follows_a_rewrite_to_its_end)
{
    ask.kind = PERSIST_BGREWRITEAOF;
    i.rewrite_scheduled = true;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_GOES_ON);
    i.rewrite_scheduled = false;
    i.rewrite_in_progress = true;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_GOES_ON);
    i.rewrite_in_progress = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_DONE);
    i.last_rewrite_ok = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    i.last_rewrite_ok = true;
    i.aof_enabled = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text, "the AOF was switched off meanwhile");
    ask.begun = ask.seen = false;
    ck_assert_int_eq(persist_judge_look(&ask, &i, &e), PERSIST_LOST);
    ck_assert_str_eq(e.text, "the connection was lost when it was asked for, "
                             "and no rewrite has begun");
}
END_TEST

START_TEST(reads_what_the_host_has_left)
{
    persist_host_read(&host, "MemTotal:       1000 kB\nMemFree: 5 kB\n"
                             "MemAvailable:    300 kB\nSwapTotal: 24 kB\n"
                             "CommitLimit: 500 kB\nCommitted_AS: 400 kB\n");
    ck_assert_int_eq(host.memory_available, 300 * 1024);
    ck_assert_int_eq(host.memory_total, 1024 * 1024);
    ck_assert_int_eq(host.commit_left, 100 * 1024);
    persist_host_read(&host, "CommitLimit: 500 kB\nCommitted_AS: 501 kB");
    ck_assert_int_eq(host.memory_available, -1);
    ck_assert_int_eq(host.memory_total, -1);
    ck_assert_int_eq(host.commit_left, 0);
    persist_host_read(&host, "");
    ck_assert_int_eq(host.commit_left, -1);
}
END_TEST

START_TEST(knows_nothing_of_another_host)
{
    struct info_settings settings = {.dir = "/tmp"};

    /* We are no server, and not in that folder. */
    ck_assert_int_eq(chdir("/"), 0);
    i.process_id = getpid();
    persist_host_look(&host, &i, &settings);
    ck_assert_int_eq(host.disk_free, -1);
    ck_assert_int_eq(host.memory_available, -1);
    ck_assert_int_eq(chdir("/tmp"), 0);
    persist_host_look(&host, &i, &settings);
    ck_assert_int_gt(host.disk_free, 0);
    ck_assert_int_gt(host.memory_available, 0);
    ck_assert_int_ge(host.overcommit, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("persist_judge");
    TCase *cases = tcase_create("persist_judge");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_test(cases, may_where_nothing_stands_in_the_way);
    tcase_add_test(cases, waits_for_what_the_server_does);
    tcase_add_test(cases, wants_memory_for_the_fork);
    tcase_add_test(cases, wants_space_for_the_file);
    tcase_add_loop_test(cases, knows_which_refusal_passes, 0,
                        sizeof words / sizeof *words);
    tcase_add_test(cases, believes_a_newer_save_that_went_well);
    tcase_add_test(cases, believes_no_save_that_left_no_trace);
    tcase_add_test(cases, follows_a_save_over_a_lost_connection);
    tcase_add_test(cases, follows_a_rewrite_to_its_end);
    tcase_add_test(cases, reads_what_the_host_has_left);
    tcase_add_test(cases, knows_nothing_of_another_host);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
