#include "folder.h"
#include "jobs/doctor_disk.h"

#include <sys/sysmacros.h>

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

/* sda with a partition; dm-0 on that; dm-1 on two; nvme0n1. */
static void
begin(void)
{
    folder_begin();
    make("sys/dev/block");
    make("sys/class/block");
    make("sys/devices/sda/sda1");
    put("sys/devices/sda/sda1/partition", "1\n");
    make("sys/devices/dm-0/slaves");
    make("sys/devices/dm-1/slaves/sda1");
    make("sys/devices/dm-1/slaves/nvme0n1");
    make("sys/devices/nvme0n1");
    lead("sys/devices/dm-0/slaves/sda1", "../../sda/sda1");
    lead("sys/dev/block/8:1", "../../devices/sda/sda1");
    lead("sys/dev/block/253:0", "../../devices/dm-0");
    lead("sys/dev/block/253:1", "../../devices/dm-1");
    lead("sys/dev/block/259:0", "../../devices/nvme0n1");
    lead("sys/class/block/sda", "../../devices/sda");
    lead("sys/class/block/sda1", "../../devices/sda/sda1");
    lead("sys/class/block/dm-0", "../../devices/dm-0");
    lead("sys/class/block/dm-1", "../../devices/dm-1");
    lead("sys/class/block/nvme0n1", "../../devices/nvme0n1");
}

static const struct {
    unsigned major, minor;
    const char *source, *disk;
} devices[] = {
    {8, 1, NULL, "sda"},
    {253, 0, NULL, "sda"},
    {253, 1, NULL, "dm-1"},
    {259, 0, NULL, "nvme0n1"},
    {0, 31, "tmpfs", "0:31"},
    {0, 31, "/dev/sda1", "sda"},
    {0, 31, "/dev/../sda1", "0:31"},
    {7, 7, NULL, "7:7"},
};

START_TEST(finds_the_disk)
{
    struct doctor_mount mount = {.source = (char *)devices[_i].source};
    char *disk = doctor_disk_find(
        path, makedev(devices[_i].major, devices[_i].minor), &mount);

    ck_assert_str_eq(disk, devices[_i].disk);
    free(disk);
}
END_TEST

START_TEST(does_without_a_mount)
{
    char *disk = doctor_disk_find(path, makedev(0, 5), NULL);

    ck_assert_str_eq(disk, "0:5");
    free(disk);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("doctor_disk");
    TCase *cases = tcase_create("doctor_disk");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, folder_end);
    tcase_add_loop_test(cases, finds_the_disk, 0,
                        sizeof devices / sizeof *devices);
    tcase_add_test(cases, does_without_a_mount);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
