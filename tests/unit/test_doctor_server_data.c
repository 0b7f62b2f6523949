#include "jobs/doctor_server.h"

#include "test_doctor_scene.h"

START_TEST(an_aof_wants_room)
{
    static doctor_rule *const rules[] = {doctor_server_appendonly, NULL};

    begin_scene();
    set_setting("appendonly", "no");
    host.disk_free = 2 * host.data_bytes;
    expect_found(rules, "appendonly_off");
    ck_assert(found.items[0].runtime);
    host.disk_free--;
    expect_found(rules, "appendonly_off");
    ck_assert(!found.items[0].runtime);
    host.disk_free = -1;
    expect_found(rules, "appendonly_off");
    ck_assert(found.items[0].runtime);
}
END_TEST

START_TEST(an_aof_without_all_data_is_not_to_be_written_to_the_file)
{
    static doctor_rule *const rules[] = {doctor_server_unwritten, NULL};
    struct conf file;

    conf_begin(&file);
    begin_scene();
    set_setting("appendonly", "yes");
    scene.conf = &file;
    expect_found(rules, "unlike_file");
    expect_remedy("redis-cli CONFIG REWRITE");
    info.rewrite_in_progress = true;
    expect_found(rules, "unlike_file");
    expect_remedy("redkeep persist status");
    info.rewrite_in_progress = false;
    info.last_rewrite_ok = false;
    expect_found(rules, "unlike_file");
    expect_remedy("redkeep persist status");
    conf_clear(&file);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_server_data");
    TCase *cases = tcase_create("doctor_server_data");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, NULL, end_scene);
    tcase_add_test(cases, an_aof_wants_room);
    tcase_add_test(cases,
                   an_aof_without_all_data_is_not_to_be_written_to_the_file);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
