#include "jobs/doctor_repository.h"

#include "folder.h"
#include "test_doctor_scene.h"

static struct doctor_repository repository;
static struct storage storage;
static struct catalog catalog;

static void
begin_folder(void)
{
    folder_begin();
    begin_scene();
    storage = (struct storage){.instance_dir = -1, .snapshots_dir = -1};
    catalog = (struct catalog){0};
    repository = (struct doctor_repository){0};
    scene.repo = path;
}

static void
end_folder(void)
{
    doctor_repository_clear(&repository);
    storage_close(&storage);
    end_scene();
    folder_end();
}

static void
make_storage(const char *directory)
{
    struct storage_owner owner = {
        .machine_id = "m", .host = "h", .directory = directory};

    ck_assert_msg(
        storage_open_writable(&storage, path, "main", &owner, false, &e) == 0,
        "%s", e.text);
    scene.storage = &storage;
    scene.catalog = &catalog;
}

START_TEST(sees_that_there_is_none)
{
    doctor_repository_look(&repository, &scene);
    ck_assert(repository.absent);
    ck_assert(!repository.known);
}
END_TEST

START_TEST(sees_the_folder)
{
    make_storage(path);
    host.dir_known = false;
    doctor_repository_look(&repository, &scene);
    ck_assert(repository.known);
    ck_assert_uint_eq(repository.instance.mode & 0777, 0700);
    ck_assert_int_gt(repository.disk_total, 0);
    ck_assert_str_eq(repository.directory, path);
    ck_assert(!repository.other);
    ck_assert(!repository.in_data_dir);
}
END_TEST

START_TEST(sees_whether_it_is_beside_or_in_the_data)
{
    make_storage(path);
    ck_assert_int_eq(file_identify(dir, &host.dir, &e), 0);
    doctor_repository_look(&repository, &scene);
    ck_assert(repository.in_data_dir);
    ck_assert(!repository.other);
    ck_assert_str_eq(repository.disk, repository.data_disk);
}
END_TEST

START_TEST(sees_that_it_is_of_another_directory)
{
    struct file_identity id;

    make_storage("/nowhere/at/all");
    ck_assert_int_eq(file_identify(dir, &id, &e), 0);
    host.dir = id;
    doctor_repository_look(&repository, &scene);
    ck_assert(repository.other);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_repository");
    TCase *cases = tcase_create("doctor_repository");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin_folder, end_folder);
    tcase_add_test(cases, sees_that_there_is_none);
    tcase_add_test(cases, sees_the_folder);
    tcase_add_test(cases, sees_whether_it_is_beside_or_in_the_data);
    tcase_add_test(cases, sees_that_it_is_of_another_directory);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
