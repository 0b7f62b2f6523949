#include "jobs/doctor_repository.h"

#include <sys/stat.h>

#include "folder.h"
#include "test_doctor_scene.h"

enum { SNAPSHOTS_MAX = 4 };

static struct doctor_repository repository;
static struct storage storage;
static struct catalog catalog;
static struct catalog_item items[SNAPSHOTS_MAX];

static struct catalog_entry *
add(int64_t age_ms)
{
    struct catalog_entry *entry = &items[catalog.count].entry;

    *entry = (struct catalog_entry){
        .sequence = catalog.count + 1,
        .state_time_ms = scene.now_ms - age_ms,
        .finished_ms = scene.now_ms - age_ms,
        .bound = CATALOG_BOUND,
        .verdict = VERDICT_SOUND,
        .archive = {.size_bytes = 1 << 20},
        .verified_ms = -1,
    };
    snprintf(entry->id, sizeof entry->id, "20261120T11300%zuZ", catalog.count);
    memcpy(items[catalog.count].id, entry->id, sizeof entry->id);
    catalog.count++;
    return entry;
}

/* A repository on another disk, with a snapshot of half an hour ago. */
static void
begin(void)
{
    begin_scene();
    memset(items, 0, sizeof items);
    catalog = (struct catalog){.items = items};
    add(HOUR_MS / 2);
    repository = (struct doctor_repository){
        .path = "/srv/backup",
        .folder = "/srv/backup/main",
        .known = true,
        .top = {.mode = S_IFDIR | 0755},
        .instance = {.mode = S_IFDIR | 0700, .uid = 104},
        .snapshots = {.mode = S_IFDIR | 0700, .uid = 104},
        .mount_known = true,
        .mount = mount_of("ext4", "/", "/srv"),
        .disk = "sdb",
        .data_disk = "sda",
        .disk_free = 50 * GIB,
        .disk_total = 100 * GIB,
        .directory = "/var/lib/redis",
    };
    scene.storage = &storage;
    scene.catalog = &catalog;
    scene.repository = &repository;
}

static void
finds(const char *codes)
{
    expect_found(doctor_rules_repository, codes);
}

static void
set(const char *option, const char *value)
{
    struct error why = {0};

    ck_assert_msg(config_set_option(&config, option, value, &why) == 0, "%s",
                  why.text);
}

START_TEST(a_good_repository_has_none)
{
    finds("");
}
END_TEST

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

START_TEST(no_good_snapshot_is_told)
{
    items[0].entry.verdict = VERDICT_TORN;
    finds("snapshot_missing");
    expect_remedy("redkeep snapshot");
}
END_TEST

START_TEST(an_old_snapshot_is_told)
{
    items[0].entry.state_time_ms = scene.now_ms - 2 * HOUR_MS + 1;
    finds("");
    items[0].entry.state_time_ms = scene.now_ms - 2 * HOUR_MS;
    finds("snapshot_overdue");
    set("schedule-snapshot", "every 1d");
    finds("");
    set("alarms-snapshot-overdue", "1h");
    finds("snapshot_overdue");
    set("alarms-snapshot-overdue", "0");
    finds("");
}
END_TEST

START_TEST(what_has_not_changed_is_not_old)
{
    items[0].entry.state_time_ms = scene.now_ms - 9 * HOUR_MS;
    info.changes_since_save = 0;
    info.last_save_time = items[0].entry.state_time_ms / 1000 + 1;
    finds("");
    info.last_save_time += 60;
    finds("snapshot_overdue");
    info.last_save_time -= 60;
    info.changes_since_save = 1;
    finds("snapshot_overdue");
    info.changes_since_save = 0;
    info.aof_enabled = true;
    finds("snapshot_overdue");
}
END_TEST

START_TEST(a_damaged_newest_is_told)
{
    add(0)->verdict = VERDICT_DAMAGED;
    repository.freeze = (struct retention_freeze){
        .frozen = true, .id = "20261120T113001Z", .text = "it is damaged"};
    finds("snapshot_damaged");
    expect_remedy("redkeep check /var/lib/redis");
    items[1].entry.verdict = VERDICT_SOUND;
    items[1].entry.failed = true;
    finds("snapshot_damaged");
    expect_remedy("redkeep snapshot --full");
}
END_TEST

START_TEST(a_freeze_is_told)
{
    repository.freeze = (struct retention_freeze){
        .frozen = true, .collapsed = true, .id = "20261120T113000Z"};
    finds("retention_frozen");
    expect_remedy("redkeep prune --accept 20261120T113000Z");
    repository.freeze.collapsed = false;
    repository.freeze.newer = true;
    finds("retention_frozen");
    ck_assert_ptr_null(found.items[0].remedy);
}
END_TEST

START_TEST(older_ones_that_failed_are_told)
{
    items[0].entry.failed = true;
    add(0);
    finds("snapshot_broken");
    expect_remedy("redkeep verify --all");
    ck_assert_ptr_nonnull(strstr(found.items[0].text, "(20261120T113000Z) is"));
    add(0);
    items[1].broken.kind = ERROR_DAMAGED;
    finds("snapshot_broken");
}
END_TEST

START_TEST(one_without_proof_is_told)
{
    items[0].entry.bound = CATALOG_UNBOUND;
    finds("snapshot_unbound");
    items[0].entry.bound = CATALOG_NO_SERVER;
    finds("");
}
END_TEST

START_TEST(a_drill_is_due_when_snapshots_are_old)
{
    items[0].entry.finished_ms = scene.now_ms - 14 * 24 * HOUR_MS;
    finds("drill_overdue");
    expect_remedy("redkeep drill");
    set("schedule-drill", "off");
    finds("");
}
END_TEST

START_TEST(an_old_or_failed_drill_is_told)
{
    repository.drilled = true;
    repository.drill = (struct catalog_drill){
        .id = "20261120T113000Z", .ok = true, .at_ms = scene.now_ms};
    finds("");
    repository.drill.at_ms -= 14 * 24 * HOUR_MS;
    finds("drill_overdue");
    repository.drill.ok = false;
    finds("drill_failed");
    expect_remedy("redkeep drill 20261120T113000Z");
}
END_TEST

START_TEST(retention_is_to_keep_some_and_remove_some)
{
    set("schedule-prune", "off");
    finds("prune_off");
    set("schedule-prune", "after snapshot");
    set("retention-last", "1");
    finds("retention_short");
    set("retention-within", "7d");
    finds("");
    set("retention-within", "0");
    set("retention-last", "0");
    finds("retention_off");
    set("retention-max-size", "1GiB");
    finds("");
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

/* What is read, of a real one. */

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
    TCase *rules = tcase_create("rules"), *look = tcase_create("look");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(rules, begin, end_scene);
    tcase_add_test(rules, a_good_repository_has_none);
    tcase_add_test(rules, no_repository_is_told);
    tcase_add_test(rules, no_good_snapshot_is_told);
    tcase_add_test(rules, an_old_snapshot_is_told);
    tcase_add_test(rules, what_has_not_changed_is_not_old);
    tcase_add_test(rules, a_damaged_newest_is_told);
    tcase_add_test(rules, a_freeze_is_told);
    tcase_add_test(rules, older_ones_that_failed_are_told);
    tcase_add_test(rules, one_without_proof_is_told);
    tcase_add_test(rules, a_drill_is_due_when_snapshots_are_old);
    tcase_add_test(rules, an_old_or_failed_drill_is_told);
    tcase_add_test(rules, retention_is_to_keep_some_and_remove_some);
    tcase_add_test(rules, the_disk_of_the_data_is_told);
    tcase_add_test(rules, one_that_goes_with_its_container_is_told);
    tcase_add_test(rules, the_next_has_room);
    tcase_add_loop_test(rules, is_closed_to_others, 0,
                        sizeof modes / sizeof *modes);
    tcase_add_test(rules, belongs_to_who_may_see_the_data);
    tcase_add_test(rules, one_of_another_directory_is_told);
    tcase_add_checked_fixture(look, begin_folder, end_folder);
    tcase_add_test(look, sees_that_there_is_none);
    tcase_add_test(look, sees_the_folder);
    tcase_add_test(look, sees_whether_it_is_beside_or_in_the_data);
    tcase_add_test(look, sees_that_it_is_of_another_directory);
    suite_add_tcase(suite, rules);
    suite_add_tcase(suite, look);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
