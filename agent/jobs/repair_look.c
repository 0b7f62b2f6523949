#include "jobs/repair_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define SUFFIX ".manifest"

/* The folder a file lies in, as given; owned. */
static char *
folder_of(const char *path, const char **base)
{
    const char *slash = strrchr(path, '/');

    *base = slash == NULL ? path : slash + 1;
    if (slash == NULL)
        return memory_dup(".");
    return memory_copy(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Whether the manifest is of the set that the file belongs to. */
static bool
is_set_of(int dir, const char *manifest, const char *file)
{
    size_t stem = strlen(manifest) - strlen(SUFFIX), size;
    struct aof_manifest m = {0};
    struct error none = {0};
    bool named = false;
    char *text;

    if (file_load(dir, manifest, AOF_MANIFEST_SIZE_MAX, &text, &size, &none) !=
        0)
        return false;
    if (aof_manifest_read(&m, text, size, &none) != 0)
        named = strncmp(file, manifest, stem) == 0 && file[stem] == '.';
    for (size_t i = 0; i < m.count && !named; i++)
        named = strcmp(m.parts[i].name, file) == 0;
    aof_manifest_clear(&m);
    free(text);
    return named;
}

static bool
is_manifest(const char *name)
{
    return text_has_suffix(name, SUFFIX) && strncmp(name, "temp-", 5) != 0;
}

/* The manifest beside a file that stands for its set; NULL: there is none. */
static char *
find_manifest(const char *path)
{
    const char *base;
    char *folder = folder_of(path, &base), *found = NULL, **names;
    struct error none = {0};
    size_t count;
    int dir = file_open_directory(AT_FDCWD, folder, &none);

    if (dir >= 0 && !is_manifest(base) &&
        file_names(dir, &names, &count, &none) == 0) {
        for (size_t i = 0; i < count && found == NULL; i++)
            if (is_manifest(names[i]) && is_set_of(dir, names[i], base))
                found = text_format("%s/%s", folder, names[i]);
        file_free_names(names, count);
    }
    if (dir >= 0)
        close(dir);
    free(folder);
    return found;
}

static int
find_folder(struct repair_work *w, const char *path, struct error *e)
{
    const char *base;
    char *folder;

    if (w->check.directory != NULL) {
        w->folder = realpath(w->check.directory, NULL);
    } else {
        folder = folder_of(path, &base);
        w->folder = realpath(folder, NULL);
        w->file = memory_dup(base);
        free(folder);
    }
    if (w->folder == NULL)
        return error_sys(e, "%s", path);
    w->r->path = w->file == NULL ? memory_dup(w->folder)
                                 : text_format("%s/%s", w->folder, w->file);
    w->dir = file_open_directory(AT_FDCWD, w->folder, e);
    return w->dir < 0 ? -1 : 0;
}

/* What a link leads to is mended where it lies, under its own name. */
static int
refuse_link(const char *path, struct error *e)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return error_sys(e, "%s", path);
    if (!S_ISLNK(st.st_mode) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s is a symbolic link: name the file that it leads to",
                     path);
}

/*
 * What stands for a file that is part of something: its set's manifest; the
 * data directory, of a dump that a server with appendonly yes would ignore.
 * NULL: the file is alone.
 */
static char *
find_whole(const struct repair_work *w, const char *path)
{
    const struct dataset_names *names = &w->options->judge.names;
    const char *base, *dump = names->dbfilename;
    char *manifest = find_manifest(path), *folder;

    if (manifest != NULL || names->appendonly != DATASET_APPENDONLY_YES)
        return manifest;
    folder = folder_of(path, &base);
    if (strcmp(base, dump != NULL ? dump : "dump.rdb") == 0)
        return folder;
    free(folder);
    return NULL;
}

int
repair_work_look(struct repair_work *w, const char *path, struct error *e)
{
    char *whole = NULL;
    struct stat st;
    int rc;

    if (refuse_link(path, e) != 0)
        return -1;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        whole = find_whole(w, path);
    if (whole != NULL)
        repair_work_note(w->r, "%s is part of a whole, and that is mended: %s",
                         path, whole);
    rc = check_path(&w->check, whole != NULL ? whole : path, &w->options->judge,
                    &w->r->report, w->options->progress, e);
    if (rc == 0) {
        w->r->verdict = w->check.judge.verdict;
        w->r->server = w->check.judge.server;
        rc = find_folder(w, path, e);
    }
    free(whole);
    return rc;
}
