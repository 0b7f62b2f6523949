#include "test_watch_scene.h"

START_TEST(tells_of_a_new_dump_within_200_ms)
{
    int late = 0;

    point("appendonlydir", false);
    for (int i = 1; i <= 6; i++) {
        uint64_t then = clock_steady_ms();

        put_sized("data/dump.rdb", (size_t)i);
        WAIT_FOR(new_rdbs == i);
        ck_assert_int_eq(view->rdb_size, i);
        late += clock_steady_ms() - then >= 200;
    }
    /* A machine that does something else may keep us waiting. */
    ck_assert_int_le(late, 2);
    ck_assert_int_gt(view->rdb_seen_ms, 0);
    ck_assert_uint_ge(view->events[WATCH_RDB], 6);
}
END_TEST

START_TEST(tells_of_a_dump_that_was_not_renamed_when_it_rests)
{
    put_sized("data/dump.rdb", 5);
    point("appendonlydir", false);
    write_over("data/dump.rdb", 50);
    watch_look(w, WATCH_LOOK_RDB, clock_wall_ms());
    turn(200);
    ck_assert_int_eq(view->rdb_size, 50);
    ck_assert_int_eq(new_rdbs, 0);
    watch_look(w, WATCH_LOOK_RDB, clock_wall_ms());
    ck_assert(w->new_rdb);
    write_over("data/dump.rdb", 7);
    watch_look(w, WATCH_LOOK_RDB, clock_wall_ms());
    ck_assert(is_told("became smaller in place: 7 bytes, it had 50"));
}
END_TEST

START_TEST(misses_the_dump_only_where_it_is_the_dataset)
{
    put_sized("data/dump.rdb", 4);
    make_aof();
    point("appendonlydir", true);
    ck_assert_int_eq(unlinkat(dir, "data/dump.rdb", 0), 0);
    WAIT_FOR(view->rdb_size == -1);
    ck_assert_str_eq(view->trouble, "");
    point("appendonlydir", false);
    ck_assert(view->gone);
    ck_assert_ptr_nonnull(strstr(view->trouble, "/dump.rdb is gone"));
    put_sized("data/dump.rdb", 4);
    WAIT_FOR(!view->gone);
}
END_TEST

START_TEST(sees_a_dump_collapse)
{
    put_sized("data/dump.rdb", 200 * 1024);
    point("appendonlydir", false);
    put_sized("data/dump.rdb", 101 * 1024);
    WAIT_FOR(new_rdbs == 1);
    ck_assert(!view->collapsed);
    put_sized("data/dump.rdb", 50 * 1024);
    WAIT_FOR(new_rdbs == 2);
    ck_assert(view->collapsed);
    ck_assert(is_told("has collapsed: 50 KiB, the one before had 101 KiB"));
    put_sized("data/dump.rdb", 49 * 1024);
    WAIT_FOR(new_rdbs == 3);
    ck_assert(view->collapsed);
    put_sized("data/dump.rdb", 90 * 1024);
    WAIT_FOR(new_rdbs == 4);
    ck_assert(!view->collapsed);
    /* After an hour the smaller one is what there is. */
    put_sized("data/dump.rdb", 1024);
    WAIT_FOR(view->collapsed);
    watch_look(w, WATCH_LOOK_RDB, clock_wall_ms() + 3600 * 1000);
    ck_assert(!view->collapsed);
    /* A small one may be anything; and one may not want to know. */
    put_sized("data/dump.rdb", 10);
    WAIT_FOR(new_rdbs == 6);
    ck_assert(!view->collapsed);
    watch_set_collapse(w, 0);
    put_sized("data/dump.rdb", 200 * 1024);
    WAIT_FOR(new_rdbs == 7);
    put_sized("data/dump.rdb", 10);
    WAIT_FOR(new_rdbs == 8);
    ck_assert(!view->collapsed);
}
END_TEST

static void
add(TCase *t)
{
    tcase_add_test(t, tells_of_a_new_dump_within_200_ms);
    tcase_add_test(t, tells_of_a_dump_that_was_not_renamed_when_it_rests);
    tcase_add_test(t, misses_the_dump_only_where_it_is_the_dataset);
    tcase_add_test(t, sees_a_dump_collapse);
}

int
main(void)
{
    return run("watch_rdb", add);
}
