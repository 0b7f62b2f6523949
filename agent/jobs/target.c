#include "jobs/target.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/conf.h"
#include "jobs/unit.h"

enum { DATABASES = 16 }; /* of a server that is not told */

static const struct target unknown = {
    .appendonly = -1, .databases = -1, .ties = TIES_NONE};

static bool
uses(const struct instance *server, int dir)
{
    struct file_identity ours, theirs;
    struct error none = {0};

    return server->link != NULL && server->dir >= 0 && dir >= 0 &&
           file_identify(dir, &ours, &none) == 0 &&
           file_identify(server->dir, &theirs, &none) == 0 &&
           file_same(&ours, &theirs);
}

static void
ask(struct target *t, const struct instance *server)
{
    const struct info_settings *s = &server->settings;
    const struct info *info = &server->info;

    t->running = true;
    t->source = text_format("the server at %s", server->url);
    t->appendonly = s->appendonly;
    t->dbfilename = memory_dup(s->dbfilename);
    t->appendfilename = memory_dup(s->appendfilename);
    t->appenddirname = memory_dup(s->appenddirname);
    t->databases = s->databases;
    if (info->maxmemory > 0 &&
        strcmp(info->maxmemory_policy, "noeviction") != 0)
        t->maxmemory = (uint64_t)info->maxmemory;
    ties_ask(&t->ties, server->link);
    if (info->process_id > 0)
        t->service = unit_of_process((pid_t)info->process_id);
}

static bool
is_elsewhere(const struct conf *conf, int dir)
{
    struct file_identity ours, theirs;
    struct error none = {0};
    bool same;
    int fd;

    if (conf->dir == NULL || conf->dir[0] != '/' || dir < 0)
        return false;
    fd = file_open_directory(AT_FDCWD, conf->dir, &none);
    if (fd < 0)
        return true;
    same = file_identify(fd, &theirs, &none) == 0 &&
           file_identify(dir, &ours, &none) == 0 && file_same(&ours, &theirs);
    close(fd);
    return !same;
}

static char *
name_or(const char *name, const char *usual)
{
    return memory_dup(name != NULL ? name : usual);
}

/* All of it, as the server that reads it is not there to be asked. */
static void
take(struct target *t, const struct conf *conf, const char *file)
{
    t->source = memory_dup(file);
    t->appendonly = conf->appendonly == 1;
    t->dbfilename = name_or(conf->dbfilename, "dump.rdb");
    t->appendfilename = name_or(conf->appendfilename, "appendonly.aof");
    t->appenddirname = name_or(conf->appenddirname, "appendonlydir");
    t->databases = conf->databases >= 0 ? conf->databases : DATABASES;
    t->ties.saves = !conf->save_told || conf->has_save;
    t->ties.cluster = conf->cluster;
    if (conf->replica)
        t->ties.primary = memory_dup("another server");
}

/* A server that was told otherwise while it ran forgets it when it is stopped. */
static void
compare(struct target *t, const struct conf *conf)
{
    const char *dump = conf->dbfilename != NULL ? conf->dbfilename : "dump.rdb";

    if (t->appendonly != (conf->appendonly == 1))
        t->odd = text_format("appendonly is %s, and %s in %s",
                             t->appendonly == 1 ? "yes" : "no",
                             conf->appendonly == 1 ? "yes" : "no", t->file);
    else if (t->dbfilename != NULL && strcmp(t->dbfilename, dump) != 0)
        t->odd = text_format("dbfilename is %s, and %s in %s", t->dbfilename,
                             dump, t->file);
}

static void
take_or_compare(struct target *t, const struct conf *conf, const char *file,
                int dir)
{
    t->file = memory_dup(file);
    t->renamed = memory_dup(conf->renamed);
    t->elsewhere = is_elsewhere(conf, dir);
    if (!t->running)
        take(t, conf, file);
    else if (!t->elsewhere)
        compare(t, conf);
}

static int
read_given(struct target *t, const struct target_options *o, struct error *e)
{
    struct conf conf;
    int rc = conf_load(&conf, o->file, e);

    if (rc == 0)
        take_or_compare(t, &conf, o->file, o->dir);
    conf_clear(&conf);
    return rc;
}

/* Where the server says it read it; another host's is no file here. */
static void
read_told(struct target *t, const struct target_options *o)
{
    struct conf conf;
    struct error none = {0};
    const char *file = o->server->info.config_file;

    if (file[0] == '/' && conf_load(&conf, file, &none) == 0) {
        if (!is_elsewhere(&conf, o->dir))
            take_or_compare(t, &conf, file, o->dir);
        conf_clear(&conf);
    }
}

static void
read_units(struct target *t, int dir)
{
    struct unit unit;

    if (dir < 0 || !unit_find(&unit, unit_folders, dir))
        return;
    take_or_compare(t, &unit.conf, unit.file, dir);
    if (t->service == NULL)
        t->service = memory_dup(unit.name);
    unit_clear(&unit);
}

int
target_look(struct target *t, const struct target_options *options,
            struct error *e)
{
    *t = unknown;
    if (uses(options->server, options->dir))
        ask(t, options->server);
    if (options->file != NULL)
        return read_given(t, options, e);
    if (t->running)
        read_told(t, options);
    else
        read_units(t, options->dir);
    return 0;
}

void
target_clear(struct target *t)
{
    free(t->source);
    free(t->dbfilename);
    free(t->appendfilename);
    free(t->appenddirname);
    free(t->renamed);
    free(t->service);
    free(t->file);
    free(t->odd);
    ties_clear(&t->ties);
    *t = unknown;
}
