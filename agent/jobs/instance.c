#include "jobs/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

/* What the server says of itself, as far as it lets us ask. */
static int
ask(struct instance *i, struct error *e)
{
    if (info_ask(i->link, &i->info, e) != 0)
        return -1;
    if (info_ask_settings(i->link, &i->settings, e) == 0) {
        i->settings_known = true;
        return 0;
    }
    if (e->kind != ERROR_DENIED)
        return -1;
    memset(e, 0, sizeof *e);
    return 0;
}

int
instance_connect(struct instance *i, const struct instance_options *options,
                 struct error *e)
{
    memset(i, 0, sizeof *i);
    i->dir = -1;
    i->url = url_write(options->link.url);
    i->link = link_open(&options->link, &i->why);
    if (i->link != NULL && ask(i, &i->why) != 0) {
        link_close(i->link);
        i->link = NULL;
    }
    if (i->why.kind != ERROR_STOPPED)
        return 0;
    *e = i->why;
    instance_close(i);
    return -1;
}

/* Without a server only the user's word says where the data is. */
static int
need_server(const struct instance *i, const struct instance_options *options,
            struct error *e)
{
    if (i->link != NULL ||
        (options->data_dir != NULL && i->why.kind != ERROR_DENIED))
        return 0;
    if (i->why.kind == ERROR_DENIED)
        return error_set(e, ERROR_FAILED, "server %s", i->why.text);
    if (strstr(i->why.text, "Permission denied") != NULL)
        return error_set(e, ERROR_FAILED,
                         "server %s: run redkeep as a user that may use its"
                         " socket",
                         i->why.text);
    return error_set(e, ERROR_FAILED,
                     "server %s; start it, name it with --redis URL, or"
                     " give the data directory with --data-dir DIR",
                     i->why.text);
}

static int
open_directory(struct instance *i, const char *path, struct error *e)
{
    i->data_dir = realpath(path, NULL);
    if (i->data_dir == NULL) {
        error_sys(e, "data directory %s", path);
        if (errno == ENOENT)
            e->kind = ERROR_FAILED;
        return -1;
    }
    i->dir = file_open_directory(AT_FDCWD, i->data_dir, e);
    return i->dir < 0 ? error_in(e, "data directory") : 0;
}

int
instance_open(struct instance *i, const struct instance_options *options,
              struct error *e)
{
    const char *path = options->data_dir;

    if (instance_connect(i, options, e) != 0)
        return -1;
    if (need_server(i, options, e) != 0)
        goto fail;
    if (path == NULL && i->settings_known)
        path = i->settings.dir;
    if (path == NULL) {
        error_set(e, ERROR_FAILED,
                  "server %s does not tell where its data is (CONFIG GET is"
                  " renamed or not allowed): give --data-dir DIR",
                  i->url);
        goto fail;
    }
    if (open_directory(i, path, e) != 0)
        goto fail;
    return 0;

fail:
    instance_close(i);
    return -1;
}

static const char *
first(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

struct dataset_names
instance_names(const struct instance *i, const struct instance_options *options)
{
    struct dataset_names names = {
        .dbfilename = first(options->dbfilename, i->settings.dbfilename),
        .appendfilename =
            first(options->appendfilename, i->settings.appendfilename),
        .appenddirname =
            first(options->appenddirname, i->settings.appenddirname),
    };
    struct release release;

    if (i->link != NULL)
        names.appendonly = i->info.aof_enabled ? DATASET_APPENDONLY_YES
                                               : DATASET_APPENDONLY_NO;
    if (instance_release(i, &release))
        names.no_manifest = !release_has_manifest(&release);
    return names;
}

bool
instance_release(const struct instance *i, struct release *release)
{
    if (i->link == NULL || !release_read(release, i->info.version))
        return false;
    release->valkey = i->info.valkey;
    return true;
}

void
instance_close(struct instance *i)
{
    link_close(i->link);
    info_settings_clear(&i->settings);
    if (i->dir >= 0)
        close(i->dir);
    free(i->url);
    free(i->data_dir);
    memset(i, 0, sizeof *i);
    i->dir = -1;
}
