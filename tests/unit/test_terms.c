#include "daemon/terms.h"

#include <check.h>

#include "folder.h"

/* What the configuration in folder says, with --repo on the command line. */
static struct terms *
load(struct arguments *a, struct error *why)
{
    static char name[128];

    snprintf(name, sizeof name, "%s/r.conf", path);
    *a = (struct arguments){
        .file = name, .names = {"repo"}, .values = {"/srv/r"}, .count = 1};
    return terms_load(a, NULL, NULL, why);
}

/* What a job reads that is called with these options. */
static const char *
job_reads(const struct terms *t, struct config *c, enum config_key key)
{
    const char *file = t->options[0] + strlen("--config=");

    ck_assert(strncmp(t->options[0], "--config=/proc/", 15) == 0);
    config_init(c);
    ck_assert_int_eq(config_load(c, file, NULL, NULL, NULL, &e), 0);
    return config_text(c, key);
}

START_TEST(jobs_read_what_is_in_force_and_not_what_the_file_is_now)
{
    struct arguments a;
    struct terms *t;
    struct config c;

    put("r.conf", "[redkeep]\nredis = redis://a:1\n");
    t = load(&a, &e);
    ck_assert_msg(t != NULL, "%s", e.text);
    put("r.conf", "[redkeep]\nredis = nonsense\n");
    ck_assert_str_eq(job_reads(t, &c, CONFIG_REDIS), "redis://a:1");
    ck_assert_str_eq(t->config.path, a.file);
    ck_assert_str_eq(t->options[1], "--repo=/srv/r");
    ck_assert_str_eq(t->options[2], "--instance=main");
    config_clear(&c);
    ck_assert_ptr_null(load(&a, &e));
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    terms_free(t);
}
END_TEST

START_TEST(what_needs_a_restart_stays)
{
    struct arguments a;
    struct terms *old, *next;
    size_t last = 0;

    put("r.conf", "[redkeep]\ninstance = one\n[http]\nlisten = off\n");
    old = load(&a, &e);
    ck_assert_msg(old != NULL, "%s", e.text);
    put("r.conf", "[redkeep]\ninstance = two\nlog_level = debug\n");
    next = load(&a, &e);
    ck_assert_msg(next != NULL, "%s", e.text);
    terms_keep_fixed(next, old);
    ck_assert_str_eq(config_text(&next->config, CONFIG_INSTANCE), "one");
    ck_assert_str_eq(config_text(&next->config, CONFIG_HTTP_LISTEN), "off");
    ck_assert_str_eq(config_text(&next->config, CONFIG_LOG_LEVEL), "debug");
    while (next->options[last] != NULL)
        last++;
    ck_assert_str_eq(next->options[last - 2], "--instance=one");
    terms_free(old);
    terms_free(next);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("terms");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, folder_begin, folder_end);
    tcase_add_test(tcase,
                   jobs_read_what_is_in_force_and_not_what_the_file_is_now);
    tcase_add_test(tcase, what_needs_a_restart_stays);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
