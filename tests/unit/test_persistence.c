/* Saves of a real server. What no server does on demand: test_persistence_words.c */
#include "redis/persistence.h"

#include <check.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/stat.h>

#include "server.h"

enum { KEY_DELAY_US = 500 };

static struct server server;
static struct link *link_;
static const struct persistence_options no_limit;

static struct link *
open_as(const char *user)
{
    struct error e = {0};
    struct url url;
    struct link_options options = {
        .url = &url, .connect_timeout_ms = 2000, .command_timeout_ms = 2000};
    struct link *link;

    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    if (user != NULL)
        url.user = strdup(user);
    link = link_open(&options, &e);
    ck_assert_msg(link != NULL, "%s", e.text);
    url_clear(&url);
    return link;
}

static void
must(struct redisReply *reply)
{
    ck_assert_ptr_nonnull(reply);
    link_reply_free(reply);
}

static void
set(const char *name, const char *value)
{
    struct error e = {0};

    must(link_say(link_, &e, "CONFIG", "SET", name, value, NULL));
}

/* Each test has its own server, with unsaved keys that are slow to save. */
static void
start(void)
{
    struct error e = {0};

    server_start(&server,
                 (const char *[]){"--enable-protected-configs", "yes",
                                  "--enable-debug-command", "yes",
                                  "--repl-diskless-sync-delay", "0", "--hz",
                                  "500", "--rdbcompression", "no", NULL});
    link_ = open_as(NULL);
    must(link_say(link_, &e, "DEBUG", "POPULATE", "100", NULL));
    must(link_say(link_, &e, "SET", "first", "1", NULL));
}

static void
stop(void)
{
    link_close(link_);
    server_stop(&server);
}

static void
slow(void)
{
    char text[16];

    snprintf(text, sizeof text, "%d", KEY_DELAY_US);
    set("rdb-key-save-delay", text);
}

/* Whether the dump's bytes hold the word. */
static bool
dump_holds(const char *word)
{
    char path[128], bytes[65536];
    ssize_t size;
    int fd;

    snprintf(path, sizeof path, "%s/dump.rdb", server.dir);
    fd = open(path, O_RDONLY);
    ck_assert_int_ge(fd, 0);
    size = read(fd, bytes, sizeof bytes);
    close(fd);
    return memmem(bytes, (size_t)size, word, strlen(word)) != NULL;
}

static void
must_save(const struct persistence_options *options, struct info *after)
{
    struct error e = {0};
    int rc = persistence_bgsave(link_, options, after, &e);

    ck_assert_msg(rc == 0, "%s", e.text);
    ck_assert_int_eq(after->last_bgsave_ok, true);
}

START_TEST(saves_what_was_written_before)
{
    struct info after;

    must_save(&no_limit, &after);
    ck_assert(dump_holds("first"));
    ck_assert_int_eq(after.changes_since_save, 0);
    ck_assert_int_eq(after.saves, 1);
}
END_TEST

START_TEST(does_not_take_a_running_save_for_its_own)
{
    struct error e = {0};
    struct info after;

    slow();
    must(link_say(link_, &e, "BGSAVE", NULL));
    must(link_say(link_, &e, "SET", "second", "2", NULL));
    must_save(&no_limit, &after);
    ck_assert(dump_holds("second"));
    ck_assert_int_eq(after.saves, 2);
}
END_TEST

START_TEST(waits_for_a_rewrite_of_the_aof)
{
    struct error e = {0};
    struct info after;

    slow();
    must(link_say(link_, &e, "BGREWRITEAOF", NULL));
    must_save(&no_limit, &after);
    ck_assert(dump_holds("first"));
    ck_assert_int_eq(after.rewrite_in_progress, false);
}
END_TEST

START_TEST(waits_for_the_sync_of_a_replica)
{
    struct error e = {0};
    struct info after;
    struct link *replica = open_as(NULL);

    slow();
    must(link_say(replica, &e, "REPLCONF", "capa", "eof", NULL));
    must(link_say(replica, &e, "PSYNC", "?", "-1", NULL));
    do {
        ck_assert_int_eq(info_ask(link_, &after, &e), 0);
    } while (!after.bgsave_in_progress);
    must_save(&no_limit, &after);
    ck_assert(dump_holds("first"));
    link_close(replica);
}
END_TEST

static void
count(void *context, int percent)
{
    int *calls = context;

    ck_assert_int_ge(percent, -1);
    ck_assert_int_le(percent, 100);
    ++*calls;
}

START_TEST(tells_how_far_it_is)
{
    int calls = 0;
    struct persistence_options options = {.progress = count, .context = &calls};
    struct info after;

    slow();
    must_save(&options, &after);
    ck_assert_int_ge(calls, 1);
}
END_TEST

START_TEST(gives_up_at_its_time_limit)
{
    struct persistence_options options = {.time_limit_ms = 50};
    struct error e = {0};
    struct info after;

    set("rdb-key-save-delay", "100000");
    ck_assert_int_eq(persistence_bgsave(link_, &options, &after, &e), -1);
    ck_assert_str_eq(e.text, "the save has not ended after 50 ms");
    ck_assert_int_eq(persistence_bgsave(link_, &options, &after, &e), -1);
    ck_assert_str_eq(e.text, "a save or a replica's sync has not ended after "
                             "50 ms");
}
END_TEST

START_TEST(says_that_the_save_failed)
{
    struct error e = {0};
    struct info after;
    char gone[128];

    snprintf(gone, sizeof gone, "%s/gone", server.dir);
    ck_assert_int_eq(mkdir(gone, 0700), 0);
    set("dir", gone);
    ck_assert_int_eq(rmdir(gone), 0);
    ck_assert_int_eq(persistence_bgsave(link_, &no_limit, &after, &e), -1);
    ck_assert_str_eq(e.text, "the server's save failed: look at its log, the "
                             "space on its disk and the rights of its dir");
    ck_assert_int_eq(after.last_bgsave_ok, false);

    /* The failure before does not count when the next save goes well. */
    set("dir", server.dir);
    must_save(&no_limit, &after);
}
END_TEST

/* Ends the running save of a server, which then says nothing of it. */
static void
cancel_save(void)
{
    struct link *other = open_as(NULL);
    struct error e = {0};
    struct info now;

    do {
        ck_assert_int_eq(info_ask(other, &now, &e), 0);
    } while (!now.bgsave_in_progress);
    must(link_say(other, &e, "MULTI", NULL));
    must(link_say(other, &e, "FLUSHALL", NULL));
    must(link_say(other, &e, "SET", "second", "2", NULL));
    must(link_say(other, &e, "EXEC", NULL));
}

/*
 * All within the second of the server's start, whose time it tells as that of
 * its last save: only a save in another second can be told from none.
 */
START_TEST(asks_again_when_it_cannot_tell_that_its_save_was_made)
{
    struct info after;

    set("rdb-key-save-delay", "5000");
    if (fork() == 0) {
        cancel_save();
        _exit(0);
    }
    must_save(&no_limit, &after);
    ck_assert_int_ge(after.saves, 2);
    ck_assert(dump_holds("second"));
}
END_TEST

START_TEST(does_not_ask_a_loading_server)
{
    struct error e = {0};
    struct info after;

    must(link_say(link_, &e, "DEBUG", "POPULATE", "100", "big", "2000", NULL));
    set("key-load-delay", "2000");
    set("loading-process-events-interval-bytes", "1024");
    if (fork() == 0) {
        struct link *other = open_as(NULL);

        link_reply_free(link_say(other, &e, "DEBUG", "RELOAD", NULL));
        _exit(0);
    }
    do {
        ck_assert_int_eq(info_ask(link_, &after, &e), 0);
    } while (!after.loading);
    ck_assert_int_eq(persistence_bgsave(link_, &no_limit, &after, &e), -1);
    ck_assert_str_eq(e.text,
                     "the server is loading its dataset: wait until it has");
}
END_TEST

START_TEST(says_what_the_user_lacks)
{
    struct error e = {0};
    struct info after;
    struct link *weak;

    must(link_say(link_, &e, "ACL", "SETUSER", "weak", "on", "nopass", "+info",
                  NULL));
    weak = open_as("weak");
    ck_assert_int_eq(persistence_bgsave(weak, &no_limit, &after, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_msg(strncmp(e.text, "BGSAVE: NOPERM ", 15) == 0, "%s", e.text);
    ck_assert_msg(strstr(e.text, "'bgsave' command: allow this user INFO and "
                                 "BGSAVE (ACL: +info +bgsave)") != NULL,
                  "%s", e.text);
    link_close(weak);
}
END_TEST

START_TEST(settles_when_the_aof_holds_all)
{
    struct error e = {0};
    struct info now;
    struct stat status;
    char path[160];
    bool settled = false;

    ck_assert_int_eq(persistence_settle(link_, 0, &settled, &now, &e), 0);
    ck_assert_int_eq(settled, true);
    set("appendonly", "yes");
    do {
        ck_assert_int_eq(info_ask(link_, &now, &e), 0);
    } while (now.rewrite_in_progress);
    must(link_say(link_, &e, "SET", "second", "2", NULL));
    ck_assert_int_eq(persistence_settle(link_, 3000, &settled, &now, &e), 0);
    ck_assert_int_eq(settled, true);
    snprintf(path, sizeof path, "%s/appendonlydir/appendonly.aof.1.incr.aof",
             server.dir);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(now.aof_current_size - now.aof_base_size > 0, true);
    ck_assert_int_gt(status.st_size, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("persistence");
    TCase *t = tcase_create("persistence");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_checked_fixture(t, start, stop);
    tcase_add_test(t, saves_what_was_written_before);
    tcase_add_test(t, does_not_take_a_running_save_for_its_own);
    tcase_add_test(t, waits_for_a_rewrite_of_the_aof);
    tcase_add_test(t, waits_for_the_sync_of_a_replica);
    tcase_add_test(t, tells_how_far_it_is);
    tcase_add_test(t, gives_up_at_its_time_limit);
    tcase_add_test(t, says_that_the_save_failed);
    tcase_add_test(t, asks_again_when_it_cannot_tell_that_its_save_was_made);
    tcase_add_test(t, does_not_ask_a_loading_server);
    tcase_add_test(t, says_what_the_user_lacks);
    tcase_add_test(t, settles_when_the_aof_holds_all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
