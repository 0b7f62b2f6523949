/*
 * test_retention_scene.h - catalogs made of a few words, for the tests of
 * retention. One scene a test: they run in processes of their own.
 */
#ifndef UNIT_TEST_RETENTION_SCENE_H
#define UNIT_TEST_RETENTION_SCENE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "repo/retention.h"

#define SCENE_UNUSED __attribute__((unused))

enum { SCENE_MAX = 400 };

static struct catalog_item items[SCENE_MAX];
static struct catalog_file files[SCENE_MAX][2];
static struct catalog catalog = {.items = items};
static struct retention_mark mark;

static SCENE_UNUSED int64_t
at(const char *time)
{
    int64_t ms = -1;

    ck_assert_msg(text_time(time, &ms), "%s", time);
    return ms;
}

/* One more, an RDB of so many keys that is as large as keys are. */
static SCENE_UNUSED struct catalog_entry *
add(const char *time, enum verdict verdict, int64_t keys)
{
    size_t n = catalog.count;
    struct catalog_entry *entry = &items[n].entry;

    ck_assert_uint_lt(n, SCENE_MAX);
    files[n][0] = (struct catalog_file){
        .role = DATASET_ROLE_DUMP,
        .size_bytes = 1000,
    };
    *entry = (struct catalog_entry){
        .sequence = n + 1,
        .started_ms = at(time),
        .verdict = verdict,
        .dataset = DATASET_RDB,
        .keys = keys,
        .files = files[n],
        .file_count = 1,
        .bytes_source = 1000,
        .bytes_stored = 100,
    };
    catalog_new_id(&catalog, entry->started_ms, entry->id);
    memcpy(items[n].id, entry->id, sizeof items[n].id);
    catalog.count++;
    return entry;
}

/* One whose entry cannot be read. */
static SCENE_UNUSED void
add_broken(const char *id, enum error_kind kind)
{
    struct catalog_item *item = &items[catalog.count++];

    snprintf(item->id, sizeof item->id, "%s", id);
    error_set(&item->broken, kind, "%s.json: it is bad", id);
}

#endif
