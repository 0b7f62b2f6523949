/*
 * test_doctor_scene.h - a host and a repository with which all is well, for the
 * tests of doctor's rules on them.
 */
#ifndef UNIT_TEST_DOCTOR_SCENE_H
#define UNIT_TEST_DOCTOR_SCENE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "jobs/doctor.h"
#include "jobs/doctor_host.h"
#include "jobs/doctor_repository.h"

#define SCENE_UNUSED __attribute__((unused))
#define GIB (INT64_C(1) << 30)
#define HOUR_MS INT64_C(3600000)

static struct doctor_scene scene;
static struct info info;
static struct config config;
static struct doctor_host host;
static struct doctor_findings found;

static struct doctor_process
process_of(int64_t uid)
{
    return (struct doctor_process){.uid = uid,
                                   .gid = uid,
                                   .all_groups = true,
                                   .overrides = 0,
                                   .huge_pages = 0};
}

static struct doctor_mount
mount_of(const char *kind, const char *root, const char *point)
{
    return (struct doctor_mount){.device = "8:1",
                                 .root = (char *)root,
                                 .point = (char *)point,
                                 .kind = (char *)kind,
                                 .source = "/dev/sda1"};
}

static SCENE_UNUSED void
begin_scene(void)
{
    struct survey_settings *settings = survey_settings_new();

    survey_settings_add(settings, "tcp-backlog", "511");
    survey_settings_add(settings, "maxclients", "10000");
    config_init(&config);
    info_read(&info, "");
    info.maxmemory = 12 * GIB;
    info.used_memory = 2 * GIB;
    host = (struct doctor_host){
        .overcommit = 1,
        .somaxconn = 4096,
        .swap_bytes = GIB,
        .huge_pages = "madvise",
        .process = process_of(104),
        .files_soft = 10032,
        .files_hard = 65535,
        .unit = "redis-server.service",
        .restarts = 1,
        .path = "/var/lib/redis",
        .inner = "/var/lib/redis",
        .dir_known = true,
        .dir = {.device = 1, .inode = 7, .mode = S_IFDIR | 0750, .uid = 104},
        .mount_known = true,
        .mount = mount_of("ext4", "/", "/"),
        .writable_here = true,
        .disk_free = 50 * GIB,
        .disk_total = 100 * GIB,
        .inodes_free = 1000,
        .data_bytes = GIB,
    };
    scene = (struct doctor_scene){.info = &info,
                                  .settings = settings,
                                  .local = true,
                                  .memory_bytes = 16 * GIB,
                                  .root = "",
                                  .pid = 12,
                                  .data_dir = "/var/lib/redis",
                                  .host = &host,
                                  .now_ms = 1795174200000,
                                  .config = &config};
}

static SCENE_UNUSED void
set_setting(const char *name, const char *value)
{
    struct survey_settings *settings = survey_settings_new();

    survey_settings_add(settings, name, value);
    survey_settings_free((struct survey_settings *)scene.settings);
    scene.settings = settings;
}

static SCENE_UNUSED void
end_scene(void)
{
    doctor_clear(&found);
    survey_settings_free((struct survey_settings *)scene.settings);
    config_clear(&config);
}

/* The codes that the rules find, with a blank between them. */
static SCENE_UNUSED void
expect_found(doctor_rule *const *rules, const char *codes)
{
    char all[512] = "";

    doctor_clear(&found);
    for (; *rules != NULL; rules++)
        (*rules)(&scene, &found);
    for (size_t i = 0; i < found.count; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
                 i > 0 ? " " : "", found.items[i].code);
    ck_assert_str_eq(all, codes);
}

static SCENE_UNUSED void
expect_remedy(const char *remedy)
{
    ck_assert_uint_eq(found.count, 1);
    ck_assert_str_eq(found.items[0].remedy, remedy);
}

#endif
