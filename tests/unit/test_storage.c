#include "repo/storage.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "test_storage_repo.h"

START_TEST(makes_what_is_missing_for_its_owner_alone)
{
    static const char *const parts[] = {"main", "main/snapshots", "main/locks",
                                        "main/trash"};
    mode_t mode;

    make("main", &alpha);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ck_assert_msg(is_there(parts[i], &mode), "%s", parts[i]);
        ck_assert_uint_eq(mode, 0700);
    }
    ck_assert(is_there("main/instance.json", &mode));
    ck_assert_uint_eq(mode, 0600);
    make("main", &alpha); /* and again: nothing is in the way */
}
END_TEST

START_TEST(makes_the_folders_above_as_well)
{
    snprintf(repo, sizeof repo, "%s/a/b/c", folder);
    make("main", &alpha);
    ck_assert(is_there("main/instance.json", NULL));
}
END_TEST

START_TEST(opens_what_was_made)
{
    struct storage s;
    struct error e = {0};

    make("main", &alpha);
    ck_assert_msg(storage_open(&s, repo, "main", &e) == 0, "%s", e.text);
    ck_assert_str_eq(s.path, repo);
    ck_assert_str_eq(s.instance, "main");
    ck_assert(!s.made);
    ck_assert_int_ge(s.snapshots_dir, 0);
    storage_close(&s);
    ck_assert_int_eq(s.instance_dir, -1);
    storage_close(&s);
}
END_TEST

START_TEST(takes_no_folder_that_holds_other_things)
{
    struct storage s;
    struct error e = {0};

    put("main/dump.rdb", "REDIS");
    put("main/notes.txt", "");
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, true, &e),
                     -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    check_text(e.text, "@/main is neither empty nor an instance of a "
                       "repository: it holds dump.rdb, notes.txt");
    ck_assert(!is_there("main/instance.json", NULL));
}
END_TEST

static const struct {
    struct storage_owner owner;
    const char *text;
} others[] = {
    {{"fedcba98", "beta", "/var/lib/redis"},
     "@/main holds the snapshots of /var/lib/redis on alpha (machine "
     "0123456789abcdef0123456789abcdef), not of /var/lib/redis on beta "
     "(machine fedcba98): choose another --instance, or adopt it with --yes"},
    {{"0123456789abcdef0123456789abcdef", "alpha", "/srv/redis\n2"},
     "@/main holds the snapshots of /var/lib/redis on alpha (machine "
     "0123456789abcdef0123456789abcdef), not of /srv/redis\\x0a2 on alpha "
     "(machine 0123456789abcdef0123456789abcdef): choose another --instance, "
     "or adopt it with --yes"},
};

START_TEST(adopts_what_belongs_to_another_only_when_told)
{
    struct storage s;
    struct error e = {0};

    make("main", &alpha);
    ck_assert_int_eq(
        storage_open_writable(&s, repo, "main", &others[_i].owner, false, &e),
        -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    check_text(e.text, others[_i].text);
    make("main", &alpha); /* still theirs */
    ck_assert_int_eq(
        storage_open_writable(&s, repo, "main", &others[_i].owner, true, &e),
        0);
    storage_close(&s);
    make("main", &others[_i].owner);
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, false, &e),
                     -1);
}
END_TEST

START_TEST(sees_a_renamed_host_as_the_same_machine)
{
    struct storage_owner renamed = alpha;

    make("main", &alpha);
    renamed.host = "gamma";
    make("main", &renamed);
}
END_TEST

START_TEST(opens_what_exists_without_making_it)
{
    struct storage_owner anywhere = alpha;
    struct storage s;
    struct error e = {0};

    ck_assert_int_eq(storage_open_existing(&s, repo, "main", &alpha, true, &e),
                     -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert(!is_there("main", NULL));
    make("main", &alpha);
    anywhere.directory = NULL;
    ck_assert_int_eq(
        storage_open_existing(&s, repo, "main", &anywhere, false, &e), 0);
    storage_close(&s);
    anywhere.machine_id = "fedcba9876543210fedcba9876543210";
    ck_assert_int_eq(
        storage_open_existing(&s, repo, "main", &anywhere, false, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_int_eq(storage_open_existing(&s, repo, "main", NULL, false, &e),
                     0);
    storage_close(&s);
    ck_assert_int_eq(
        storage_open_existing(&s, repo, "main", &anywhere, true, &e), 0);
    storage_close(&s);
    anywhere.directory = alpha.directory; /* that one stays */
    make("main", &anywhere);
}
END_TEST

START_TEST(takes_back_only_what_it_made_and_what_is_empty)
{
    struct storage s;
    struct error e = {0};

    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, false, &e),
                     0);
    ck_assert(s.made);
    put("main/snapshots/20261120T113000Z.tar.zst", "x");
    storage_unmake(&s);
    ck_assert(is_there("main/instance.json", NULL));
    ck_assert_int_eq(
        file_remove(s.snapshots_dir, "20261120T113000Z.tar.zst", &e), 0);
    storage_unmake(&s);
    ck_assert(!is_there("main", NULL));
    storage_close(&s);
    make("main", &alpha);
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, false, &e),
                     0);
    ck_assert(!s.made);
    storage_unmake(&s);
    ck_assert(is_there("main/instance.json", NULL));
    storage_close(&s);
}
END_TEST

static const struct {
    const char *name;
    bool stays;
} leftovers[] = {
    {"20261120T113000Z.tar.zst", true},
    {"20261120T113000Z.json", true},
    {"20261120T113000Z.verified", true},
    {"20261120T113000Z.hold", true},
    {"20261120T113000Z-2.tar.zst", false},
    {"20261120T113000Z-2.verified", false},
    {"20261120T123000Z.tar.gz", false},
    {"20261120T123000Z.tar", false},
    {"20261120T133000Z-10.tar.zst", true},
    {"20261120T133000Z-10.json", true},
    {"20261120T133000Z.tar.zst", false},
    {".redkeep-new-2147483647-1", false},
    {"dump.tar.zst", true},
    {"20261120T123000Z.tar.zst.part", true},
    {"notes.txt", true},
};

START_TEST(sweeps_what_a_killed_run_left)
{
    struct storage s;
    struct error e = {0};

    make("main", &alpha);
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
        char *path = text_format("main/snapshots/%s", leftovers[i].name);

        put(path, "x");
        free(path);
    }
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, false, &e),
                     0);
    ck_assert_msg(storage_sweep(&s, &e) == 0, "%s", e.text);
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++) {
        char *path = text_format("main/snapshots/%s", leftovers[i].name);

        ck_assert_msg(is_there(path, NULL) == leftovers[i].stays, "%s", path);
        free(path);
    }
    storage_close(&s);
}
END_TEST

START_TEST(opens_an_archive_only_in_its_size)
{
    char name[] = "20261120T113000Z.tar.zst";
    struct catalog_entry entry = {
        .id = "20261120T113000Z",
        .archive = {.name = name, .size_bytes = 7},
    };
    struct storage s;
    struct error e = {0};
    int fd;

    make("main", &alpha);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), 0);
    ck_assert_int_eq(storage_open_archive(&s, &entry, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, "snapshot 20261120T113000Z: open "
                             "20261120T113000Z.tar.zst: No such file or "
                             "directory");
    put("main/snapshots/20261120T113000Z.tar.zst", "archive");
    fd = storage_open_archive(&s, &entry, &e);
    ck_assert_int_ge(fd, 0);
    close(fd);
    put("main/snapshots/20261120T113000Z.tar.zst", "archive, longer");
    ck_assert_int_eq(storage_open_archive(&s, &entry, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, "snapshot 20261120T113000Z: its archive has 15 "
                             "bytes, expected 7");
    storage_close(&s);
}
END_TEST

START_TEST(locks_each_job_once_and_readers_together)
{
    struct storage s, t;
    struct lock one = LOCK_NONE, two = LOCK_NONE, three = LOCK_NONE;
    struct error e = {0};

    make("main", &alpha);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), 0);
    ck_assert_int_eq(storage_open(&t, repo, "main", &e), 0);
    ck_assert_int_eq(storage_lock(&s, &one, "snapshot", &e), 0);
    ck_assert_int_eq(storage_lock(&t, &two, "snapshot", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    ck_assert_int_eq(storage_lock(&t, &two, "prune", &e), 0);
    lock_release(&one);
    lock_release(&two);
    ck_assert_int_eq(storage_lock_readers(&s, &one, &e), 0);
    ck_assert_int_eq(storage_lock_readers(&t, &two, &e), 0);
    ck_assert_int_eq(storage_lock(&s, &three, "readers", &e), -1);
    ck_assert_int_eq(e.kind, ERROR_LOCKED);
    lock_release(&one);
    lock_release(&two);
    ck_assert_int_eq(storage_lock(&s, &three, "readers", &e), 0);
    lock_release(&three);
    storage_close(&s);
    storage_close(&t);
}
END_TEST

/* The holder is another process, that ends while we wait. */
START_TEST(waits_for_readers_and_for_prune_a_while)
{
    struct lock lock = LOCK_NONE;
    struct storage s;
    struct error e = {0};
    pid_t child;
    int ready[2];
    char byte;

    make("main", &alpha);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), 0);
    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        const char *held = _i == 0 ? STORAGE_READERS : "prune";

        if (storage_lock(&s, &lock, held, &e) != 0 ||
            write(ready[1], "x", 1) != 1)
            _exit(1);
        usleep(50000);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_msg((_i == 0 ? storage_lock_readers(&s, &lock, &e)
                           : storage_lock_soon(&s, &lock, "prune", &e)) == 0,
                  "%s", e.text);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    lock_release(&lock);
    storage_close(&s);
}
END_TEST

START_TEST(lets_readers_read_a_copy_without_locks)
{
    struct storage s;
    struct lock lock = LOCK_NONE;
    struct error e = {0};
    char *locks = text_format("%s/main/locks", repo);

    make("main", &alpha);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, locks, &e), 0);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), 0);
    ck_assert_int_eq(storage_lock_readers(&s, &lock, &e), 0);
    ck_assert_int_eq(lock.fd, -1);
    ck_assert(!is_there("main/locks", NULL));
    storage_close(&s);
    free(locks);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("storage");
    TCase *cases = tcase_create("storage");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, makes_what_is_missing_for_its_owner_alone);
    tcase_add_test(cases, makes_the_folders_above_as_well);
    tcase_add_test(cases, opens_what_was_made);
    tcase_add_test(cases, takes_no_folder_that_holds_other_things);
    tcase_add_loop_test(cases, adopts_what_belongs_to_another_only_when_told, 0,
                        (int)(sizeof others / sizeof *others));
    tcase_add_test(cases, sees_a_renamed_host_as_the_same_machine);
    tcase_add_test(cases, opens_what_exists_without_making_it);
    tcase_add_test(cases, takes_back_only_what_it_made_and_what_is_empty);
    tcase_add_test(cases, sweeps_what_a_killed_run_left);
    tcase_add_test(cases, opens_an_archive_only_in_its_size);
    tcase_add_test(cases, locks_each_job_once_and_readers_together);
    tcase_add_loop_test(cases, waits_for_readers_and_for_prune_a_while, 0, 2);
    tcase_add_test(cases, lets_readers_read_a_copy_without_locks);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
