/*
 * The server works in the dataset's folder without knowing its path (it may lie
 * where its user may not go), takes no configuration file, so no module and no
 * replication either, and is asked by a socket in a folder of its own there.
 * We reach that by its descriptor: the path of a socket is short.
 */
#include "jobs/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/trial_child.h"
#include "jobs/trial_memory.h"
#include "jobs/trial_program.h"

#define FOLDER ".redkeep-trial"
#define SOCKET "s"

enum {
    LOOK_MS = 20,
    ASK_MS = 200, /* between two questions while it loads */
    CONNECT_TIMEOUT_MS = 2000,
    COMMAND_TIMEOUT_MS = 60000, /* a loading server answers when it can */
    READS_MAX = 64,
    ARGUMENTS_MAX = 80,
    SLACK_BYTES = 64 << 20, /* an empty server's own, with its threads */
};

/* What the data needs: 1.3 times its size. */
static uint64_t
needed(uint64_t dataset_bytes)
{
    return dataset_bytes / 10 * 13;
}

static bool
find_room(uint64_t dataset_bytes, struct trial_memory *m, char *text)
{
    char need[TEXT_WORDS_SIZE], total[TEXT_WORDS_SIZE], left[TEXT_WORDS_SIZE];
    char data[TEXT_WORDS_SIZE];
    struct error e = {0};

    if (trial_memory_find(m, "/proc", &e) != 0) {
        snprintf(text, TRIAL_TEXT_SIZE, "%s", e.text);
        return false;
    }
    if (trial_memory_spare(m) >= needed(dataset_bytes))
        return true;
    text_write_size(data, dataset_bytes);
    text_write_size(need, needed(dataset_bytes));
    text_write_size(total, m->total_bytes);
    text_write_size(left, m->free_bytes);
    snprintf(text, TRIAL_TEXT_SIZE,
             "not enough memory: %s (1.3 times the data's %s) and 20%% of %s"
             " besides are wanted, %s are free in %s",
             need, data, total, left, m->where);
    return false;
}

bool
trial_fits(uint64_t dataset_bytes, char *text)
{
    struct trial_memory m;

    return find_room(dataset_bytes, &m, text);
}

/* The settings, as a command line. */
struct arguments {
    char *argv[ARGUMENTS_MAX];
    int count;
    char databases[16];
};

static void
add(struct arguments *a, const char *name, const char *value)
{
    if (value == NULL)
        return;
    a->argv[a->count++] = (char *)(uintptr_t)name;
    a->argv[a->count++] = (char *)(uintptr_t)value;
}

/* A server runs what its AOF has. No server puts these there: they lead out of
 * the folder, or end it. */
static const char *const outward[] = {
    "config",   "save",   "bgsave",  "replicaof", "slaveof",
    "shutdown", "module", "migrate", "cluster",
};

static void
make_arguments(struct arguments *a, const struct trial_options *o,
               const struct release *release)
{
    bool sets = release_has_manifest(release);

    *a = (struct arguments){0};
    a->argv[a->count++] = release->valkey ? "valkey-server" : "redis-server";
    snprintf(a->databases, sizeof a->databases, "%d",
             o->databases > 0 ? o->databases : 16);
    add(a, "--port", "0");
    add(a, "--unixsocket", FOLDER "/" SOCKET);
    add(a, "--unixsocketperm", "700");
    add(a, "--daemonize", "no");
    add(a, "--save", "");
    add(a, "--databases", a->databases);
    add(a, "--dbfilename", o->names->dbfilename);
    add(a, "--appendonly", o->appendonly ? "yes" : "no");
    add(a, "--appendfilename", o->names->appendfilename);
    add(a, "--appenddirname", sets ? o->names->appenddirname : NULL);
    add(a, "--appendfsync", "no");
    add(a, "--auto-aof-rewrite-percentage", "0");
    add(a, "--aof-load-truncated", "no");
    add(a, "--maxmemory", "0");
    add(a, "--enable-debug-command", sets ? "local" : NULL);
    for (size_t i = 0; i < sizeof outward / sizeof *outward; i++) {
        add(a, "--rename-command", outward[i]);
        a->argv[a->count++] = (char *)(uintptr_t) "";
    }
}

/* Whether its release could load such an RDB at all. */
static bool
is_new_enough(struct trial *t, const struct trial_options *o)
{
    char name[RELEASE_TEXT_SIZE];

    if (o->rdb_version == 0 ||
        release_loads_rdb(&t->release, o->rdb_version, o->valkey_magic))
        return true;
    release_write(name, &t->release);
    snprintf(t->text, sizeof t->text,
             "the data has RDB version %d%s, which the server program here, %s,"
             " cannot load: put a newer one in PATH",
             o->rdb_version, o->valkey_magic ? " of valkey" : "", name);
    return false;
}

static int
make_folder(struct trial *t, const struct trial_options *o, struct error *e)
{
    t->dir = file_open_directory(AT_FDCWD, o->directory, e);
    if (t->dir < 0 || file_remove_tree(t->dir, FOLDER, e) != 0 ||
        file_make_directory(t->dir, FOLDER, 0700, NULL, e) != 0)
        return -1;
    t->folder = file_open_inner(t->dir, FOLDER, e);
    if (t->folder < 0)
        return -1;
    return geteuid() == 0 ? file_give(t->folder, o->uid, o->gid, e) : 0;
}

static int
start(struct trial *t, const struct trial_options *o,
      const struct trial_program *program, struct error *e)
{
    struct arguments a;
    struct trial_child child = {
        .program = program->path,
        .argv = a.argv,
        .uid = o->uid,
        .gid = o->gid,
        .memory_bytes = t->memory_bytes,
    };

    make_arguments(&a, o, &program->release);
    if (make_folder(t, o, e) != 0)
        return -1;
    child.dir = t->dir;
    t->pid = trial_child_start(&child, &t->out, e);
    return t->pid < 0 ? -1 : 0;
}

static void
hear(struct trial *t)
{
    char block[16384];
    ssize_t n;

    for (int i = 0; i < READS_MAX; i++) {
        n = read(t->out, block, sizeof block);
        if (n <= 0)
            return;
        trial_log_take(&t->log, block, (size_t)n);
    }
}

static void
connect_to(struct trial *t)
{
    char path[64];
    struct url url = {.path = path};
    const struct link_options options = {
        .url = &url,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .command_timeout_ms = COMMAND_TIMEOUT_MS,
    };
    struct error none = {0};

    snprintf(path, sizeof path, "/proc/self/fd/%d/" SOCKET, t->folder);
    t->link = link_open(&options, &none);
}

static int
count(struct trial *t, struct error *e)
{
    if (probe_databases(t->link, &t->databases, &t->database_count, e) != 0)
        return -1;
    for (size_t i = 0; i < t->database_count; i++) {
        t->keys += t->databases[i].keys;
        t->expires += t->databases[i].expires;
    }
    return 0;
}

/* Whether it serves now. A link that is lost is looked for again. */
static bool
is_loaded(struct trial *t, const struct trial_options *o)
{
    struct probe_loading l;
    struct error none = {0};

    if (t->link == NULL)
        connect_to(t);
    if (t->link == NULL)
        return false;
    if (probe_loading(t->link, &l, &none) != 0) {
        link_close(t->link);
        t->link = NULL;
        return false;
    }
    if (l.loading)
        progress_tell(o->progress, "a private server loads it", l.done_bytes,
                      l.total_bytes);
    return !l.loading;
}

/* How it ended: by its own words, a signal, or a status. */
static void
tell_end(struct trial *t, int status)
{
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const char *words = t->log.words;

    hear(t);
    trial_log_end(&t->log);
    t->skipped = killed || t->log.starved;
    if (t->skipped)
        snprintf(t->text, sizeof t->text,
                 "not enough memory: the server was %s%s%s",
                 killed ? "killed while it loaded" : "refused what it wanted",
                 *words != '\0' ? ": " : "", words);
    else if (WIFSIGNALED(status))
        snprintf(t->text, sizeof t->text, "ended by signal %d (%s)%s%s",
                 WTERMSIG(status), strsignal(WTERMSIG(status)),
                 *words != '\0' ? ": " : "", words);
    else if (*words != '\0')
        snprintf(t->text, sizeof t->text, "%s", words);
    else
        snprintf(t->text, sizeof t->text,
                 "it ended with exit status %d, without a word",
                 WEXITSTATUS(status));
}

static int
reap(struct trial *t)
{
    int status = 0;

    while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    t->pid = -1;
    return status;
}

/* 1: it serves. 0: it has ended, or the limit came: text says it. */
static int
await(struct trial *t, const struct trial_options *o, struct error *e)
{
    uint64_t begin = clock_steady_ms(), asked = 0;

    for (;;) {
        struct pollfd wait = {.fd = t->out, .events = POLLIN};
        uint64_t now = clock_steady_ms();

        t->load_ms = now - begin;
        hear(t);
        if (process_check_stop(e) != 0)
            return -1;
        if (process_has_ended(t->pid)) {
            tell_end(t, reap(t));
            return 0;
        }
        if (now - asked >= (t->link == NULL ? LOOK_MS : ASK_MS)) {
            if (is_loaded(t, o))
                return 1;
            asked = clock_steady_ms();
        }
        if (t->load_ms >= o->load_limit_ms) {
            snprintf(t->text, sizeof t->text,
                     "it had not loaded after %u s: its limit",
                     o->load_limit_ms / 1000);
            return 0;
        }
        poll(&wait, 1, LOOK_MS);
    }
}

/* It serves: what did it say of the data? */
static int
judge(struct trial *t, struct error *e)
{
    hear(t);
    t->empty_keys = t->log.empty_keys;
    t->loaded = !t->log.lossy;
    if (!t->loaded)
        snprintf(t->text, sizeof t->text, "%s", t->log.words);
    return count(t, e);
}

int
trial_begin(struct trial *t, const struct trial_options *options,
            struct error *e)
{
    struct trial_program program = {0};
    struct trial_memory m;
    int rc = -1;

    *t = (struct trial)TRIAL_NONE;
    if (!find_room(options->dataset_bytes, &m, t->text)) {
        t->skipped = true;
        return 0;
    }
    t->memory_bytes = trial_memory_spare(&m) + SLACK_BYTES;
    if (trial_program_find(&program, options->valkey, options->running_pid,
                           e) != 0)
        goto out;
    t->release = program.release;
    if (!is_new_enough(t, options)) {
        t->skipped = true;
        rc = 0;
        goto out;
    }
    if (start(t, options, &program, e) != 0)
        goto out;
    rc = await(t, options, e);
    if (rc > 0)
        rc = judge(t, e);
    if (rc == 0 && t->log.mistaken)
        rc = error_set(e, ERROR_FAILED,
                       "the server does not take its"
                       " settings: %s",
                       t->log.words);

out:
    trial_program_clear(&program);
    return rc;
}

void
trial_end(struct trial *t)
{
    struct error none = {0};

    link_close(t->link);
    if (t->pid > 0) {
        kill(t->pid, SIGKILL);
        reap(t);
    }
    if (t->out >= 0)
        close(t->out);
    if (t->folder >= 0)
        close(t->folder);
    if (t->dir >= 0) {
        if (file_remove_tree(t->dir, FOLDER, &none) != 0)
            log_line(LOG_LEVEL_WARNING,
                     "the socket of a private server stays error=\"%s\"",
                     none.text);
        close(t->dir);
    }
    free(t->databases);
    *t = (struct trial)TRIAL_NONE;
}
