#include "repo/storage_trash.h"

#include <check.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unistd.h>

#include "test_storage_repo.h"

#define ID "20261120T100000Z"
#define ENTRY ID ".json"
#define ARCHIVE ID ".tar.zst"
#define NOTE ID ".verified"
#define TAKEN "main/trash/20261120T113000Z_"

static struct storage s;
static struct error e;
static struct storage_trash_emptied emptied;

static int64_t
at(const char *time)
{
    int64_t ms = -1;

    ck_assert_msg(text_time(time, &ms), "%s", time);
    return ms;
}

static void
begin(void)
{
    set_up();
    make("main", &alpha);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), 0);
    put("main/snapshots/" ENTRY, "entry");
    put("main/snapshots/" ARCHIVE, "archive");
    put("main/snapshots/" NOTE, "note");
}

static void
finish(void)
{
    storage_close(&s);
    tear_down();
}

static void
take(const char *name)
{
    ck_assert_msg(storage_trash_put(&s, name, at("2026-11-20T11:30:00Z"), &e) ==
                      0,
                  "%s", e.text);
}

static void
take_all(void)
{
    take(ENTRY);
    take(ARCHIVE);
    take(NOTE);
}

static void
empty(const char *time)
{
    ck_assert_msg(storage_trash_empty(&s, at(time), &emptied, &e) == 0, "%s",
                  e.text);
}

static bool
opens(void)
{
    char name[] = ARCHIVE;
    struct catalog_entry entry = {
        .id = ID,
        .archive = {.name = name, .size_bytes = 7},
    };
    int fd = storage_open_archive(&s, &entry, &e);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

START_TEST(takes_a_file_by_when_and_name)
{
    take_all();
    take("20261120T100000Z.tar"); /* there is none */
    ck_assert(is_there(TAKEN ENTRY, NULL));
    ck_assert(is_there(TAKEN ARCHIVE, NULL));
    ck_assert(is_there(TAKEN NOTE, NULL));
    ck_assert(!is_there("main/snapshots/" ENTRY, NULL));
    ck_assert(!is_there("main/snapshots/" ARCHIVE, NULL));
}
END_TEST

START_TEST(takes_a_note_that_came_again_in_the_same_second)
{
    take(NOTE);
    put("main/snapshots/" NOTE, "again");
    take(NOTE);
    ck_assert(is_there(TAKEN NOTE, NULL));
    ck_assert(is_there("main/trash/20261120T113001Z_" NOTE, NULL));
}
END_TEST

START_TEST(who_knew_of_an_archive_opens_it_in_the_trash)
{
    ck_assert(opens());
    take_all();
    ck_assert(opens());
    empty("2026-11-20T12:30:00Z");
    ck_assert(!opens());
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
}
END_TEST

START_TEST(deletes_after_an_hour_and_not_before)
{
    take_all();
    empty("2026-11-20T12:29:59.999Z");
    ck_assert(is_there(TAKEN ENTRY, NULL));
    ck_assert_uint_eq(emptied.freed_bytes, 0);
    empty("2026-11-20T12:30:00Z");
    ck_assert(!is_there(TAKEN ENTRY, NULL));
    ck_assert(!is_there(TAKEN ARCHIVE, NULL));
    ck_assert(!is_there(TAKEN NOTE, NULL));
    ck_assert_uint_eq(emptied.freed_bytes, strlen("entryarchivenote"));
    ck_assert_uint_eq(emptied.waiting, 0);
}
END_TEST

START_TEST(deletes_nothing_while_somebody_reads)
{
    struct lock reader = LOCK_NONE;

    take_all();
    ck_assert_int_eq(storage_lock_readers(&s, &reader, &e), 0);
    empty("2026-11-20T13:00:00Z");
    ck_assert_uint_eq(emptied.waiting, 3);
    ck_assert(opens());
    lock_release(&reader);
    empty("2026-11-20T13:00:00Z");
    ck_assert_uint_eq(emptied.waiting, 0);
    ck_assert(!opens());
}
END_TEST

START_TEST(what_comes_from_the_future_begins_its_hour_anew)
{
    take_all();
    empty("2026-01-01T00:00:00Z");
    ck_assert(is_there("main/trash/20260101T000000Z_" ARCHIVE, NULL));
    ck_assert(opens());
    empty("2026-01-01T01:00:00Z");
    ck_assert(!opens());
}
END_TEST

START_TEST(leaves_alone_what_is_not_ours)
{
    static const char *const names[] = {
        "README",
        "20200101T000000Z",
        "20200101T000000Z_",
        "20200101T000000Z_README",
        "20209901T000000Z_" ARCHIVE,
        "2020-1-1T00:0:0Z_" ARCHIVE,
        "20200101T000000Z-" ARCHIVE,
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = text_format("main/trash/%s", names[i]);

        put(path, "x");
        empty("2026-11-20T12:30:00Z");
        ck_assert_msg(is_there(path, NULL), "%s", path);
        free(path);
    }
}
END_TEST

START_TEST(no_trash_is_an_empty_one)
{
    char *path = text_format("%s/main/trash", repo);
    bool taken;

    ck_assert_int_eq(file_remove_tree(AT_FDCWD, path, &e), 0);
    free(path);
    empty("2026-11-20T12:30:00Z");
    ck_assert_int_eq(storage_trash_take_rest(&s, ARCHIVE, &taken, &e), 0);
    ck_assert(!taken && opens());
}
END_TEST

/* A prune that is killed after so many files. */
START_TEST(the_rest_of_a_killed_prune_follows)
{
    static const char *const names[] = {ENTRY, ARCHIVE, NOTE};
    bool sweep = _i >= 4;
    int taken = _i % 4;

    for (int n = 0; n < taken; n++)
        take(names[n]);
    ck_assert(opens());
    ck_assert_msg(
        (sweep ? storage_sweep(&s, &e) : storage_sweep_pruned(&s, &e)) == 0,
        "%s", e.text);
    ck_assert(opens());
    ck_assert_int_eq(is_there("main/snapshots/" ENTRY, NULL), taken == 0);
    ck_assert_int_eq(is_there("main/snapshots/" ARCHIVE, NULL), taken == 0);
    ck_assert_int_eq(is_there("main/snapshots/" NOTE, NULL), taken == 0);
    ck_assert_int_eq(is_there(TAKEN ARCHIVE, NULL), taken > 0);
    empty("2026-11-20T12:30:00Z");
    ck_assert_int_eq(opens(), taken == 0);
}
END_TEST

/* verify ended while the trash was emptied. */
START_TEST(a_note_without_a_snapshot_goes)
{
    put("main/snapshots/20261119T090000Z.verified", "2026-11-20T11:00:00Z\n");
    put("main/snapshots/20261119T090000Z.tar.zst", "is being made");
    ck_assert_int_eq(storage_sweep_pruned(&s, &e), 0);
    ck_assert(!is_there("main/snapshots/20261119T090000Z.verified", NULL));
    ck_assert(is_there("main/snapshots/20261119T090000Z.tar.zst", NULL));
}
END_TEST

/* Killed while it noted which snapshot is right. */
START_TEST(the_draft_of_a_killed_prune_goes)
{
    pid_t pid = fork();
    char name[64];

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    snprintf(name, sizeof name, "main/.redkeep-new-%ld-0", (long)pid);
    put(name, "half a ma");
    ck_assert_int_eq(storage_sweep_pruned(&s, &e), 0);
    ck_assert(!is_there(name, NULL));
}
END_TEST

/* The same id again: its archive is not of the one in the trash. */
START_TEST(an_archive_whose_like_is_in_the_trash_is_no_rest)
{
    bool taken;

    take_all();
    put("main/snapshots/" ARCHIVE, "another");
    ck_assert_int_eq(storage_trash_take_rest(&s, ARCHIVE, &taken, &e), 0);
    ck_assert(!taken);
    ck_assert_int_eq(storage_sweep_pruned(&s, &e), 0);
    ck_assert(is_there("main/snapshots/" ARCHIVE, NULL));
    ck_assert_int_eq(storage_sweep(&s, &e), 0);
    ck_assert(!is_there("main/snapshots/" ARCHIVE, NULL));
    ck_assert(opens());
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("storage_trash");
    TCase *cases = tcase_create("trash");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, begin, finish);
    tcase_add_test(cases, takes_a_file_by_when_and_name);
    tcase_add_test(cases, takes_a_note_that_came_again_in_the_same_second);
    tcase_add_test(cases, who_knew_of_an_archive_opens_it_in_the_trash);
    tcase_add_test(cases, deletes_after_an_hour_and_not_before);
    tcase_add_test(cases, deletes_nothing_while_somebody_reads);
    tcase_add_test(cases, what_comes_from_the_future_begins_its_hour_anew);
    tcase_add_test(cases, leaves_alone_what_is_not_ours);
    tcase_add_test(cases, no_trash_is_an_empty_one);
    tcase_add_loop_test(cases, the_rest_of_a_killed_prune_follows, 0, 8);
    tcase_add_test(cases, a_note_without_a_snapshot_goes);
    tcase_add_test(cases, the_draft_of_a_killed_prune_goes);
    tcase_add_test(cases, an_archive_whose_like_is_in_the_trash_is_no_rest);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
