#include "base/text.h"
#include "test_alarm_case.h"
#include "test_alarm_events.h"

static void
rewrite_aof(void)
{
    server.info.aof_base_size = 700000000;
}

static void
damage_dump(void)
{
    scene.dump_problem = "dump.rdb: offset 17: what is this?";
}

static void
mend_dump(void)
{
    scene.dump_problem = "";
}

static void
succeed_rewrite(void)
{
    server.info.last_rewrite_ok = true;
}

static void
succeed_write(void)
{
    server.info.last_write_ok = true;
}

static void
renew_dump(void)
{
    server.info.last_save_time = scene.now_ms / 1000;
}

static void
empty_repository(void)
{
    repository.free_bytes = 20;
}

static void
fill_data_disk(void)
{
    watch.free_bytes = 1;
}

static void
empty_data_disk(void)
{
    watch.free_bytes = 11;
}

static void
take_snapshot_by_hand(void)
{
    repository.last_good_time_ms = scene.now_ms;
}

static void
refuse_snapshot(void)
{
    snapshot.last.result = PLAN_REFUSED;
}

static void
fail_verify(void)
{
    verify.built = true;
    verify.runs = 1;
    verify.last.result = PLAN_FAILED;
    snprintf(verify.last.text, sizeof verify.last.text,
             "A is not what was stored");
}

/* One that could not run says nothing; a snapshot is no answer to it. */
static void
succeed_verify(void)
{
    verify.last.result = PLAN_LOCKED;
    snapshot.last.result = PLAN_OK;
    pass(1);
    ck_assert(is_raised("snapshot_failed"));
    verify.last.result = PLAN_OK;
}

/* One by hand is noted in the repository. */
static void
note_drill(bool ok)
{
    char time[TEXT_TIME_SIZE];

    text_write_time(time, scene.now_ms);
    json_decref(repository.last_drill);
    repository.last_drill =
        json_pack("{s:s, s:b, s:s}", "id", "A", "ok", ok, "finished", time);
}

static void
fail_drill_by_hand(void)
{
    drill.built = true;
    note_drill(false);
}

static void
succeed_drill_by_hand(void)
{
    note_drill(true);
}

static void
build_drill(void)
{
    drill.built = true;
    drill.interval_ms = 60 * 1000;
    pass(301);
}

static void
run_drill(void)
{
    drill.last_ok_ms = scene.now_ms;
}

static void
fail_drill(void)
{
    drill.built = true;
    drill.runs = 1;
    drill.last.result = PLAN_FAILED;
}

static void
succeed_drill(void)
{
    drill.last.result = PLAN_OK;
}

static void
refill(void)
{
    server.info.keys = 2501;
}

static void
lose_aof(void)
{
    watch.gone = true;
    snprintf(watch.trouble, sizeof watch.trouble,
             "the AOF directory /data/appendonlydir is gone");
}

static void
find_aof(void)
{
    watch.gone = false;
    watch.trouble[0] = '\0';
}

static void
collapse_dump(void)
{
    watch.collapsed = true;
}

static void
recover_dump(void)
{
    watch.collapsed = false;
}

static void
collapse_snapshot(void)
{
    repository.collapsed = true;
    snprintf(repository.frozen_text, sizeof repository.frozen_text,
             "snapshot B has lost 60%% of the keys of A");
}

static void
accept_snapshot(void)
{
    repository.collapsed = false;
}

static void
take_unbound(void)
{
    repository.last =
        json_pack("{s:s, s:b}", "id", "20261120T113000Z", "bound", 0);
}

static void
take_bound(void)
{
    json_object_set_new(repository.last, "bound", json_true());
}

static void
lose_directory(void)
{
    watch.present = false;
    snprintf(watch.trouble, sizeof watch.trouble,
             "the data directory /data cannot be seen: Permission denied");
}

static void
find_directory(void)
{
    watch.present = true;
}

static void
fail_guard(void)
{
    snprintf(watch.guard_failed, sizeof watch.guard_failed,
             "guard could not judge the data before the start at noon: why");
}

static void
heal_guard(void)
{
    watch.guard_failed[0] = '\0';
}

static const struct alarm_case cases[] = {
    {"aof_grown", grow_aof, rewrite_aof,
     "the AOF has 668 MiB, 10.0 times the 67 MiB after its last rewrite", 10,
     10},
    {"save_failed", fail_save, save, "the server's last save failed", NAN, NAN},
    {"save_failed", damage_dump, mend_dump,
     "the last dump is not whole: dump.rdb: offset 17: what is this?", NAN,
     NAN},
    {"rewrite_failed", fail_rewrite, succeed_rewrite,
     "the server's last rewrite of its AOF failed", NAN, NAN},
    {"aof_write_error", fail_write, succeed_write,
     "the server cannot write its AOF, and refuses writes of its clients", NAN,
     NAN},
    {"dump_stale", let_dump_age, renew_dump,
     "12 changes since the last save, 2 h ago", 7201, 7200},
    {"disk_low", fill_repository, empty_repository,
     "9 B (9.0%) is free on the disk of the repository", 9, 10},
    {"disk_low", fill_data_disk, empty_data_disk,
     "1 B (1.0%) is free on the disk of the data directory", 1, 10},
    {"snapshot_overdue", miss_snapshots, take_snapshot,
     "the last good snapshot was 2 h 5 min ago", 7500, 7200},
    {"snapshot_overdue", miss_snapshots, take_snapshot_by_hand,
     "the last good snapshot was 2 h 5 min ago", 7500, 7200},
    {"snapshot_failed", fail_snapshot, take_snapshot,
     "the last snapshot failed: no space", NAN, NAN},
    {"snapshot_failed", refuse_snapshot, take_snapshot,
     "the last snapshot was refused: ", NAN, NAN},
    {"snapshot_failed", fail_verify, succeed_verify,
     "the last verify failed: A is not what was stored", NAN, NAN},
    {"drill_overdue", build_drill, run_drill, "no good drill for 5 min 2 s",
     301, 120},
    {"drill_failed", fail_drill, succeed_drill, "the last drill failed: ", NAN,
     NAN},
    {"drill_failed", fail_drill, succeed_drill_by_hand,
     "the last drill failed: ", NAN, NAN},
    {"drill_failed", fail_drill_by_hand, succeed_drill_by_hand,
     "the last drill failed, of A", NAN, NAN},
    {"drill_overdue", build_drill, succeed_drill_by_hand,
     "no good drill for 5 min 2 s", 301, 120},
    {"dataset_collapsed", flush, refill,
     "the server has 2500 keys, it had 5000", 50, 50},
    {"dataset_collapsed", lose_aof, find_aof,
     "the AOF directory /data/appendonlydir is gone", 100, 50},
    {"dataset_collapsed", collapse_dump, recover_dump,
     "/data/dump.rdb is much smaller than the one before", NAN, 50},
    {"dataset_collapsed", collapse_snapshot, accept_snapshot,
     "snapshot B has lost 60% of the keys of A", NAN, 50},
    {"directory_unproven", take_unbound, take_bound,
     "snapshot 20261120T113000Z: the data directory could not be proven to be "
     "the server's",
     NAN, NAN},
    {"directory_unproven", lose_directory, find_directory,
     "the data directory /data cannot be seen: Permission denied", NAN, NAN},
    {"directory_unproven", fail_guard, heal_guard,
     "guard could not judge the data before the start at noon: why", NAN, NAN},
};

START_TEST(raises_once_and_clears_once)
{
    expect_raised_and_cleared(&cases[_i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("alarm_data");
    TCase *t = tcase_create("alarm_data");
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, raises_once_and_clears_once, 0,
                        sizeof cases / sizeof *cases);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
