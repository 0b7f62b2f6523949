#include <sys/stat.h>

#include "test_doctor_repository_scene.h"

START_TEST(no_repository_is_told)
{
    scene.storage = NULL;
    scene.catalog = NULL;
    repository = (struct doctor_repository){.absent = true,
                                            .folder = "/srv/backup/main"};
    finds("repository_missing");
    expect_remedy("redkeep snapshot");
    repository.absent = false;
    scene.repo_error = "permission denied";
    finds("repository_unreadable");
}
END_TEST

START_TEST(the_disk_of_the_data_is_told)
{
    repository.disk = "sda";
    finds("repository_same_disk");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_INFO);
    repository.in_data_dir = true;
    finds("repository_inside");
    repository.in_data_dir = false;
    repository.disk = NULL;
    finds("");
}
END_TEST

START_TEST(one_that_goes_with_its_container_is_told)
{
    repository.mount = mount_of("overlay", "/", "/");
    finds("repository_volatile");
    repository.mount = mount_of("tmpfs", "/", "/srv");
    finds("repository_volatile");
    repository.disk = "sda"; /* so is the data, and that is told */
    finds("repository_same_disk");
}
END_TEST

START_TEST(the_next_has_room)
{
    repository.disk_free = 15 * GIB;
    finds("");
    items[0].entry.archive.size_bytes = 8 * (uint64_t)GIB;
    finds("repository_space_low");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_WARNING);
    items[0].entry.archive.size_bytes = 16 * (uint64_t)GIB;
    finds("repository_space_low");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_ERROR);
    items[0].entry.archive.size_bytes = 0;
    repository.disk_free = 9 * GIB;
    finds("repository_space_low");
    set("alarms-disk-free", "5");
    finds("");
}
END_TEST

static const struct {
    unsigned top, instance, snapshots;
    const char *code;
} modes[] = {
    {0755, 0700, 0700, ""},
    {0700, 0777, 0777, ""},
    {0755, 0750, 0750, ""},
    {0755, 0700, 0777, ""},
    {0755, 0755, 0700, "repository_open"},
    {0755, 0707, 0700, "repository_open"},
};

START_TEST(is_closed_to_others)
{
    repository.top.mode = S_IFDIR | modes[_i].top;
    repository.instance.mode = S_IFDIR | modes[_i].instance;
    repository.snapshots.mode = S_IFDIR | modes[_i].snapshots;
    finds(modes[_i].code);
    if (modes[_i].code[0] != '\0')
        expect_remedy("chmod 0700 /srv/backup/main");
}
END_TEST

START_TEST(belongs_to_who_may_see_the_data)
{
    repository.self = 1000;
    repository.instance.uid = 7;
    finds("repository_owner");
    expect_remedy("chown -R 104:0 /srv/backup/main");
    repository.self = 7;
    finds("");
    repository.instance.uid = 0;
    finds("");
}
END_TEST

START_TEST(one_of_another_directory_is_told)
{
    repository.other = true;
    finds("repository_other");
    expect_remedy("redkeep snapshot --yes");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_repository_place");
    TCase *cases = tcase_create("doctor_repository_place");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin_repository, end_scene);
    tcase_add_test(cases, no_repository_is_told);
    tcase_add_test(cases, the_disk_of_the_data_is_told);
    tcase_add_test(cases, one_that_goes_with_its_container_is_told);
    tcase_add_test(cases, the_next_has_room);
    tcase_add_loop_test(cases, is_closed_to_others, 0,
                        sizeof modes / sizeof *modes);
    tcase_add_test(cases, belongs_to_who_may_see_the_data);
    tcase_add_test(cases, one_of_another_directory_is_told);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
