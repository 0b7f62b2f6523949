/*
 * An entry with all that can be in one, for the tests of the catalog.
 */
#ifndef UNIT_TEST_CATALOG_SAMPLE_H
#define UNIT_TEST_CATALOG_SAMPLE_H

#include <check.h>
#include <stddef.h>

#include "repo/catalog.h"

#define SUM(c) c c c c c c c c c c c c c c c c
/* Of make_entry: jq -cS 'del(.sha256)' | tr -d NEWLINE | sha256sum */
#define SEAL "2e5cdc82fa516f6e0c29c85c5c3915c0274b3a34fcb7d67d9ae1820584882057"
#define SUM_A SUM("aaaa")
#define SUM_B SUM("b0b1")

/* An AOF on a server, with a hostile name and all that can be there. */
static inline void
make_entry(struct catalog_entry *entry)
{
    static struct catalog_file files[4];

    files[0] = (struct catalog_file){
        .path = "appendonlydir/appendonly.aof.manifest",
        .role = DATASET_ROLE_MANIFEST,
        .size_bytes = 88,
        .length_bytes = 140,
        .cut = -1,
        .sha256 = SUM_A,
        .mode = 0644,
        .birth_ns = 1700000000000000001,
        .mtime_ns = 1700000000123456789,
    };
    files[1] = (struct catalog_file){
        .path = "appendonlydir/appendonly.aof.1.base.rdb",
        .role = DATASET_ROLE_BASE,
        .seq = 1,
        .size_bytes = UINT64_C(1) << 52,
        .length_bytes = UINT64_C(1) << 52,
        .cut = -1,
        .sha256 = SUM_B,
        .mode = 04640,
        .uid = 104,
        .gid = 4294967294,
        .owner = "redis",
        .group = "re%\xff",
        .device = UINT64_MAX,
        .inode = UINT64_MAX - 1,
        .birth_ns = INT64_MAX,
        .mtime_ns = INT64_MIN,
    };
    files[2] = (struct catalog_file){
        .path = "appendonlydir/caf\xc3\xa9 \xff\n100%.1.incr.aof",
        .role = DATASET_ROLE_INCR,
        .seq = 1,
        .size_bytes = 1000,
        .length_bytes = 1010,
        .cut = 1000,
        .sha256 = SUM_A,
        .mtime_ns = -1,
    };
    files[3] = (struct catalog_file){
        .path = "config/redis.conf",
        .role = DATASET_ROLE_ORPHAN,
        .config = true,
        .cut = -1,
        .sha256 = SUM_A,
        .mode = 0640,
        .mtime_ns = 1,
    };
    *entry = (struct catalog_entry){
        .format = CATALOG_FORMAT,
        .sequence = 42,
        .id = "20261120T113000Z-2",
        .kind = CATALOG_INCREMENTAL,
        .parent = "20261120T103000Z",
        .instance = "main",
        .started_ms = 1795174200123,
        .finished_ms = 1795174201000,
        .state_time_ms = 1795174200500,
        .server = {.known = true,
                   .product = "redis",
                   .version = "7.0.15",
                   .run_id = "0123456789abcdef0123456789abcdef01234567",
                   .replication_offset = 14},
        .dataset = DATASET_AOF,
        .dbfilename = "dump.rdb",
        .appendfilename = "caf\xc3\xa9 \xff\n100%",
        .appenddirname = "appendonlydir",
        .files = files,
        .file_count = 4,
        .log_file = "appendonlydir/caf\xc3\xa9 \xff\n100%.1.incr.aof",
        .log_offset = 1000,
        .rdb_version = 10,
        .keys = 12,
        .expires = -1,
        .commands = 77,
        .bound = CATALOG_BOUND,
        .verdict = VERDICT_SOUND,
        .archive = {.name = "20261120T113000Z-2.tar.zst",
                    .codec = CODEC_ZSTD,
                    .size_bytes = 4096,
                    .sha256 = SUM_B},
        .bytes_source = 1150,
        .bytes_stored = 4096,
        .verified_ms = -1,
    };
    report_about(&entry->report, "dump.rdb");
    report_add(&entry->report, SEVERITY_WARNING, "other-dump", -1, "look",
               "a dump.rdb lies beside it, 100%% ignored");
    report_add(&entry->report, SEVERITY_INFO, "aof-cut", 1000, NULL,
               "an unfinished command \"SET\" was cut");
    entry->report.dropped = 3;
}

static inline char *
written(size_t *size)
{
    struct catalog_entry entry;
    char *text;

    make_entry(&entry);
    text = catalog_entry_write(&entry, size);
    report_clear(&entry.report);
    ck_assert_ptr_nonnull(text);
    return text;
}

#endif
