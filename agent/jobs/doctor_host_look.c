#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/doctor.h"
#include "jobs/doctor_host_files.h"
#include "jobs/unit.h"

enum { BYTES_MAX = 4 << 20, LABEL_MAX = 256 };

/* NULL: it cannot be had. */
static char *
load(const struct doctor_scene *scene, const char *name)
{
    char *path = text_format("%s%s", scene->root, name), *text;
    struct error none = {0};
    size_t size;

    if (file_load(AT_FDCWD, path, BYTES_MAX, &text, &size, &none) != 0)
        text = NULL;
    free(path);
    return text;
}

static int64_t
load_number(const struct doctor_scene *scene, const char *name)
{
    char *text = load(scene, name);
    uint64_t number = 0;
    bool is;

    if (text == NULL)
        return -1;
    text[strcspn(text, "\n")] = '\0';
    is = text_number(text, INT64_MAX, &number);
    free(text);
    return is ? (int64_t)number : -1;
}

/* "/proc/12/NAME" below the root; the caller's. */
static char *
of_process(const struct doctor_scene *scene, const char *name)
{
    return text_format("/proc/%lld/%s", (long long)scene->pid, name);
}

static char *
load_of_process(const struct doctor_scene *scene, const char *name)
{
    char *path, *text;

    if (scene->pid <= 0)
        return NULL;
    path = of_process(scene, name);
    text = load(scene, path);
    free(path);
    return text;
}

/* Whether the server has our network, or that cannot be told. */
static bool
shares_network(const struct doctor_scene *scene)
{
    char *own = text_format("%s/proc/self/ns/net", scene->root);
    char *name = of_process(scene, "ns/net");
    char *theirs = text_format("%s%s", scene->root, name);
    char a[64] = "", b[64] = "";
    bool same = readlink(own, a, sizeof a - 1) <= 0 ||
                readlink(theirs, b, sizeof b - 1) <= 0 || strcmp(a, b) == 0;

    free(own);
    free(name);
    free(theirs);
    return same;
}

static void
look_at_kernel(struct doctor_host *h, const struct doctor_scene *scene)
{
    char *meminfo = load(scene, "/proc/meminfo");
    char *pages = load(scene, "/sys/kernel/mm/transparent_hugepage/enabled");

    h->overcommit = load_number(scene, "/proc/sys/vm/overcommit_memory");
    if (shares_network(scene))
        h->somaxconn = load_number(scene, "/proc/sys/net/core/somaxconn");
    if (meminfo != NULL)
        h->swap_bytes = doctor_proc_bytes(meminfo, "SwapTotal:");
    if (pages != NULL)
        h->huge_pages = doctor_proc_choice(pages);
    free(meminfo);
    free(pages);
}

/* Kubernetes starts every container again. */
static void
look_at_supervisor(struct doctor_host *h, const struct doctor_scene *scene)
{
    char *groups = load_of_process(scene, "cgroup");

    if (groups == NULL)
        return;
    h->unit = unit_of_groups(groups);
    if (strstr(groups, "/kubepods") != NULL)
        h->restarts = 1;
    else if (h->unit != NULL)
        h->restarts = unit_restarts(scene->root, h->unit);
    free(groups);
}

static void
look_at_process(struct doctor_host *h, const struct doctor_scene *scene)
{
    char *status = load_of_process(scene, "status");
    char *limits = load_of_process(scene, "limits");

    doctor_proc_read_status(&h->process, status != NULL ? status : "");
    if (limits != NULL) {
        h->files_soft = doctor_proc_limit(limits, "Max open files", false);
        h->files_hard = doctor_proc_limit(limits, "Max open files", true);
    }
    free(status);
    free(limits);
    look_at_supervisor(h, scene);
}

/*
 * Where the server works, by its own name for it, or ours where we see nothing
 * of it; the caller's.
 */
static char *
find_inner(const struct doctor_scene *scene)
{
    const char *told = scene->pid > 0 ? doctor_setting(scene, "dir")
                                      : scene->data_dir;
    char *name = of_process(scene, "cwd");
    char *link = text_format("%s%s", scene->root, name);
    char path[PATH_MAX];
    ssize_t size = told == NULL ? readlink(link, path, sizeof path - 1) : -1;

    free(name);
    free(link);
    if (size > 0 && path[0] == '/')
        return memory_copy(path, (size_t)size);
    return memory_dup(told != NULL ? told : scene->data_dir);
}

/*
 * The server may see other mounts than we do, under the same paths. *same: what
 * it has at its path is what we have there.
 */
static void
compare_mounts(struct doctor_host *h, const char *theirs, const char *ours,
               bool *same)
{
    struct doctor_mount own = {0};
    bool seen = ours != NULL && doctor_proc_find_mount(&own, ours, h->inner);

    h->mount_known = theirs != NULL &&
                     doctor_proc_find_mount(&h->mount, theirs, h->inner);
    *same = !seen || !h->mount_known ||
            (strcmp(own.device, h->mount.device) == 0 &&
             strcmp(own.root, h->mount.root) == 0);
    h->writable_here = seen && *same && !own.read_only && !own.system_read_only;
    doctor_proc_clear_mount(&own);
}

static void
look_at_mount(struct doctor_host *h, const struct doctor_scene *scene,
              bool *same)
{
    char *ours = load(scene, "/proc/self/mountinfo");
    char *theirs = scene->pid > 0 ? load_of_process(scene, "mountinfo")
                                  : memory_dup(ours);

    compare_mounts(h, theirs, ours, same);
    /* We may be shown read-only what the server may write to. */
    if (scene->pid <= 0)
        h->mount.read_only = false;
    free(theirs);
    free(ours);
}

static void
name_dir(struct doctor_host *h, const struct doctor_scene *scene, bool same)
{
    if (scene->dir_known || same)
        h->path = memory_dup(scene->dir_known ? scene->data_dir : h->inner);
    else
        h->path =
            text_format("/proc/%lld/root%s", (long long)scene->pid, h->inner);
}

/* A server works in the folder of its data. -1: it is not to be had. */
static int
open_dir(const struct doctor_host *h, const struct doctor_scene *scene)
{
    char *name = of_process(scene, "cwd");
    char *path = text_format("%s%s", scene->root, name);
    struct error none = {0};
    int fd = scene->pid > 0 ? file_open_directory(AT_FDCWD, path, &none) : -1;

    if (fd < 0)
        fd = file_open_directory(AT_FDCWD, h->path, &none);
    free(name);
    free(path);
    return fd;
}

static void
look_at_disk(struct doctor_host *h, int dir, const struct info *info)
{
    struct statvfs fs;

    if (fstatvfs(dir, &fs) == 0 && fs.f_frsize > 0 &&
        fs.f_blocks < INT64_MAX / fs.f_frsize) {
        h->disk_free = (int64_t)(fs.f_bavail * fs.f_frsize);
        h->disk_total = (int64_t)(fs.f_blocks * fs.f_frsize);
        /* Some (btrfs) do not count them. */
        h->inodes_free = fs.f_files > 0 ? (int64_t)fs.f_favail : -1;
    }
    /* Files may hold what is long gone; memory has what a rewrite writes. */
    if (info->aof_base_size > h->data_bytes)
        h->data_bytes = info->aof_base_size;
    if (info->used_memory > 0 &&
        (h->data_bytes <= 0 || h->data_bytes > info->used_memory))
        h->data_bytes = info->used_memory;
}

static void
look_at_labels(struct doctor_host *h, int dir, const struct doctor_scene *scene)
{
    char *current, label[LABEL_MAX];
    ssize_t size;

    if (load_number(scene, "/sys/fs/selinux/enforce") != 1)
        return;
    current = load_of_process(scene, "attr/current");
    size = fgetxattr(dir, "security.selinux", label, sizeof label - 1);
    if (current != NULL)
        h->process_type = doctor_proc_type(current);
    if (size > 0) {
        label[size] = '\0';
        h->dir_type = doctor_proc_type(label);
    }
    free(current);
}

/* Another server that works there; one that saves for this one is none. */
static void
look_for_neighbour(struct doctor_host *h, const struct doctor_scene *scene)
{
    struct process_server *all = NULL;
    struct process_view view;
    struct error none = {0};
    size_t count = 0;

    if (scene->root[0] != '\0' || scene->pid <= 0 ||
        process_list_servers(&all, &count, &none) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (all[i].pid != scene->pid &&
            strstr(all[i].title, "[sentinel]") == NULL &&
            process_look(all[i].pid, &view, &none) == 0 &&
            view.parent != scene->pid && view.cwd_inode == h->dir.inode &&
            view.cwd_device == h->dir.device)
            h->neighbour = all[i].pid;
    process_free_servers(all, count);
}

static void
look_at_dir(struct doctor_host *h, const struct doctor_scene *scene)
{
    struct error none = {0};
    bool same;
    int dir;

    h->inner = find_inner(scene);
    if (h->inner == NULL)
        return;
    look_at_mount(h, scene, &same);
    name_dir(h, scene, same);
    dir = open_dir(h, scene);
    if (dir < 0)
        return;
    h->dir_known = file_identify(dir, &h->dir, &none) == 0;
    h->dir_listed = fgetxattr(dir, DOCTOR_HOST_ACCESS_LIST, NULL, 0) > 0;
    doctor_host_look_at_files(h, dir, scene);
    look_at_disk(h, dir, scene->info);
    look_at_labels(h, dir, scene);
    look_for_neighbour(h, scene);
    close(dir);
}

void
doctor_host_look(struct doctor_host *h, const struct doctor_scene *scene)
{
    *h = (struct doctor_host){.overcommit = -1,
                              .somaxconn = -1,
                              .swap_bytes = -1,
                              .files_soft = -1,
                              .files_hard = -1,
                              .restarts = -1,
                              .disk_free = -1,
                              .disk_total = -1,
                              .inodes_free = -1,
                              .data_bytes = -1};
    look_at_kernel(h, scene);
    look_at_process(h, scene);
    /* Without its process a path of the server may be one in a container. */
    if (scene->pid > 0 || scene->dir_known)
        look_at_dir(h, scene);
}

void
doctor_host_clear(struct doctor_host *h)
{
    free(h->huge_pages);
    free(h->unit);
    free(h->path);
    free(h->inner);
    free(h->denied);
    free(h->process_type);
    free(h->dir_type);
    doctor_proc_clear_mount(&h->mount);
    memset(h, 0, sizeof *h);
}
