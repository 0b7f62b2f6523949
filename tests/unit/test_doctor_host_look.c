#include "folder.h"
#include "jobs/doctor.h"
#include "jobs/doctor_host.h"

#include <sys/stat.h>

static struct doctor_scene scene;
static struct survey_settings *settings;
static struct info info;
static struct config config;
static struct doctor_host host;
static char data[80];

static void
make(const char *name)
{
    char whole[200];

    snprintf(whole, sizeof whole, "%s/%s", path, name);
    ck_assert_msg(file_make_path(whole, 0700, &e) == 0, "%s", e.text);
}

static void
lead(const char *from, const char *to)
{
    ck_assert_int_eq(symlinkat(to, dir, from), 0);
}

/* A root in which process 12 is a server that works in the folder data. */
static void
begin(void)
{
    folder_begin();
    snprintf(data, sizeof data, "%s/data", path);
    config_init(&config);
    info_read(&info, "");
    settings = survey_settings_new();
    survey_settings_add(settings, "dir", data);
    survey_settings_add(settings, "dbfilename", "dump.rdb");
    survey_settings_add(settings, "appendfilename", "a.aof");
    survey_settings_add(settings, "appenddirname", "aof");
    make("data/aof");
    make("proc/12/attr");
    make("proc/12/ns");
    make("proc/self/ns");
    make("proc/sys/vm");
    make("proc/sys/net/core");
    make("sys/kernel/mm/transparent_hugepage");
    make("sys/fs/selinux");
    make("etc/systemd/system");
    scene = (struct doctor_scene){.info = &info,
                                  .settings = settings,
                                  .local = true,
                                  .root = path,
                                  .pid = 12,
                                  .data_dir = data,
                                  .config = &config};
}

static void
end(void)
{
    doctor_host_clear(&host);
    survey_settings_free(settings);
    config_clear(&config);
    folder_end();
}

static void
look(void)
{
    doctor_host_clear(&host);
    doctor_host_look(&host, &scene);
}

START_TEST(an_empty_root_tells_nothing)
{
    scene.pid = -1;
    look();
    ck_assert_int_eq(host.overcommit, -1);
    ck_assert_int_eq(host.somaxconn, -1);
    ck_assert_int_eq(host.swap_bytes, -1);
    ck_assert_ptr_null(host.huge_pages);
    ck_assert_int_eq(host.process.uid, -1);
    ck_assert_int_eq(host.files_soft, -1);
    ck_assert_int_eq(host.restarts, -1);
    ck_assert(!host.dir_known);
    ck_assert(!host.mount_known);
}
END_TEST

START_TEST(reads_the_kernel)
{
    put("proc/sys/vm/overcommit_memory", "2\n");
    put("proc/sys/net/core/somaxconn", "128\n");
    put("proc/meminfo", "MemTotal: 9 kB\nSwapTotal:       0 kB\n");
    put("sys/kernel/mm/transparent_hugepage/enabled",
        "[always] madvise never\n");
    look();
    ck_assert_int_eq(host.overcommit, 2);
    ck_assert_int_eq(host.somaxconn, 128);
    ck_assert_int_eq(host.swap_bytes, 0);
    ck_assert_str_eq(host.huge_pages, "always");
}
END_TEST

START_TEST(the_limit_of_another_network_is_not_ours)
{
    put("proc/sys/net/core/somaxconn", "128\n");
    lead("proc/self/ns/net", "net:[1]");
    lead("proc/12/ns/net", "net:[2]");
    look();
    ck_assert_int_eq(host.somaxconn, -1);
}
END_TEST

START_TEST(reads_the_process)
{
    put("proc/12/status", "Uid:\t4\t4\t4\t4\n");
    put("proc/12/limits", "Max open files            1024    4096    files\n");
    look();
    ck_assert_int_eq(host.process.uid, 4);
    ck_assert_int_eq(host.files_soft, 1024);
    ck_assert_int_eq(host.files_hard, 4096);
}
END_TEST

START_TEST(finds_the_unit_and_what_it_does)
{
    put("proc/12/cgroup", "0::/system.slice/redis-server.service\n");
    put("etc/systemd/system/redis-server.service",
        "[Service]\nRestart=always\n");
    look();
    ck_assert_str_eq(host.unit, "redis-server.service");
    ck_assert_int_eq(host.restarts, 1);
}
END_TEST

START_TEST(kubernetes_starts_again)
{
    put("proc/12/cgroup", "0::/kubepods/burstable/pod1/2\n");
    look();
    ck_assert_ptr_null(host.unit);
    ck_assert_int_eq(host.restarts, 1);
}
END_TEST

START_TEST(sees_the_folder_with_the_servers_mounts)
{
    char line[200];

    put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    snprintf(line, sizeof line,
             "40 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
             "41 40 8:1 / %s ro - ext4 /dev/sda1 rw\n",
             data);
    put("proc/12/mountinfo", line);
    look();
    ck_assert(host.dir_known);
    ck_assert_str_eq(host.path, data);
    ck_assert(host.mount_known);
    ck_assert(host.mount.read_only);
    ck_assert(host.writable_here);
    ck_assert_int_gt(host.disk_total, 0);
    ck_assert_int_gt(host.disk_free, 0);
}
END_TEST

START_TEST(a_folder_in_a_container_is_not_the_one_of_that_name_here)
{
    put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    put("proc/12/mountinfo", "40 1 0:50 / / rw - overlay overlay rw\n");
    look();
    ck_assert_str_eq(host.inner, data);
    ck_assert_ptr_nonnull(strstr(host.path, "/proc/12/root/"));
    ck_assert(!host.dir_known);
    ck_assert_str_eq(host.mount.kind, "overlay");
    ck_assert(!host.writable_here);
}
END_TEST

START_TEST(goes_by_where_the_process_works)
{
    struct file_identity id;

    put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    put("proc/12/mountinfo", "40 1 0:50 / / rw - overlay overlay rw\n");
    lead("proc/12/cwd", data);
    look();
    ck_assert(host.dir_known);
    ck_assert_int_eq(file_identify_at(AT_FDCWD, data, &id, &e), 0);
    ck_assert_uint_eq(host.dir.inode, id.inode);
}
END_TEST

START_TEST(without_a_process_only_the_operator_knows_the_folder)
{
    scene.pid = -1;
    look();
    ck_assert_ptr_null(host.path);
    scene.dir_known = true;
    look();
    ck_assert_str_eq(host.path, data);
    ck_assert(host.dir_known);
}
END_TEST

START_TEST(what_is_shown_read_only_to_us_may_not_be_to_the_server)
{
    scene.pid = -1;
    scene.dir_known = true;
    put("proc/self/mountinfo", "22 1 8:1 / / ro - ext4 /dev/sda1 rw\n");
    look();
    ck_assert(host.mount_known);
    ck_assert(!host.mount.read_only);
    put("proc/self/mountinfo", "22 1 8:1 / / ro - ext4 /dev/sda1 ro\n");
    look();
    ck_assert(host.mount.system_read_only);
}
END_TEST

START_TEST(finds_a_file_that_the_server_may_not_use)
{
    put("proc/12/status", "Uid: 4 4 4 65533\nGid: 4 4 4 65533\nGroups:\n"
                          "CapEff: 0\n");
    ck_assert_int_eq(fchmodat(dir, "data/aof", 0777, 0), 0);
    put("data/dump.rdb", "it");
    look();
    ck_assert_str_eq(host.denied, "dump.rdb");
    ck_assert_int_eq(fchmodat(dir, "data/dump.rdb", 0644, 0), 0);
    put("data/aof/a.aof.manifest", "it");
    ck_assert_int_eq(fchmodat(dir, "data/aof/a.aof.manifest", 0644, 0), 0);
    put("data/aof/other", "it");
    look();
    ck_assert_ptr_null(host.denied);
    put("data/aof/a.aof.1.incr.aof", "it");
    ck_assert_int_eq(fchmodat(dir, "data/aof/a.aof.1.incr.aof", 0644, 0), 0);
    look();
    ck_assert_str_eq(host.denied, "aof/a.aof.1.incr.aof");
    ck_assert_int_eq(fchmodat(dir, "data/aof", 0755, 0), 0);
    look();
    ck_assert_str_eq(host.denied, "aof");
}
END_TEST

START_TEST(a_rewrite_writes_no_more_than_is_in_memory)
{
    put("data/dump.rdb", "0123456789");
    look();
    ck_assert_int_eq(host.data_bytes, 10);
    info.aof_base_size = 1000;
    look();
    ck_assert_int_eq(host.data_bytes, 1000);
    info.used_memory = 500;
    look();
    ck_assert_int_eq(host.data_bytes, 500);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_host_look");
    TCase *cases = tcase_create("doctor_host_look");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, an_empty_root_tells_nothing);
    tcase_add_test(cases, reads_the_kernel);
    tcase_add_test(cases, the_limit_of_another_network_is_not_ours);
    tcase_add_test(cases, reads_the_process);
    tcase_add_test(cases, finds_the_unit_and_what_it_does);
    tcase_add_test(cases, kubernetes_starts_again);
    tcase_add_test(cases, sees_the_folder_with_the_servers_mounts);
    tcase_add_test(cases,
                   a_folder_in_a_container_is_not_the_one_of_that_name_here);
    tcase_add_test(cases, goes_by_where_the_process_works);
    tcase_add_test(cases, without_a_process_only_the_operator_knows_the_folder);
    tcase_add_test(cases,
                   what_is_shown_read_only_to_us_may_not_be_to_the_server);
    tcase_add_test(cases, finds_a_file_that_the_server_may_not_use);
    tcase_add_test(cases, a_rewrite_writes_no_more_than_is_in_memory);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
