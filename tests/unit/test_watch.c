#include "test_watch_scene.h"

#include <sys/resource.h>

START_TEST(shows_what_is_there_and_tells_of_none_of_it)
{
    put_sized("data/dump.rdb", 5);
    make_aof();
    point("appendonlydir", true);
    ck_assert(view->present && view->aof_present && view->aof_seen);
    ck_assert_int_eq(view->rdb_size, 5);
    ck_assert_int_eq(view->rdb_seen_ms, -1);
    ck_assert_int_gt(view->rdb_modified_ms, 0);
    ck_assert_int_eq(view->aof_size, 110);
    ck_assert_int_eq(view->aof_seen_ms, -1);
    ck_assert_ptr_nonnull(
        strstr(view->manifest_path, "/appendonlydir/appendonly.aof.manifest"));
    ck_assert_str_eq(view->trouble, "");
    ck_assert_int_gt(view->free_bytes, 0);
    ck_assert_int_ge(view->total_bytes, view->free_bytes);
    turn(300);
    ck_assert_int_eq(new_rdbs, 0);
    ck_assert(!is_told(""));
}
END_TEST

START_TEST(waits_for_a_data_directory_that_comes_later)
{
    ck_assert_int_eq(rmdir(data), 0);
    point("appendonlydir", false);
    ck_assert(!view->present && !view->gone);
    ck_assert_ptr_nonnull(
        strstr(view->trouble, "cannot be seen: No such file"));
    ck_assert_int_eq(mkdir(data, 0700), 0);
    WAIT_FOR(view->present);
    put_sized("data/dump.rdb", 4);
    WAIT_FOR(new_rdbs == 1);
    ck_assert_int_eq(renameat(dir, "data", dir, "old"), 0);
    WAIT_FOR(!view->present);
    ck_assert_int_eq(view->rdb_size, -1);
    ck_assert_int_eq(renameat(dir, "old", dir, "data"), 0);
    WAIT_FOR(view->present && view->rdb_size == 4);
    ck_assert_str_eq(view->trouble, "");
    put_sized("data/dump.rdb", 5);
    WAIT_FOR(view->rdb_size == 5);
}
END_TEST

/* How many events wait for us before some are lost. */
static uint64_t
queue_length(void)
{
    char *text;
    size_t size;
    uint64_t length;

    ck_assert_int_eq(file_load(AT_FDCWD,
                               "/proc/sys/fs/inotify/max_queued_events", 100,
                               &text, &size, &e),
                     0);
    text[strcspn(text, "\n")] = '\0';
    ck_assert(text_number(text, INT32_MAX, &length));
    free(text);
    return length;
}

START_TEST(looks_at_all_anew_when_events_were_lost)
{
    uint64_t length = queue_length();

    put_sized("data/dump.rdb", 5);
    make_aof();
    point("appendonlydir", true);
    for (uint64_t i = 0; i <= length / 2; i++) {
        append("data/x", "");
        ck_assert_int_eq(unlinkat(dir, "data/x", 0), 0);
    }
    put_sized("data/dump.rdb", 6);
    append("data/appendonlydir/appendonly.aof.9.incr.aof", "123");
    WAIT_FOR(view->overflows > 0);
    WAIT_FOR(new_rdbs == 1 && view->aof_size == 113);
    ck_assert(is_told("events were lost"));
}
END_TEST

START_TEST(looks_at_so_many_files_and_no_more)
{
    char name[80];
    uint64_t then;

    make_aof();
    for (int i = 0; i < 2 * WATCH_PARTS_MAX; i++) {
        snprintf(name, sizeof name, "data/appendonlydir/appendonly.aof.%d.x",
                 i);
        append(name, "1");
    }
    for (int i = 0; i < 2 * WATCH_TEMPS_MAX; i++) {
        snprintf(name, sizeof name, "data/temp-%d.rdb", 1000000 + i);
        append(name, "1");
        make_old(name);
    }
    then = clock_steady_ms();
    point("appendonlydir", true);
    ck_assert_uint_lt(clock_steady_ms() - then, 500);
    ck_assert_uint_eq(w->part_count, WATCH_PARTS_MAX);
    ck_assert_uint_eq(view->leftovers, WATCH_TEMPS_MAX);
    ck_assert_str_eq(view->trouble, "");
}
END_TEST

START_TEST(does_not_fill_the_history_with_one_thing)
{
    json_t *all;

    make_aof();
    point("appendonlydir", true);
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(renameat(dir, "data/appendonlydir", dir, "old"), 0);
        watch_look(w, WATCH_LOOK_FOLDERS, clock_wall_ms());
        ck_assert(view->gone);
        ck_assert_int_eq(renameat(dir, "old", dir, "data/appendonlydir"), 0);
        watch_look(w, WATCH_LOOK_FOLDERS, clock_wall_ms());
        ck_assert(!view->gone);
    }
    all = notice_write(notices);
    ck_assert_uint_eq(json_array_size(all), WATCH_TOLD_MAX);
    json_decref(all);
}
END_TEST

START_TEST(takes_no_path_for_a_name)
{
    const struct watch_names names = {.data_dir = data,
                                      .dbfilename = "../../etc/passwd",
                                      .appendfilename = "",
                                      .appenddirname = ".."};

    watch_point(w, &names);
    ck_assert(text_has_suffix(view->rdb_path, "/data/dump.rdb"));
    ck_assert(text_has_suffix(w->manifest_path,
                              "/data/appendonlydir/appendonly.aof.manifest"));
    watch_point(w, &(struct watch_names){.data_dir = "data"});
    ck_assert_ptr_null(view->data_dir);
    turn(100);
}
END_TEST

START_TEST(watches_names_of_any_bytes)
{
    const struct watch_names names = {.data_dir = data,
                                      .dbfilename = "\xff\n%s.rdb",
                                      .appendfilename = "a \"b\n",
                                      .appenddirname = "dir\x01"};

    ck_assert_int_eq(mkdirat(dir, "data/dir\x01", 0700), 0);
    put_sized("data/\xff\n%s.rdb", 70 * 1024);
    watch_point(w, &names);
    ck_assert_int_eq(view->rdb_size, 70 * 1024);
    append("data/dir\x01/a \"b\n.1.incr.aof", "12");
    WAIT_FOR(view->aof_size == 2);
    put_sized("data/\xff\n%s.rdb", 10);
    WAIT_FOR(view->collapsed);
    ck_assert(is_told("\\xff\\x0a%s.rdb has collapsed"));
}
END_TEST

START_TEST(is_pointed_elsewhere_and_nowhere)
{
    put_sized("data/dump.rdb", 5);
    point("appendonlydir", false);
    put_sized("data/dump.rdb", 6);
    WAIT_FOR(new_rdbs == 1);
    point("appendonlydir", false);
    ck_assert_int_gt(view->rdb_seen_ms, 0);
    ck_assert_int_eq(mkdirat(dir, "other", 0700), 0);
    snprintf(data, sizeof data, "%s/other//", path);
    point("appendonlydir", false);
    ck_assert(text_has_suffix(view->data_dir, "/other"));
    ck_assert(view->present);
    ck_assert_int_eq(view->rdb_seen_ms, -1);
    put_sized("data/dump.rdb", 7);
    turn(200);
    ck_assert_int_eq(new_rdbs, 1);
    watch_point(w, &(struct watch_names){0});
    ck_assert_ptr_null(view->data_dir);
    ck_assert_ptr_null(view->rdb_path);
    turn(100);
}
END_TEST

START_TEST(counts_what_dead_children_left)
{
    append("data/temp-2147483647.rdb", "x");
    append("data/temp-2147483646.rdb", "young");
    append("data/temp-other.rdb", "x");
    make_old("data/temp-2147483647.rdb");
    make_old("data/temp-other.rdb");
    point("appendonlydir", false);
    ck_assert_uint_eq(view->leftovers, 1);
    ck_assert(is_told("left temp-2147483647.rdb in "));
    append("data/temp-rewriteaof-bg-2147483645.aof", "x");
    make_old("data/temp-rewriteaof-bg-2147483645.aof");
    /* A process of that number, but born after the file. */
    append("data/temp-1.rdb", "x");
    make_old("data/temp-1.rdb");
    WAIT_FOR(view->leftovers == 3);
    ck_assert_int_eq(unlinkat(dir, "data/temp-2147483647.rdb", 0), 0);
    WAIT_FOR(view->leftovers == 2);
}
END_TEST

/* All descriptors, or all inotify instances of the user, are in use. */
START_TEST(looks_every_second_where_inotify_cannot_be_had)
{
    const struct watch_events events = {count_rdb, count_change, NULL};
    struct rlimit limit, none;

    watch_free(w);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    w = watch_new(base, notices, 50, &events, &e);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_ptr_nonnull(w);
    ck_assert_int_lt(w->fd, 0);
    view = watch_view(w);
    point("appendonlydir", true);
    ck_assert(view->present);
    make_aof();
    put_sized("data/dump.rdb", 5);
    WAIT_FOR(new_rdbs == 1 && view->aof_size == 110);
}
END_TEST

static void
add(TCase *t)
{
    tcase_add_test(t, looks_every_second_where_inotify_cannot_be_had);
    tcase_add_test(t, shows_what_is_there_and_tells_of_none_of_it);
    tcase_add_test(t, waits_for_a_data_directory_that_comes_later);
    tcase_add_test(t, looks_at_all_anew_when_events_were_lost);
    tcase_add_test(t, looks_at_so_many_files_and_no_more);
    tcase_add_test(t, does_not_fill_the_history_with_one_thing);
    tcase_add_test(t, takes_no_path_for_a_name);
    tcase_add_test(t, watches_names_of_any_bytes);
    tcase_add_test(t, is_pointed_elsewhere_and_nowhere);
    tcase_add_test(t, counts_what_dead_children_left);
}

int
main(void)
{
    return run("watch", add);
}
