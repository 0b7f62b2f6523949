/*
 * Whether the folder is still there when the server's container, pod or host
 * starts again: by what is mounted there, as the server sees it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/doctor_host_rules.h"

enum { ID_DIGITS = 64 };

static bool
is_one_of(const char *kind, const char *const *kinds)
{
    for (; *kinds != NULL; kinds++)
        if (strcmp(kind, *kinds) == 0)
            return true;
    return false;
}

/*
 * "/var/lib/docker/volumes/<64 digits>/_data": nobody named it, so a container
 * that is made anew gets another one. Podman's are below storage/volumes.
 */
static bool
is_anonymous(const char *root)
{
    static const char above[] = "/volumes/", below[] = "/_data";
    const char *id = strstr(root, above);
    size_t n = 0;

    if (id == NULL)
        return false;
    id += sizeof above - 1;
    while (isxdigit((unsigned char)id[n]))
        n++;
    return n == ID_DIGITS && strncmp(id + n, below, sizeof below - 1) == 0;
}

static struct doctor_finding *
add(struct doctor_findings *all, const char *code,
    enum doctor_severity severity, const struct doctor_scene *scene,
    const char *text)
{
    char path[DOCTOR_HOST_PATH_SIZE];
    struct doctor_finding *f;

    doctor_host_path(path, scene->host->inner);
    f = doctor_add(all, code, severity, DOCTOR_HOST, "%s %s", path, text);
    doctor_about(f, "dir", scene->host->inner, NULL);
    return f;
}

void
doctor_host_volume(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    static const char *const memory[] = {"tmpfs", "ramfs", NULL};
    static const char *const layers[] = {"overlay", "aufs", "fuse-overlayfs",
                                         NULL};
    const struct doctor_host *h = scene->host;
    const struct doctor_mount *m;

    if (h == NULL || !h->mount_known)
        return;
    m = &h->mount;
    if (strstr(m->root, "kubernetes.io~empty-dir") != NULL)
        add(all, "data_dir_of_pod", DOCTOR_ERROR, scene,
            "is an emptyDir: it goes with its pod, and the data with it; "
            "mount a persistentVolumeClaim there");
    else if (is_one_of(m->kind, memory))
        doctor_remedy(add(all, "data_dir_in_memory", DOCTOR_ERROR, scene,
                          "is in memory alone (tmpfs): it is empty when this "
                          "host or container starts again; move the data to a "
                          "disk and start the server with that dir"),
                      "redkeep snapshot && redkeep restore latest --to "
                      "/var/lib/redis");
    else if (is_one_of(m->kind, layers))
        doctor_remedy(add(all, "data_dir_in_layer", DOCTOR_ERROR, scene,
                          strcmp(m->point, "/") == 0
                              ? "lies in the layer of its container (overlay): "
                                "it goes with the container; mount a volume "
                                "there"
                              : "lies on an overlay: it goes with the layer "
                                "above; mount a volume there"),
                      "docker volume create redis-data");
    else if (is_anonymous(m->root))
        doctor_remedy(add(all, "data_dir_anonymous", DOCTOR_WARNING, scene,
                          "is a volume without a name: a container that is "
                          "made anew (docker compose down and up) gets "
                          "another, empty one; mount one with a name there"),
                      "docker volume create redis-data");
}
