#include "redis/info.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char redis_6_0[] =
    "# Server\r\nredis_version:6.0.16\r\nprocess_id:17\r\n"
    "run_id:92fae1df25b23b3fae4a1f6a8ce2b5e8a4e15b64\r\n"
    "uptime_in_seconds:12\r\nconfig_file:\r\n\r\n"
    "# Memory\r\nused_memory:865216\r\nused_memory_human:844.94K\r\n"
    "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n\r\n"
    "# Persistence\r\nloading:0\r\nrdb_changes_since_last_save:3\r\n"
    "rdb_bgsave_in_progress:1\r\nrdb_last_save_time:1700000000\r\n"
    "rdb_last_bgsave_status:err\r\nrdb_last_bgsave_time_sec:-1\r\n"
    "aof_enabled:0\r\naof_rewrite_in_progress:1\r\n"
    "aof_last_bgrewrite_status:ok\r\naof_last_write_status:err\r\n"
    "module_fork_in_progress:0\r\n\r\n"
    "# Replication\r\nrole:slave\r\nmaster_link_status:down\r\n"
    "master_replid:8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb\r\n"
    "master_repl_offset:14\r\n\r\n"
    "# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=1000\r\n"
    "db15:keys=7,expires=1,avg_ttl=0\r\n";

static const char redis_7_0[] =
    "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
    "config_file:/etc/redis/redis.conf\r\n\r\n"
    "# Persistence\r\nloading:1\r\nasync_loading:0\r\n"
    "current_save_keys_processed:50\r\ncurrent_save_keys_total:200\r\n"
    "rdb_bgsave_in_progress:0\r\nrdb_last_bgsave_status:ok\r\n"
    "rdb_saves:9\r\naof_enabled:1\r\naof_rewrite_scheduled:1\r\n"
    "aof_last_bgrewrite_status:err\r\nmodule_fork_in_progress:1\r\n"
    "aof_current_size:120\r\naof_base_size:88\r\naof_buffer_length:31\r\n"
    "aof_pending_bio_fsync:1\r\naof_delayed_fsync:4\r\n"
    "rdb_last_cow_size:100\r\naof_last_cow_size:300\r\n\r\n"
    "# Clients\r\nconnected_clients:5\r\n\r\n"
    "# Memory\r\nused_memory:900\r\nused_memory_human:900B\r\n"
    "total_system_memory:8000\r\nmaxmemory_policy:allkeys-lru\r\n"
    "mem_allocator:jemalloc-5.3.0\r\n"
    "mem_fragmentation_ratio:1.25\r\n\r\n"
    "# Stats\r\nevicted_keys:6\r\nkeyspace_hits:7\r\n"
    "keyspace_misses:8\r\n\r\n"
    "# Replication\r\nrole:master\r\n\r\n"
    "# Errorstats\r\nerrorstat_ERR:count=2\r\nerrorstat_OOM:count=3\r\n";

static const char redis_8_0[] =
    "# Server\r\nredis_version:8.0.2\r\n\r\n# Keyspace\r\n"
    "db0:keys=3,expires=1,avg_ttl=0,subexpiry=2\r\n\r\n"
    "# Keysizes\r\ndb0_distrib_strings_sizes:1=900\r\n";

static const char valkey_8_1[] =
    "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\n"
    "valkey_version:8.1.1\r\nvalkey_release_stage:ga\r\n";

START_TEST(reads_a_replica_of_6_0)
{
    struct info i;

    info_read(&i, redis_6_0);
    ck_assert_str_eq(i.version, "6.0.16");
    ck_assert_int_eq(i.valkey, false);
    ck_assert_int_eq(i.process_id, 17);
    ck_assert_int_eq(i.uptime_seconds, 12);
    ck_assert_str_eq(i.config_file, "");
    ck_assert_str_eq(i.run_id, "92fae1df25b23b3fae4a1f6a8ce2b5e8a4e15b64");
    ck_assert_str_eq(i.role, "slave");
    ck_assert_int_eq(i.link_up, false);
    ck_assert_str_eq(i.replication_id,
                     "8371b4fb1155b71f4a04d3e1bc3e18c4a990aeeb");
    ck_assert_int_eq(i.replication_offset, 14);
    ck_assert_int_eq(i.changes_since_save, 3);
    ck_assert_int_eq(i.bgsave_in_progress, true);
    ck_assert_int_eq(i.last_bgsave_ok, false);
    ck_assert_int_eq(i.last_save_time, 1700000000);
    ck_assert_int_eq(i.last_bgsave_seconds, -1);
    ck_assert_int_eq(i.rewrite_in_progress, true);
    ck_assert_int_eq(i.last_rewrite_ok, true);
    ck_assert_int_eq(i.last_write_ok, false);
    ck_assert_int_eq(i.keys, 12);
    ck_assert_int_eq(i.expires, 3);
    ck_assert_int_eq(i.used_memory, 865216);
    ck_assert_int_eq(i.maxmemory, 0);
    /* What 6.0 does not have, or has not with the AOF off: */
    ck_assert_int_eq(i.saves, INFO_UNKNOWN);
    ck_assert_int_eq(i.aof_current_size, INFO_UNKNOWN);
    ck_assert_int_eq(i.aof_buffer_length, INFO_UNKNOWN);
    ck_assert_int_eq(i.aof_pending_fsync, INFO_UNKNOWN);
}
END_TEST

START_TEST(reads_a_loading_primary_of_7_0)
{
    struct info i;

    info_read(&i, redis_7_0);
    ck_assert_str_eq(i.version, "7.0.15");
    ck_assert_str_eq(i.config_file, "/etc/redis/redis.conf");
    ck_assert_int_eq(i.loading, true);
    ck_assert_int_eq(i.saves, 9);
    ck_assert_int_eq(i.save_keys_done, 50);
    ck_assert_int_eq(i.save_keys_total, 200);
    ck_assert_int_eq(i.aof_enabled, true);
    ck_assert_int_eq(i.rewrite_scheduled, true);
    ck_assert_int_eq(i.last_rewrite_ok, false);
    ck_assert_int_eq(i.other_child, true);
    ck_assert_int_eq(i.aof_current_size, 120);
    ck_assert_int_eq(i.aof_base_size, 88);
    ck_assert_int_eq(i.aof_buffer_length, 31);
    ck_assert_int_eq(i.aof_pending_fsync, 1);
    ck_assert_str_eq(i.role, "master");
    ck_assert_int_eq(i.link_up, true);
    ck_assert_int_eq(i.keys, 0);
}
END_TEST

START_TEST(reads_what_alarms_look_at)
{
    struct info i;

    info_read(&i, redis_7_0);
    ck_assert_int_eq(i.aof_delayed_fsync, 4);
    ck_assert_int_eq(i.last_cow_size, 300);
    ck_assert_int_eq(i.connected_clients, 5);
    ck_assert_str_eq(i.used_memory_human, "900B");
    ck_assert_str_eq(i.maxmemory_policy, "allkeys-lru");
    ck_assert_str_eq(i.allocator, "jemalloc-5.3.0");
    ck_assert_double_eq(i.fragmentation, 1.25);
    ck_assert_int_eq(i.evicted_keys, 6);
    ck_assert_int_eq(i.keyspace_hits, 7);
    ck_assert_int_eq(i.keyspace_misses, 8);
    ck_assert_int_eq(i.oom_errors, 3);
    info_read(&i, "rdb_last_cow_size:300\r\naof_last_cow_size:100\r\n");
    ck_assert_int_eq(i.last_cow_size, 300);
    info_read(&i, "mem_fragmentation_ratio:1.2x\r\n");
    ck_assert(isnan(i.fragmentation));
    info_read(&i, "mem_fragmentation_ratio:inf\r\n");
    ck_assert(isnan(i.fragmentation));
}
END_TEST

START_TEST(knows_that_memory_was_never_short_only_where_errors_are_counted)
{
    struct info i;

    info_read(&i, "# Errorstats\r\n");
    ck_assert_int_eq(i.oom_errors, 0);
    info_read(&i, redis_6_0);
    ck_assert_int_eq(i.oom_errors, INFO_UNKNOWN);
}
END_TEST

START_TEST(knows_valkey_by_its_own_version)
{
    struct info i;

    info_read(&i, valkey_8_1);
    ck_assert_int_eq(i.valkey, true);
    ck_assert_str_eq(i.version, "8.1.1");
    info_read(&i, "valkey_version:9.1.2\r\nredis_version:7.2.4\r\n");
    ck_assert_int_eq(i.valkey, true);
    ck_assert_str_eq(i.version, "9.1.2");
}
END_TEST

START_TEST(counts_keys_and_not_their_sizes)
{
    struct info i;

    info_read(&i, redis_8_0);
    ck_assert_str_eq(i.version, "8.0.2");
    ck_assert_int_eq(i.keys, 3);
    ck_assert_int_eq(i.expires, 1);
}
END_TEST

START_TEST(nothing_told_is_unknown_and_nothing_wrong)
{
    struct info i;

    info_read(&i, "");
    ck_assert_str_eq(i.version, "");
    ck_assert_str_eq(i.role, "");
    ck_assert_int_eq(i.process_id, INFO_UNKNOWN);
    ck_assert_int_eq(i.used_memory, INFO_UNKNOWN);
    ck_assert_int_eq(i.changes_since_save, INFO_UNKNOWN);
    ck_assert_int_eq(i.last_cow_size, INFO_UNKNOWN);
    ck_assert_int_eq(i.oom_errors, INFO_UNKNOWN);
    ck_assert(isnan(i.fragmentation));
    ck_assert_str_eq(i.used_memory_human, "");
    ck_assert_int_eq(i.keys, 0);
    ck_assert_int_eq(i.loading, false);
    ck_assert_int_eq(i.link_up, true);
    ck_assert_int_eq(i.last_bgsave_ok, true);
    ck_assert_int_eq(i.last_write_ok, true);
}
END_TEST

static const struct {
    const char *text;
    int64_t used_memory;
} numbers[] = {
    {"used_memory:12", 12},
    {"used_memory:12\r\n", 12},
    {"used_memory:12\n", 12},
    {"used_memory:9223372036854775807\r\n", INT64_MAX},
    {"used_memory:9223372036854775808\r\n", INFO_UNKNOWN},
    {"used_memory:\r\n", INFO_UNKNOWN},
    {"used_memory:12x\r\n", INFO_UNKNOWN},
    {"used_memory:1.5\r\n", INFO_UNKNOWN},
    {"used_memory\r\n", INFO_UNKNOWN},
    {"# used_memory:12\r\n", INFO_UNKNOWN},
    {" used_memory:12\r\n", INFO_UNKNOWN},
    {"xused_memory:12\r\n", INFO_UNKNOWN},
    {"\r\n\n:\r\n::\nused_memory:12\r\n", 12},
};

START_TEST(takes_a_whole_number_or_none)
{
    struct info i;

    info_read(&i, numbers[_i].text);
    ck_assert_int_eq(i.used_memory, numbers[_i].used_memory);
}
END_TEST

static const struct {
    const char *text;
    int64_t keys, expires;
} databases[] = {
    {"db0:keys=1,expires=2\r\n", 1, 2},
    {"db:keys=1,expires=2\r\n", 0, 0},
    {"dbx:keys=1,expires=2\r\n", 0, 0},
    {"db0x:keys=1,expires=2\r\n", 0, 0},
    {"db0:1\r\n", 0, 0},
    {"db0:keys=\r\n", 0, 0},
    {"db0:keys=-5,expires=-5\r\n", 0, 0},
    {"db0:keys=9223372036854775807,expires=0\r\ndb1:keys=1,expires=0\r\n",
     INT64_MAX, 0},
};

START_TEST(sums_the_databases_and_survives_nonsense)
{
    struct info i;

    info_read(&i, databases[_i].text);
    ck_assert_int_eq(i.keys, databases[_i].keys);
    ck_assert_int_eq(i.expires, databases[_i].expires);
}
END_TEST

START_TEST(keeps_no_part_of_a_text_that_is_too_long)
{
    size_t size = 100000;
    char *text = memory_new(size + 100);
    struct info i;

    strcpy(text, "config_file:/");
    memset(text + 13, 'a', 300);
    strcpy(text + 313, "\r\nused_memory:7\r\nrole:");
    memset(text + strlen(text), 'b', size - strlen(text) - 20);
    strcat(text, "\r\nmaxmemory:8");
    info_read(&i, text);
    ck_assert_str_eq(i.config_file, "");
    ck_assert_str_eq(i.role, "");
    ck_assert_int_eq(i.used_memory, 7);
    ck_assert_int_eq(i.maxmemory, 8);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("info");
    TCase *t = tcase_create("info");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, reads_a_replica_of_6_0);
    tcase_add_test(t, reads_a_loading_primary_of_7_0);
    tcase_add_test(t, reads_what_alarms_look_at);
    tcase_add_test(
        t, knows_that_memory_was_never_short_only_where_errors_are_counted);
    tcase_add_test(t, knows_valkey_by_its_own_version);
    tcase_add_test(t, counts_keys_and_not_their_sizes);
    tcase_add_test(t, nothing_told_is_unknown_and_nothing_wrong);
    tcase_add_loop_test(t, takes_a_whole_number_or_none, 0,
                        sizeof numbers / sizeof *numbers);
    tcase_add_loop_test(t, sums_the_databases_and_survives_nonsense, 0,
                        sizeof databases / sizeof *databases);
    tcase_add_test(t, keeps_no_part_of_a_text_that_is_too_long);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
