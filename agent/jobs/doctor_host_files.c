#include "jobs/doctor_host_files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"

static bool
has_access_list(int dir, const char *name)
{
    char *path = text_format("/proc/self/fd/%d/%s", dir, name);
    bool has = getxattr(path, DOCTOR_HOST_ACCESS_LIST, NULL, 0) > 0;

    free(path);
    return has;
}

/* Keeps the first that the server may not use; true: enough is known. */
static bool
try_file(struct doctor_host *h, int dir, const char *folder, const char *name,
         int want)
{
    struct file_identity id;
    struct error none = {0};

    if (file_identify_at(dir, name, &id, &none) != 0 || S_ISLNK(id.mode) ||
        doctor_proc_may(&h->process, &id, want) != 0 ||
        has_access_list(dir, name))
        return false;
    h->denied = text_format("%s%s", folder, name);
    h->denied_id = id;
    return true;
}

/* The files of an AOF in a folder, by how they begin; a manifest is replaced,
 * not written to. */
static void
try_aof(struct doctor_host *h, int dir, const char *folder, const char *begin)
{
    struct error none = {0};
    char **names;
    size_t count;
    bool found = false;

    if (h->denied != NULL || file_names(dir, &names, &count, &none) != 0)
        return;
    for (size_t i = 0; i < count && !found; i++)
        if (strncmp(names[i], begin, strlen(begin)) == 0)
            found = try_file(
                h, dir, folder, names[i],
                text_has_suffix(names[i], ".manifest") ? R_OK : R_OK | W_OK);
    file_free_names(names, count);
}

void
doctor_host_look_at_files(struct doctor_host *h, int dir,
                          const struct doctor_scene *scene)
{
    const char *dump = doctor_setting(scene, "dbfilename");
    const char *aof = doctor_setting(scene, "appendfilename");
    const char *folder = doctor_setting(scene, "appenddirname");
    struct file_identity id;
    struct error none = {0};
    char *place;
    int inner;

    if (dump != NULL && file_identify_at(dir, dump, &id, &none) == 0) {
        h->data_bytes = (int64_t)id.size_bytes;
        try_file(h, dir, "", dump, R_OK);
    }
    if (aof != NULL)
        try_aof(h, dir, "", aof);
    if (aof == NULL || folder == NULL || h->denied != NULL ||
        try_file(h, dir, "", folder, R_OK | W_OK | X_OK))
        return;
    inner = file_open_directory(dir, folder, &none);
    if (inner < 0)
        return;
    place = text_format("%s/", folder);
    try_aof(h, inner, place, aof);
    free(place);
    close(inner);
}
