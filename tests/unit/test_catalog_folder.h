/*
 * A folder of snapshots, for the tests of the catalog and its notes.
 */
#ifndef UNIT_TEST_CATALOG_FOLDER_H
#define UNIT_TEST_CATALOG_FOLDER_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/catalog.h"
#include "test_catalog_sample.h"

static char folder[64];
static int dir;

static inline void
set_up(void)
{
    struct error e = {0};

    snprintf(folder, sizeof folder, "/tmp/test_catalog.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = file_open_directory(AT_FDCWD, folder, &e);
    ck_assert_int_ge(dir, 0);
}

static inline void
tear_down(void)
{
    struct error e = {0};

    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}

static inline void
put(const char *name, const char *text)
{
    struct error e = {0};

    ck_assert_msg(file_replace(dir, name, text, strlen(text), 0600, &e) == 0,
                  "%s", e.text);
}

/* A small snapshot: archive and entry. */
static inline void
put_snapshot(const char *id, uint64_t sequence, enum verdict verdict)
{
    char *name = text_format("%s.tar.gz", id),
         *json = text_format("%s.json", id);
    struct catalog_file dump = {
        .path = (char[]){"dump.rdb"}, .cut = -1, .sha256 = SUM_A};
    struct catalog_entry entry = {
        .format = CATALOG_FORMAT,
        .sequence = sequence,
        .instance = (char[]){"main"},
        .dataset = DATASET_RDB,
        .dbfilename = (char[]){"dump.rdb"},
        .appendfilename = (char[]){"appendonly.aof"},
        .appenddirname = (char[]){"appendonlydir"},
        .files = &dump,
        .file_count = 1,
        .verdict = verdict,
        .archive = {.name = name,
                    .codec = CODEC_GZIP,
                    .size_bytes = 7,
                    .sha256 = SUM_A},
    };
    size_t size;
    char *text;

    snprintf(entry.id, sizeof entry.id, "%s", id);
    text = catalog_entry_write(&entry, &size);
    put(name, "archive");
    put(json, text);
    free(text);
    free(name);
    free(json);
}

static inline struct catalog
loaded(void)
{
    struct catalog c;
    struct error e = {0};

    ck_assert_msg(catalog_load(&c, dir, &e) == 0, "%s", e.text);
    return c;
}

#endif
