#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "jobs/doctor_host_rules.h"

enum { MODE_BITS = 07777, USUAL_FREE_PERCENT = 10 };

/* About the setting dir. */
static struct doctor_finding *
about_dir(struct doctor_finding *f, const struct doctor_scene *scene)
{
    doctor_about(f, "dir", scene->host->inner, NULL);
    return f;
}

/* chown for what is another's, chmod for its own. */
static void
remedy_access(struct doctor_finding *f, const struct doctor_process *p,
              const struct file_identity *id, const char *path)
{
    char *word = text_shell_word(path);

    if ((int64_t)id->uid != p->uid)
        doctor_remedy(f, "chown %lld:%lld %s", (long long)p->uid,
                      (long long)p->gid, word);
    else
        doctor_remedy(f, "chmod u+rw%s %s", S_ISDIR(id->mode) ? "x" : "", word);
    free(word);
}

void
doctor_host_dir_denied(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char path[DOCTOR_HOST_PATH_SIZE];
    struct doctor_finding *f;

    if (h == NULL || !h->dir_known || h->dir_listed ||
        doctor_proc_may(&h->process, &h->dir, R_OK | W_OK | X_OK) != 0)
        return;
    doctor_host_path(path, h->path);
    f = doctor_add(all, "data_dir_denied", DOCTOR_ERROR, DOCTOR_HOST,
                   "the server (uid %lld) may not write to %s (of %u:%u, mode "
                   "%04o): it cannot save, and refuses writes (MISCONF)",
                   (long long)h->process.uid, path, h->dir.uid, h->dir.gid,
                   h->dir.mode & MODE_BITS);
    remedy_access(about_dir(f, scene), &h->process, &h->dir, h->path);
}

void
doctor_host_file_denied(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char name[DOCTOR_HOST_PATH_SIZE], *path;
    struct doctor_finding *f;

    if (h == NULL || h->denied == NULL)
        return;
    path = text_format("%s/%s", h->path, h->denied);
    doctor_host_path(name, path);
    f = doctor_add(all, "data_file_denied", DOCTOR_ERROR, DOCTOR_HOST,
                   "the server (uid %lld) may not use %s (of %u:%u, mode "
                   "%04o): it will not start on it",
                   (long long)h->process.uid, name, h->denied_id.uid,
                   h->denied_id.gid, h->denied_id.mode & MODE_BITS);
    remedy_access(about_dir(f, scene), &h->process, &h->denied_id, path);
    free(path);
}

/* With the sticky bit it is everybody's, and stays so. */
void
doctor_host_dir_open(const struct doctor_scene *scene,
                     struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char path[DOCTOR_HOST_PATH_SIZE], *word;
    struct doctor_finding *f;

    if (h == NULL || !h->dir_known || (h->dir.mode & S_IWOTH) == 0)
        return;
    doctor_host_path(path, h->path);
    f = doctor_add(all, "data_dir_open", DOCTOR_ERROR, DOCTOR_HOST,
                   "every user of this host may put files into %s (mode "
                   "%04o), and the server loads them when it starts",
                   path, h->dir.mode & MODE_BITS);
    about_dir(f, scene);
    if ((h->dir.mode & S_ISVTX) != 0)
        return;
    word = text_shell_word(h->path);
    doctor_remedy(f, "chmod o-w %s", word);
    free(word);
}

/* A server that cannot save loses what is new when it is started again. */
static void
add_protected(const struct doctor_scene *scene, struct doctor_findings *all,
              const char *path)
{
    const char *unit = scene->host->unit;
    char name[DOCTOR_HOST_PATH_SIZE], *folder, *word, *place;
    struct doctor_finding *f;

    doctor_host_path(name, unit);
    f = doctor_add(all, "data_dir_protected", DOCTOR_ERROR, DOCTOR_HOST,
                   "%s shows %s read-only to the server (ProtectSystem= "
                   "without ReadWritePaths=): it cannot save, and refuses "
                   "writes (MISCONF); counts from its next start, which "
                   "loses what is not saved: have it save elsewhere before",
                   name, path);
    about_dir(f, scene);
    folder = text_format("/etc/systemd/system/%s.d", unit);
    word = text_shell_word(folder);
    place = text_shell_word(scene->host->inner);
    doctor_remedy(f,
                  "mkdir -p %s && printf '[Service]\\nReadWritePaths=%%s\\n' "
                  "%s >%s/data.conf && systemctl daemon-reload",
                  word, place, word);
    free(place);
    free(word);
    free(folder);
}

void
doctor_host_read_only(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char path[DOCTOR_HOST_PATH_SIZE], *word;
    struct doctor_finding *f;

    if (h == NULL || !h->mount_known ||
        (!h->mount.read_only && !h->mount.system_read_only))
        return;
    doctor_host_path(path, h->path);
    if (h->writable_here && h->unit != NULL) {
        add_protected(scene, all, path);
        return;
    }
    f = doctor_add(all, "data_dir_read_only", DOCTOR_ERROR, DOCTOR_HOST,
                   "%s is mounted read-only%s: the server cannot save, and "
                   "refuses writes (MISCONF)",
                   path,
                   h->mount.system_read_only
                       ? ", maybe by the kernel after an error of the disk "
                         "(dmesg)"
                       : " for the server");
    word = text_shell_word(h->mount.point);
    doctor_remedy(about_dir(f, scene), "mount -o remount,rw %s", word);
    free(word);
}

/* The types that a policy lets a confined server write to. */
static const struct {
    const char *process, *dirs[3];
} labels[] = {
    {"redis_t", {"redis_var_lib_t", "redis_log_t", "redis_tmp_t"}},
    {"container_t",
     {"container_file_t", "svirt_sandbox_file_t", "container_ro_file_t"}},
};

static bool
fits(size_t n, const char *type)
{
    for (size_t i = 0; i < 3; i++)
        if (strcmp(labels[n].dirs[i], type) == 0)
            return true;
    return false;
}

void
doctor_host_selinux(const struct doctor_scene *scene,
                    struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char path[DOCTOR_HOST_PATH_SIZE], type[DOCTOR_HOST_PATH_SIZE];
    struct doctor_finding *f;
    char *word;
    size_t n = 0;

    if (h == NULL || h->process_type == NULL || h->dir_type == NULL)
        return;
    while (n < 2 && strcmp(labels[n].process, h->process_type) != 0)
        n++;
    if (n == 2 || fits(n, h->dir_type))
        return;
    doctor_host_path(path, h->path);
    doctor_host_path(type, h->dir_type);
    f = doctor_add(all, "data_dir_selinux", DOCTOR_ERROR, DOCTOR_HOST,
                   "SELinux keeps the server (%s) from writing to %s (%s): it "
                   "cannot save, and refuses writes (MISCONF)",
                   h->process_type, path, type);
    doctor_about(f, "dir", h->dir_type, labels[n].dirs[0]);
    word = text_shell_word(h->path);
    doctor_remedy(f,
                  "semanage fcontext -a -t %s %s'(/.*)?' && restorecon -R %s",
                  labels[n].dirs[0], word, word);
    free(word);
}

void
doctor_host_neighbour(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    char path[DOCTOR_HOST_PATH_SIZE];
    struct doctor_finding *f;

    if (h == NULL || h->neighbour <= 0)
        return;
    doctor_host_path(path, h->path);
    f = doctor_add(all, "data_dir_shared", DOCTOR_ERROR, DOCTOR_HOST,
                   "another server, process %ld, works in %s as well: they "
                   "write over each other's files",
                   (long)h->neighbour, path);
    doctor_remedy(about_dir(f, scene), "ps -fp %ld", (long)h->neighbour);
}

static double
least_percent(const struct doctor_scene *scene)
{
    return scene->config == NULL
               ? USUAL_FREE_PERCENT
               : (double)config_number(scene->config, CONFIG_ALARMS_DISK_FREE);
}

/* Which folders hold the most: of bytes, or of names. */
static void
remedy_space(struct doctor_finding *f, const struct doctor_scene *scene,
             const char *how)
{
    const struct doctor_host *h = scene->host;
    char *word = text_shell_word(h->mount_known ? h->mount.point : h->path);

    doctor_remedy(about_dir(f, scene), "du -x%s -d1 %s | sort -h | tail", how,
                  word);
    free(word);
}

static bool
has_room(const struct doctor_scene *scene, int64_t need)
{
    const struct doctor_host *h = scene->host;

    return h->disk_free < 0 || h->disk_total <= 0 ||
           (h->disk_free / 2 >= need &&
            100 * (double)h->disk_free / (double)h->disk_total >=
                least_percent(scene));
}

void
doctor_host_space(const struct doctor_scene *scene, struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    int64_t need = h != NULL && h->data_bytes > 0 ? h->data_bytes : 0;
    char path[DOCTOR_HOST_PATH_SIZE], left[TEXT_WORDS_SIZE];
    char wanted[TEXT_WORDS_SIZE];

    if (h == NULL || h->path == NULL)
        return;
    doctor_host_path(path, h->path);
    if (h->inodes_free == 0)
        remedy_space(doctor_add(all, "disk_inodes_out", DOCTOR_ERROR,
                                DOCTOR_HOST,
                                "the file system of %s takes no more files, "
                                "however much is free: the server cannot save",
                                path),
                     scene, " --inodes");
    if (has_room(scene, need))
        return;
    text_write_size(left, (uint64_t)h->disk_free);
    text_write_size(wanted, (uint64_t)need);
    remedy_space(
        doctor_add(all, "disk_space_low",
                   h->disk_free < need ? DOCTOR_ERROR : DOCTOR_WARNING,
                   DOCTOR_HOST,
                   "%s free for %s; a save or a rewrite writes about %s beside "
                   "what is there, and with a full disk writes are refused",
                   left, path, wanted),
        scene, "h");
}
