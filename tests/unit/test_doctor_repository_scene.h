/*
 * test_doctor_repository_scene.h - a repository on another disk, with a
 * snapshot of half an hour ago, for the tests of doctor's rules on it.
 */
#ifndef UNIT_TEST_DOCTOR_REPOSITORY_SCENE_H
#define UNIT_TEST_DOCTOR_REPOSITORY_SCENE_H

#include "test_doctor_scene.h"

enum { SNAPSHOTS_MAX = 4 };

static struct doctor_repository repository;
static struct storage storage;
static struct catalog catalog;
static struct catalog_item items[SNAPSHOTS_MAX];

static struct catalog_entry *
add(int64_t age_ms)
{
    struct catalog_entry *entry = &items[catalog.count].entry;

    *entry = (struct catalog_entry){
        .sequence = catalog.count + 1,
        .state_time_ms = scene.now_ms - age_ms,
        .finished_ms = scene.now_ms - age_ms,
        .bound = CATALOG_BOUND,
        .verdict = VERDICT_SOUND,
        .archive = {.size_bytes = 1 << 20},
        .verified_ms = -1,
    };
    snprintf(entry->id, sizeof entry->id, "20261120T11300%zuZ", catalog.count);
    memcpy(items[catalog.count].id, entry->id, sizeof entry->id);
    catalog.count++;
    return entry;
}

static void
begin_repository(void)
{
    begin_scene();
    memset(items, 0, sizeof items);
    catalog = (struct catalog){.items = items};
    add(HOUR_MS / 2);
    repository = (struct doctor_repository){
        .path = "/srv/backup",
        .folder = "/srv/backup/main",
        .known = true,
        .top = {.mode = S_IFDIR | 0755},
        .instance = {.mode = S_IFDIR | 0700, .uid = 104},
        .snapshots = {.mode = S_IFDIR | 0700, .uid = 104},
        .mount_known = true,
        .mount = mount_of("ext4", "/", "/srv"),
        .disk = "sdb",
        .data_disk = "sda",
        .disk_free = 50 * GIB,
        .disk_total = 100 * GIB,
        .directory = "/var/lib/redis",
    };
    scene.storage = &storage;
    scene.catalog = &catalog;
    scene.repository = &repository;
}

static void
finds(const char *codes)
{
    expect_found(doctor_rules_repository, codes);
}

static SCENE_UNUSED void
set(const char *option, const char *value)
{
    struct error why = {0};

    ck_assert_msg(config_set_option(&config, option, value, &why) == 0, "%s",
                  why.text);
}

#endif
