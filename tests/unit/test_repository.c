#include "daemon/repository.h"

#include "daemon/terms.h"
#include "loop.h"

#define LOOK                                                      \
    "echo '{\"look\":{\"ok\":true,\"writable\":true,\"problem\":" \
    "\"\",\"free\":1000,\"total\":2000,\"catalog\":{\"used\":5,"  \
    "\"snapshots\":1,\"sound\":1}}}'; "
#define STATE                                           \
    "echo '{\"state\":{\"format\":1,\"jobs\":\"old\"}," \
    "\"warning\":null}'; "
#define NO_STATE "echo '{\"state\":null,\"warning\":\"x\"}'; "
#define SETTINGS \
    "echo $$ >>pids; read -r line; printf '%s' \"$line\" >settings; "
/* Keeps each line, says it is saved. */
#define SAVE                                                    \
    "while read -r line; do printf '%s\\n' \"$line\" >>saved; " \
    "echo '{\"saved\":1,\"error\":null}'; done"

static struct terms terms;
static struct repository *r;
static unsigned changes, loads;
static bool was_down;
static char *loaded_text;

static void
changed(void *context)
{
    ck_assert_ptr_eq(context, &terms);
    changes++;
    was_down = was_down || !repository_view(r)->ok;
}

static void
loaded(void *context, const json_t *state)
{
    ck_assert_ptr_eq(context, &terms);
    loads++;
    loaded_text = state != NULL ? json_dumps(state, JSON_COMPACT) : NULL;
}

static void
set(const char *option, const char *value)
{
    ck_assert_msg(config_set_option(&terms.config, option, value, &e) == 0,
                  "%s", e.text);
}

static void
begin(void)
{
    loop_begin();
    log_set_level(LOG_LEVEL_ERROR);
    memset(&terms, 0, sizeof terms);
    config_init(&terms.config);
    set("repo", path);
    set("connection-info-interval", "10ms");
    changes = loads = 0;
    loaded_text = NULL;
    was_down = false;
}

static void
start(const char *script)
{
    struct repository_events events = {
        .changed = changed, .loaded = loaded, .context = &terms};

    write_program(script);
    r = repository_new(base, &terms, program, &events);
}

static void
end(void)
{
    repository_free(r);
    config_clear(&terms.config);
    free(loaded_text);
    turn_until(is_childless);
    loop_end();
}

static bool
is_loaded(void)
{
    return loads > 0;
}

static bool
is_ok(void)
{
    return repository_view(r)->ok;
}

static bool
is_down(void)
{
    return repository_view(r)->known && !repository_view(r)->ok;
}

static json_t *
state(const char *job)
{
    return json_pack("{s:s}", "jobs", job);
}

START_TEST(tells_what_the_keeper_saw)
{
    start(SETTINGS LOOK STATE SAVE);
    ck_assert(!repository_view(r)->known);
    ck_assert_int_eq(repository_view(r)->snapshots, -1);
    turn_until(is_loaded);
    ck_assert(repository_view(r)->known);
    ck_assert(repository_view(r)->ok);
    ck_assert(repository_view(r)->writable);
    ck_assert_int_eq(repository_view(r)->free_bytes, 1000);
    ck_assert_int_eq(repository_view(r)->snapshots, 1);
    ck_assert_str_eq(loaded_text, "{\"format\":1,\"jobs\":\"old\"}");
    ck_assert_uint_eq(loads, 1);
    ck_assert_uint_ge(changes, 1);
}
END_TEST

START_TEST(gives_the_keeper_its_settings)
{
    json_t *settings;
    char *text;

    set("alarms-collapse", "33");
    start(SETTINGS LOOK STATE SAVE);
    turn_until(is_loaded);
    text = load("settings");
    settings = json_loads(text, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(settings, "repo")),
                     path);
    ck_assert_str_eq(json_string_value(json_object_get(settings, "instance")),
                     "main");
    ck_assert_int_eq(json_integer_value(json_object_get(settings, "every_ms")),
                     10);
    ck_assert(json_real_value(json_object_get(settings, "collapse")) == 33);
    ck_assert(json_is_true(json_object_get(settings, "make")));
    json_decref(settings);
    free(text);
}
END_TEST

START_TEST(writes_the_last_state_of_many)
{
    char *text;

    start(SETTINGS LOOK NO_STATE SAVE);
    turn_until(is_loaded);
    ck_assert_ptr_null(loaded_text);
    for (int i = 0; i < 100; i++)
        repository_save(r, state(i < 99 ? "early" : "last"), false);
    repository_flush(r, 20000);
    text = load("saved");
    ck_assert_ptr_nonnull(strstr(text, "\"jobs\":\"last\""));
    ck_assert_ptr_null(strstr(strchr(text, '\n') + 1, "early"));
    free(text);
}
END_TEST

START_TEST(flush_does_not_wait_for_ever)
{
    start(SETTINGS LOOK STATE "exec sleep 1000");
    turn_until(is_loaded);
    repository_save(r, state("x"), true);
    repository_flush(r, 50);
    ck_assert(!has_file("saved"));
}
END_TEST

static bool
has_saved_twice(void)
{
    char *text = load("saved");
    bool has = strchr(text, '\n') != NULL &&
               strchr(strchr(text, '\n') + 1, '\n') != NULL;

    free(text);
    return has;
}

START_TEST(writes_again_what_could_not_be_written)
{
    start(
        SETTINGS LOOK STATE
        "while read -r line; do printf '%s\\n' \"$line\" >>saved; "
        "if [ -e tried ]; then echo '{\"saved\":1,\"error\":null}'; else "
        "echo '{\"saved\":1,\"error\":\"full\"}'; touch tried; sleep 0.3; " LOOK
        "fi; done");
    turn_until(is_loaded);
    repository_save(r, state("x"), false);
    turn_until(has_saved_twice);
    repository_flush(r, 20000);
}
END_TEST

static bool
has_two_pids(void)
{
    char *text = load("pids");
    bool has = strchr(text, '\n') != NULL &&
               strchr(strchr(text, '\n') + 1, '\n') != NULL;

    free(text);
    return has;
}

START_TEST(starts_a_keeper_again_that_died_and_writes_then)
{
    char *text;

    start(SETTINGS LOOK STATE "[ -e second ] || { touch second; read -r line; "
                              "kill -9 $$; }; " SAVE);
    turn_until(is_loaded);
    repository_save(r, state("x"), false);
    turn_until(has_two_pids);
    repository_flush(r, 20000);
    text = load("saved");
    ck_assert_ptr_nonnull(strstr(text, "\"jobs\":\"x\""));
    free(text);
    text = load("settings"); /* what was there once is not made again */
    ck_assert_ptr_nonnull(strstr(text, "\"make\":false"));
    free(text);
    ck_assert_uint_eq(loads, 1);
}
END_TEST

START_TEST(is_down_when_the_keeper_is_silent)
{
    start(SETTINGS LOOK STATE "exec sleep 1000");
    repository_set_patience(r, 500);
    turn_until(is_ok);
    turn_until(is_down);
    ck_assert_str_eq(repository_view(r)->problem, "the disk does not answer");
    ck_assert_int_eq(repository_view(r)->snapshots, 1); /* last known */
    turn_until(is_childless);                           /* killed */
}
END_TEST

static pid_t sandman;

static bool
has_slept(void)
{
    return waitpid(sandman, NULL, WNOHANG) == sandman;
}

/* The kernel ends the loop's wait then without a look at what came. */
START_TEST(is_not_down_because_we_were_stopped)
{
    start(SETTINGS LOOK STATE "while sleep 0.05; do " LOOK "done");
    turn_until(is_ok);
    repository_set_patience(r, 400);
    sandman = fork();
    if (sandman == 0) {
        kill(getppid(), SIGSTOP);
        usleep(900000);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    turn_until(has_slept);
    changes = 0;
    while (changes < 3)
        event_base_loop(base, EVLOOP_ONCE);
    ck_assert(!was_down);
}
END_TEST

START_TEST(is_down_when_no_keeper_runs)
{
    start("exit 1");
    repository_set_patience(r, 200);
    turn_until(is_down);
    ck_assert_str_eq(repository_view(r)->problem,
                     "the keeper of the repository does not run");
    ck_assert_uint_eq(loads, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("repository");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, tells_what_the_keeper_saw);
    tcase_add_test(tc, gives_the_keeper_its_settings);
    tcase_add_test(tc, writes_the_last_state_of_many);
    tcase_add_test(tc, flush_does_not_wait_for_ever);
    tcase_add_test(tc, writes_again_what_could_not_be_written);
    tcase_add_test(tc, starts_a_keeper_again_that_died_and_writes_then);
    tcase_add_test(tc, is_down_when_the_keeper_is_silent);
    tcase_add_test(tc, is_not_down_because_we_were_stopped);
    tcase_add_test(tc, is_down_when_no_keeper_runs);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
