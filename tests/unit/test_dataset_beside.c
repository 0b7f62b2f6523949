#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "formats/dataset.h"
#include "test_dataset_dir.h"

#define A "appendonlydir/appendonly.aof"
#define B1 "file appendonly.aof.1.base.rdb seq 1 type b\n"
#define I1 "file appendonly.aof.1.incr.aof seq 1 type i\n"

static const char *const kinds[] = {"base", "incr", "old", "set", "history"};

/* What is beside the data: "kind seq size path", one a line. */
static const struct {
    const char *manifest; /* NULL: none */
    const char *files[6];
    enum dataset_appendonly appendonly;
    const char *beside;
} scenes[] = {
    {B1 I1, {A ".1.base.rdb", A ".1.incr.aof"}, DATASET_APPENDONLY_YES, ""},
    {B1 I1,
     {A ".2.base.rdb", A ".2.base.aof", A ".02.incr.aof", A ".x.incr.aof", A},
     DATASET_APPENDONLY_YES,
     "old 0 1 " A "\nincr 0 1 " A ".02.incr.aof\nbase 2 1 " A
     ".2.base.aof\nbase 2 1 " A ".2.base.rdb\n"},
    {B1,
     {A ".99999999999999999999.incr.aof", "appendonly.aof"},
     DATASET_APPENDONLY_YES,
     "old 0 1 appendonly.aof\nincr 9223372036854775807 1 " A
     ".99999999999999999999.incr.aof\n"},
    {B1 "file gone seq 7 type h\nfile here seq 8 type h\n",
     {"appendonlydir/here"},
     DATASET_APPENDONLY_YES,
     "history 7 - appendonlydir/gone\nhistory 8 1 appendonlydir/here\n"},
    {B1,
     {A ".1.base.rdb", "dump.rdb"},
     DATASET_APPENDONLY_NO,
     "set 0 44 " A ".manifest\n"},
    /* Where no manifest tells what the data is, they are the data. */
    {NULL, {A ".1.base.rdb", A ".1.incr.aof"}, DATASET_APPENDONLY_YES, ""},
    {"x", {A ".1.base.rdb", A ".1.incr.aof"}, DATASET_APPENDONLY_YES, ""},
};

static void
describe(const struct dataset *d, char *out)
{
    *out = '\0';
    for (size_t i = 0; i < d->beside_count; i++) {
        const struct dataset_beside *b = &d->beside[i];

        out += sprintf(out, "%s %lld ", kinds[b->kind], (long long)b->seq);
        out += b->missing
                   ? sprintf(out, "-")
                   : sprintf(out, "%llu", (unsigned long long)b->size_bytes);
        out += sprintf(out, " %s\n", b->path);
    }
}

START_TEST(names_what_lies_beside)
{
    const struct dataset_names names = {.appendonly = scenes[_i].appendonly};
    struct dataset d;
    struct error e = {0};
    char found[2000];

    for (size_t i = 0; i < 6 && scenes[_i].files[i] != NULL; i++)
        put(scenes[_i].files[i], "x");
    if (scenes[_i].manifest != NULL)
        put(A ".manifest", scenes[_i].manifest);
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    describe(&d, found);
    ck_assert_str_eq(found, scenes[_i].beside);
    dataset_close(&d);
}
END_TEST

START_TEST(counts_those_beyond_its_limit)
{
    const struct dataset_names names = {0};
    struct dataset d;
    struct error e = {0};
    char name[80];

    put(A ".manifest", B1);
    for (int i = 0; i < DATASET_BESIDE_MAX + 7; i++) {
        snprintf(name, sizeof name, A ".%d.incr.aof", i);
        put(name, "");
    }
    ck_assert_int_eq(dataset_open(&d, dir, &names, &e), 0);
    ck_assert_uint_eq(d.beside_count, DATASET_BESIDE_MAX);
    ck_assert_uint_eq(d.beside_more, 7);
    dataset_close(&d);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dataset_beside");
    TCase *tc = tcase_create("dataset_beside");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, make_dir, remove_dir);
    tcase_add_loop_test(tc, names_what_lies_beside, 0,
                        sizeof scenes / sizeof *scenes);
    tcase_add_test(tc, counts_those_beyond_its_limit);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
