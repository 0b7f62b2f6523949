#include "jobs/trial_memory.h"

#include "base/text.h"
#include "folder.h"

static struct trial_memory m;

static void
make(const char *name)
{
    ck_assert_msg(file_make_directory(dir, name, 0700, NULL, &e) == 0, "%s",
                  e.text);
}

/* 1000 MiB, of which 500 can be had; in no group. */
static void
begin(void)
{
    folder_begin();
    make("self");
    put("meminfo", "MemTotal:  1024000 kB\nMemFree:  1 kB\n"
                   "MemAvailable:   512000 kB\n");
    put("self/cgroup", "");
    put("self/mountinfo", "");
}

static void
find(void)
{
    ck_assert_msg(trial_memory_find(&m, path, &e) == 0, "%s", e.text);
}

/* A hierarchy that is mounted at the folder NAME. */
static void
mount(const char *name, const char *root, const char *kind, const char *options)
{
    char *line = text_format("30 20 0:1 %s %s/%s rw - %s cgroup %s\n", root,
                             path, name, kind, options);

    put("self/mountinfo", line);
    free(line);
    make(name);
}

static void
group_two(const char *folder, const char *limit, const char *used,
          const char *stat)
{
    char name[80];

    snprintf(name, sizeof name, "%s/memory.max", folder);
    put(name, limit);
    snprintf(name, sizeof name, "%s/memory.current", folder);
    put(name, used);
    snprintf(name, sizeof name, "%s/memory.stat", folder);
    put(name, stat);
}

START_TEST(the_host_is_what_there_is)
{
    find();
    ck_assert_uint_eq(m.total_bytes, UINT64_C(1024000) << 10);
    ck_assert_uint_eq(m.free_bytes, UINT64_C(512000) << 10);
    ck_assert_str_eq(m.where, "this host");
    ck_assert_uint_eq(trial_memory_spare(&m), UINT64_C(307200) << 10);
}
END_TEST

START_TEST(a_group_that_has_less_counts)
{
    put("self/cgroup", "0::/a/b\n");
    mount("two", "/", "cgroup2", "rw");
    make("two/a");
    make("two/a/b");
    group_two("two/a/b", "max\n", "7\n", "");
    group_two("two/a", "1000000\n", "900000\n",
              "anon 1\ninactive_file 300000\nactive_file 200000\n");
    find();
    ck_assert_uint_eq(m.total_bytes, 1000000);
    ck_assert_uint_eq(m.free_bytes, 600000);
    ck_assert_str_eq(m.where, "control group /a");
    ck_assert_uint_eq(trial_memory_spare(&m), 400000);
}
END_TEST

START_TEST(of_version_one_too)
{
    put("self/cgroup", "3:cpu:/\n4:hugetlb,memory:/x\n");
    mount("one", "/", "cgroup", "rw,memory");
    make("one/x");
    put("one/x/memory.limit_in_bytes", "5000\n");
    put("one/x/memory.usage_in_bytes", "2000\n");
    put("one/x/memory.stat", "inactive_file 9\ntotal_inactive_file 500\n");
    find();
    ck_assert_uint_eq(m.free_bytes, 3500);
    ck_assert_str_eq(m.where, "control group /x");
}
END_TEST

START_TEST(a_container_sees_its_own_part)
{
    put("self/cgroup", "0::/docker/1\n");
    mount("two", "/docker/1", "cgroup2", "rw");
    group_two("two", "4000\n", "1000\n", "");
    find();
    ck_assert_uint_eq(m.free_bytes, 3000);
    ck_assert_str_eq(m.where, "control group /");
}
END_TEST

START_TEST(what_is_used_beyond_the_limit_leaves_nothing)
{
    put("self/cgroup", "0::/\n");
    mount("two", "/", "cgroup2", "rw");
    group_two("two", "4000\n", "9000\n", "");
    find();
    ck_assert_uint_eq(m.free_bytes, 0);
    ck_assert_uint_eq(trial_memory_spare(&m), 0);
}
END_TEST

static const struct {
    const char *groups, *mounts;
} odd[] = {
    {"garbage", "garbage"},
    {"0:", "1 2 3"},
    {"0::/a\n", "1 2 3 4 5 6"},
    {"::::\n\n", "1 2 3 4 5 6 - \n"},
    {"0::/../..\n", "1 2 3 / /nowhere 6 - cgroup2 x y\n"},
    {"5:memory:\n", "1 2 3 / /nowhere 6 - cgroup x memory\n"},
};

START_TEST(what_is_odd_says_nothing)
{
    put("self/cgroup", odd[_i].groups);
    put("self/mountinfo", odd[_i].mounts);
    find();
    ck_assert_str_eq(m.where, "this host");
}
END_TEST

START_TEST(without_figures_it_cannot_be_told)
{
    put("meminfo", "MemTotal: 5 kB\n");
    ck_assert_int_eq(trial_memory_find(&m, path, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "does not tell how much memory"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("trial_memory");
    TCase *cases = tcase_create("trial_memory");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, begin, folder_end);
    tcase_add_test(cases, the_host_is_what_there_is);
    tcase_add_test(cases, a_group_that_has_less_counts);
    tcase_add_test(cases, of_version_one_too);
    tcase_add_test(cases, a_container_sees_its_own_part);
    tcase_add_test(cases, what_is_used_beyond_the_limit_leaves_nothing);
    tcase_add_loop_test(cases, what_is_odd_says_nothing, 0,
                        sizeof odd / sizeof *odd);
    tcase_add_test(cases, without_figures_it_cannot_be_told);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
