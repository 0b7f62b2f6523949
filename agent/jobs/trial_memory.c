#include "jobs/trial_memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

enum { FILE_MAX = 4 << 20, LEFT_ALONE = 5 /* a fifth */ };

static char *
load(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name), *text = NULL;
    struct error none = {0};
    size_t size;

    if (file_load(AT_FDCWD, path, FILE_MAX, &text, &size, &none) != 0)
        text = NULL;
    free(path);
    return text;
}

/* The number behind a word at the head of a line; false: there is none. */
static bool
read_line(const char *text, const char *word, uint64_t *number)
{
    size_t length = strlen(word);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        char *end;

        line += *line == '\n';
        if (strncmp(line, word, length) != 0)
            continue;
        *number = strtoull(line + length, &end, 10);
        return end != line + length;
    }
    return false;
}

/* Of a file that holds one number; "max" is none. */
static bool
read_number(const char *folder, const char *name, uint64_t *number)
{
    char *text = load(folder, name);
    bool is = text != NULL && read_line(text, "", number);

    free(text);
    return is;
}

uint64_t
trial_memory_spare(const struct trial_memory *m)
{
    uint64_t alone = m->total_bytes / LEFT_ALONE;

    return m->free_bytes > alone ? m->free_bytes - alone : 0;
}

static void
take_tighter(struct trial_memory *m, const struct trial_memory *other)
{
    uint64_t least = m->least_bytes;

    if (other->total_bytes < least)
        least = other->total_bytes;
    if (trial_memory_spare(other) < trial_memory_spare(m))
        *m = *other;
    m->least_bytes = least;
}

static int
look_at_host(struct trial_memory *m, const char *proc, struct error *e)
{
    char *text = load(proc, "meminfo");
    uint64_t total, left;

    if (text == NULL || !read_line(text, "MemTotal:", &total) ||
        !read_line(text, "MemAvailable:", &left)) {
        free(text);
        return error_set(e, ERROR_FAILED,
                         "%s/meminfo does not tell how much memory is free",
                         proc);
    }
    free(text);
    *m = (struct trial_memory){.total_bytes = total * 1024,
                               .free_bytes = left * 1024,
                               .least_bytes = total * 1024,
                               .where = "this host"};
    return 0;
}

/* The names of one version's files. */
static const struct version {
    const char *limit, *used, *file_words[2];
} versions[2] = {
    {"memory.limit_in_bytes",
     "memory.usage_in_bytes",
     {"total_inactive_file ", "total_active_file "}},
    {"memory.max", "memory.current", {"inactive_file ", "active_file "}},
};

/* Pages of files are given back when memory is wanted. */
static uint64_t
read_cached(const char *folder, const struct version *v)
{
    char *text = load(folder, "memory.stat");
    uint64_t sum = 0, n;

    for (int i = 0; text != NULL && i < 2; i++)
        if (read_line(text, v->file_words[i], &n))
            sum += n;
    free(text);
    return sum;
}

/* One without a limit, or with one beyond the host's, says nothing. */
static void
look_at_group(struct trial_memory *m, const char *folder, const char *path,
              const struct version *v)
{
    struct trial_memory group;
    uint64_t used, cached;

    if (!read_number(folder, v->limit, &group.total_bytes) ||
        !read_number(folder, v->used, &used))
        return;
    cached = read_cached(folder, v);
    used = used > cached ? used - cached : 0;
    group.free_bytes = group.total_bytes > used ? group.total_bytes - used : 0;
    snprintf(group.where, sizeof group.where, "control group %s", path);
    take_tighter(m, &group);
}

/* The group and all above it, up to the mount's root. */
static void
climb(struct trial_memory *m, const char *mount, const char *path,
      const struct version *v)
{
    char *at = memory_dup(path), *folder, *slash;

    for (;;) {
        folder = text_format("%s%s", mount, at);
        look_at_group(m, folder, at[0] != '\0' ? at : "/", v);
        free(folder);
        slash = strrchr(at, '/');
        if (slash == NULL)
            break;
        *slash = '\0';
    }
    free(at);
}

/* Whether word is one of those between commas. */
static bool
has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (; list != NULL; list = strchr(list, ',')) {
        list += *list == ',';
        if (strncmp(list, word, length) == 0 &&
            (list[length] == ',' || list[length] == '\0'))
            return true;
    }
    return false;
}

/*
 * Our path in one hierarchy, of "ID:CONTROLLERS:PATH" lines; version 2 has no
 * controllers there. NULL, or the caller's.
 */
static char *
find_path(const char *groups, bool second)
{
    char *all = memory_dup(groups), *rest = all, *line, *found = NULL;

    while (found == NULL && (line = strsep(&rest, "\n")) != NULL) {
        strsep(&line, ":");
        const char *controllers = strsep(&line, ":");

        if (line != NULL &&
            (second ? *controllers == '\0' : has_word(controllers, "memory")))
            found = memory_dup(strcmp(line, "/") == 0 ? "" : line);
    }
    free(all);
    return found;
}

/*
 * A mount of mountinfo that is of such a hierarchy: what is mounted of it
 * (root), and where. Blanks in paths are octal there and stay so: such a mount
 * is not found, which is as if there were none.
 */
static bool
read_mount(char *line, bool second, const char **root, const char **where)
{
    char *words[5], *rest = line, *kind, *options;

    for (int i = 0; i < 5; i++)
        if ((words[i] = strsep(&rest, " ")) == NULL)
            return false;
    if (rest == NULL || (rest = strstr(rest, "- ")) == NULL)
        return false;
    rest += 2;
    kind = strsep(&rest, " ");
    strsep(&rest, " ");
    options = rest != NULL ? rest : "";
    *root = words[3];
    *where = words[4];
    return second ? strcmp(kind, "cgroup2") == 0
                  : strcmp(kind, "cgroup") == 0 && has_word(options, "memory");
}

static void
look_at_groups(struct trial_memory *m, const char *groups, const char *mounts,
               bool second)
{
    char *path = find_path(groups, second), *all = memory_dup(mounts);
    char *rest = all, *line;
    const char *root, *where;

    while (path != NULL && (line = strsep(&rest, "\n")) != NULL) {
        size_t length;

        if (!read_mount(line, second, &root, &where))
            continue;
        /* A container may see its own part of the tree only. */
        length = strcmp(root, "/") == 0 ? 0 : strlen(root);
        climb(m, where, strncmp(path, root, length) == 0 ? path + length : "",
              &versions[second]);
    }
    free(all);
    free(path);
}

static int
find(struct trial_memory *m, const char *proc, const char *process,
     struct error *e)
{
    char *own = text_format("%s/%s", proc, process);
    char *groups = load(own, "cgroup");
    char *mounts = load(proc, "self/mountinfo");
    int rc = look_at_host(m, proc, e);

    if (rc == 0 && groups != NULL && mounts != NULL) {
        look_at_groups(m, groups, mounts, false);
        look_at_groups(m, groups, mounts, true);
    }
    free(groups);
    free(mounts);
    free(own);
    return rc;
}

int
trial_memory_find(struct trial_memory *m, const char *proc, struct error *e)
{
    return find(m, proc, "self", e);
}

int
trial_memory_find_of(struct trial_memory *m, const char *proc, pid_t pid,
                     struct error *e)
{
    char process[24];

    snprintf(process, sizeof process, "%lld", (long long)pid);
    return find(m, proc, process, e);
}
