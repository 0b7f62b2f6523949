#include "jobs/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"

enum {
    UNIT_BYTES_MAX = 64 * 1024,
    WORDS_MAX = 64,
    CGROUP_BYTES_MAX = 64 * 1024,
    ASK_LIMIT_MS = 3000, /* of systemctl */
};

const char *const unit_folders[] = {
    "/etc/systemd/system",           "/run/systemd/system",
    "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system",           NULL,
};

struct search {
    const char *const *folders;
    size_t at; /* which of them */
    const struct file_identity *dir;
    struct unit *found;
    size_t count;
};

/* A command line of a unit, cut up. */
struct command {
    char *words[WORDS_MAX];
    int count;
};

static bool
is_server(const char *program)
{
    const char *name = strrchr(program, '/');

    name = name != NULL ? name + 1 : program;
    return strcmp(name, "redis-server") == 0 ||
           strcmp(name, "valkey-server") == 0;
}

/*
 * Cuts the line at blanks. False for what systemd would understand otherwise:
 * quotes, variables, several commands.
 */
static bool
cut(struct command *c, char *line)
{
    c->count = 0;
    line += strspn(line, "@-:+!");
    if (strpbrk(line, "\"'\\$;") != NULL)
        return false;
    for (char *save = NULL, *word = strtok_r(line, " \t", &save); word != NULL;
         word = strtok_r(NULL, " \t", &save)) {
        if (c->count == WORDS_MAX)
            return false;
        c->words[c->count++] = word;
    }
    return c->count > 1 && is_server(c->words[0]) && c->words[1][0] == '/';
}

/* The last ExecStart= of a unit's text, or NULL; an empty one takes back. */
static char *
exec_start(char *text)
{
    static const char key[] = "ExecStart=";
    char *line, *save = NULL, *last = NULL;

    for (line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        if (strncmp(line, key, sizeof key - 1) == 0)
            last = line + sizeof key - 1;
    return last != NULL && last[0] != '\0' ? last : NULL;
}

static bool
works_in(const struct conf *conf, const struct file_identity *dir)
{
    struct file_identity id;
    struct error none = {0};
    int fd;
    bool same;

    if (conf->dir == NULL || conf->dir[0] != '/')
        return false;
    fd = file_open_directory(AT_FDCWD, conf->dir, &none);
    if (fd < 0)
        return false;
    same = file_identify(fd, &id, &none) == 0 && file_same(&id, dir);
    close(fd);
    return same;
}

/* Keeps the unit if its server works in the directory. */
static void
try_file(struct search *s, const struct command *c, const char *name,
         const char *file)
{
    struct conf conf;
    struct error none = {0};

    if (conf_load(&conf, file, &none) == 0 &&
        conf_override(&conf, c->count - 2, (const char *const *)c->words + 2,
                      &none) == 0 &&
        !conf.sentinel && works_in(&conf, s->dir) && s->count++ == 0) {
        *s->found = (struct unit){
            .name = memory_dup(name), .file = memory_dup(file), .conf = conf};
        return;
    }
    conf_clear(&conf);
}

/* Of a template: each file that its pattern fits is an instance. */
static void
try_instances(struct search *s, const struct command *c, const char *name)
{
    const char *path = c->words[1], *mark = strstr(path, "%i");
    const char *slash = strrchr(path, '/');
    struct error none = {0};
    char *folder, **names;
    size_t count, before, behind;
    int dir;

    if (mark == NULL || mark < slash)
        return;
    before = (size_t)(mark - slash - 1);
    behind = strlen(mark + 2);
    folder = memory_copy(path, (size_t)(slash - path) + 1);
    dir = file_open_directory(AT_FDCWD, folder, &none);
    if (dir >= 0 && file_names(dir, &names, &count, &none) == 0) {
        for (size_t n = 0; n < count; n++) {
            size_t size = strlen(names[n]);
            char *unit, *file;

            if (size <= before + behind ||
                strncmp(names[n], slash + 1, before) != 0 ||
                strcmp(names[n] + size - behind, mark + 2) != 0)
                continue;
            unit = text_format(
                "%.*s%.*s.service", (int)(strchr(name, '@') - name + 1), name,
                (int)(size - before - behind), names[n] + before);
            file = text_format("%s%s", folder, names[n]);
            try_file(s, c, unit, file);
            free(unit);
            free(file);
        }
        file_free_names(names, count);
    }
    if (dir >= 0)
        close(dir);
    free(folder);
}

/* One of that name in a folder before this one stands for it. */
static bool
is_hidden(const struct search *s, const char *name)
{
    struct file_identity id;
    struct error none = {0};

    for (size_t n = 0; n < s->at; n++) {
        char *path = text_format("%s/%s", s->folders[n], name);
        bool there = file_identify_at(AT_FDCWD, path, &id, &none) == 0;

        free(path);
        if (there)
            return true;
    }
    return false;
}

static void
try_unit(struct search *s, const char *name)
{
    char *path, *text, *line;
    struct error none = {0};
    struct command c;
    struct file_identity id;
    size_t size;

    if (!text_has_suffix(name, ".service") || is_hidden(s, name))
        return;
    path = text_format("%s/%s", s->folders[s->at], name);
    /* Other names of units are links, and would be found twice. */
    if (file_identify_at(AT_FDCWD, path, &id, &none) == 0 && S_ISREG(id.mode) &&
        file_load(AT_FDCWD, path, UNIT_BYTES_MAX, &text, &size, &none) == 0) {
        line = exec_start(text);
        if (line != NULL && cut(&c, line)) {
            if (strchr(name, '@') != NULL)
                try_instances(s, &c, name);
            else
                try_file(s, &c, name, c.words[1]);
        }
        free(text);
    }
    free(path);
}

/* /lib may be /usr/lib: then its units were seen. */
static bool
is_seen(const struct search *s, const struct file_identity *folder)
{
    for (size_t n = 0; n < s->at; n++) {
        struct file_identity id;
        struct error none = {0};
        int fd = file_open_directory(AT_FDCWD, s->folders[n], &none);
        bool same = fd >= 0 && file_identify(fd, &id, &none) == 0 &&
                    file_same(&id, folder);

        if (fd >= 0)
            close(fd);
        if (same)
            return true;
    }
    return false;
}

static void
try_folder(struct search *s)
{
    struct file_identity id;
    struct error none = {0};
    char **names;
    size_t count;
    int dir = file_open_directory(AT_FDCWD, s->folders[s->at], &none);

    if (dir < 0)
        return;
    if (file_identify(dir, &id, &none) == 0 && !is_seen(s, &id) &&
        file_names(dir, &names, &count, &none) == 0) {
        for (size_t n = 0; n < count; n++)
            try_unit(s, names[n]);
        file_free_names(names, count);
    }
    close(dir);
}

bool
unit_find(struct unit *u, const char *const *folders, int dir)
{
    struct file_identity id;
    struct error none = {0};
    struct search s = {.folders = folders, .dir = &id, .found = u};

    memset(u, 0, sizeof *u);
    if (file_identify(dir, &id, &none) != 0)
        return false;
    for (; folders[s.at] != NULL; s.at++)
        try_folder(&s);
    if (s.count == 1)
        return true;
    unit_clear(u);
    return false;
}

void
unit_clear(struct unit *u)
{
    free(u->name);
    free(u->file);
    conf_clear(&u->conf);
    memset(u, 0, sizeof *u);
}

/* What was started from a service's shell is in its group, too. */
static bool
is_main_process(const char *name, pid_t pid)
{
    char *argv[] = {"systemctl", "show", "-p",         "MainPID",
                    "--value",   "--",   (char *)name, NULL};
    char out[32];
    struct error none = {0};
    uint64_t number;
    int status;

    if (process_run(argv, out, sizeof out, ASK_LIMIT_MS, &status, &none) != 0 ||
        status != 0)
        return false;
    out[strcspn(out, "\n")] = '\0';
    return text_number(out, INT32_MAX, &number) && (pid_t)number == pid;
}

/* "0::/system.slice/redis-server.service": the last of a line. */
char *
unit_of_groups(const char *groups)
{
    char *text = memory_dup(groups), *line, *save = NULL, *name = NULL;

    for (line = strtok_r(text, "\n", &save); line != NULL && name == NULL;
         line = strtok_r(NULL, "\n", &save)) {
        const char *slash = strrchr(line, '/');

        if (slash != NULL && text_has_suffix(slash + 1, ".service") &&
            strstr(line, "user.slice") == NULL)
            name = memory_dup(slash + 1);
    }
    free(text);
    return name;
}

char *
unit_of_process(pid_t pid)
{
    char *path = text_format("/proc/%ld/cgroup", (long)pid);
    char *text, *name = NULL;
    struct error none = {0};
    size_t size;

    if (file_load_named(path, CGROUP_BYTES_MAX, &text, &size, &none) == 0) {
        name = unit_of_groups(text);
        free(text);
    }
    free(path);
    if (name == NULL || is_main_process(name, pid))
        return name;
    free(name);
    return NULL;
}
