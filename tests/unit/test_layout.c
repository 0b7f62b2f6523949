#include "jobs/layout.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct catalog_file aof_files[] = {
    {.path = "dir/a.aof.manifest", .role = DATASET_ROLE_MANIFEST},
    {.path = "dir/a.aof.4.base.rdb", .role = DATASET_ROLE_BASE, .seq = 4},
    {.path = "dir/odd name", .role = DATASET_ROLE_INCR, .seq = 7},
};
static struct catalog_file dump_files[] = {
    {.path = "a.rdb", .role = DATASET_ROLE_DUMP},
};
static struct catalog_file single_files[] = {
    {.path = "a.aof", .role = DATASET_ROLE_SINGLE},
};
static struct catalog_file lost_files[] = {
    {.path = "dir/a.aof.manifest", .role = DATASET_ROLE_MANIFEST},
    {.path = "dir/a.aof.1.incr.aof", .role = DATASET_ROLE_ORPHAN},
};
static struct catalog_file with_config[] = {
    {.path = "a.rdb", .role = DATASET_ROLE_DUMP},
    {.path = "config/redis.conf", .role = DATASET_ROLE_ORPHAN, .config = true},
};

static struct catalog_entry
entry_of(enum dataset_kind kind, struct catalog_file *files, size_t count)
{
    static char dump[] = "a.rdb", aof[] = "a.aof", dir[] = "dir";

    return (struct catalog_entry){.id = "20261120T113000Z",
                                  .dataset = kind,
                                  .dbfilename = dump,
                                  .appendfilename = aof,
                                  .appenddirname = dir,
                                  .files = files,
                                  .file_count = count};
}

static struct layout
layout_of(const struct catalog_entry *entry, const char *dump, const char *aof,
          const char *dir)
{
    return (struct layout){.entry = entry,
                           .dbfilename = dump,
                           .appendfilename = aof,
                           .appenddirname = dir};
}

static void
expect(const struct layout *l, size_t n, const char *path)
{
    char *found = layout_path(l, &l->entry->files[n]);

    ck_assert_str_eq(found, path);
    free(found);
}

static void
expect_manifest(const struct layout *l, const char *stored, const char *text)
{
    struct aof_manifest m = {0};
    struct error e = {0};
    size_t size;
    char *found;

    if (stored != NULL)
        ck_assert_int_eq(aof_manifest_read(&m, stored, strlen(stored), &e), 0);
    found = layout_manifest(l, stored != NULL ? &m : NULL, &size);
    ck_assert_str_eq(found, text);
    ck_assert_uint_eq(size, strlen(text));
    free(found);
    aof_manifest_clear(&m);
}

START_TEST(keeps_every_path_where_names_are_the_same)
{
    struct catalog_entry entry = entry_of(DATASET_AOF, aof_files, 3);
    struct layout l = layout_of(&entry, "other.rdb", "a.aof", "dir");

    for (size_t n = 0; n < 3; n++)
        expect(&l, n, aof_files[n].path);
    ck_assert(!layout_makes_manifest(&l));
}
END_TEST

START_TEST(numbers_parts_under_another_prefix)
{
    struct catalog_entry entry = entry_of(DATASET_AOF, aof_files, 3);
    struct layout l = layout_of(&entry, "a.rdb", "b c", "dir");

    expect(&l, 0, "dir/b c.manifest");
    expect(&l, 1, "dir/b c.4.base.rdb");
    expect(&l, 2, "dir/b c.7.incr.aof");
    ck_assert(layout_makes_manifest(&l));
    expect_manifest(&l,
                    "file old.1.base.rdb seq 1 type h\n"
                    "file a.aof.4.base.rdb seq 4 type b\n"
                    "file \"odd name\" seq 7 type i startoffset 12\n",
                    "file \"b c.4.base.rdb\" seq 4 type b\n"
                    "file \"b c.7.incr.aof\" seq 7 type i startoffset 12\n");
}
END_TEST

START_TEST(keeps_names_of_parts_in_another_folder)
{
    struct catalog_entry entry = entry_of(DATASET_AOF, aof_files, 3);
    struct layout l = layout_of(&entry, "a.rdb", "a.aof", "aofs");

    expect(&l, 0, "aofs/a.aof.manifest");
    expect(&l, 2, "aofs/odd name");
    ck_assert(!layout_makes_manifest(&l));
}
END_TEST

START_TEST(makes_a_dump_the_base_of_an_aof)
{
    struct catalog_entry entry = entry_of(DATASET_RDB, dump_files, 1);
    struct layout l = layout_of(&entry, "b.rdb", "b.aof", "aofs");

    expect(&l, 0, "b.rdb");
    ck_assert(!layout_makes_manifest(&l));
    l.as_base = true;
    expect(&l, 0, "aofs/b.aof.1.base.rdb");
    ck_assert(layout_makes_manifest(&l));
    expect_manifest(&l, NULL, "file b.aof.1.base.rdb seq 1 type b\n");
    l.no_manifest = true;
    expect(&l, 0, "b.aof");
    ck_assert(!layout_makes_manifest(&l));
}
END_TEST

START_TEST(renames_the_only_aof_of_an_old_server)
{
    struct catalog_entry entry = entry_of(DATASET_AOF_SINGLE, single_files, 1);
    struct layout l = layout_of(&entry, "a.rdb", "b.aof", "aofs");

    expect(&l, 0, "b.aof");
    ck_assert(!layout_makes_manifest(&l));
}
END_TEST

START_TEST(renames_nothing_that_no_manifest_names)
{
    struct catalog_entry entry = entry_of(DATASET_AOF, lost_files, 2);
    struct layout l = layout_of(&entry, "b.rdb", "a.aof", "dir");
    struct error e = {0};

    ck_assert_int_eq(layout_check(&l, &e), 0);
    l.appendfilename = "b.aof";
    ck_assert_int_eq(layout_check(&l, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_ptr_nonnull(strstr(e.text, "--appendfilename 'a.aof'"));
}
END_TEST

START_TEST(minds_no_configuration)
{
    struct catalog_entry entry = entry_of(DATASET_RDB, with_config, 2);
    struct layout l = layout_of(&entry, "b.rdb", "b.aof", "aofs");
    struct error e = {0};

    ck_assert_int_eq(layout_check(&l, &e), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("layout");
    TCase *cases = tcase_create("layout");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, keeps_every_path_where_names_are_the_same);
    tcase_add_test(cases, numbers_parts_under_another_prefix);
    tcase_add_test(cases, keeps_names_of_parts_in_another_folder);
    tcase_add_test(cases, makes_a_dump_the_base_of_an_aof);
    tcase_add_test(cases, renames_the_only_aof_of_an_old_server);
    tcase_add_test(cases, renames_nothing_that_no_manifest_names);
    tcase_add_test(cases, minds_no_configuration);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
