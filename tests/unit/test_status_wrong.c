#include "../../tools/status_wrong.h"

#include <stdlib.h>
#include <string.h>

#include "test_status_state.h"

#define JOB(name, result, text)                                        \
    "{\"jobs\":[{\"name\":\"" name "\",\"last\":{\"result\":\"" result \
    "\",\"text\":\"" text "\"}}]"
#define ALARM(name) "\"alarms\":[{\"name\":\"" name "\",\"text\":\"it is so\"}]"

static const struct {
    const char *change, *text, *remedy; /* remedy NULL: none is told */
} one[] = {
    {"{\"pid\":null,\"problem\":\"redkeepd does not run: nobody answers\"}",
     "redkeepd does not run: nobody answers", "systemctl status redkeepd"},
    {"{\"instance\":\"b\",\"problem\":\"redkeepd does not run\"}",
     "redkeepd does not run", "systemctl status redkeepd@b"},
    {"{\"retention\":{\"frozen\":true,\"text\":\"9 of 10 keys are gone\"}}",
     "retention removes nothing: 9 of 10 keys are gone",
     "redkeep list; if it was meant: redkeep prune --accept ID"},
    {"{\"retention\":{\"frozen\":true}," ALARM("dataset_collapsed") "}",
     "alarm dataset_collapsed: it is so",
     "redkeep list; if it was meant: redkeep prune --accept ID"},
    {"{\"config\":{\"file\":\"/etc/a b.conf\",\"error\":\"line 3: port: x\"}}",
     "the configuration was changed and is refused, the one before stays in"
     " force: line 3: port: x",
     "redkeepd -n -c '/etc/a b.conf'"},
    {"{\"server\":{\"state\":\"connecting\"}}",
     "the server is not connected (connecting)",
     "redis-cli ping; the server's own log tells why it went"},
    {"{\"server\":{\"state\":\"failed\","
     "\"last_error\":\"Connection refused\"}}",
     "the server is not connected (failed): Connection refused",
     "redis-cli ping; the server's own log tells why it went"},
    {"{\"server\":{\"state\":\"connecting\","
     "\"last_error\":\"WRONGPASS invalid\"}}",
     "the server is not connected (connecting): WRONGPASS invalid",
     "put the server's password into password_file, then reload the agent"},
    {"{\"server\":{\"state\":\"connecting\",\"loading\":true}}",
     "the server reads its data and does not serve yet", NULL},
    {"{\"server\":{\"state\":\"failed\"}," ALARM("server_away") "}",
     "alarm server_away: it is so",
     "redis-cli ping; the server's own log tells why it went"},
    {"{\"repository\":{\"writable\":false}}",
     "the repository /var/lib/redkeep cannot be written to",
     "ls -ld /var/lib/redkeep; df -h /var/lib/redkeep"},
    {"{\"repository\":{\"writable\":false,\"problem\":\"the disk is full\"}}",
     "the repository cannot be used: the disk is full",
     "ls -ld /var/lib/redkeep; df -h /var/lib/redkeep"},
    {"{\"last_snapshot\":null,\"last_good_snapshot\":null,"
     "\"protected_until\":null}",
     "there is no snapshot yet", "redkeep snapshot"},
    {"{\"last_snapshot\":{\"id\":\"20261120T113000Z\","
     "\"verdict\":\"torn\"}}",
     "the last snapshot, 20261120T113000Z, is torn",
     "redkeep check on the data directory shows what is wrong"},
    {"{\"protected_until\":null}",
     "no good snapshot is proven to be of this server's data",
     "redkeep snapshot, while the server runs"},
    {"{\"protected_until\":null," ALARM("directory_unproven") "}",
     "alarm directory_unproven: it is so",
     "redkeep snapshot --verbose; data_dir may have to be set"},
    {JOB("verify", "failed", "1 of 3 is damaged") "}",
     "the last verify failed: 1 of 3 is damaged", "redkeep verify"},
    {JOB("prune", "refused", "") "}",
     "the last prune was refused: no reason was given", "redkeep prune"},
    {JOB("bgsave", "failed", "no space") "}",
     "the last bgsave failed: no space", "redis-cli bgsave"},
    {JOB("snapshot", "failed", "no space") "," ALARM("snapshot_failed") "}",
     "alarm snapshot_failed: it is so", "redkeep snapshot"},
    {"{" ALARM("new_one") "}", "alarm new_one: it is so", NULL},
    {"{\"alarms\":[{\"name\":\"disk_low\","
     "\"since\":\"2026-11-20T11:10:00Z\",\"text\":null}]}",
     "alarm disk_low, for 20 min: raised", "redkeep prune --dry-run"},
    {"{\"alarms\":[{\"name\":\"disk_low\","
     "\"since\":\"2026-11-20T11:29:59.5Z\",\"text\":\"it is so\"}]}",
     "alarm disk_low: it is so", "redkeep prune --dry-run"},
};

START_TEST(tells_one_thing_and_what_to_do)
{
    json_t *state = state_with(one[_i].change);
    struct status_wrongs all;

    status_wrong_look(&all, state, STATE_NOW_MS);
    ck_assert_uint_eq(all.count, 1);
    ck_assert_str_eq(all.items[0].text, one[_i].text);
    if (one[_i].remedy == NULL)
        ck_assert_ptr_null(all.items[0].remedy);
    else
        ck_assert_str_eq(all.items[0].remedy, one[_i].remedy);
    status_wrong_clear(&all);
    json_decref(state);
}
END_TEST

static const char *const well[] = {
    "{}",
    /* What is unknown is not wrong. */
    "{\"server\":{\"state\":null}}",
    "{\"repository\":{\"writable\":null,\"snapshots\":null},"
    "\"last_snapshot\":null,\"last_good_snapshot\":null,"
    "\"protected_until\":null}",
    /* Nor is what could not run, or had to wait for another. */
    "{\"retention\":{\"frozen\":false,\"text\":null}}",
    JOB("bgsave", "skipped", "another child runs") "}",
    JOB("snapshot", "locked", "held by process 5") "}",
    "{\"jobs\":[{\"name\":\"snapshot\",\"last\":null}]}",
};

START_TEST(finds_nothing_wrong)
{
    json_t *state = state_with(well[_i]);
    struct status_wrongs all;

    status_wrong_look(&all, state, STATE_NOW_MS);
    ck_assert_uint_eq(all.count, 0);
    status_wrong_clear(&all);
    json_decref(state);
}
END_TEST

START_TEST(tells_all_that_is_wrong)
{
    json_t *state = state_with(
        "{\"problem\":\"a\",\"config\":{\"error\":\"b\"},"
        "\"server\":{\"state\":\"disconnected\"},"
        "\"repository\":{\"writable\":false},"
        "\"last_snapshot\":{\"verdict\":\"damaged\"},"
        "\"last_good_snapshot\":null,"
        "\"jobs\":[{\"name\":\"x\",\"last\":{\"result\":\"failed\"}}],"
        "\"alarms\":[{\"name\":\"y\"},{\"name\":\"z\"}]}");
    struct status_wrongs all;

    status_wrong_look(&all, state, STATE_NOW_MS);
    ck_assert_uint_eq(all.count, 9);
    status_wrong_clear(&all);
    json_decref(state);
}
END_TEST

START_TEST(no_snapshot_is_advised_while_the_server_is_away)
{
    json_t *state = state_with("{\"server\":{\"state\":\"failed\"},"
                               "\"last_snapshot\":null}");
    struct status_wrongs all;

    status_wrong_look(&all, state, STATE_NOW_MS);
    ck_assert_uint_eq(all.count, 2);
    ck_assert_str_eq(all.items[1].text, "there is no snapshot yet");
    ck_assert_ptr_null(all.items[1].remedy);
    status_wrong_clear(&all);
    json_decref(state);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status_wrong");
    TCase *t = tcase_create("status_wrong");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, tells_one_thing_and_what_to_do, 0,
                        sizeof one / sizeof *one);
    tcase_add_loop_test(t, finds_nothing_wrong, 0, sizeof well / sizeof *well);
    tcase_add_test(t, tells_all_that_is_wrong);
    tcase_add_test(t, no_snapshot_is_advised_while_the_server_is_away);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
