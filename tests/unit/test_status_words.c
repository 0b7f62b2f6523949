#include "../../tools/status_words.h"

#include <check.h>
#include <stdlib.h>

#include "base/memory.h"

static const struct {
    const char *file, *redis, *password_file, *remedy, *shown;
} remedies[] = {
    {NULL, NULL, NULL, "redkeep list; redkeep prune --accept ID",
     "redkeep list; redkeep prune --accept ID"},
    {"/etc/redkeep/redkeep.conf", "redis://127.0.0.1:6379", NULL,
     "redis-cli bgsave", "redis-cli bgsave"},
    {"/etc/redkeep/a b.conf", NULL, NULL,
     "redkeep list; redkeep prune --accept ID",
     "redkeep --config '/etc/redkeep/a b.conf' list; redkeep --config"
     " '/etc/redkeep/a b.conf' prune --accept ID"},
    {"/c", NULL, NULL, "redkeepd -n -c /c; systemctl status redkeepd",
     "redkeepd -n -c /c; systemctl status redkeepd"},
    {NULL, "redis://127.0.0.1:6380", NULL,
     "the log tells why; then redis-cli bgsave",
     "the log tells why; then redis-cli -p 6380 bgsave"},
    {NULL, "unix:///run/redis.sock", NULL, "redis-cli ping",
     "redis-cli -s /run/redis.sock ping"},
    {NULL, "rediss://joe:secret@db:6379", NULL, "redis-cli ping",
     "redis-cli -h db -p 6379 --tls --user joe --askpass ping"},
    {NULL, "redis://[::1]:6379", "/etc/redkeep/password", "redis-cli ping",
     "redis-cli -h ::1 -p 6379 --askpass ping"},
};

START_TEST(commands_are_for_this_configuration_and_server)
{
    struct config config;
    struct status_words words;
    struct error e = {0};
    char *shown;

    config_init(&config);
    config.path = memory_dup(remedies[_i].file);
    if (remedies[_i].redis != NULL)
        ck_assert_int_eq(
            config_set_option(&config, "redis", remedies[_i].redis, &e), 0);
    if (remedies[_i].password_file != NULL)
        ck_assert_int_eq(config_set_option(&config, "password-file",
                                           remedies[_i].password_file, &e),
                         0);
    status_words_read(&words, &config);
    shown = status_words_put(&words, remedies[_i].remedy);
    ck_assert_str_eq(shown, remedies[_i].shown);
    free(shown);
    status_words_clear(&words);
    config_clear(&config);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status_words");
    TCase *t = tcase_create("status_words");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, commands_are_for_this_configuration_and_server, 0,
                        sizeof remedies / sizeof *remedies);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
