#include "daemon/queue_watch.h"

#include "loop.h"

/* A server that is what the test says it is. */
static struct server_view server;
static struct terms terms;
static char *options[] = {"--instance=main", NULL};
static struct queue_watch *watch;

const struct server_view *
server_view(const struct server *s)
{
    (void)s;
    return &server;
}

static void
set(const char *option, const char *value)
{
    ck_assert_msg(config_set_option(&terms.config, option, value, &e) == 0,
                  "%s", e.text);
}

/* The script reports what is in the file report; of each run a line is kept:
 * its arguments and its input. */
static void
begin(void)
{
    loop_begin();
    config_init(&terms.config);
    terms.options = options;
    server = (struct server_view){.state = SERVER_CONNECTED,
                                  .connected_ms = clock_wall_ms() - 1000};
    set("queues-watch", "auto");
    set("queues-every", "1s");
    write_program("echo \"$*\" >>runs\n"
                  "case $* in *--again*) cat >input;; esac\n"
                  "[ ! -e slow ] || { sleep 1.1; rm slow; }\n"
                  "[ ! -e fail ] || { echo 'no luck' >&2; exit 3; }\n"
                  "cat report >&$2");
    watch = NULL;
}

static void
end(void)
{
    queue_watch_free(watch);
    config_clear(&terms.config);
    turn_until(is_childless);
    loop_end();
}

static void
report(const char *text)
{
    put("report", text);
}

static void
start(void)
{
    watch = queue_watch_new(base, &terms, program, NULL);
}

static bool
is_known(void)
{
    return queue_watch_view(watch)->list != NULL;
}

static bool
is_unknown(void)
{
    return !is_known();
}

static const char two[] =
    "{\"queues\":[{\"system\":\"bullmq\",\"queue\":\"mail\",\"states\":"
    "{\"waiting\":3,\"failed\":2}},{\"system\":\"sidekiq\",\"queue\":\"*\","
    "\"states\":{\"dead\":5}}],\"cursors\":{}}";

START_TEST(counts_at_once_and_adds_up)
{
    const struct queue_watch_view *v;

    report(two);
    start();
    ck_assert_int_eq(queue_watch_view(watch)->failed, -1);
    turn_until(is_known);
    v = queue_watch_view(watch);
    ck_assert(v->watched);
    ck_assert_uint_eq(json_array_size(v->list), 2);
    ck_assert_int_eq(v->failed, 7);
    ck_assert_int_eq(v->worst_failed, 5);
    ck_assert_str_eq(v->worst, "sidekiq *");
}
END_TEST

START_TEST(rests_behind_a_run_that_was_too_slow)
{
    char *runs;

    put("slow", "");
    report(two);
    start();
    turn_until(is_known);
    turn_for(500);
    runs = load("runs");
    ck_assert_ptr_eq(strchr(runs, '\n'), runs + strlen(runs) - 1);
    free(runs);
}
END_TEST

static bool
failed_nothing(void)
{
    return queue_watch_view(watch)->failed == 0;
}

START_TEST(goes_on_from_the_report_before)
{
    char *runs, *input;

    report(two);
    start();
    turn_until(is_known);
    report("{\"queues\":[]}");
    turn_until(failed_nothing);
    ck_assert_ptr_null(queue_watch_view(watch)->worst);
    runs = load("runs");
    input = load("input");
    ck_assert_ptr_nonnull(strstr(runs, " queues\n"));
    ck_assert_ptr_nonnull(strstr(runs, " queues --again\n"));
    ck_assert_ptr_nonnull(strstr(input, "\"mail\""));
    free(runs);
    free(input);
}
END_TEST

START_TEST(forgets_what_was_before_a_loss_of_the_connection)
{
    report(two);
    start();
    turn_until(is_known);
    server.connected_ms = clock_wall_ms() + 1000;
    ck_assert(is_unknown());
    ck_assert_int_eq(queue_watch_view(watch)->failed, -1);
    ck_assert_ptr_null(queue_watch_view(watch)->worst);
}
END_TEST

START_TEST(waits_for_the_server)
{
    report(two);
    server.state = SERVER_CONNECTING;
    start();
    turn_for(100);
    ck_assert(!has_file("runs"));
    server.state = SERVER_CONNECTED;
    turn_until(is_known);
    server.state = SERVER_DISCONNECTED;
    ck_assert(is_unknown());
}
END_TEST

static bool
has_run_twice(void)
{
    char *runs = load("runs");
    bool twice = strchr(runs, '\n') != strrchr(runs, '\n');

    free(runs);
    return twice;
}

START_TEST(keeps_what_it_knows_when_a_run_fails)
{
    report(two);
    start();
    turn_until(is_known);
    put("fail", "");
    turn_until(has_run_twice);
    ck_assert(is_known());
}
END_TEST

static const char *const bad[] = {
    "",
    "[]",
    "{\"error\":\"no\"}",
    "{\"queues\":{}}",
    "{\"queues\":[{\"system\":\"a\",\"queue\":7,\"states\":{}}]}",
    "{\"queues\":[{\"system\":\"a\",\"queue\":\"b\"}]}",
};

START_TEST(takes_no_report_that_is_none)
{
    report(bad[_i]);
    start();
    turn_until(has_run_twice);
    ck_assert(is_unknown());
}
END_TEST

START_TEST(does_nothing_when_off_and_all_after_a_reload)
{
    report(two);
    set("queues-watch", "off");
    start();
    turn_for(50);
    ck_assert(!has_file("runs"));
    ck_assert(!queue_watch_view(watch)->watched);
    set("queues-watch", "rq");
    queue_watch_reload(watch, &terms);
    turn_until(is_known);
    ck_assert(queue_watch_view(watch)->watched);
    set("queues-watch", "off");
    queue_watch_reload(watch, &terms);
    ck_assert(is_unknown());
    ck_assert(!queue_watch_view(watch)->watched);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("queue_watch");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, counts_at_once_and_adds_up);
    tcase_add_test(tc, rests_behind_a_run_that_was_too_slow);
    tcase_add_test(tc, goes_on_from_the_report_before);
    tcase_add_test(tc, forgets_what_was_before_a_loss_of_the_connection);
    tcase_add_test(tc, waits_for_the_server);
    tcase_add_test(tc, keeps_what_it_knows_when_a_run_fails);
    tcase_add_loop_test(tc, takes_no_report_that_is_none, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tc, does_nothing_when_off_and_all_after_a_reload);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
