#include "daemon/dependency.h"

#include "config/config.h"
#include "loop.h"

static struct config config, other;
static struct notices *notices;
static struct dependencies *all;

static void
read_config(struct config *c, const char *text)
{
    char *file = text_format("%s/redkeep.conf", path);
    char *const nothing[] = {NULL};

    put("redkeep.conf", text);
    config_clear(c);
    config_init(c);
    ck_assert_msg(config_load(c, file, nothing, NULL, NULL, &e) == 0, "%s",
                  e.text);
    free(file);
}

/* A check says what is in the file of its command's name. */
static void
begin_with(const char *text)
{
    read_config(&config, text);
    write_program("read -r line; name=${line#*command\\\":\\\"}; "
                  "cat \"${name%%\\\"*}\" || exec sleep 1000");
    notices = notice_new();
    all = dependency_new(base, &config, program, notices);
}

static void
begin(void)
{
    loop_begin();
    config_init(&config);
    config_init(&other);
    notices = NULL;
    all = NULL;
}

static void
end(void)
{
    dependency_free(all);
    notice_free(notices);
    config_clear(&config);
    config_clear(&other);
    turn_until(is_childless);
    loop_end();
}

static void
answer(const char *name, bool ok, const char *message)
{
    char *text = text_format("{\"ok\":%s,\"message\":\"%s\",\"took_ms\":7}\n",
                             ok ? "true" : "false", message);

    put(name, text);
    free(text);
}

static bool
all_known(void)
{
    for (size_t i = 0; i < dependency_count(all); i++)
        if (!dependency_view(all, i)->known)
            return false;
    return true;
}

static bool
first_is_down(void)
{
    return !dependency_view(all, 0)->up;
}

static bool
first_is_up(void)
{
    return dependency_view(all, 0)->up;
}

/* The texts of the notices, each with '|' behind it. */
static char *
told(void)
{
    static char out[4096];
    json_t *history = notice_write(notices), *one;
    size_t i;

    out[0] = '\0';
    json_array_foreach(history, i, one)
    {
        ck_assert_str_eq(json_string_value(json_object_get(one, "event")),
                         "dependency");
        strcat(strcat(out, json_string_value(json_object_get(one, "text"))),
               "|");
    }
    json_decref(history);
    return out;
}

START_TEST(tells_what_each_says)
{
    answer("db", true, "42 rows");
    answer("bad", false, "exit status 1");
    begin_with("[dependency db]\ncommand = db\nrequired = yes\n"
               "[dependency bad]\ncommand = bad\n");
    ck_assert_uint_eq(dependency_count(all), 2);
    ck_assert_str_eq(dependency_view(all, 0)->message, "not checked yet");
    turn_until(all_known);
    ck_assert_str_eq(dependency_view(all, 0)->name, "db");
    ck_assert(dependency_view(all, 0)->up);
    ck_assert(dependency_view(all, 0)->required);
    ck_assert_int_eq(dependency_view(all, 0)->response_ms, 7);
    ck_assert_int_gt(dependency_view(all, 0)->checked_ms, 0);
    ck_assert_str_eq(dependency_view(all, 0)->message, "42 rows");
    ck_assert(!dependency_view(all, 1)->up);
    ck_assert(!dependency_view(all, 1)->required);
    ck_assert_str_eq(told(), "dependency bad is down: exit status 1|");
}
END_TEST

START_TEST(tells_each_change_once)
{
    answer("db", true, "fine");
    begin_with("[dependency db]\ncommand = db\nevery = 1s\n");
    turn_until(all_known);
    answer("db", false, "gone");
    turn_until(first_is_down);
    answer("db", true, "back");
    turn_until(first_is_up);
    ck_assert_str_eq(told(),
                     "dependency db is down: gone|dependency db is up: back|");
}
END_TEST

START_TEST(knows_after_a_reload_what_it_knew)
{
    answer("db", true, "fine");
    begin_with("[dependency db]\ncommand = db\n");
    turn_until(all_known);
    read_config(&other, "[dependency new]\ncommand = hangs\n"
                        "[dependency db]\ncommand = db\nrequired = yes\n");
    dependency_reload(all, &other);
    ck_assert_uint_eq(dependency_count(all), 2);
    ck_assert(!dependency_view(all, 0)->known);
    ck_assert(dependency_view(all, 1)->known);
    ck_assert(dependency_view(all, 1)->required);
    ck_assert_str_eq(dependency_view(all, 1)->message, "fine");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dependency");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, tells_what_each_says);
    tcase_add_test(tc, tells_each_change_once);
    tcase_add_test(tc, knows_after_a_reload_what_it_knew);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
