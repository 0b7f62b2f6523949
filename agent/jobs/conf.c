#include "jobs/conf.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/conf_words.h"

enum { DEFAULT_PORT = 6379, PORT_MAX = 65535 };

/* What is being read. */
struct reading {
    struct conf *c;
    unsigned depth, files;
};

static int load(struct reading *r, const char *path, struct error *e);

static void
keep(char **slot, const char *word)
{
    free(*slot);
    *slot = word[0] == '\0' ? NULL : memory_dup(word);
}

static int
keep_name(char **slot, const char *word, struct error *e)
{
    if (!text_is_name(word))
        return error_set(e, ERROR_USAGE, "found '%s', expected a file name",
                         word);
    keep(slot, word);
    return 0;
}

static int
keep_answer(int *slot, const char *word, struct error *e)
{
    if (strcasecmp(word, "yes") != 0 && strcasecmp(word, "no") != 0)
        return error_set(e, ERROR_USAGE, "found '%s', expected yes or no",
                         word);
    *slot = strcasecmp(word, "yes") == 0;
    return 0;
}

static int
keep_port(unsigned *slot, const char *word, struct error *e)
{
    uint64_t port;

    if (!text_number(word, PORT_MAX, &port))
        return error_set(e, ERROR_USAGE, "found '%s', expected 0 to 65535",
                         word);
    *slot = (unsigned)port;
    return 0;
}

/* "100", "1k", "1kb", "1m" ... as servers have it: k is 1000, kb 1024. */
static int
keep_bytes(int64_t *slot, const char *word, struct error *e)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"", 1},           {"b", 1},           {"k", 1000},
        {"kb", 1024},      {"m", 1000000},     {"mb", 1024 * 1024},
        {"g", 1000000000}, {"gb", 1073741824},
    };
    size_t digits = strspn(word, "0123456789");
    char *number = memory_copy(word, digits);
    uint64_t count;
    bool read = text_number(number, INT64_MAX, &count);

    free(number);
    for (size_t i = 0; read && i < sizeof units / sizeof *units; i++)
        if (strcasecmp(word + digits, units[i].unit) == 0 &&
            count <= INT64_MAX / units[i].bytes) {
            *slot = (int64_t)(count * units[i].bytes);
            return 0;
        }
    return error_set(e, ERROR_USAGE, "found '%s', expected a size such as 64kb",
                     word);
}

static int
keep_databases(int64_t *slot, const char *word, struct error *e)
{
    uint64_t count;

    if (!text_number(word, INT_MAX, &count) || count == 0)
        return error_set(e, ERROR_USAGE, "found '%s', expected a number from 1",
                         word);
    *slot = (int64_t)count;
    return 0;
}

/* A server changes into each dir at once, so a second one may lie in it, and
 * what it includes from then on lies there. */
static char *
below_dir(const struct conf *c, const char *path)
{
    return c->dir == NULL || path[0] == '/'
               ? memory_dup(path)
               : text_format("%s/%s", c->dir, path);
}

/* The same as a pattern, of which only path may hold wildcards. */
static char *
pattern_below_dir(const struct conf *c, const char *path)
{
    char *pattern, *folder, *to;

    if (c->dir == NULL || path[0] == '/')
        return memory_dup(path);
    folder = to = memory_new(2 * strlen(c->dir) + 1);
    for (const char *at = c->dir; *at != '\0'; at++) {
        if (strchr("*?[\\", *at) != NULL)
            *to++ = '\\';
        *to++ = *at;
    }
    pattern = text_format("%s/%s", folder, path);
    free(folder);
    return pattern;
}

/* One that has wildcards may match nothing; any other must be there. */
static int
include(struct reading *r, const char *path, struct error *e)
{
    char *where;
    glob_t found = {0};
    int rc = 0;

    if (strpbrk(path, "*?[") == NULL) {
        where = below_dir(r->c, path);
        rc = load(r, where, e);
        free(where);
        return rc;
    }
    where = pattern_below_dir(r->c, path);
    if (glob(where, 0, NULL, &found) == GLOB_NOSPACE)
        rc = error_set(e, ERROR_FAILED, "%s: too many files", where);
    for (size_t i = 0; i < found.gl_pathc && rc == 0; i++)
        rc = load(r, found.gl_pathv[i], e);
    globfree(&found);
    free(where);
    return rc;
}

static int
take_dir(struct conf *c, const char *word)
{
    char *dir = below_dir(c, word);

    keep(&c->dir, dir);
    free(dir);
    return 0;
}

/* Settings of one word. False: it is none of those that we know. */
static bool
take_single(struct reading *r, const char *key, const char *word, int *rc,
            struct error *e)
{
    struct conf *c = r->c;
    const struct {
        const char *key;
        char **text, **name;
        int *answer;
        unsigned *port;
    } all[] = {
        {.key = "unixsocket", .text = &c->unix_socket},
        {.key = "tls-ca-cert-file", .text = &c->tls_ca},
        {.key = "tls-cert-file", .text = &c->tls_cert},
        {.key = "tls-key-file", .text = &c->tls_key},
        {.key = "dbfilename", .name = &c->dbfilename},
        {.key = "appendfilename", .name = &c->appendfilename},
        {.key = "appenddirname", .name = &c->appenddirname},
        {.key = "appendonly", .answer = &c->appendonly},
        {.key = "aof-load-truncated", .answer = &c->aof_load_truncated},
        {.key = "port", .port = &c->port},
        {.key = "tls-port", .port = &c->tls_port},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcasecmp(key, all[i].key) != 0)
            continue;
        if (all[i].text != NULL)
            keep(all[i].text, word);
        *rc = all[i].name != NULL     ? keep_name(all[i].name, word, e)
              : all[i].answer != NULL ? keep_answer(all[i].answer, word, e)
              : all[i].port != NULL   ? keep_port(all[i].port, word, e)
                                      : 0;
        return true;
    }
    return false;
}

/* The rest of those of one word. */
static int
take_other(struct reading *r, const char *key, const char *word,
           struct error *e)
{
    struct conf *c = r->c;
    int cluster = 0, rc = 0;

    if (take_single(r, key, word, &rc, e))
        return rc;
    if (strcasecmp(key, "include") == 0)
        return include(r, word, e);
    if (strcasecmp(key, "dir") == 0)
        return take_dir(c, word);
    if (strcasecmp(key, "databases") == 0)
        return keep_databases(&c->databases, word, e);
    if (strcasecmp(key, "aof-load-corrupt-tail-max-size") == 0)
        return keep_bytes(&c->aof_load_corrupt_tail_max_size, word, e);
    if (strcasecmp(key, "requirepass") == 0 || strcasecmp(key, "aclfile") == 0)
        c->has_password = word[0] != '\0';
    if (strcasecmp(key, "cluster-enabled") == 0) {
        rc = keep_answer(&cluster, word, e);
        c->cluster = cluster == 1;
    }
    return rc;
}

/* One line's words; those of "save" were in quotes, or many. */
static int
take(struct reading *r, const struct conf_words *w, struct error *e)
{
    struct conf *c = r->c;
    const char *key = w->words[0];
    const char *word = w->count > 1 ? w->words[1] : NULL;

    if (strcasecmp(key, "sentinel") == 0) {
        c->sentinel = true;
    } else if (strcasecmp(key, "user") == 0) {
        c->has_password = true;
    } else if (word == NULL) {
        return 0; /* the server itself says what is wrong with it */
    } else if (strcasecmp(key, "save") == 0) {
        c->save_told = true;
        c->has_save = word[0] != '\0';
    } else if (strcasecmp(key, "bind") == 0) {
        keep(&c->address, word);
    } else if (strcasecmp(key, "rename-command") == 0) {
        keep(&c->renamed, word);
    } else if (strcasecmp(key, "replicaof") == 0 ||
               strcasecmp(key, "slaveof") == 0) {
        c->replica = strcasecmp(word, "no") != 0;
    } else if (w->count == 2) {
        return take_other(r, key, word, e) == 0 ? 0 : error_in(e, "%s", key);
    }
    return 0;
}

static int
take_line(struct reading *r, const char *line, size_t size, struct error *e)
{
    struct conf_words w = {0};
    int rc = 0;

    if (!conf_words_split(&w, line, size))
        rc = error_set(e, ERROR_USAGE, "quotes are not closed");
    else if (w.count > 0)
        rc = take(r, &w, e);
    conf_words_clear(&w);
    return rc;
}

static int
load(struct reading *r, const char *path, struct error *e)
{
    char *text;
    size_t size, number = 0;
    int rc = 0;

    if (r->depth == CONF_DEPTH_MAX || r->files++ == CONF_FILES_MAX)
        return error_set(e, ERROR_FAILED, "%s: files include files without end",
                         path);
    if (file_load_named(path, CONF_FILE_BYTES_MAX, &text, &size, e) != 0)
        return -1;
    r->depth++;
    for (size_t at = 0, end; at < size && rc == 0; at = end + 1) {
        const char *newline = memchr(text + at, '\n', size - at);
        size_t blanks;

        number++;
        end = newline == NULL ? size : (size_t)(newline - text);
        blanks = strspn(text + at, " \t\r");
        if (text[at + blanks] != '#' &&
            take_line(r, text + at, end - at, e) != 0)
            rc = error_in(e, "%s line %zu", path, number);
    }
    r->depth--;
    free(text);
    return rc;
}

void
conf_begin(struct conf *c)
{
    *c = (struct conf){
        .appendonly = -1,
        .aof_load_truncated = -1,
        .aof_load_corrupt_tail_max_size = -1,
        .databases = -1,
        .port = DEFAULT_PORT,
    };
}

int
conf_load(struct conf *c, const char *path, struct error *e)
{
    struct reading r = {.c = c};

    conf_begin(c);
    if (load(&r, path, e) == 0)
        return 0;
    conf_clear(c);
    return -1;
}

/* Of argv: "--key value ...", or all of it in one argument. Returns how many
 * arguments it took. A lone "--save" stands for no save point. */
static int
take_option(struct reading *r, int argc, const char *const argv[],
            struct error *e)
{
    struct conf_words w = {0};
    int used = 1, rc = 0;

    if (strncmp(argv[0], "--", 2) != 0)
        rc = error_set(e, ERROR_USAGE, "found '%s', expected --name", argv[0]);
    else if (!conf_words_split(&w, argv[0] + 2, strlen(argv[0] + 2)))
        rc = error_set(e, ERROR_USAGE, "%s: quotes are not closed", argv[0]);
    while (rc == 0 && used < argc && strncmp(argv[used], "--", 2) != 0)
        conf_words_add(&w, argv[used++]);
    if (rc == 0 && w.count == 1 && strcasecmp(w.words[0], "save") == 0)
        conf_words_add(&w, "");
    if (rc == 0 && w.count > 0)
        rc = take(r, &w, e);
    conf_words_clear(&w);
    return rc == 0 ? used : -1;
}

int
conf_override(struct conf *c, int argc, const char *const argv[],
              struct error *e)
{
    struct reading r = {.c = c};

    for (int i = 0, used; i < argc; i += used) {
        used = take_option(&r, argc - i, argv + i, e);
        if (used < 0) {
            conf_clear(c);
            return error_in(e, "command line");
        }
    }
    return 0;
}

void
conf_clear(struct conf *c)
{
    char *texts[] = {c->dir,           c->dbfilename,  c->appendfilename,
                     c->appenddirname, c->unix_socket, c->address,
                     c->renamed,       c->tls_ca,      c->tls_cert,
                     c->tls_key};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *c = (struct conf){0};
}
