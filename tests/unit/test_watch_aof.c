#include "test_watch_scene.h"

START_TEST(sees_the_aof_grow)
{
    make_aof();
    point("appendonlydir", true);
    append("data/appendonlydir/appendonly.aof.1.incr.aof", "12345");
    WAIT_FOR(view->aof_size == 115);
    ck_assert_int_gt(view->aof_seen_ms, 0);
    ck_assert_uint_ge(view->events[WATCH_AOF], 1);
    ck_assert_int_eq(changes, 0);
    put_sized("data/appendonlydir/appendonly.aof.2.incr.aof", 1000);
    WAIT_FOR(view->aof_size == 1115);
    append("data/appendonlydir/appendonly.aof.2.incr.aof", "1");
    WAIT_FOR(view->aof_size == 1116);
    ck_assert(!is_told(""));
}
END_TEST

START_TEST(is_woken_a_few_times_a_second_however_busy_the_server)
{
    uint64_t end_ms, wakings = 0;
    pid_t writer;

    make_aof();
    point("appendonlydir", true);
    end_ms = clock_steady_ms() + 1000;
    writer = fork();
    if (writer == 0)
        for (;;)
            append("data/appendonlydir/appendonly.aof.1.incr.aof", "1");
    for (; clock_steady_ms() < end_ms; wakings++)
        event_base_loop(base, EVLOOP_ONCE);
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    ck_assert_uint_ge(wakings, 2);
    ck_assert_uint_le(wakings, 8);
    ck_assert_int_gt(view->aof_size, 150);
}
END_TEST

START_TEST(tells_when_the_aof_shrinks)
{
    make_aof();
    point("appendonlydir", true);
    write_over("data/appendonlydir/appendonly.aof.1.incr.aof", 3);
    WAIT_FOR(view->aof_size == 103);
    ck_assert(is_told("appendonly.aof.1.incr.aof became smaller: "));
}
END_TEST

START_TEST(counts_manifests_that_come_by_rename)
{
    make_aof();
    point("appendonlydir", true);
    append("data/appendonlydir/temp-appendonly.aof.manifest",
           "file appendonly.aof.1.base.rdb seq 1 type b\n");
    ck_assert_int_eq(
        renameat(dir, "data/appendonlydir/temp-appendonly.aof.manifest", dir,
                 "data/appendonlydir/appendonly.aof.manifest"),
        0);
    WAIT_FOR(view->events[WATCH_MANIFEST] == 1);
    WAIT_FOR(view->aof_seen_ms > 0);
    ck_assert_str_eq(view->trouble, "");
}
END_TEST

START_TEST(misses_a_file_that_the_manifest_names)
{
    make_aof();
    point("appendonlydir", true);
    ck_assert_int_eq(
        unlinkat(dir, "data/appendonlydir/appendonly.aof.1.base.rdb", 0), 0);
    WAIT_FOR(view->gone);
    ck_assert_ptr_nonnull(strstr(view->trouble,
                                 "names appendonly.aof.1.base.rdb, which is "
                                 "gone"));
    ck_assert_int_ge(changes, 1);
    put_sized("data/appendonlydir/appendonly.aof.1.base.rdb", 100);
    WAIT_FOR(!view->gone);
    ck_assert(is_told("are all there again"));
}
END_TEST

START_TEST(watches_an_aof_directory_that_is_deleted_and_made_anew)
{
    char inner[100];

    make_aof();
    point("appendonlydir", true);
    snprintf(inner, sizeof inner, "%s/appendonlydir", data);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, inner, &e), 0);
    WAIT_FOR(view->gone && !view->aof_present);
    ck_assert_ptr_nonnull(strstr(view->trouble, "/appendonlydir is gone"));
    ck_assert_int_eq(view->aof_size, -1);
    ck_assert_ptr_null(view->manifest_path);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    WAIT_FOR(view->aof_present);
    ck_assert_ptr_nonnull(strstr(view->trouble, ".manifest is gone"));
    ck_assert_int_eq(rmdir(inner), 0);
    WAIT_FOR(!view->aof_present);
    make_aof();
    WAIT_FOR(!view->gone);
    append("data/appendonlydir/appendonly.aof.1.incr.aof", "12345");
    WAIT_FOR(view->aof_size == 115);
}
END_TEST

START_TEST(watches_an_aof_directory_that_is_moved_away_and_back)
{
    make_aof();
    point("appendonlydir", true);
    ck_assert_int_eq(renameat(dir, "data/appendonlydir", dir, "elsewhere"), 0);
    WAIT_FOR(view->gone);
    append("elsewhere/appendonly.aof.1.incr.aof", "not ours");
    ck_assert_int_eq(renameat(dir, "elsewhere", dir, "data/appendonlydir"), 0);
    WAIT_FOR(!view->gone);
    WAIT_FOR(view->aof_size == 118);
    append("data/appendonlydir/appendonly.aof.1.incr.aof", "12345");
    WAIT_FOR(view->aof_size == 123);
}
END_TEST

START_TEST(sees_a_folder_replaced_by_another_of_its_name)
{
    make_aof();
    point("appendonlydir", true);
    ck_assert_int_eq(renameat(dir, "data/appendonlydir", dir, "old"), 0);
    make_aof();
    WAIT_FOR(is_told("the AOF directory") && is_told("was replaced"));
    append("data/appendonlydir/appendonly.aof.1.incr.aof", "12345");
    WAIT_FOR(view->aof_size == 115);
    append("old/appendonly.aof.1.incr.aof", "12345678");
    turn(200);
    ck_assert_int_eq(view->aof_size, 115);
}
END_TEST

START_TEST(gives_an_aof_that_is_switched_on_time_to_appear)
{
    int64_t now_ms = clock_wall_ms();

    point("appendonlydir", true);
    ck_assert_str_eq(view->trouble, "");
    watch_look(w, WATCH_LOOK_FOLDERS, now_ms + 5000);
    ck_assert_str_eq(view->trouble, "");
    watch_look(w, WATCH_LOOK_FOLDERS, now_ms + 15000);
    ck_assert_ptr_nonnull(strstr(view->trouble, "appendonlydir is gone"));
}
END_TEST

START_TEST(watches_the_single_file_of_older_servers)
{
    int old;

    append("data/appendonly.aof", "12345");
    point(NULL, true);
    ck_assert_int_eq(view->aof_size, 5);
    ck_assert_ptr_nonnull(strstr(view->manifest_path, "/appendonly.aof"));
    append("data/appendonly.aof", "678");
    WAIT_FOR(view->aof_size == 8);
    /* A server closes the old one when it has time. */
    old = openat(dir, "data/appendonly.aof", O_RDONLY);
    put_sized("data/appendonly.aof", 3);
    WAIT_FOR(view->aof_size == 3);
    append("data/appendonly.aof", "4");
    WAIT_FOR(view->aof_size == 4);
    close(old);
    ck_assert(!is_told(""));
    ck_assert_int_eq(unlinkat(dir, "data/appendonly.aof", 0), 0);
    WAIT_FOR(view->gone);
    ck_assert_ptr_nonnull(strstr(view->trouble, "the AOF /"));
}
END_TEST

static void
add(TCase *t)
{
    tcase_add_test(t, sees_the_aof_grow);
    tcase_add_test(t, is_woken_a_few_times_a_second_however_busy_the_server);
    tcase_add_test(t, tells_when_the_aof_shrinks);
    tcase_add_test(t, counts_manifests_that_come_by_rename);
    tcase_add_test(t, misses_a_file_that_the_manifest_names);
    tcase_add_test(t, watches_an_aof_directory_that_is_deleted_and_made_anew);
    tcase_add_test(t, watches_an_aof_directory_that_is_moved_away_and_back);
    tcase_add_test(t, sees_a_folder_replaced_by_another_of_its_name);
    tcase_add_test(t, gives_an_aof_that_is_switched_on_time_to_appear);
    tcase_add_test(t, watches_the_single_file_of_older_servers);
}

int
main(void)
{
    return run("watch_aof", add);
}
