/* What servers may say to BGSAVE and INFO, told by a fake one. */
#include "redis/persistence.h"

#include <check.h>

#include "base/process.h"
#include "base/text.h"
#include "fake.h"

#define PONG "+PONG\r\n"
#define STARTED "+Background saving started\r\n"
#define QUIET "rdb_last_save_time:100\nrdb_changes_since_last_save:5\n"
#define SAVING QUIET "rdb_bgsave_in_progress:1\n"
#define REWRITING QUIET "aof_rewrite_in_progress:1\n"
#define SAVED "rdb_last_save_time:101\nrdb_changes_since_last_save:0\n"

/* Answers that are no RESP and no deed are INFO. */
static const char *
as_reply(const char *answer)
{
    if (answer == NULL || strchr(answer, ':') == NULL ||
        strchr("+-$:*", answer[0]) != NULL)
        return answer;
    return text_format("$%zu\r\n%s\r\n", strlen(answer), answer);
}

static struct link *
open_fake(struct fake *f, const char *const *script)
{
    const char *answers[FAKE_ANSWERS_MAX] = {PONG};
    struct error e = {0};
    struct url url;
    struct link_options options = {
        .url = &url, .connect_timeout_ms = 2000, .command_timeout_ms = 2000};
    struct link *link;

    for (size_t i = 0; i + 1 < FAKE_ANSWERS_MAX && script[i] != NULL; i++)
        answers[i + 1] = as_reply(script[i]);
    fake_start(f, answers);
    for (size_t i = 1; i < FAKE_ANSWERS_MAX && answers[i] != NULL; i++)
        if (answers[i] != script[i - 1])
            free((void *)(uintptr_t)answers[i]);
    ck_assert_int_eq(url_read(&url, f->url, &e), 0);
    link = link_open(&options, &e);
    ck_assert_msg(link != NULL, "%s", e.text);
    url_clear(&url);
    return link;
}

static const struct {
    const char *script[12];
    const char *error; /* NULL: it is done */
} saves[] = {
    {{QUIET, STARTED, SAVING, SAVED}, NULL},
    /* Another child wins the race; old and new words. */
    {{QUIET, "-ERR Background save already in progress\r\n", SAVING, SAVED,
      STARTED, "rdb_last_save_time:102\n"},
     NULL},
    {{QUIET,
      "-ERR Another child process is active (AOF?): can't BGSAVE right now. "
      "Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever "
      "possible.\r\n",
      REWRITING, QUIET, STARTED, SAVED},
     NULL},
    {{QUIET,
      "-ERR An AOF log rewriting in progress: can't BGSAVE right now. Use "
      "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n",
      QUIET, STARTED, SAVED},
     NULL},
    {{QUIET "module_fork_in_progress:1\n", QUIET, STARTED, SAVED}, NULL},
    /* Scheduled: nothing is judged before it has begun. */
    {{QUIET "rdb_saves:3\n", "+Background saving scheduled\r\n",
      REWRITING "rdb_saves:3\n", QUIET "rdb_saves:3\n", SAVING "rdb_saves:4\n",
      SAVED "rdb_saves:4\n"},
     NULL},
    /* Within one second of the last save: unsaved changes have fallen. */
    {{QUIET, STARTED,
      "rdb_last_save_time:100\nrdb_changes_since_last_save:1\n"},
     NULL},
    /* Nothing had changed, nothing tells: once more, in another second. */
    {{"rdb_last_save_time:100\nrdb_changes_since_last_save:0\n", STARTED,
      "rdb_last_save_time:100\nrdb_changes_since_last_save:0\n",
      "rdb_last_save_time:100\nrdb_changes_since_last_save:0\n", STARTED,
      "rdb_last_save_time:101\nrdb_changes_since_last_save:0\n"},
     NULL},
    /* The next save runs already, but ours has counted. */
    {{QUIET, STARTED, SAVED "rdb_bgsave_in_progress:1\n"}, NULL},
    {{QUIET, STARTED, SAVING, QUIET "rdb_last_bgsave_status:err\n"},
     "the server's save failed: look at its log, the space on its disk and "
     "the rights of its dir"},
    {{QUIET, "-ERR\r\n"},
     "BGSAVE: the server could not fork (its log says why): free memory, or "
     "set vm.overcommit_memory=1"},
    {{QUIET, "-LOADING Redis is loading the dataset in memory\r\n"},
     "BGSAVE: LOADING Redis is loading the dataset in memory: wait until it "
     "has loaded its dataset"},
    {{"loading:1\n"}, "the server is loading its dataset: wait until it has"},
    {{QUIET, "-BUSY Redis is busy running a script. You can only call SCRIPT "
             "KILL or SHUTDOWN NOSAVE.\r\n"},
     "BGSAVE: BUSY Redis is busy running a script. You can only call SCRIPT "
     "KILL or SHUTDOWN NOSAVE: a script is running; wait, or end it with "
     "SCRIPT KILL"},
    {{QUIET, "-MISCONF Errors writing to the AOF file: No space left on "
             "device\r\n"},
     "BGSAVE: MISCONF Errors writing to the AOF file: No space left on "
     "device: its last save or AOF write failed: look at its log, its disk "
     "and the rights of its dir"},
    {{QUIET, "-ERR unknown command 'BGSAVE', with args beginning with: \r\n"},
     "BGSAVE: ERR unknown command 'BGSAVE': "
     "BGSAVE is renamed or disabled there"},
    {{QUIET, "-ERR something new\r\n"}, "BGSAVE: ERR something new"},
    {{QUIET, STARTED, "-NOPERM no\r\n"}, "INFO: NOPERM no"},
    {{QUIET, STARTED, ":1\r\n"}, "INFO: the reply is not text"},
    {{QUIET, STARTED, "", FAKE_CLOSE},
     "INFO: the server closed the connection"},
    {{QUIET, STARTED, SAVING, FAKE_SIGNAL}, "INFO: stopped by SIGTERM"},
};

START_TEST(follows_a_save_through_all_a_server_may_say)
{
    struct persistence_options options = {0};
    struct fake f;
    struct error e = {0};
    struct info after;
    struct link *link;
    int rc;

    process_catch_stop();
    link = open_fake(&f, saves[_i].script);
    rc = persistence_bgsave(link, &options, &after, &e);
    if (saves[_i].error == NULL) {
        ck_assert_msg(rc == 0, "%s", e.text);
    } else {
        ck_assert_int_eq(rc, -1);
        ck_assert_str_eq(e.text, saves[_i].error);
    }
    link_close(link);
    fake_stop(&f);
}
END_TEST

#define AOF "aof_enabled:1\n"
#define HELD AOF "aof_buffer_length:9\naof_pending_bio_fsync:1\n"
#define FREE AOF "aof_buffer_length:9\naof_pending_bio_fsync:0\n"

static const struct {
    const char *script[8];
    bool settled;
} settles[] = {
    {{"aof_enabled:0\n"}, true},
    {{AOF}, true}, /* not told: nothing to wait for */
    {{AOF "aof_buffer_length:0\naof_pending_bio_fsync:1\n"}, true},
    {{FREE, FREE}, true},
    {{FREE, HELD}, true}, /* what it holds now came later */
    {{HELD, HELD, FREE, FREE}, true},
    {{AOF "aof_buffer_length:9\n", FREE}, true},
    {{HELD, HELD, HELD, HELD, HELD, HELD, HELD, HELD}, false},
    {{FREE "aof_last_write_status:err\n", FREE "aof_last_write_status:err\n",
      FREE "aof_last_write_status:err\n", FREE "aof_last_write_status:err\n",
      FREE "aof_last_write_status:err\n", FREE "aof_last_write_status:err\n",
      FREE "aof_last_write_status:err\n", FREE "aof_last_write_status:err\n"},
     false},
};

START_TEST(settles_when_the_server_has_written_its_buffer)
{
    struct fake f;
    struct error e = {0};
    struct info now;
    struct link *link;
    bool settled = !settles[_i].settled;
    unsigned limit_ms = settles[_i].settled ? 5000 : 20;

    link = open_fake(&f, settles[_i].script);
    ck_assert_msg(persistence_settle(link, limit_ms, &settled, &now, &e) == 0,
                  "%s", e.text);
    ck_assert_int_eq(settled, settles[_i].settled);
    link_close(link);
    fake_stop(&f);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("persistence_words");
    TCase *t = tcase_create("persistence_words");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, follows_a_save_through_all_a_server_may_say, 0,
                        sizeof saves / sizeof *saves);
    tcase_add_loop_test(t, settles_when_the_server_has_written_its_buffer, 0,
                        sizeof settles / sizeof *settles);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
