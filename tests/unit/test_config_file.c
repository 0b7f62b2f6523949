#include "config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_text.h"

START_TEST(reads_a_file)
{
    ck_assert_msg(load("\xef\xbb\xbf; head\n# also\n[redkeep] ; ours\r\n"
                       "repo = /srv/backup  ; where\r\n"
                       "redis=redis://u:x;y@h:1/2\n"
                       "\n   \n[ http ]\n"
                       "listen = [::1]:9736\n"
                       "token_probes=yes\n"
                       "[snapshot]\ninclude = acl , config\n"
                       "[alarms]\nfragmentation = 2.25\n"
                       "[hooks]\non_alarm = logger -t a \"$X\" a=b:c;d\n"
                       "[schedule]\ndrill = 0 5 * * 0\nverify = every 90m",
                       NULL) == 0,
                  "%s", problems);
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/srv/backup");
    ck_assert_str_eq(config_text(&c, CONFIG_REDIS), "redis://u:x;y@h:1/2");
    ck_assert_str_eq(config_text(&c, CONFIG_HTTP_LISTEN), "[::1]:9736");
    ck_assert(config_flag(&c, CONFIG_HTTP_TOKEN_PROBES));
    ck_assert(config_lists(&c, CONFIG_SNAPSHOT_INCLUDE, "config"));
    ck_assert(!config_lists(&c, CONFIG_SNAPSHOT_INCLUDE, "nodes"));
    ck_assert_uint_eq(config_number(&c, CONFIG_ALARMS_FRAGMENTATION), 2250);
    ck_assert_str_eq(config_text(&c, CONFIG_HOOKS_ON_ALARM),
                     "logger -t a \"$X\" a=b:c;d");
    ck_assert_str_eq(config_text(&c, CONFIG_SCHEDULE_DRILL), "0 5 * * 0");
    ck_assert(config_is_set(&c, CONFIG_REPO));
    ck_assert_str_eq(c.path, path);
}
END_TEST

static const struct {
    const char *text, *problems;
} bad[] = {
    {"repo = /x\n", "FILE:1: repo: no section has begun, like [redkeep]\n"},
    {"[redkeep]\nrpeo = /x\n", "FILE:2: rpeo: there is no such key in "
                               "[redkeep]; did you mean repo?\n"},
    {"[redkeep]\nlisten = x:1\n", "FILE:2: listen: there is no such key in "
                                  "[redkeep]; it belongs to [http]\n"},
    {"[redkeep]\nzzzzzzzzzz = 1\n",
     "FILE:2: zzzzzzzzzz: there is no such key in [redkeep]\n"},
    {"[htp]\nlisten = x\n[htttp]\n",
     "FILE:1: [htp]: there is no such section; did you mean [http]?\n"
     "FILE:3: [htttp]: there is no such section; did you mean [http]?\n"},
    {"[no\x1b]\n", "FILE:1: [no\\x1b]: there is no such section\n"},
    {"[redkeep\nrepo = /x\n",
     "FILE:1: [redkeep: a section begins with '[', but no ']' follows\n"},
    {"[redkeep] x\n",
     "FILE:1: [redkeep]: there is more behind the ']' of a section\n"},
    {"[redkeep x]\n", "FILE:1: [redkeep]: takes no name\n"},
    {"[redkeep]\nrepo = /a\nrepo = /b\n",
     "FILE:3: repo: given twice, first on line 2\n"},
    {"[redkeep]\nrepo = /a\n[http]\n[redkeep]\nrepo = /a\n",
     "FILE:5: repo: given twice, first on line 2\n"},
    {"[redkeep]\nrepo = /a\n  /b\n",
     "FILE:3: /b: the line is indented: no line continues another, begin it at the margin\n"},
    {"[redkeep]\nrepo\n",
     "FILE:2: repo: the line is not of the form key = value\n"},
    {"[redkeep]\nrepo: /a\n",
     "FILE:2: repo: the line is not of the form key = value\n"},
    {"[redkeep]\nrepo:a = /a\n",
     "FILE:2: repo:a: no name of a key (of a-z, 0-9 and '_'); did you mean repo?\n"},
    {"[redkeep]\n= /a\n",
     "FILE:2: =: no name of a key (of a-z, 0-9 and '_')\n"},
    {"[redkeep]\nrepo =\ndata_dir = ; none\n",
     "FILE:2: repo: has no value\nFILE:3: data_dir: has no value\n"},
    {"[redkeep]\ninstance = a/b\n",
     "FILE:2: instance: 'a/b' is not a name (letters, digits, '_', '.', '-'; "
     "at most 40)\n"},
    {"[redkeep]\ninstance = ..\n",
     "FILE:2: instance: '..' is not a name (letters, digits, '_', '.', '-'; "
     "at most 40)\n"},
    {"[redkeep]\nredis = http://user:secret@h\n",
     "FILE:2: redis: the URL does not begin with redis://, rediss:// or "
     "unix://\n"},
    {"[redkeep]\nredis = redis://h:70000/1\n",
     "FILE:2: redis: the URL's port is not a number from 1 to 65535\n"},
    {"[redkeep]\nlog_level = loud\n",
     "FILE:2: log_level: 'loud' is not one of error, warn, info, debug\n"},
    {"[http]\nmax_connections = 5\ntoken_probes = true\n",
     "FILE:2: max_connections: '5' is not a number from 8 to 4096\n"
     "FILE:3: token_probes: 'true' is not yes or no\n"},
    {"[http]\nlisten = 9736\n",
     "FILE:2: listen: '9736' is not host:port (127.0.0.1:9736, [::1]:9736) or "
     "off\n"},
    {"[http]\nlisten = h:65536\n",
     "FILE:2: listen: 'h:65536' is not host:port (127.0.0.1:9736, "
     "[::1]:9736) or off\n"},
    {"[http]\ntoken = short\n",
     "FILE:2: token: the value is not 16 to 256 visible characters\n"},
    {"[http]\ntoken = 0123456789abcdef\ntoken_file = /t\n",
     "FILE:3: token_file: there is a token already; give one of them\n"},
    {"[connection]\ntls_key = /k\n",
     "FILE:2: tls_key: tls_cert is missing, it takes both\n"},
    {"[connection]\ndelays = 1s,,2s\nconnect_timeout = 5 s\n",
     "FILE:2: delays: '' is not a duration like 500ms, 5s, 10m, 1h or 7d\n"
     "FILE:3: connect_timeout: '5 s' is not a duration like 500ms, 5s, 10m, "
     "1h or 7d\n"},
    {"[connection]\ncommand_timeout = 0\nconnect_timeout = 2h\n",
     "FILE:2: command_timeout: '0' is less than 1 ms\n"
     "FILE:3: connect_timeout: '2h' is more than 1 h\n"},
    {"[jobs]\nmemory_limit = 1MiB\n",
     "FILE:2: memory_limit: '1MiB' is less than 64 MiB\n"},
    {"[snapshot]\nread_rate = 10MB\ninclude = acl,all\n",
     "FILE:2: read_rate: '10MB' is not a size like 64MiB, 10GiB or 4096\n"
     "FILE:3: include: 'all' is not one of acl, nodes, config, or none "
     "alone\n"},
    {"[schedule]\nsnapshot = hourly\nbgsave = * * * *\ndrill = every 0s\n",
     "FILE:2: snapshot: 'hourly' is not a schedule: every DURATION, five cron "
     "fields, or off\n"
     "FILE:3: bgsave: '* * * *' is not a schedule: every DURATION, five cron "
     "fields, or off\n"
     "FILE:4: drill: 'every 0s' is not a schedule: every DURATION, five cron "
     "fields, or off\n"},
    {"[schedule]\nsnapshot = 0 0 31 2 *\nverify = 0 24 * * *\n",
     "FILE:2: snapshot: '0 0 31 2 *': never comes: there is no such day\n"
     "FILE:3: verify: '0 24 * * *': hour '24' is not 0-23, a range, a list or "
     "a step of them\n"},
    {"[schedule]\nverify = after snapshot\n",
     "FILE:2: verify: 'after snapshot' is not a schedule: every DURATION, "
     "five cron fields, or off\n"},
    {"[alarms]\nfragmentation = 1.2345\naof_grown = .5\n",
     "FILE:2: fragmentation: '1.2345' is not a number like 10 or 1.5\n"
     "FILE:3: aof_grown: '.5' is not a number like 10 or 1.5\n"},
    {"[hooks]\nwebhook = ftp://key@h\n",
     "FILE:2: webhook: the value is not a URL like https://host/path, or "
     "http://\n"},
    {"[hooks]\nheartbeat = https:///ping\n",
     "FILE:2: heartbeat: the value is not a URL like https://host/path, or "
     "http://\n"},
    {"[queues]\nwatch = bullmq:,rq\n",
     "FILE:2: watch: 'bullmq:,rq' is not a list of bullmq:PREFIX, sidekiq, "
     "celery:QUEUE and rq, or auto, or off\n"},
    {"[counters]\nsource = x\n",
     "FILE:1: [counters]: a name is missing, as in [counters NAME]\n"},
    {"[counters a b]\n", "FILE:1: [counters NAME]: 'a b' is not a name "
                         "(letters, digits, '_', '.', '-'; at most 40)\n"},
    {"[counters status]\nsource = x\n",
     "FILE:1: [counters status]: this name is reserved, choose another\n"},
    {"[dependency redis]\ncommand = x\n",
     "FILE:1: [dependency redis]: this name is reserved, choose another\n"},
    {"[redkeep]\nRepo = /x\n",
     "FILE:2: Repo: no name of a key (of a-z, 0-9 and '_'); did you mean repo?\n"},
    {"[http]\n\tlisten = off\n",
     "FILE:2: listen: the line is indented: no line continues another, begin it at the margin\n"},
    {"[counters a]\nsource = x\n[counters a]\nsource = y\n",
     "FILE:3: [counters a]: given twice, first on line 1\n"},
    {"[counters a]\n\nsample = 1\nsorce = x\n",
     "FILE:4: sorce: there is no such key in [counters]; did you mean "
     "source?\nFILE:1: source: is missing in [counters a]\n"},
    {"[dependency a]\nrequired = perhaps\n",
     "FILE:2: required: 'perhaps' is not yes or no\n"
     "FILE:1: command: is missing in [dependency a]\n"},
};

START_TEST(refuses_and_says_where_and_why)
{
    ck_assert_int_eq(load(bad[_i].text, NULL), -1);
    ck_assert_str_eq(problems, bad[_i].problems);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    /* The error is the first of them. */
    ck_assert_ptr_nonnull(strstr(e.text, ":"));
    ck_assert_int_eq(strncmp(strstr(e.text + strlen(path), ":"),
                             bad[_i].problems + 4,
                             strlen(e.text) - strlen(path)),
                     0);
}
END_TEST

START_TEST(never_cuts_a_long_line)
{
    char text[400];
    int n = snprintf(text, sizeof text, "[redkeep]\nrepo = /");

    /* 199 bytes: the last that is allowed. */
    memset(text + n, 'a', 191);
    strcpy(text + n + 191, "\n");
    ck_assert_msg(load(text, NULL) == 0, "%s", problems);
    ck_assert_uint_eq(strlen(config_text(&c, CONFIG_REPO)), 192);
    strcpy(text + n + 191, "a\n[log]\npins = fd\n");
    config_clear(&c);
    config_init(&c);
    ck_assert_int_eq(load(text, NULL), -1);
    ck_assert_str_eq(problems,
                     "FILE:2: repo: the line has 200 bytes, at most 199 "
                     "are allowed\n");
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/var/lib/redkeep");
    ck_assert_str_eq(config_text(&c, CONFIG_LOG_PINS), "fd");
}
END_TEST

START_TEST(refuses_a_nul_byte)
{
    static const char text[] = "[redkeep]\nrepo = /a\0b\n";

    ck_assert_int_eq(load_bytes(text, sizeof text - 1, NULL), -1);
    ck_assert_str_eq(problems, "FILE:2: repo: the line holds a NUL byte\n");
}
END_TEST

START_TEST(keeps_named_sections_as_a_list)
{
    static const char name[] = "a123456789012345678901234567890123456789";
    char text[400];

    snprintf(text, sizeof text,
             "[counters one]\nsource = psql -f a.sql\nsample = 0\n"
             "[dependency %s]\ncommand = true\n[counters two]\nsource = x\n",
             name);
    ck_assert_msg(load(text, NULL) == 0, "%s", problems);
    ck_assert_uint_eq(c.block_count, 3);
    ck_assert_str_eq(c.blocks[0].name, "one");
    ck_assert_str_eq(c.blocks[0].values[0].text, "psql -f a.sql");
    ck_assert_str_eq(c.blocks[1].name, name);
    ck_assert_str_eq(c.blocks[1].first->section, "dependency");
    ck_assert_uint_eq(c.blocks[1].line, 4);
    ck_assert_str_eq(c.blocks[2].name, "two");
}
END_TEST

START_TEST(knows_the_values_of_named_sections)
{
    const struct config_block *b;

    ck_assert_msg(load("[dependency db]\ncommand = true\nevery = 2s\n"
                       "[counters chats]\nsource = x\nstartup = no\n"
                       "[dependency api]\ncommand = y\nrequired = yes\n",
                       NULL) == 0,
                  "%s", problems);
    ck_assert_uint_eq(config_block_count(&c, "dependency"), 2);
    ck_assert_uint_eq(config_block_count(&c, "counters"), 1);
    b = config_block_at(&c, "dependency", 0);
    ck_assert_str_eq(b->name, "db");
    ck_assert_uint_eq(config_block_duration_ms(b, CONFIG_DEPENDENCY_EVERY),
                      2000);
    ck_assert_uint_eq(config_block_duration_ms(b, CONFIG_DEPENDENCY_TIMEOUT),
                      5000);
    ck_assert(!config_block_flag(b, CONFIG_DEPENDENCY_REQUIRED));
    b = config_block_at(&c, "dependency", 1);
    ck_assert_str_eq(config_block_text(b, CONFIG_DEPENDENCY_COMMAND), "y");
    ck_assert(config_block_flag(b, CONFIG_DEPENDENCY_REQUIRED));
    ck_assert_ptr_null(config_block_at(&c, "dependency", 2));
    b = config_block_at(&c, "counters", 0);
    ck_assert_str_eq(config_block_text(b, CONFIG_COUNTERS_TITLE), "chats");
    ck_assert_str_eq(config_block_text(b, CONFIG_COUNTERS_REBUILD), "auto");
    ck_assert(!config_block_flag(b, CONFIG_COUNTERS_STARTUP));
}
END_TEST

START_TEST(follows_a_link_to_its_file)
{
    char name[96];

    ck_assert_int_eq(load("[redkeep]\nrepo = /linked\n", NULL), 0);
    config_clear(&c);
    config_init(&c);
    snprintf(name, sizeof name, "%s.link", path);
    ck_assert_int_eq(symlink(path, name), 0);
    ck_assert_int_eq(config_load(&c, name, NULL, NULL, NULL, &e), 0);
    ck_assert_str_eq(config_text(&c, CONFIG_REPO), "/linked");
    unlink(name);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config_file");
    TCase *cases = tcase_create("config_file");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, config_begin, config_end);
    tcase_add_test(cases, reads_a_file);
    tcase_add_loop_test(cases, refuses_and_says_where_and_why, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(cases, never_cuts_a_long_line);
    tcase_add_test(cases, refuses_a_nul_byte);
    tcase_add_test(cases, keeps_named_sections_as_a_list);
    tcase_add_test(cases, knows_the_values_of_named_sections);
    tcase_add_test(cases, follows_a_link_to_its_file);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
