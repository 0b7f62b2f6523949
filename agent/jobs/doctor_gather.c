#include "jobs/doctor_gather.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/queues.h"
#include "redis/survey.h"
#include "repo/storage_instance.h"
#include "jobs/trial_memory.h"

enum {
    START_SLACK_MS = 5000,
    SECOND_MS = 1000,
    UPTIME_MAX_SECONDS = INT32_MAX,
};

/* What is asked, what a user needs for it, and what is judged by it. */
static const struct question {
    const char *what, *rights, *topic;
} questions[] = {
    {"INFO", "+info", "memory, persistence and replication are"},
    {"CONFIG GET", "+config|get", "its settings are"},
    {"SLOWLOG LEN", "+slowlog|len", "its slow log is"},
    {"COMMAND INFO", "+command|info", "whether commands are renamed is"},
    {"what a search for job queues asks",
     "+select +scan +scard +llen +hlen '~*'", "whether there are some is"},
};
enum { ASK_INFO, ASK_SETTINGS, ASK_SLOW, ASK_COMMANDS, ASK_QUEUES };

static void
tell_untold(struct doctor_findings *all, size_t number, const struct url *url,
            const struct error *why)
{
    const struct question *q = &questions[number];
    struct doctor_finding *f;
    char *user;

    f = doctor_add(all, "not_told", DOCTOR_INFO, DOCTOR_SERVER,
                   "the server does not answer %s (%s): %s not judged", q->what,
                   why->text, q->topic);
    if (strstr(why->text, "NOPERM") == NULL)
        return;
    user = text_shell_word(url->user != NULL ? url->user : "default");
    doctor_remedy(f, "redis-cli ACL SETUSER %s %s", user, q->rights);
    free(user);
}

/* Whoever watches queues by their names has some. */
static bool
names_queues(const struct config *c)
{
    const char *watch = config_text(c, CONFIG_QUEUES_WATCH);

    return strcmp(watch, "off") != 0 && strcmp(watch, "auto") != 0;
}

static bool
ask_queues(struct doctor_gathering *g, const struct doctor_gather_options *o,
           struct error *why)
{
    struct doctor_scene *scene = &g->scene;

    if (names_queues(o->config))
        scene->jobs = config_text(o->config, CONFIG_QUEUES_WATCH);
    else if (queues_any(g->link, (int)o->link->url->db, &scene->jobs, why) != 0)
        return false;
    scene->jobs_found = scene->jobs != NULL;
    return true;
}

/* A server that tells neither figures nor settings is as good as away. */
static int
ask_all(struct doctor_gathering *g, const struct doctor_gather_options *o,
        struct doctor_findings *all, struct error *e)
{
    struct doctor_scene *scene = &g->scene;
    const struct url *url = o->link->url;
    struct error why = {0};

    g->info_text = survey_ask_info(g->link, &why);
    if (g->info_text == NULL)
        tell_untold(all, ASK_INFO, url, &why);
    g->settings = survey_ask_settings(g->link, &why);
    if (g->settings == NULL)
        tell_untold(all, ASK_SETTINGS, url, &why);
    if (g->info_text == NULL && g->settings == NULL) {
        g->why = why;
        link_close(g->link);
        g->link = NULL;
        return process_check_stop(e);
    }
    scene->slow_commands = survey_ask_slow(g->link, &why);
    if (scene->slow_commands < 0)
        tell_untold(all, ASK_SLOW, url, &why);
    scene->gone = g->gone = survey_ask_gone(g->link, &why);
    if (g->gone == NULL)
        tell_untold(all, ASK_COMMANDS, url, &why);
    if (!ask_queues(g, o, &why))
        tell_untold(all, ASK_QUEUES, url, &why);
    scene->stranger = survey_try_stranger(o->link, &why);
    return process_check_stop(e);
}

/* Whether it has the number, and began when the server says. */
static bool
fits(const struct doctor_gathering *g, pid_t pid, int64_t now_ms)
{
    int64_t began_ms = now_ms - g->info.uptime_seconds * SECOND_MS;
    struct process_view view;
    struct error none = {0};

    return process_look(pid, &view, &none) == 0 &&
           view.inner_pid == g->info.process_id &&
           llabs(view.started_ms - began_ms) < START_SLACK_MS;
}

/*
 * The server's process among those of this host; -1: it cannot be told. In
 * containers that began together each server may have the number that it tells;
 * then it is the one that works where it says, if that is only one.
 */
static int64_t
find_process(const struct doctor_gathering *g, int64_t now_ms)
{
    const char *dir = doctor_setting(&g->scene, "dir");
    struct process_server *servers = NULL;
    size_t count = 0, fitting = 0, there = 0;
    int64_t pid = -1, pid_there = -1;
    struct error none = {0};

    if (g->info.process_id < 0 || g->info.uptime_seconds < 0 ||
        g->info.uptime_seconds >= UPTIME_MAX_SECONDS ||
        process_list_servers(&servers, &count, &none) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!fits(g, servers[i].pid, now_ms))
            continue;
        pid = servers[i].pid;
        fitting++;
        if (dir == NULL || servers[i].directory == NULL ||
            strcmp(servers[i].directory, dir) != 0)
            continue;
        pid_there = pid;
        there++;
    }
    process_free_servers(servers, count);
    return fitting == 1 ? pid : there == 1 ? pid_there : -1;
}

/* "Linux 6.1.0-26-amd64 x86_64" */
static bool
runs_this_kernel(const struct doctor_gathering *g)
{
    struct utsname u;
    char *line;
    bool is;

    if (g->info_text == NULL || uname(&u) != 0)
        return true;
    line = text_format("os:%s %s %s", u.sysname, u.release, u.machine);
    is = strstr(g->info_text, line) != NULL;
    free(line);
    return is;
}

static bool
is_near(const struct url *url)
{
    return url->path != NULL || strcmp(url->host, "localhost") == 0 ||
           strcmp(url->host, "::1") == 0 || strncmp(url->host, "127.", 4) == 0;
}

/* The least that host and control group give it. */
static int64_t
find_memory(const struct doctor_scene *scene)
{
    int64_t total = doctor_number(scene, "total_system_memory");
    char *proc = text_format("%s/proc", scene->root);
    struct trial_memory memory;
    struct error none = {0};

    if (scene->pid > 0 &&
        trial_memory_find_of(&memory, proc, (pid_t)scene->pid, &none) == 0 &&
        (total <= 0 || (int64_t)memory.least_bytes < total))
        total = (int64_t)memory.least_bytes;
    free(proc);
    return total > 0 ? total : -1;
}

/* A path as the server sees it, be it in a container. */
static char *
place(const struct doctor_scene *scene, const char *path)
{
    return text_format("%s/proc/%lld/root%s", scene->root,
                       (long long)scene->pid, path);
}

/* A link in the file's dir is none any more in what CONFIG GET tells. */
static void
resolve_dir(struct doctor_gathering *g)
{
    const char *told = doctor_setting(&g->scene, "dir");
    char *path = place(&g->scene, g->conf.dir), *now = place(&g->scene, told);
    struct stat in_file, working;

    if (stat(path, &in_file) == 0 && stat(now, &working) == 0 &&
        in_file.st_dev == working.st_dev && in_file.st_ino == working.st_ino) {
        free(g->conf.dir);
        g->conf.dir = memory_dup(told);
    }
    free(path);
    free(now);
}

static void
read_file(struct doctor_gathering *g)
{
    struct error none = {0};
    char *path;

    if (g->scene.pid < 0 || g->info.config_file[0] != '/')
        return;
    path = place(&g->scene, g->info.config_file);
    if (conf_load(&g->conf, path, &none) == 0)
        g->scene.conf = &g->conf;
    free(path);
    if (g->conf.dir != NULL && g->conf.dir[0] == '/' &&
        doctor_setting(&g->scene, "dir") != NULL)
        resolve_dir(g);
}

/* Whether the newest snapshot proved that dir is this very process's. */
static bool
is_proven(const struct doctor_gathering *g, const char *dir)
{
    const struct catalog_entry *newest = catalog_newest(&g->catalog, false);
    struct storage_instance instance;
    struct error none = {0};
    bool proven;

    if (dir == NULL || newest == NULL || newest->bound != CATALOG_BOUND ||
        newest->server.run_id == NULL ||
        strcmp(newest->server.run_id, g->info.run_id) != 0 ||
        storage_instance_load(&instance, g->storage.instance_dir, &none) != 0)
        return false;
    proven = instance.directory != NULL && strcmp(instance.directory, dir) == 0;
    storage_instance_clear(&instance);
    return proven;
}

/*
 * The directory as the operator names it, or as the server does, if that is
 * surely the one here: containers may share a volume. NULL: neither.
 */
static const char *
find_dir(const struct doctor_gathering *g, const struct config *config)
{
    const char *given = config_text(config, CONFIG_DATA_DIR);
    const char *told = doctor_setting(&g->scene, "dir");

    return given != NULL ? given : is_proven(g, told) ? told : NULL;
}

static void
look_at_host(struct doctor_gathering *g, const struct doctor_gather_options *o)
{
    struct doctor_scene *scene = &g->scene;
    const char *dir = find_dir(g, o->config);

    scene->dir_known = dir != NULL;
    scene->pid = find_process(g, o->now_ms);
    scene->local = scene->pid > 0 || ((dir != NULL || is_near(o->link->url)) &&
                                      runs_this_kernel(g));
    scene->memory_bytes = find_memory(scene);
    read_file(g);
    if (dir == NULL && scene->local)
        dir = doctor_setting(scene, "dir");
    g->data_dir = memory_dup(dir);
    scene->data_dir = g->data_dir;
    if (!scene->local)
        return;
    doctor_host_look(&g->host, scene);
    scene->host = &g->host;
    scene->restarts = g->host.restarts;
}

static void
open_repository(struct doctor_gathering *g,
                const struct doctor_gather_options *o)
{
    struct doctor_scene *scene = &g->scene;
    struct error *why = &g->repository_why;

    scene->repo = config_text(o->config, CONFIG_REPO);
    if (storage_open(&g->storage, scene->repo,
                     config_text(o->config, CONFIG_INSTANCE), why) == 0) {
        scene->storage = &g->storage;
        if (catalog_load(&g->catalog, g->storage.snapshots_dir, why) == 0)
            scene->catalog = &g->catalog;
    }
    if (scene->catalog == NULL)
        scene->repo_error = why->text;
}

static void
tell_away(const struct doctor_gathering *g, struct doctor_findings *all)
{
    struct doctor_finding *f;

    f = doctor_add(all, "server_away", DOCTOR_ERROR, DOCTOR_SERVER,
                   "the server does not answer, nothing of it can be judged:"
                   " %s",
                   g->why.text);
    if (strstr(g->why.text, "Permission denied") != NULL)
        doctor_remedy(f, "sudo redkeep doctor");
    else
        doctor_remedy(f, "redis-cli PING");
}

int
doctor_gather(struct doctor_gathering *g, const struct doctor_gather_options *o,
              struct doctor_findings *all, struct error *e)
{
    memset(g, 0, sizeof *g);
    g->storage.instance_dir = g->storage.snapshots_dir = -1;
    g->scene = (struct doctor_scene){.info = &g->info,
                                     .root = o->root,
                                     .pid = -1,
                                     .memory_bytes = -1,
                                     .slow_commands = -1,
                                     .restarts = -1,
                                     .now_ms = o->now_ms,
                                     .config = o->config};
    g->link = link_open(o->link, &g->why);
    if (g->link != NULL && ask_all(g, o, all, e) != 0)
        return -1;
    if (g->link == NULL)
        tell_away(g, all);
    info_read(&g->info, g->info_text != NULL ? g->info_text : "");
    g->scene.info_text = g->info_text;
    g->scene.settings = g->settings;
    open_repository(g, o);
    look_at_host(g, o);
    doctor_repository_look(&g->repository, &g->scene);
    g->scene.repository = &g->repository;
    return process_check_stop(e);
}

void
doctor_gather_clear(struct doctor_gathering *g)
{
    link_close(g->link);
    free(g->info_text);
    free(g->gone);
    conf_clear(&g->conf);
    free(g->data_dir);
    survey_settings_free(g->settings);
    doctor_host_clear(&g->host);
    doctor_repository_clear(&g->repository);
    catalog_clear(&g->catalog);
    storage_close(&g->storage);
    memset(g, 0, sizeof *g);
    g->storage.instance_dir = g->storage.snapshots_dir = -1;
}
