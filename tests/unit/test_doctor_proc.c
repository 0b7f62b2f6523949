#include "jobs/doctor_proc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mounts[] =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "30 22 8:2 /sub /srv ro,nosuid master:2 propagate_from:1 - xfs "
    "/dev/sda2 rw\n"
    "31 30 0:40 / /srv/my\\040data rw - tmpfs none ro,size=1k\n"
    "a line of another kind\n"
    "32 22 0:41 / /var rw - overlay overlay rw,lowerdir=/a,upperdir=/b\n"
    "33 32 8:3 / /var rw - ext4 /dev/sda3 rw";

static const struct {
    const char *path, *device, *point, *kind;
    bool read_only, system;
} paths[] = {
    {"/", "8:1", "/", "ext4", false, false},
    {"/srvx", "8:1", "/", "ext4", false, false},
    {"/srv", "8:2", "/srv", "xfs", true, false},
    {"/srv/redis", "8:2", "/srv", "xfs", true, false},
    {"/srv/my data", "0:40", "/srv/my data", "tmpfs", false, true},
    {"/var/lib/redis", "8:3", "/var", "ext4", false, false},
};

START_TEST(finds_the_mount_of_a_path)
{
    struct doctor_mount m;

    ck_assert(doctor_proc_find_mount(&m, mounts, paths[_i].path));
    ck_assert_str_eq(m.device, paths[_i].device);
    ck_assert_str_eq(m.point, paths[_i].point);
    ck_assert_str_eq(m.kind, paths[_i].kind);
    ck_assert(m.read_only == paths[_i].read_only);
    ck_assert(m.system_read_only == paths[_i].system);
    doctor_proc_clear_mount(&m);
}
END_TEST

START_TEST(has_no_mount_where_no_line_is_one)
{
    static const char *const none[] = {
        "",
        "\n\n",
        "22 1 8:1 / / rw\n",
        "22 1 8:1 / / rw -\n",
        "22 1 8:1 / / rw shared:1 ext4 /dev/sda1 rw\n",
        "22 1 8:1 / relative rw - ext4 /dev/sda1 rw\n",
    };
    struct doctor_mount m;

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_msg(!doctor_proc_find_mount(&m, none[i], "/srv"), "%s",
                      none[i]);
        ck_assert_ptr_null(m.kind);
        doctor_proc_clear_mount(&m);
    }
    ck_assert(!doctor_proc_find_mount(&m, mounts, "relative"));
}
END_TEST

static const char status[] = "Name:\tredis-server\n"
                             "Uid:\t1\t2\t3\t104\n"
                             "Gid:\t5\t6\t7\t109\n"
                             "Groups:\t27 44 \n"
                             "THP_enabled:\t1\n"
                             "CapEff:\t0000000000000002\n";

START_TEST(reads_who_a_process_is)
{
    struct doctor_process p;

    doctor_proc_read_status(&p, status);
    ck_assert_int_eq(p.uid, 104);
    ck_assert_int_eq(p.gid, 109);
    ck_assert_uint_eq(p.group_count, 2);
    ck_assert_uint_eq(p.groups[1], 44);
    ck_assert(p.all_groups);
    ck_assert_int_eq(p.overrides, 1);
    ck_assert_int_eq(p.huge_pages, 1);
}
END_TEST

START_TEST(has_no_groups_where_there_are_none)
{
    struct doctor_process p;

    doctor_proc_read_status(&p, "Groups:\t\nNStgid:\t12\n");
    ck_assert_uint_eq(p.group_count, 0);
    ck_assert(p.all_groups);
    doctor_proc_read_status(&p, "");
    ck_assert(!p.all_groups);
    ck_assert_int_eq(p.uid, -1);
    ck_assert_int_eq(p.overrides, -1);
    ck_assert_int_eq(p.huge_pages, -1);
}
END_TEST

static const struct {
    int64_t uid, gid;
    unsigned mode;
    int overrides, may;
} rights[] = {
    {104, 104, 0700, 0, 1}, {104, 104, 0500, 0, 0}, {7, 104, 0770, 0, 1},
    {7, 104, 0750, 0, 0},   {7, 44, 0770, 0, 1},    {7, 8, 0777, 0, 1},
    {7, 8, 0770, 0, 0},     {7, 8, 0770, 1, 1},     {0, 0, 0, -1, 1},
    {0, 8, 0770, 0, 0},     {-1, -1, 0777, -1, -1}, {104, 104, 0077, 0, 0},
};

START_TEST(judges_by_owner_group_and_others)
{
    struct doctor_process p = {.uid = rights[_i].uid,
                               .gid = rights[_i].gid,
                               .groups = {rights[_i].gid == 44 ? 104 : 9},
                               .group_count = 1,
                               .all_groups = true,
                               .overrides = rights[_i].overrides};
    struct file_identity id = {
        .uid = 104, .gid = 104, .mode = S_IFDIR | rights[_i].mode};

    ck_assert_int_eq(doctor_proc_may(&p, &id, R_OK | W_OK | X_OK),
                     rights[_i].may);
}
END_TEST

START_TEST(says_nothing_of_groups_it_does_not_know)
{
    struct doctor_process p = {.uid = 7, .gid = 8, .overrides = 0};
    struct file_identity id = {.uid = 104, .gid = 104, .mode = S_IFDIR | 0770};

    ck_assert_int_eq(doctor_proc_may(&p, &id, W_OK), -1);
}
END_TEST

START_TEST(reads_limits)
{
    static const char limits[] =
        "Limit                     Soft Limit           Hard Limit    Units\n"
        "Max processes             unlimited            95936    processes\n"
        "Max open files            1024                 unlimited    files\n"
        "Max file locks            many                 \n";

    ck_assert_int_eq(doctor_proc_limit(limits, "Max open files", false), 1024);
    ck_assert_int_eq(doctor_proc_limit(limits, "Max open files", true),
                     INT64_MAX);
    ck_assert_int_eq(doctor_proc_limit(limits, "Max file locks", false), -1);
    ck_assert_int_eq(doctor_proc_limit(limits, "Max file locks", true), -1);
    ck_assert_int_eq(doctor_proc_limit(limits, "Max nothing", false), -1);
}
END_TEST

START_TEST(reads_the_choice)
{
    char *chosen = doctor_proc_choice("always [madvise] never\n");

    ck_assert_str_eq(chosen, "madvise");
    free(chosen);
    ck_assert_ptr_null(doctor_proc_choice("always"));
    ck_assert_ptr_null(doctor_proc_choice("[always"));
}
END_TEST

START_TEST(reads_the_type_of_a_label)
{
    char *type = doctor_proc_type("system_u:system_r:redis_t:s0\n");

    ck_assert_str_eq(type, "redis_t");
    free(type);
    ck_assert_ptr_null(doctor_proc_type("unconfined"));
    ck_assert_ptr_null(doctor_proc_type("a:b:"));
}
END_TEST

START_TEST(reads_bytes)
{
    ck_assert_int_eq(
        doctor_proc_bytes("A: 1 kB\nSwapTotal:  3 kB\n", "SwapTotal:"), 3072);
    ck_assert_int_eq(doctor_proc_bytes("SwapTotal:\n3 kB\n", "SwapTotal:"), -1);
    ck_assert_int_eq(
        doctor_proc_bytes("SwapTotal: 9999999999999999999 kB\n", "SwapTotal:"),
        -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_proc");
    TCase *cases = tcase_create("doctor_proc");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, finds_the_mount_of_a_path, 0,
                        sizeof paths / sizeof *paths);
    tcase_add_test(cases, has_no_mount_where_no_line_is_one);
    tcase_add_test(cases, reads_who_a_process_is);
    tcase_add_test(cases, has_no_groups_where_there_are_none);
    tcase_add_loop_test(cases, judges_by_owner_group_and_others, 0,
                        sizeof rights / sizeof *rights);
    tcase_add_test(cases, says_nothing_of_groups_it_does_not_know);
    tcase_add_test(cases, reads_limits);
    tcase_add_test(cases, reads_the_choice);
    tcase_add_test(cases, reads_the_type_of_a_label);
    tcase_add_test(cases, reads_bytes);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
