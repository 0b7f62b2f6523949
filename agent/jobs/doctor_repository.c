#include "jobs/doctor_repository.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/doctor.h"
#include "jobs/doctor_disk.h"
#include "jobs/doctor_host.h"
#include "jobs/doctor_repository_rules.h"
#include "repo/storage_instance.h"

enum { MOUNTINFO_MAX = 4 << 20 };

static void
look_at_space(struct doctor_repository *r, int dir)
{
    struct statvfs fs;

    if (fstatvfs(dir, &fs) != 0 || fs.f_frsize == 0 ||
        fs.f_blocks >= INT64_MAX / fs.f_frsize)
        return;
    r->disk_free = (int64_t)(fs.f_bavail * fs.f_frsize);
    r->disk_total = (int64_t)(fs.f_blocks * fs.f_frsize);
}

static void
look_at_mount(struct doctor_repository *r, const struct doctor_scene *scene)
{
    char *path = text_format("%s/proc/self/mountinfo", scene->root), *text;
    struct error none = {0};
    size_t size;

    if (file_load(AT_FDCWD, path, MOUNTINFO_MAX, &text, &size, &none) == 0) {
        r->mount_known = doctor_proc_find_mount(&r->mount, text, r->path);
        free(text);
    }
    free(path);
}

static void
look_at_disks(struct doctor_repository *r, const struct doctor_scene *scene)
{
    const struct doctor_host *h = scene->host;

    if (h == NULL || !h->dir_known)
        return;
    r->disk = doctor_disk_find(scene->root, r->instance.device,
                               r->mount_known ? &r->mount : NULL);
    r->data_disk = doctor_disk_find(scene->root, h->dir.device,
                                    h->mount_known ? &h->mount : NULL);
}

/* Whether a folder is, or lies below, the one of the data. */
static bool
is_inside(const char *folder, const struct file_identity *data)
{
    char *path = memory_dup(folder), *slash;
    bool inside = false;

    while (!inside && (slash = strrchr(path, '/')) != NULL) {
        struct stat st;

        inside = stat(path, &st) == 0 && st.st_ino == data->inode &&
                 st.st_dev == data->device;
        *slash = '\0';
    }
    free(path);
    return inside;
}

/* The folder that its snapshots are of, and whether that is another one. */
static void
look_at_owner(struct doctor_repository *r, const struct doctor_scene *scene)
{
    const struct doctor_host *h = scene->host;
    struct storage_instance instance;
    struct error none = {0};
    struct stat st;

    if (storage_instance_load(&instance, scene->storage->instance_dir, &none) !=
        0)
        return;
    r->directory = memory_dup(instance.directory);
    storage_instance_clear(&instance);
    if (r->directory == NULL || h == NULL || !h->dir_known)
        return;
    r->other = stat(r->directory, &st) != 0
                   ? errno == ENOENT || errno == ENOTDIR
                   : st.st_ino != h->dir.inode || st.st_dev != h->dir.device;
}

static void
look_inside(struct doctor_repository *r, const struct doctor_scene *scene)
{
    const struct storage *s = scene->storage;
    struct retention_mark mark;
    struct error none = {0};

    r->drilled = catalog_drill_find_last(s->snapshots_dir, &r->drill);
    if (scene->catalog == NULL)
        return;
    retention_mark_load(&mark, s->instance_dir);
    retention_freeze(
        &r->freeze, scene->catalog, &mark,
        (double)config_number(scene->config, CONFIG_ALARMS_COLLAPSE));
    r->known = file_identify(s->instance_dir, &r->instance, &none) == 0 &&
               file_identify(s->snapshots_dir, &r->snapshots, &none) == 0 &&
               file_identify_at(AT_FDCWD, r->path, &r->top, &none) == 0;
}

void
doctor_repository_look(struct doctor_repository *r,
                       const struct doctor_scene *scene)
{
    const struct doctor_host *h = scene->host;
    struct stat st;

    *r = (struct doctor_repository){
        .self = geteuid(), .disk_free = -1, .disk_total = -1};
    r->path = realpath(scene->repo, NULL);
    if (r->path == NULL)
        r->path = memory_dup(scene->repo);
    r->folder = text_format("%s/%s", r->path,
                            config_text(scene->config, CONFIG_INSTANCE));
    if (scene->storage == NULL) {
        char *file = text_format("%s/%s", r->folder, STORAGE_INSTANCE_FILE);

        r->absent = stat(file, &st) != 0 &&
                    (errno == ENOENT || errno == ENOTDIR);
        free(file);
        return;
    }
    look_inside(r, scene);
    look_at_mount(r, scene);
    look_at_disks(r, scene);
    look_at_space(r, scene->storage->snapshots_dir);
    look_at_owner(r, scene);
    r->in_data_dir = h != NULL && h->dir_known && is_inside(r->folder, &h->dir);
}

void
doctor_repository_clear(struct doctor_repository *r)
{
    free(r->path);
    free(r->folder);
    free(r->disk);
    free(r->data_disk);
    free(r->directory);
    doctor_proc_clear_mount(&r->mount);
    memset(r, 0, sizeof *r);
}

doctor_rule *const doctor_rules_repository[] = {
    doctor_repository_there,     doctor_repository_newest,
    doctor_repository_age,       doctor_repository_frozen,
    doctor_repository_broken,    doctor_repository_unbound,
    doctor_repository_other,     doctor_repository_open,
    doctor_repository_owner,     doctor_repository_inside,
    doctor_repository_volume,    doctor_repository_disk,
    doctor_repository_space,     doctor_repository_drill,
    doctor_repository_retention, NULL,
};
