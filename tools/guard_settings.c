#include "guard_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/local_server.h"
#include "server_settings.h"

enum { LIMIT_MS = 5 * 60 * 1000, SERVER_TIMEOUT_MS = 1000 };

int
guard_settings_limit(const struct invocation *in, uint64_t *limit_ms,
                     struct error *e)
{
    const char *limit = command_value_of(in, "time-limit");

    *limit_ms = LIMIT_MS;
    if (limit == NULL || text_duration(limit, limit_ms))
        return 0;
    return error_set(e, ERROR_USAGE,
                     "--time-limit: found '%s', expected a time such as 5m",
                     limit);
}

static int
read_repair(struct guard_options *o, const struct invocation *in,
            struct error *e)
{
    const char *repair = command_value_of(in, "repair");

    o->repair = GUARD_REPAIR_NEVER;
    if (repair == NULL || guard_find_repair(repair, &o->repair))
        return 0;
    return error_set(e, ERROR_USAGE,
                     "--repair: found '%s', expected never, tail or all",
                     repair);
}

/* "redis-server", "/opt/valkey/bin/valkey-server". */
static bool
is_program(const char *word)
{
    const char *slash = strrchr(word, '/');

    return strstr(slash != NULL ? slash : word, "-server") != NULL &&
           !text_has_suffix(word, ".conf");
}

/* The server's command line: [PROGRAM] [FILE] [--KEY VALUE...]. */
struct line {
    const char *program, *file; /* NULL: not told */
    int count;                  /* of what follows */
    const char *const *rest;
};

static struct line
read_line(const struct invocation *in)
{
    struct line l = {.file = command_value_of(in, "redis-conf")};
    size_t at = 0;

    if (at < in->word_count && is_program(in->words[at]))
        l.program = in->words[at++];
    if (at < in->word_count && strncmp(in->words[at], "--", 2) != 0)
        l.file = in->words[at++];
    l.count = (int)(in->word_count - at);
    l.rest = (const char *const *)in->words + at;
    return l;
}

static int
read_conf(struct conf *c, const struct line *l, struct error *e)
{
    conf_begin(c);
    if ((l->file != NULL && conf_load(c, l->file, e) != 0) ||
        conf_override(c, l->count, l->rest, e) != 0) {
        e->kind = ERROR_FAILED;
        return -1;
    }
    return 0;
}

/* Options of ours go before what the server is told. */
static void
take_conf(struct judge_options *o, const struct conf *c, bool told,
          const struct invocation *in)
{
    if (told && !command_has(in, "appendonly"))
        o->names.appendonly = c->appendonly == 1 ? DATASET_APPENDONLY_YES
                                                 : DATASET_APPENDONLY_NO;
    if (!command_has(in, "aof-load-truncated"))
        o->refuse_truncated = c->aof_load_truncated == 0;
    if (!command_has(in, "databases") && c->databases > 0)
        o->databases = (uint64_t)c->databases;
    if (o->names.dbfilename == NULL)
        o->names.dbfilename = c->dbfilename;
    if (o->names.appendfilename == NULL)
        o->names.appendfilename = c->appendfilename;
    if (o->names.appenddirname == NULL)
        o->names.appenddirname = c->appenddirname;
}

/* As execvp finds it; NULL: it is not there. */
static char *
find_program(const char *name)
{
    const char *at = getenv("PATH");

    if (strchr(name, '/') != NULL || at == NULL)
        return memory_dup(name);
    for (size_t size; *at != '\0'; at += size + (at[size] == ':')) {
        char *path;

        size = strcspn(at, ":");
        path = text_format("%.*s/%s", size > 0 ? (int)size : 1,
                           size > 0 ? at : ".", name);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

/* The program that will be started, else those in PATH. */
static void
find_programs(struct guard_settings *s, const struct line *l)
{
    bool valkey = l->file != NULL && strstr(l->file, "valkey") != NULL;

    if (l->program != NULL)
        s->programs[0] = find_program(l->program);
    if (s->programs[0] != NULL)
        return;
    s->programs[0] = find_program(valkey ? "valkey-server" : "redis-server");
    s->programs[1] = find_program(valkey ? "redis-server" : "valkey-server");
}

void
guard_settings_find_release(struct guard_settings *s,
                            const struct invocation *in)
{
    struct judge_options *o = &s->options.judge;
    struct release release;

    for (size_t i = 0; i < 2 && !command_has(in, "server-version"); i++) {
        if (s->programs[i] == NULL ||
            !local_server_ask(s->programs[i], &release))
            continue;
        o->release = release;
        o->deep = command_has(in, "deep") || release_walks_values(&release);
        o->names.no_manifest = !release_has_manifest(&release);
        return;
    }
}

static bool
is_same_place(const char *a, const char *b)
{
    struct stat of_a, of_b;

    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 &&
           of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static int
find_directory(struct guard_settings *s, bool told, const struct invocation *in,
               struct error *e)
{
    const char *given = config_text(&in->config, CONFIG_DATA_DIR);
    const char *dir = s->conf.dir;

    if (given == NULL && !told)
        return error_set(e, ERROR_USAGE,
                         "--data-dir or --redis-conf is missing");
    s->options.directory = given != NULL ? given : dir != NULL ? dir : ".";
    if (given == NULL || dir == NULL || dir[0] != '/' || access(dir, F_OK) != 0)
        return 0; /* where a relative one begins only the server knows */
    s->options.directory = dir;
    if (!is_same_place(given, dir))
        s->options.expected = given;
    return 0;
}

/* Where the server will answer, and so where one that runs already does. */
static void
find_server(struct guard_settings *s)
{
    const struct conf *c = &s->conf;

    if (c->unix_socket != NULL)
        s->server.path = memory_dup(c->unix_socket);
    else
        s->server.host = memory_dup("127.0.0.1");
    s->server.port = c->port;
    s->options.instance.link = (struct link_options){
        .url = &s->server,
        .connect_timeout_ms = SERVER_TIMEOUT_MS,
        .command_timeout_ms = SERVER_TIMEOUT_MS,
    };
}

int
guard_settings_check(const struct invocation *in, struct error *e)
{
    struct judge_options judge;
    struct guard_options options;
    uint64_t limit_ms;

    if (config_text(&in->config, CONFIG_DATA_DIR) == NULL &&
        !command_has(in, "redis-conf") && in->word_count == 0)
        return error_set(e, ERROR_USAGE,
                         "--data-dir or --redis-conf is missing");
    if (guard_settings_limit(in, &limit_ms, e) != 0 ||
        read_repair(&options, in, e) != 0)
        return -1;
    return server_settings_read(&judge, in, e);
}

static bool
is_told(const struct line *l)
{
    return l->file != NULL || l->program != NULL || l->count > 0;
}

int
guard_settings_find_directory(struct guard_settings *s,
                              const struct invocation *in, struct error *e)
{
    struct line l = read_line(in);

    memset(s, 0, sizeof *s);
    return read_conf(&s->conf, &l, e) == 0
               ? find_directory(s, is_told(&l), in, e)
               : -1;
}

int
guard_settings_read(struct guard_settings *s, const struct invocation *in,
                    struct error *e)
{
    struct line l = read_line(in);

    if (guard_settings_find_directory(s, in, e) != 0 ||
        server_settings_read(&s->options.judge, in, e) != 0 ||
        read_repair(&s->options, in, e) != 0)
        return -1;
    take_conf(&s->options.judge, &s->conf, is_told(&l), in);
    s->options.never_saves = s->conf.save_told && !s->conf.has_save;
    if (s->conf.aof_load_corrupt_tail_max_size > 0)
        s->options.corrupt_tail_bytes =
            (uint64_t)s->conf.aof_load_corrupt_tail_max_size;
    find_programs(s, &l);
    find_server(s);
    s->options.progress = &in->progress;
    return 0;
}

static void
add_word(char **words, const char *option, const char *value)
{
    char *word, *longer;

    if (value == NULL)
        return;
    word = text_shell_word(value);
    longer = text_format("%s --%s %s", *words, option, word);
    free(word);
    free(*words);
    *words = longer;
}

char *
guard_settings_words(const struct guard_settings *s)
{
    const struct judge_options *o = &s->options.judge;
    char *words = memory_dup(""), release[RELEASE_TEXT_SIZE];
    char *databases = text_format("%llu", (unsigned long long)o->databases);

    snprintf(release, sizeof release, "%s%d.%d.%d",
             o->release.valkey ? "valkey-" : "", o->release.major,
             o->release.minor, o->release.patch);
    add_word(&words, "server-version", release);
    add_word(&words, "appendonly",
             o->names.appendonly == DATASET_APPENDONLY_YES  ? "yes"
             : o->names.appendonly == DATASET_APPENDONLY_NO ? "no"
                                                            : NULL);
    add_word(&words, "databases", o->databases != 16 ? databases : NULL);
    add_word(&words, "appendfilename", o->names.appendfilename);
    add_word(&words, "appenddirname", o->names.appenddirname);
    add_word(&words, "dbfilename", o->names.dbfilename);
    free(databases);
    return words;
}

void
guard_settings_clear(struct guard_settings *s)
{
    conf_clear(&s->conf);
    url_clear(&s->server);
    free(s->programs[0]);
    free(s->programs[1]);
    memset(s, 0, sizeof *s);
}
