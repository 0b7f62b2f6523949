#include "jobs/doctor_server.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/doctor_host.h"

#define GIB "1073741824"
#define CACHE "appendonly", "no", "save", "", "maxmemory-policy", "allkeys-lru"

/*
 * A server with which all is well, but for what is said after it; pairs of
 * setting and value, and lines of INFO. A later one counts.
 */
static const char *const settings_good[] = {"appendonly",
                                            "yes",
                                            "save",
                                            "3600 1 300 100",
                                            "port",
                                            "6379",
                                            "bind",
                                            "127.0.0.1 -::1",
                                            "protected-mode",
                                            "yes",
                                            "maxmemory",
                                            "8589934592",
                                            "maxmemory-policy",
                                            "noeviction",
                                            NULL};
static const char info_good[] =
    "redis_version:7.2.5\r\nrole:master\r\nconnected_slaves:1\r\n"
    "used_memory:" GIB "\r\nuptime_in_seconds:86400\r\n"
    "config_file:/etc/redis/redis.conf\r\n";

enum { WORDS = 8 };

struct plant {
    const char *settings[WORDS]; /* pairs */
    const char *lines;           /* of INFO */
    const char *codes;           /* "a b": these and no others, in any order */
    enum doctor_severity worst;
    enum survey_stranger stranger;
    bool jobs;
    int64_t memory_bytes;
};

static struct doctor_scene scene;
static struct info info;
static struct config config;
static struct doctor_findings found;
static char text[2048];

static void
set_pairs(struct survey_settings *s, const char *const *pairs)
{
    for (size_t i = 0; pairs[i] != NULL; i += 2)
        survey_settings_add(s, pairs[i], pairs[i + 1]);
}

/* The first of a name counts: what is planted comes before the good ones. */
static void
begin(const struct plant *p)
{
    struct survey_settings *s = survey_settings_new();

    config_init(&config);
    set_pairs(s, p->settings);
    set_pairs(s, settings_good);
    snprintf(text, sizeof text, "%s%s", info_good,
             p->lines != NULL ? p->lines : "");
    info_read(&info, text);
    snprintf(text, sizeof text, "%s%s", p->lines != NULL ? p->lines : "",
             info_good);
    scene = (struct doctor_scene){.info = &info,
                                  .info_text = text,
                                  .settings = s,
                                  .stranger = p->stranger,
                                  .jobs_found = p->jobs,
                                  .memory_bytes = p->memory_bytes,
                                  .slow_commands = -1,
                                  .restarts = -1,
                                  .pid = -1,
                                  .root = "",
                                  .config = &config};
    for (doctor_rule *const *rule = doctor_rules_server; *rule != NULL; rule++)
        (*rule)(&scene, &found);
}

static void
end(void)
{
    doctor_clear(&found);
    survey_settings_free((struct survey_settings *)scene.settings);
    config_clear(&config);
}

static const struct doctor_finding *
find(const char *code)
{
    for (size_t i = 0; i < found.count; i++)
        if (strcmp(found.items[i].code, code) == 0)
            return &found.items[i];
    return NULL;
}

static const struct plant plants[] = {
    {.codes = "release_traps"},
    {.lines = "redis_version:6.0.16\r\n",
     .codes = "release_loses_data",
     .worst = DOCTOR_WARNING},
    {.lines = "redis_version:6.2.8\r\n", .codes = ""},
    {.lines = "redis_version:7.0.2\r\n",
     .codes = "release_loses_data release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "redis_version:7.0.4\r\n",
     .codes = "release_loses_data release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "redis_version:7.0.5\r\n", .codes = "release_traps"},
    {.lines = "redis_version:7.0.4\r\nvalkey_version:8.0.1\r\n",
     .codes = "release_traps"},
    {.lines = "latest_fork_usec:99999\r\n", .codes = "release_traps"},
    {.lines = "latest_fork_usec:100000\r\n",
     .codes = "fork_slow release_traps"},
    {.lines = "latest_fork_usec:1000000\r\n",
     .codes = "fork_slow release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "aof_delayed_fsync:25\r\n",
     .codes = "fsync_delayed release_traps"},
    {.lines = "aof_delayed_fsync:26\r\n",
     .codes = "fsync_delayed release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "mem_fragmentation_ratio:1.49\r\n", .codes = "release_traps"},
    {.lines = "mem_fragmentation_ratio:1.5\r\n",
     .codes = "memory_fragmented release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "mem_fragmentation_ratio:9\r\nused_memory:1000000\r\n",
     .codes = "release_traps"},
    {.lines = "mem_fragmentation_ratio:0.5\r\n",
     .codes = "memory_swapped release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "db0:keys=10,expires=0,avg_ttl=0\r\n",
     .codes = "big_keys release_traps"},
    {.lines = "db0:keys=100000,expires=0,avg_ttl=0\r\n",
     .codes = "release_traps"},
    {.lines = "aof_last_write_status:err\r\n",
     .codes = "aof_write_failed release_traps",
     .worst = DOCTOR_ERROR},
    {.lines = "aof_last_bgrewrite_status:err\r\n",
     .codes = "rewrite_failed release_traps",
     .worst = DOCTOR_ERROR},
    {.lines = "rdb_last_bgsave_status:err\r\n",
     .codes = "save_failed release_traps",
     .worst = DOCTOR_ERROR},
    {.settings = {"maxmemory", "1342177281"},
     .codes = "release_traps"}, /* 79 % */
    {.settings = {"maxmemory", "1342177280"},
     .codes = "memory_full release_traps",
     .worst = DOCTOR_WARNING},
    {.settings = {"maxmemory", GIB},
     .codes = "memory_full release_traps",
     .worst = DOCTOR_ERROR},
    {.lines = "evicted_keys:1\r\n",
     .codes = "keys_evicted release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "evicted_keys:1\r\n",
     .jobs = true,
     .codes = "keys_evicted release_traps",
     .worst = DOCTOR_ERROR},
    {.settings = {"maxmemory-policy", "volatile-ttl"},
     .jobs = true,
     .codes = "policy_evicts_jobs release_traps",
     .worst = DOCTOR_ERROR},
    {.stranger = SURVEY_STRANGER_SOME, .codes = "no_password release_traps"},
    {.stranger = SURVEY_STRANGER_NOTHING, .codes = "release_traps"},
    {.settings = {"bind", "10.0.0.1"},
     .stranger = SURVEY_STRANGER_ALL,
     .codes = "no_password tls_off release_traps"}, /* protected-mode */
    {.settings = {"bind", "10.0.0.1", "protected-mode", "no"},
     .stranger = SURVEY_STRANGER_ALL,
     .codes = "no_password tls_off protected_mode_off release_traps",
     .worst = DOCTOR_ERROR},
    {.settings = {"bind", "10.0.0.1"},
     .lines = "redis_version:6.2.14\r\n",
     .stranger = SURVEY_STRANGER_ALL,
     .codes = "no_password tls_off",
     .worst = DOCTOR_ERROR},
    {.settings = {"bind", "", "port", "0", "tls-port", "6380"},
     .stranger = SURVEY_STRANGER_NOTHING,
     .codes = "bind_all release_traps"},
    {.settings = {"bind", "* -::*", "port", "0"},
     .stranger = SURVEY_STRANGER_ALL,
     .codes = "no_password release_traps"}, /* a unix socket alone */
    {.settings = {"bind", "10.0.0.1", "port", "0", "tls-port", "6379"},
     .stranger = SURVEY_STRANGER_NOTHING,
     .codes = "release_traps"},
    {.settings = {"timeout", "59"},
     .codes = "timeout_short release_traps",
     .worst = DOCTOR_WARNING},
    {.settings = {"timeout", "60"}, .codes = "release_traps"},
    {.settings = {"save", "3601 1 60 10000"},
     .codes = "save_rare release_traps",
     .worst = DOCTOR_WARNING},
    {.settings = {"save", "86400 100 3600 1"}, .codes = "release_traps"},
    {.settings = {"save", "rubbish"}, .codes = "release_traps"},
    {.settings = {"maxclients", "10"},
     .lines = "connected_clients:8\r\n",
     .codes = "clients_many release_traps",
     .worst = DOCTOR_WARNING},
    {.settings = {"maxclients", "10"},
     .lines = "rejected_connections:1\r\n",
     .codes = "clients_refused release_traps",
     .worst = DOCTOR_WARNING},
    {.lines = "connected_slaves:0\r\n", .codes = "no_replica release_traps"},
    {.lines = "role:slave\r\nmaster_link_status:down\r\n",
     .codes = "primary_away release_traps",
     .worst = DOCTOR_ERROR},
    {.settings = {"appendonly", "no", "save", ""},
     .codes = "appendonly_off save_off empty_primary",
     .worst = DOCTOR_ERROR},
    {.settings = {CACHE},
     .lines = "connected_slaves:0\r\n",
     .codes = "appendonly_off save_off policy_evicts no_replica"},
    {.settings = {CACHE},
     .lines = "connected_slaves:0\r\n",
     .jobs = true,
     .codes = "appendonly_off save_off policy_evicts_jobs no_replica",
     .worst = DOCTOR_ERROR},
    {.settings = {"maxmemory", "0"},
     .codes = "maxmemory_off release_traps",
     .worst = DOCTOR_WARNING},
};

START_TEST(finds_what_is_planted_and_nothing_else)
{
    const struct plant *p = &plants[_i];
    enum doctor_severity worst = DOCTOR_INFO;
    size_t wanted = 0;
    char *codes = strdup(p->codes), *rest = codes, *code;

    begin(p);
    while ((code = strsep(&rest, " ")) != NULL) {
        if (*code == '\0')
            continue;
        wanted++;
        ck_assert_msg(find(code) != NULL, "%d: no %s", _i, code);
    }
    for (size_t i = 0; i < found.count; i++) {
        ck_assert_msg(strstr(p->codes, found.items[i].code) != NULL,
                      "%d: also %s", _i, found.items[i].code);
        if (found.items[i].severity > worst)
            worst = found.items[i].severity;
    }
    ck_assert_uint_eq(found.count, wanted);
    ck_assert_int_eq(worst, p->worst);
    free(codes);
}
END_TEST

/* What --apply must not do now. */
static const struct {
    const char *code;
    struct plant plant;
} harms[] = {
    {"save_off",
     {.settings = {"save", ""}, .lines = "rdb_last_bgsave_status:err\r\n"}},
    {"writes_go_on_unsaved",
     {.settings = {"stop-writes-on-bgsave-error", "no"},
      .lines = "rdb_last_bgsave_status:err\r\n"}},
    {"policy_evicts_jobs",
     {.settings = {"maxmemory-policy", "allkeys-lru", "maxmemory", GIB},
      .jobs = true}},
    {"protected_mode_off",
     {.settings = {"protected-mode", "no", "bind", "10.0.0.1"},
      .stranger = SURVEY_STRANGER_ALL}},
    {"protected_mode_off",
     {.settings = {"protected-mode", "no", "bind", "10.0.0.1"},
      .stranger = SURVEY_STRANGER_NOTHING}},
};

START_TEST(what_would_do_harm_now_is_told_and_not_applied)
{
    begin(&harms[_i].plant);
    ck_assert(!find(harms[_i].code)->runtime);
    ck_assert_ptr_nonnull(strstr(find(harms[_i].code)->text, "--apply"));
}
END_TEST

START_TEST(says_nothing_of_a_server_that_tells_nothing)
{
    config_init(&config);
    info_read(&info, "");
    scene = (struct doctor_scene){.info = &info,
                                  .root = "",
                                  .pid = -1,
                                  .memory_bytes = -1,
                                  .slow_commands = -1,
                                  .restarts = -1,
                                  .config = &config};
    for (doctor_rule *const *rule = doctor_rules_server; *rule != NULL; rule++)
        (*rule)(&scene, &found);
    ck_assert_uint_eq(found.count, 0);
}
END_TEST

/* Memory, what is used, what is wanted then. */
static const struct {
    int64_t memory_bytes;
    const char *lines, *wanted;
} limits[] = {
    {INT64_C(16) << 30, NULL, "12884901888"},
    {INT64_C(1) << 30, NULL, "1610612736"}, /* 1.5 times what is used */
    {INT64_C(16) << 30, "used_memory:15000000000\r\n", "22500343808"},
    {INT64_C(1000) << 20, "used_memory:1000\r\n", "786432000"},
    {-1, NULL, NULL},
};

START_TEST(wants_three_quarters_of_the_memory)
{
    struct plant p = {.settings = {"maxmemory", "0"},
                      .lines = limits[_i].lines,
                      .memory_bytes = limits[_i].memory_bytes};
    const struct doctor_finding *f;

    begin(&p);
    f = find("maxmemory_off");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(f->runtime, limits[_i].wanted != NULL);
    if (f->wanted == NULL)
        ck_assert_ptr_null(limits[_i].wanted);
    else
        ck_assert_str_eq(f->wanted, limits[_i].wanted);
}
END_TEST

START_TEST(tells_what_is_not_in_the_file)
{
    struct plant p = {.settings = {"dir", "/data", "dbfilename", "dump.rdb"}};
    struct doctor_host host = {.unit = "redis-server.service"};
    struct conf file;

    conf_begin(&file);
    file.appendonly = -1;
    file.dir = strdup("/var/lib/redis");
    file.dbfilename = strdup("dump.rdb");
    begin(&p);
    ck_assert_ptr_null(find("unlike_file"));
    scene.conf = &file;
    doctor_clear(&found);
    doctor_server_unwritten(&scene, &found);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_str_eq(found.items[0].setting, "appendonly");
    ck_assert_str_eq(found.items[0].value, "no");
    ck_assert_str_eq(found.items[0].wanted, "yes");
    ck_assert_str_eq(found.items[1].setting, "dir");
    ck_assert_int_eq(found.items[1].severity, DOCTOR_INFO);
    scene.host = &host;
    doctor_clear(&found);
    doctor_server_unwritten(&scene, &found);
    ck_assert_int_eq(found.items[1].severity, DOCTOR_ERROR);
    conf_clear(&file);
}
END_TEST

START_TEST(a_remedy_has_words_for_a_shell)
{
    struct plant p = {.settings = {"save", ""}};

    begin(&p);
    ck_assert_str_eq(find("save_off")->remedy,
                     "redis-cli CONFIG SET save '3600 1 300 100 60 10000'");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_server");
    TCase *cases = tcase_create("doctor_server");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, NULL, end);
    tcase_add_loop_test(cases, finds_what_is_planted_and_nothing_else, 0,
                        sizeof plants / sizeof *plants);
    tcase_add_loop_test(cases, what_would_do_harm_now_is_told_and_not_applied,
                        0, sizeof harms / sizeof *harms);
    tcase_add_test(cases, says_nothing_of_a_server_that_tells_nothing);
    tcase_add_loop_test(cases, wants_three_quarters_of_the_memory, 0,
                        sizeof limits / sizeof *limits);
    tcase_add_test(cases, tells_what_is_not_in_the_file);
    tcase_add_test(cases, a_remedy_has_words_for_a_shell);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
