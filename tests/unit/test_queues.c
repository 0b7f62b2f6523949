/* Queues as their libraries lay them out, in a real server. */
#include "jobs/queues.h"

#include <check.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "jobs/queues_work.h"
#include "server.h"

static struct server server;
static struct link *connection;
static struct queues all;
static json_t *before;
static struct error e;

static void
begin(void)
{
    static const char *const arguments[] = {"--enable-debug-command", "yes",
                                            NULL};
    struct url url;

    e = (struct error){0};
    memset(&all, 0, sizeof all);
    before = NULL;
    server_start(&server, arguments);
    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    connection = link_open(&(struct link_options){.url = &url,
                                                  .connect_timeout_ms = 5000,
                                                  .command_timeout_ms = 5000},
                           &e);
    ck_assert_msg(connection != NULL, "%s", e.text);
    url_clear(&url);
}

static void
end(void)
{
    queues_clear(&all);
    json_decref(before);
    link_close(connection);
    server_stop(&server);
}

/* One command, its words by blanks; ~ is 06 16. */
static void
run(const char *command)
{
    char text[512], *save, *word;
    const char *argv[32];
    int argc = 0;

    snprintf(text, sizeof text, "%s", command);
    for (word = strtok_r(text, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    for (int i = 0; i < argc; i++) {
        char *at = strchr(argv[i], '~');

        while (at != NULL) {
            memmove(at + 2, at + 1, strlen(at + 1) + 1);
            memcpy(at, "\x06\x16", 2);
            at = strchr(at, '~');
        }
    }
    link_reply_free(link_ask(connection, argc, argv, &e));
    ck_assert_msg(e.text[0] == '\0', "%s: %s", command, e.text);
}

static void
ask(const char *watch, uint64_t keys_max)
{
    const struct queues_options options = {
        .watch = watch, .keys_max = keys_max, .before = before};

    queues_clear(&all);
    ck_assert_msg(queues_ask(&all, connection, &options, &e) == 0, "%s",
                  e.text);
    json_decref(before);
    before = queues_json(&all);
}

/* "bullmq mail waiting=1,..|" of each queue; states with no jobs left out. */
static const char *
found(void)
{
    static char out[4096];
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < all.count; i++) {
        n += (size_t)sprintf(out + n, "%s %s",
                             queues_system_name(all.items[i].system),
                             all.items[i].name);
        for (int s = 0; s < QUEUES_STATES; s++)
            if (all.items[i].jobs[s] > 0)
                n += (size_t)sprintf(out + n, " %s=%lld",
                                     queues_state_name((enum queues_state)s),
                                     (long long)all.items[i].jobs[s]);
        n += (size_t)sprintf(out + n, "|");
    }
    return out;
}

static void
fill_bullmq(void)
{
    run("HSET bull:mail:meta opts.maxLenEvents 10000");
    run("INCR bull:mail:id");
    run("HSET bull:mail:1 name x");
    run("RPUSH bull:mail:wait 1 2 3");
    run("ZADD bull:mail:prioritized 1 4");
    run("RPUSH bull:mail:paused 5");
    run("ZADD bull:mail:delayed 1 6 2 7");
    run("ZADD bull:mail:waiting-children 1 8");
    run("RPUSH bull:mail:active 9");
    run("ZADD bull:mail:completed 1 10 1 11 1 12 1 13");
    run("ZADD bull:mail:failed 1 14");
}

static const char bullmq_found[] =
    "bullmq mail waiting=3 prioritized=1 paused=1 delayed=2 "
    "waiting-children=1 active=1 completed=4 failed=1|";

START_TEST(counts_bullmq)
{
    fill_bullmq();
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), bullmq_found);
    ck_assert(all.whole);
    ck_assert_uint_eq(all.left_out + all.trouble_count, 0);
    ck_assert_int_eq(queues_failed(&all.items[0]), 1);
}
END_TEST

START_TEST(takes_no_marker_for_a_job)
{
    run("INCR bull:old:id");
    run("RPUSH bull:old:wait 1 0:1700000000000");
    run("INCR bull:empty:id");
    run("RPUSH bull:empty:wait 0:1700000000000");
    ask("bullmq:bull", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "bullmq empty|bullmq old waiting=1|");
}
END_TEST

START_TEST(knows_other_prefixes_if_told)
{
    run("HSET app*:mail:meta a b");
    run("HSET app*::meta a b");
    run("INCR app*:m:id");
    run("HSET apple:mail:meta a b");
    run("HSET bull:a:b:meta a b");
    run("RPUSH app*:mail:wait 1");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "bullmq bull:a:b|");
    ask("bullmq:app*", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "bullmq app*:m|bullmq app*:mail waiting=1|");
}
END_TEST

START_TEST(counts_celery)
{
    run("SADD _kombu.binding.celery ~~celery");
    run("SADD _kombu.binding.feeds feeds~~feeds");
    run("SADD _kombu.binding.celery.pidbox ~~celery@a.celery.pidbox");
    run("SADD _kombu.binding.celeryev worker.#~~celeryev.1");
    run("RPUSH celery 1 2");
    run("RPUSH celery~3 3");
    run("RPUSH celery~9 4 5");
    run("HSET unacked a b c d");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(),
                     "celery * active=2|celery celery waiting=5|celery feeds|");
    json_decref(before);
    before = NULL;
    ask("celery:feeds,celery:none", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "celery * active=2|celery feeds|celery none|");
}
END_TEST

START_TEST(counts_rq)
{
    run("SADD rq:queues rq:queue:high other");
    run("RPUSH rq:queue:high 1 2");
    run("ZADD rq:scheduled:high 1 3");
    run("ZADD rq:deferred:high 1 4");
    run("ZADD rq:wip:high 1 5");
    run("ZADD rq:finished:high 1 6");
    run("ZADD rq:canceled:high 1 7");
    run("ZADD rq:failed:high 1 8 1 9");
    ask("rq", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "rq high waiting=2 delayed=1 deferred=1 active=1 "
                              "completed=1 canceled=1 failed=2|");
    ck_assert_uint_eq(all.left_out, 1);
}
END_TEST

START_TEST(counts_sidekiq)
{
    run("SADD queues default low");
    run("RPUSH queue:default 1 2");
    run("ZADD schedule 1 a");
    run("ZADD retry 1 a 1 b");
    run("ZADD dead 1 a 1 b 1 c");
    run("SADD processes h:1:x h:2:y h:3:z bad worse");
    run("HSET bad busy 9223372036854775807");
    run("HSET worse busy -2");
    run("HSET h:1:x busy 2");
    run("HSET h:2:y busy 3");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "sidekiq * delayed=1 active=5 retry=2 dead=3|"
                              "sidekiq default waiting=2|sidekiq low|");
    ck_assert_int_eq(queues_failed(&all.items[0]), 3);
}
END_TEST

START_TEST(tells_keys_of_another_type)
{
    run("SET rq:queues x");
    run("HSET bull:mail:meta a b");
    run("SET bull:mail:wait x");
    run("RPUSH bull:mail:failed x");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), "bullmq mail|");
    ck_assert_uint_eq(all.trouble_count, 2);
    ck_assert_str_eq(all.trouble[0],
                     "bull:mail:wait is of another type than LLEN counts");
    ck_assert_int_eq(all.items[0].jobs[QUEUES_WAITING], -1);
    ck_assert_ptr_null(json_object_get(
        json_object_get(json_array_get(json_object_get(before, "queues"), 0),
                        "states"),
        "waiting"));
    ask("rq", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(all.trouble[0],
                     "rq:queues is of another type than SCARD counts");
}
END_TEST

START_TEST(leaves_out_what_cannot_be_told_or_is_too_much)
{
    char name[QUEUES_BASE_MAX + 2];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    link_reply_free(link_say(connection, &e, "SADD", "queues", name,
                             "a\x1b[31m", "b\xff", "c\xc2\x80", "*",
                             "d\xc3\xa4", NULL));
    ask("sidekiq", QUEUES_KEYS_ONCE);
    ck_assert_uint_eq(all.left_out, 5);
    ck_assert_str_eq(found(), "sidekiq *|sidekiq d\xc3\xa4|");
    for (int i = 0; i < QUEUES_MAX + 10; i++) {
        snprintf(name, sizeof name, "q%03d", i);
        link_reply_free(link_say(connection, &e, "SADD", "queues", name, NULL));
    }
    ask("sidekiq", QUEUES_KEYS_ONCE);
    ck_assert_uint_eq(all.count, QUEUES_MAX);
    ck_assert_uint_ge(all.left_out, 15);
}
END_TEST

/* A thousand of other keys, and a thousand looked at each time. */
START_TEST(goes_on_where_the_run_before_has_ended)
{
    int runs = 0;

    for (int i = 0; i < 20; i++) {
        char command[64];

        snprintf(command, sizeof command, "DEBUG POPULATE 1000 other%d", i);
        run(command);
    }
    fill_bullmq();
    do {
        ask("bullmq:bull", 1000);
        ck_assert_int_lt(runs++, 100);
    } while (!all.whole);
    ck_assert_int_gt(runs, 2);
    ck_assert_str_eq(found(), bullmq_found);
    /* It is known from now on, and counted each time. */
    run("RPUSH bull:mail:wait 99");
    ask("bullmq:bull", 1000);
    ck_assert(all.whole);
    ck_assert_int_eq(all.items[0].jobs[QUEUES_WAITING], 4);
}
END_TEST

START_TEST(forgets_a_queue_that_is_gone)
{
    fill_bullmq();
    run("INCR bull:other:id");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_uint_eq(all.count, 2);
    run("DEL bull:other:id");
    ask("auto", QUEUES_KEYS_ONCE);
    ck_assert_str_eq(found(), bullmq_found);
}
END_TEST

START_TEST(watches_nothing_when_off)
{
    fill_bullmq();
    ask("off", QUEUES_KEYS_ONCE);
    ck_assert_uint_eq(all.count, 0);
}
END_TEST

static const struct {
    const char *command, *system;
} signs[] = {
    {"SADD queues default", "sidekiq"},
    {"SADD rq:queues rq:queue:high", "rq"},
    {"RPUSH celery x", "celery"},
    {"SADD _kombu.binding.celery x", "celery"},
    {"HSET bull:mail:17 name x", "bullmq"},
    {"SET queues x", NULL},
    {"SET bullet x", NULL},
};

START_TEST(knows_whether_there_are_any)
{
    const char *system;

    run("SELECT 3");
    run("SET other x");
    run("SELECT 5");
    run(signs[_i].command);
    run("SELECT 0");
    ck_assert_msg(queues_any(connection, 0, &system, &e) == 0, "%s", e.text);
    ck_assert_pstr_eq(system, signs[_i].system);
    /* The link is where it was. */
    run("SET here x");
    run("SELECT 0");
    run("RENAME here there");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("queues");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, counts_bullmq);
    tcase_add_test(tc, takes_no_marker_for_a_job);
    tcase_add_test(tc, knows_other_prefixes_if_told);
    tcase_add_test(tc, counts_celery);
    tcase_add_test(tc, counts_rq);
    tcase_add_test(tc, counts_sidekiq);
    tcase_add_test(tc, tells_keys_of_another_type);
    tcase_add_test(tc, leaves_out_what_cannot_be_told_or_is_too_much);
    tcase_add_test(tc, goes_on_where_the_run_before_has_ended);
    tcase_add_test(tc, forgets_a_queue_that_is_gone);
    tcase_add_test(tc, watches_nothing_when_off);
    tcase_add_loop_test(tc, knows_whether_there_are_any, 0,
                        sizeof signs / sizeof *signs);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
