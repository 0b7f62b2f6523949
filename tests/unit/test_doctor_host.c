#include "jobs/doctor_host.h"

#include "test_doctor_scene.h"

static void
expect(const char *codes)
{
    expect_found(doctor_rules_host, codes);
}

START_TEST(a_good_host_has_none)
{
    expect("");
}
END_TEST

START_TEST(a_host_of_which_nothing_is_known_has_none)
{
    host = (struct doctor_host){.overcommit = -1,
                                .somaxconn = -1,
                                .swap_bytes = -1,
                                .files_soft = -1,
                                .files_hard = -1,
                                .restarts = -1,
                                .disk_free = -1,
                                .disk_total = -1,
                                .inodes_free = -1,
                                .data_bytes = -1};
    doctor_proc_read_status(&host.process, "");
    scene.memory_bytes = -1;
    expect("");
    scene.host = NULL;
    expect("");
}
END_TEST

START_TEST(overcommit_is_to_be_1)
{
    host.overcommit = 0;
    expect("overcommit_memory");
    expect_remedy("sysctl -w vm.overcommit_memory=1");
    ck_assert_str_eq(found.items[0].setting, "vm.overcommit_memory");
    ck_assert_str_eq(found.items[0].value, "0");
    ck_assert_str_eq(found.items[0].wanted, "1");
    ck_assert(!found.items[0].runtime);
    host.overcommit = 2;
    expect("overcommit_memory");
}
END_TEST

START_TEST(huge_pages_are_those_that_the_server_gets)
{
    host.huge_pages = "always";
    expect("");
    host.process.huge_pages = 1;
    expect("transparent_huge_pages");
    expect_remedy("echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
    host.process.huge_pages = -1;
    expect("transparent_huge_pages");
    set_setting("disable-thp", "yes");
    expect("");
}
END_TEST

START_TEST(somaxconn_holds_the_backlog)
{
    host.somaxconn = 128;
    expect("somaxconn_low");
    expect_remedy("sysctl -w net.core.somaxconn=511");
    host.somaxconn = 511;
    expect("");
}
END_TEST

START_TEST(files_are_enough_for_clients)
{
    host.files_soft = 1024;
    expect("open_files_low");
    expect_remedy("prlimit --pid 12 --nofile=10032:10032");
}
END_TEST

START_TEST(a_server_that_cut_its_clients_is_told)
{
    set_setting("maxclients", "4064");
    host.files_soft = host.files_hard = 4096;
    expect("open_files_low");
    ck_assert_ptr_nonnull(strstr(found.items[0].text, "cut its maxclients"));
    host.files_hard = 65535;
    expect("");
}
END_TEST

START_TEST(maxmemory_leaves_room)
{
    info.maxmemory = 15 * GIB;
    expect("maxmemory_too_large");
    expect_remedy("redis-cli CONFIG SET maxmemory 12884901888");
    ck_assert(found.items[0].runtime);
    info.used_memory = 14 * GIB;
    expect("maxmemory_too_large");
    ck_assert(!found.items[0].runtime);
    ck_assert_ptr_null(found.items[0].remedy);
}
END_TEST

START_TEST(swap_is_told)
{
    host.swap_bytes = 0;
    expect("swap_off");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_INFO);
    host.swap_bytes = GIB;
    expect("");
}
END_TEST

START_TEST(a_folder_of_another_is_denied)
{
    host.dir.uid = 0;
    expect("data_dir_denied");
    expect_remedy("chown 104:104 /var/lib/redis");
    host.dir_listed = true;
    expect("");
    host.dir_listed = false;
    host.process.overrides = 1;
    expect("");
}
END_TEST

START_TEST(a_folder_with_a_wrong_mode_is_denied)
{
    host.dir.mode = S_IFDIR | 0550;
    host.path = "/srv/it's";
    expect("data_dir_denied");
    expect_remedy("chmod u+rwx '/srv/it'\\''s'");
}
END_TEST

START_TEST(a_file_of_another_is_denied)
{
    host.denied = "appendonlydir/a.1.incr.aof";
    host.denied_id = (struct file_identity){.mode = S_IFREG | 0644};
    expect("data_file_denied");
    expect_remedy("chown 104:104 /var/lib/redis/appendonlydir/a.1.incr.aof");
}
END_TEST

START_TEST(a_folder_for_all_is_told)
{
    host.dir.mode = S_IFDIR | 0777;
    expect("data_dir_open");
    expect_remedy("chmod o-w /var/lib/redis");
    host.dir.mode = S_IFDIR | 01777;
    expect("data_dir_open");
    ck_assert_ptr_null(found.items[0].remedy);
}
END_TEST

START_TEST(a_read_only_file_system_is_told)
{
    host.mount.system_read_only = true;
    host.writable_here = false;
    host.mount.point = "/var";
    expect("data_dir_read_only");
    expect_remedy("mount -o remount,rw /var");
}
END_TEST

START_TEST(a_unit_that_protects_the_folder_is_told)
{
    host.mount.read_only = true;
    expect("data_dir_protected");
    expect_remedy("mkdir -p /etc/systemd/system/redis-server.service.d && "
                  "printf '[Service]\\nReadWritePaths=%s\\n' /var/lib/redis "
                  ">/etc/systemd/system/redis-server.service.d/data.conf && "
                  "systemctl daemon-reload");
    host.unit = NULL;
    expect("data_dir_read_only");
}
END_TEST

START_TEST(selinux_lets_write_to_what_fits)
{
    host.process_type = "redis_t";
    host.dir_type = "var_t";
    expect("data_dir_selinux");
    expect_remedy("semanage fcontext -a -t redis_var_lib_t "
                  "/var/lib/redis'(/.*)?' && restorecon -R /var/lib/redis");
    host.dir_type = "redis_var_lib_t";
    expect("");
    host.process_type = "container_t";
    expect("data_dir_selinux");
    host.process_type = "unconfined_service_t";
    expect("");
}
END_TEST

static const struct {
    const char *kind, *root, *point, *code;
} volumes[] = {
    {"ext4", "/", "/", ""},
    {"xfs", "/", "/data", ""},
    {"tmpfs", "/", "/data", "data_dir_in_memory"},
    {"ramfs", "/", "/", "data_dir_in_memory"},
    {"overlay", "/", "/", "data_dir_in_layer"},
    {"overlay", "/", "/data", "data_dir_in_layer"},
    {"fuse-overlayfs", "/", "/", "data_dir_in_layer"},
    {"ext4", "/var/lib/docker/volumes/redis-data/_data", "/data", ""},
    {"ext4",
     "/var/lib/docker/volumes/"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/_data",
     "/data", "data_dir_anonymous"},
    {"ext4",
     "/volumes/"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde/_data",
     "/data", ""},
    {"ext4", "/var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/d",
     "/data", "data_dir_of_pod"},
    {"ext4", "/var/lib/kubelet/pods/1/volumes/kubernetes.io~csi/d/mount",
     "/data", ""},
};

START_TEST(a_volume_outlives_its_container)
{
    host.mount =
        mount_of(volumes[_i].kind, volumes[_i].root, volumes[_i].point);
    expect(volumes[_i].code);
}
END_TEST

START_TEST(a_neighbour_is_told)
{
    host.neighbour = 99;
    expect("data_dir_shared");
    expect_remedy("ps -fp 99");
}
END_TEST

START_TEST(a_file_more_has_room)
{
    host.inodes_free = 0;
    expect("disk_inodes_out");
    expect_remedy("du -x --inodes -d1 / | sort -h | tail");
}
END_TEST

START_TEST(a_rewrite_has_room)
{
    host.disk_free = 20 * GIB;
    host.data_bytes = 11 * GIB;
    expect("disk_space_low");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_WARNING);
    host.data_bytes = 21 * GIB;
    expect("disk_space_low");
    ck_assert_int_eq(found.items[0].severity, DOCTOR_ERROR);
    host.data_bytes = 0;
    host.disk_free = 9 * GIB;
    expect("disk_space_low");
    host.disk_free = 10 * GIB;
    expect("");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_host");
    TCase *cases = tcase_create("doctor_host");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin_scene, end_scene);
    tcase_add_test(cases, a_good_host_has_none);
    tcase_add_test(cases, a_host_of_which_nothing_is_known_has_none);
    tcase_add_test(cases, overcommit_is_to_be_1);
    tcase_add_test(cases, huge_pages_are_those_that_the_server_gets);
    tcase_add_test(cases, somaxconn_holds_the_backlog);
    tcase_add_test(cases, files_are_enough_for_clients);
    tcase_add_test(cases, a_server_that_cut_its_clients_is_told);
    tcase_add_test(cases, maxmemory_leaves_room);
    tcase_add_test(cases, swap_is_told);
    tcase_add_test(cases, a_folder_of_another_is_denied);
    tcase_add_test(cases, a_folder_with_a_wrong_mode_is_denied);
    tcase_add_test(cases, a_file_of_another_is_denied);
    tcase_add_test(cases, a_folder_for_all_is_told);
    tcase_add_test(cases, a_read_only_file_system_is_told);
    tcase_add_test(cases, a_unit_that_protects_the_folder_is_told);
    tcase_add_test(cases, selinux_lets_write_to_what_fits);
    tcase_add_loop_test(cases, a_volume_outlives_its_container, 0,
                        sizeof volumes / sizeof *volumes);
    tcase_add_test(cases, a_neighbour_is_told);
    tcase_add_test(cases, a_file_more_has_room);
    tcase_add_test(cases, a_rewrite_has_room);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
