#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "jobs/doctor_host.h"
#include "jobs/doctor_repository_rules.h"

enum { PATH_SIZE = 240, MODE_BITS = 07777, OTHERS = 07 };

static void
write_path(char out[PATH_SIZE], const char *path)
{
    text_quote(out, PATH_SIZE, path, strlen(path));
}

/* Whether there is one to judge. */
static const struct doctor_repository *
known(const struct doctor_scene *scene)
{
    return scene->repository != NULL && scene->repository->known
               ? scene->repository
               : NULL;
}

void
doctor_repository_there(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct doctor_repository *r = scene->repository;
    char path[PATH_SIZE];
    struct doctor_finding *f;

    if (r == NULL || (scene->storage != NULL && scene->catalog != NULL))
        return;
    write_path(path, r->folder);
    if (r->absent) {
        f = doctor_add(
            all, "repository_missing", DOCTOR_ERROR, DOCTOR_REPOSITORY,
            "there is no snapshot of this server: %s is not there", path);
        doctor_remedy(f, "redkeep snapshot");
    } else {
        doctor_add(all, "repository_unreadable", DOCTOR_ERROR,
                   DOCTOR_REPOSITORY, "%s cannot be looked at: %s", path,
                   scene->repo_error != NULL ? scene->repo_error : "no reason");
    }
}

void
doctor_repository_inside(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE];

    if (r == NULL || !r->in_data_dir)
        return;
    write_path(path, r->folder);
    doctor_add(all, "repository_inside", DOCTOR_ERROR, DOCTOR_REPOSITORY,
               "%s lies in the server's own data directory: what removes the "
               "one removes the other; set repo to another disk's folder and "
               "move it there",
               path);
}

/* One that is in it has been told. */
void
doctor_repository_disk(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE], *word;

    if (r == NULL || r->in_data_dir || r->disk == NULL ||
        r->data_disk == NULL || strcmp(r->disk, r->data_disk) != 0)
        return;
    write_path(path, r->folder);
    word = text_shell_word(r->folder);
    doctor_remedy(
        doctor_add(all, "repository_same_disk", DOCTOR_INFO, DOCTOR_REPOSITORY,
                   "%s is on the disk of the data (%s): it keeps what clients "
                   "and servers destroy, not what that disk does; a copy "
                   "elsewhere is a repository as well",
                   path, r->disk),
        "rsync -a %s/ backuphost:redkeep/", word);
    free(word);
}

/* Where all lies in one layer, the host's rule has told it. */
void
doctor_repository_volume(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE];
    bool memory, layer;

    if (r == NULL || !r->mount_known ||
        (r->disk != NULL && r->data_disk != NULL &&
         strcmp(r->disk, r->data_disk) == 0))
        return;
    memory = strcmp(r->mount.kind, "tmpfs") == 0 ||
             strcmp(r->mount.kind, "ramfs") == 0;
    layer = strcmp(r->mount.kind, "overlay") == 0 ||
            strcmp(r->mount.kind, "fuse-overlayfs") == 0 ||
            strcmp(r->mount.kind, "aufs") == 0;
    if (!memory && !layer)
        return;
    write_path(path, r->folder);
    doctor_add(all, "repository_volatile", DOCTOR_WARNING, DOCTOR_REPOSITORY,
               memory ? "%s is in memory alone (tmpfs): it is gone when this "
                        "host starts again; set repo to a folder on a disk"
                      : "%s lies in the layer of a container (overlay): it "
                        "goes with the container; mount a volume there",
               path);
}

/* What the next is likely to need: as the newest. */
static int64_t
next_bytes(const struct doctor_scene *scene)
{
    const struct catalog_entry *newest = catalog_newest(scene->catalog, true);

    return newest == NULL || newest->archive.size_bytes > INT64_MAX / 2
               ? 0
               : (int64_t)newest->archive.size_bytes;
}

void
doctor_repository_space(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE], left[TEXT_WORDS_SIZE], wanted[TEXT_WORDS_SIZE];
    struct doctor_finding *f;
    int64_t need;

    if (r == NULL || r->disk_free < 0 || r->disk_total <= 0)
        return;
    need = next_bytes(scene);
    if (r->disk_free / 2 >= need &&
        100 * (double)r->disk_free / (double)r->disk_total >=
            (double)config_number(scene->config, CONFIG_ALARMS_DISK_FREE))
        return;
    write_path(path, r->folder);
    text_write_size(left, (uint64_t)r->disk_free);
    text_write_size(wanted, (uint64_t)need);
    f = doctor_add(all, "repository_space_low",
                   r->disk_free < need ? DOCTOR_ERROR : DOCTOR_WARNING,
                   DOCTOR_REPOSITORY,
                   "%s free for %s, of which the next snapshot wants about %s",
                   left, path, wanted);
    doctor_remedy(f, "redkeep prune --dry-run");
}

void
doctor_repository_open(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE], *word;
    struct doctor_finding *f;
    unsigned others, mode;

    if (r == NULL || (r->top.mode & S_IXOTH) == 0)
        return;
    mode = r->instance.mode & MODE_BITS;
    others = mode & OTHERS;
    if ((others & S_IXOTH) != 0)
        others |= r->snapshots.mode & OTHERS;
    if (others == 0)
        return;
    write_path(path, r->folder);
    f = doctor_add(all, "repository_open",
                   (others & S_IWOTH) != 0 ? DOCTOR_ERROR : DOCTOR_WARNING,
                   DOCTOR_REPOSITORY,
                   "every user of this host may %s %s (mode %04o), where all "
                   "of the data is",
                   (others & S_IWOTH) != 0 ? "change" : "look into", path,
                   mode);
    word = text_shell_word(r->folder);
    doctor_remedy(f, "chmod 0700 %s", word);
    free(word);
}

void
doctor_repository_owner(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    const struct doctor_host *h = scene->host;
    char path[PATH_SIZE], *word;
    struct doctor_finding *f;
    uid_t owner, good;

    if (r == NULL || h == NULL || !h->dir_known)
        return;
    owner = r->instance.uid;
    good = h->dir.uid;
    if (owner == 0 || owner == r->self || owner == good)
        return;
    write_path(path, r->folder);
    f = doctor_add(all, "repository_owner", DOCTOR_WARNING, DOCTOR_REPOSITORY,
                   "%s belongs to uid %u, who is neither root nor the owner "
                   "of the data (uid %u)",
                   path, owner, good);
    word = text_shell_word(r->folder);
    doctor_remedy(f, "chown -R %u:%u %s", good, h->dir.gid, word);
    free(word);
}

void
doctor_repository_other(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    const struct doctor_repository *r = known(scene);
    char path[PATH_SIZE], theirs[PATH_SIZE];

    if (r == NULL || !r->other)
        return;
    write_path(path, r->folder);
    write_path(theirs, r->directory);
    doctor_remedy(
        doctor_add(all, "repository_other", DOCTOR_ERROR, DOCTOR_REPOSITORY,
                   "%s keeps %s, where this server does not work: snapshots "
                   "are refused until one of both is right, or this directory "
                   "is taken over",
                   path, theirs),
        "redkeep snapshot --yes");
}
