#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_text.h"

START_TEST(has_presets_that_it_would_accept_itself)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key_info *key = &config_keys[i];
        uint64_t number;

        ck_assert_msg(key->section != NULL, "row %zu is missing", i);
        if (key->preset != NULL)
            ck_assert_msg(config_value_read(key, key->preset, &number, &e) == 0,
                          "[%s] %s: %s", key->section, key->name, e.text);
    }
}
END_TEST

START_TEST(has_one_option_for_each_key)
{
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++) {
        char option[CONFIG_KEYS_OPTION_SIZE];

        config_keys_option(&config_keys[i], option);
        ck_assert_ptr_eq(config_find_option(option), &config_keys[i]);
    }
    ck_assert_str_eq(config_find_option("repo")->name, "repo");
    ck_assert_str_eq(config_find_option("http-listen")->section, "http");
    ck_assert_str_eq(config_find_option("snapshot-max-age")->name, "max_age");
    ck_assert_ptr_null(config_find_option("http_listen"));
    ck_assert_ptr_null(config_find_option("redkeep-repo"));
    ck_assert_ptr_null(config_find_option("counters-source"));
}
END_TEST

START_TEST(has_room_for_every_key_of_a_named_section)
{
    ck_assert_int_eq(CONFIG_DEPENDENCY_COMMAND - CONFIG_COUNTERS_SOURCE,
                     CONFIG_BLOCK_KEYS);
    ck_assert_int_le(CONFIG_KEYS - CONFIG_DEPENDENCY_COMMAND,
                     CONFIG_BLOCK_KEYS);
}
END_TEST

START_TEST(keeps_the_local_server_when_told_nothing)
{
    ck_assert_str_eq(config_text(&c, CONFIG_INSTANCE), "main");
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "redis://127.0.0.1:6379");
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/var/lib/redkeep");
    ck_assert_ptr_null(config_text(&c, CONFIG_DATA_DIR));
    ck_assert_uint_eq(config_number(&c, CONFIG_LOG_LEVEL), 2);
    ck_assert_uint_eq(config_duration_ms(&c, CONFIG_SNAPSHOT_MAX_AGE), 3600000);
    ck_assert_uint_eq(config_size(&c, CONFIG_JOBS_MEMORY_LIMIT), 1 << 30);
    ck_assert_uint_eq(config_number(&c, CONFIG_ALARMS_FRAGMENTATION), 1500);
    ck_assert_uint_eq(config_number(&c, CONFIG_CONNECTION_DELAYS), 5);
    ck_assert(config_flag(&c, CONFIG_CONNECTION_TLS_VERIFY));
    ck_assert(config_lists(&c, CONFIG_SNAPSHOT_INCLUDE, "nodes"));
    ck_assert(!config_lists(&c, CONFIG_SNAPSHOT_INCLUDE, "node"));
    ck_assert(!config_is_set(&c, CONFIG_REPO));
}
END_TEST

START_TEST(puts_options_before_variables_before_the_file)
{
    char *environment[] = {"REDKEEP_REPO=/variable",
                           "REDKEEP_HTTP_LISTEN=127.0.0.1:2",
                           "REDKEEP_NO_SUCH_KEY=1", "REDKEEP_DATA_DIR=", NULL};

    ck_assert_int_eq(config_set_option(&c, "repo", "/option", &e), 0);
    ck_assert_int_eq(load("[redkeep]\nrepo = /file\ndata_dir = /data\n"
                          "[http]\nlisten = 127.0.0.1:1\n"
                          "max_connections = 9\n",
                          environment),
                     0);
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/option");
    ck_assert_str_eq(config_text(&c, CONFIG_HTTP_LISTEN), "127.0.0.1:2");
    ck_assert_uint_eq(config_number(&c, CONFIG_HTTP_MAX_CONNECTIONS), 9);
    ck_assert_str_eq(config_text(&c, CONFIG_DATA_DIR), "/data");
}
END_TEST

START_TEST(listens_to_others_variables_where_ours_are_silent)
{
    char *others[] = {"REDIS_URL=redis://a:1",
                      "REDIS_TLS=yes",
                      "REDIS_TLS_REJECT_UNAUTHORIZED=false",
                      "REDIS_CONNECT_TIMEOUT_MS=1500",
                      "LOG_LEVEL=WARNING",
                      NULL};
    char *both[] = {"REDIS_URL=bad",
                    "REDIS_TLS=yes",
                    "LOG_LEVEL=bad",
                    "REDIS_CONNECT_TIMEOUT_MS=bad",
                    "REDKEEP_REDIS=redis://b:2",
                    "REDKEEP_CONNECTION_CONNECT_TIMEOUT=3s",
                    "REDKEEP_LOG_LEVEL=error",
                    NULL};

    ck_assert_msg(load("[redkeep]\nredis = redis://file\n", others) == 0, "%s",
                  problems);
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "rediss://a:1");
    ck_assert(!config_flag(&c, CONFIG_CONNECTION_TLS_VERIFY));
    ck_assert_uint_eq(config_duration_ms(&c, CONFIG_CONNECTION_CONNECT_TIMEOUT),
                      1500);
    ck_assert_str_eq(config_text(&c, CONFIG_LOG_LEVEL), "warn");
    config_clear(&c);
    config_init(&c);
    ck_assert_msg(load("", both) == 0, "%s", problems);
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "redis://b:2");
    ck_assert_uint_eq(config_duration_ms(&c, CONFIG_CONNECTION_CONNECT_TIMEOUT),
                      3000);
    ck_assert_str_eq(config_text(&c, CONFIG_LOG_LEVEL), "error");
}
END_TEST

START_TEST(means_tls_by_a_plain_url_of_file_or_preset)
{
    char *environment[] = {"REDIS_TLS=1", NULL};

    ck_assert_int_eq(load("", environment), 0);
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "rediss://127.0.0.1:6379");
    config_clear(&c);
    config_init(&c);
    ck_assert_int_eq(config_set_option(&c, "redis", "redis://x", &e), 0);
    ck_assert_int_eq(load("", environment), 0);
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "redis://x");
}
END_TEST

START_TEST(sets_counts_of_retention_aside_when_one_is_given)
{
    ck_assert_uint_eq(config_number(&c, CONFIG_RETENTION_DAILY), 30);
    ck_assert_int_eq(load("[retention]\nweekly = 4\n", NULL), 0);
    ck_assert_uint_eq(config_number(&c, CONFIG_RETENTION_WEEKLY), 4);
    ck_assert_uint_eq(config_number(&c, CONFIG_RETENTION_DAILY), 0);
    ck_assert_uint_eq(config_number(&c, CONFIG_RETENTION_HOURLY), 0);
    ck_assert_uint_eq(config_duration_ms(&c, CONFIG_RETENTION_LOG), 604800000);
}
END_TEST

START_TEST(names_a_bad_variable)
{
    char *environment[] = {"REDKEEP_SNAPSHOT_LEVEL=20", "REDIS_TLS=perhaps",
                           "LOG_LEVEL=loud", NULL};

    ck_assert_int_eq(load("", environment), -1);
    ck_assert_str_eq(problems,
                     "REDKEEP_SNAPSHOT_LEVEL: level: '20' is not a number "
                     "from 1 to 19\n"
                     "LOG_LEVEL: log_level: 'loud' is not one of error, warn, "
                     "info, debug\n"
                     "REDIS_TLS: redis: say yes or no\n");
}
END_TEST

static const struct {
    const char *name, *value, *text;
} bad_options[] = {
    {"reppo", "/x", "there is no option --reppo; did you mean --repo?"},
    {"http-listne", "x",
     "there is no option --http-listne; did you mean "
     "--http-listen?"},
    {"qqqqqqqqqqq", "x", "there is no option --qqqqqqqqqqq"},
    {"snapshot-level", "x",
     "--snapshot-level: level: 'x' is not a whole number"},
    {"repo", NULL, "--repo: wants a value"},
    {"repo", "", "--repo: repo: has no value"},
    {"repo", "a\nb", "--repo: repo: holds a control character (\\x0a)"},
};

START_TEST(names_a_bad_option)
{
    ck_assert_int_eq(
        config_set_option(&c, bad_options[_i].name, bad_options[_i].value, &e),
        -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_str_eq(e.text, bad_options[_i].text);
}
END_TEST

START_TEST(takes_a_flag_without_a_value)
{
    ck_assert_int_eq(config_set_option(&c, "http-token-probes", NULL, &e), 0);
    ck_assert(config_flag(&c, CONFIG_HTTP_TOKEN_PROBES));
}
END_TEST

START_TEST(wants_the_file_it_was_told_to_read)
{
    char name[96], variable[128], *environment[] = {variable, NULL};

    snprintf(name, sizeof name, "%s.none", path);
    snprintf(variable, sizeof variable, "REDKEEP_CONFIG=%s", name);
    ck_assert_int_eq(config_load(&c, name, NULL, NULL, NULL, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.text, "No such file or directory"));
    memset(&e, 0, sizeof e);
    ck_assert_int_eq(config_load(&c, NULL, environment, NULL, NULL, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, name));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config");
    TCase *cases = tcase_create("config");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, config_begin, config_end);
    tcase_add_test(cases, has_presets_that_it_would_accept_itself);
    tcase_add_test(cases, has_one_option_for_each_key);
    tcase_add_test(cases, has_room_for_every_key_of_a_named_section);
    tcase_add_test(cases, keeps_the_local_server_when_told_nothing);
    tcase_add_test(cases, puts_options_before_variables_before_the_file);
    tcase_add_test(cases, listens_to_others_variables_where_ours_are_silent);
    tcase_add_test(cases, means_tls_by_a_plain_url_of_file_or_preset);
    tcase_add_test(cases, sets_counts_of_retention_aside_when_one_is_given);
    tcase_add_test(cases, names_a_bad_variable);
    tcase_add_loop_test(cases, names_a_bad_option, 0,
                        (int)(sizeof bad_options / sizeof *bad_options));
    tcase_add_test(cases, takes_a_flag_without_a_value);
    tcase_add_test(cases, wants_the_file_it_was_told_to_read);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
