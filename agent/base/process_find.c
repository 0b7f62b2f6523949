#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_call.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/process_quarry.h"

/* Ours, the shell's, the session's: deeper trees of processes are rare. */
enum { ANCESTORS_MAX = 64 };

/* proc(5): field 9 of stat has this bit for a thread of the kernel. */
enum { KERNEL_THREAD = 0x00200000 };

struct search {
    struct process_quarry quarry;
    struct process_users *users;
    size_t capacity;
    pid_t ancestors[ANCESTORS_MAX];
    size_t ancestor_count;
};

/* The parent of one process; 0: not to be had. */
static pid_t
parent_of(pid_t pid)
{
    char path[32], line[256];
    long parent = 0;
    FILE *status;

    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    status = fopen(path, "re");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "PPid: %ld", &parent) == 1)
            break;
    fclose(status);
    return (pid_t)parent;
}

static void
add_ancestors(struct search *s)
{
    pid_t pid = getpid();

    while (pid > 0 && s->ancestor_count < ANCESTORS_MAX) {
        s->ancestors[s->ancestor_count++] = pid;
        pid = parent_of(pid);
    }
}

static bool
is_ancestor(const struct search *s, pid_t pid)
{
    for (size_t i = 0; i < s->ancestor_count; i++)
        if (s->ancestors[i] == pid)
            return true;
    return false;
}

static bool
names_server(const char *text)
{
    return strstr(text, "redis") != NULL || strstr(text, "valkey") != NULL;
}

bool
process_is_server(int proc, const char *command)
{
    char exe[PATH_MAX];
    const char *base;
    ssize_t length;

    if (strncmp(command, "redis-cli", 9) == 0 ||
        strncmp(command, "valkey-cli", 10) == 0)
        return false;
    if (names_server(command))
        return true;
    length = readlinkat(proc, "exe", exe, sizeof exe - 1);
    if (length <= 0)
        return false;
    exe[length] = '\0';
    base = strrchr(exe, '/');
    return names_server(base == NULL ? exe : base);
}

/* The first bytes of a file of /proc, as a string; false: there are none. */
static bool
peek(int proc, const char *name, char *text, size_t size)
{
    int fd = file_call_open(proc, name, O_RDONLY, 0);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* It has a working directory and no data: Debian's is where the data is. The
 * servers write it into their title. */
static bool
is_sentinel(int proc)
{
    char title[512];

    return peek(proc, "cmdline", title, sizeof title) &&
           strstr(title, "[sentinel]") != NULL;
}

/* A thread of the kernel, or one that has ended and waits for its parent. */
static bool
has_no_files(int proc)
{
    char text[512], *at;

    if (!peek(proc, "stat", text, sizeof text))
        return false;
    at = strrchr(text, ')');
    if (at != NULL && strncmp(at, ") Z", 3) == 0)
        return true;
    for (int field = 2; at != NULL && field < 9; field++)
        at = strchr(at + 1, ' ');
    return at != NULL && (strtoul(at + 1, NULL, 10) & KERNEL_THREAD) != 0;
}

static bool
is_refused(void)
{
    return errno == EACCES || errno == EPERM;
}

/* 1: it has a file open; 0: none; -1: we may not see. */
static int
search_files(const struct search *s, int proc, const struct process_view *view,
             bool server)
{
    int found = 0, fd = file_call_open(proc, "fd", O_RDONLY | O_DIRECTORY, 0);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (entries == NULL) {
        found = is_refused() ? -1 : 0;
        if (fd >= 0)
            close(fd);
        return found;
    }
    while (found == 0 && (entry = readdir(entries)) != NULL)
        if (entry->d_name[0] != '.')
            found = process_quarry_holds(&s->quarry, proc, fd, entry->d_name,
                                         view, server);
    closedir(entries);
    return found;
}

static void
hide(struct search *s, const struct process_view *view, bool server)
{
    s->users->hidden++;
    if (server && s->users->suspect.pid == 0)
        s->users->suspect = *view;
}

static void
search_process(struct search *s, int proc, const struct process_view *view)
{
    bool server = process_is_server(proc, view->command);
    int found;

    if (server && is_sentinel(proc))
        return;
    found = server && process_quarry_is_home(&s->quarry, proc, view)
                ? 1
                : search_files(s, proc, view, server);
    if (found < 0 && !has_no_files(proc))
        hide(s, view, server);
    if (found <= 0)
        return;
    s->users->all = memory_grow(s->users->all, s->users->count, &s->capacity,
                                sizeof *s->users->all);
    s->users->all[s->users->count++] = *view;
}

/* One that has ended meanwhile is none; one that is closed to us is hidden. */
static void
search_number(struct search *s, pid_t pid)
{
    struct process_view view = {.pid = pid};
    struct error e;
    char path[32];
    int proc;

    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    proc = file_call_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (proc < 0 && is_refused())
        hide(s, &view, false);
    if (proc < 0)
        return;
    if (process_look(pid, &view, &e) == 0)
        search_process(s, proc, &view);
    close(proc);
}

/* A /proc that shows only our own processes (hidepid) lacks the first one. */
static void
search_first(struct search *s)
{
    static const struct process_view first = {.pid = 1};
    struct stat st;

    if (stat("/proc/1", &st) != 0)
        hide(s, &first, false);
}

int
process_find_users(int dir, struct process_users *users, struct error *e)
{
    struct search *s = memory_new(sizeof *s);
    struct dirent *entry;
    DIR *all = NULL;
    int rc = -1;

    *users = (struct process_users){0};
    s->users = users;
    add_ancestors(s);
    if (process_quarry_begin(&s->quarry, dir, e) != 0)
        goto out;
    all = opendir("/proc");
    if (all == NULL) {
        error_sys(e, "list /proc");
        goto out;
    }
    while ((entry = readdir(all)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end == '\0' && pid > 0 && !is_ancestor(s, (pid_t)pid))
            search_number(s, (pid_t)pid);
    }
    search_first(s);
    rc = 0;

out:
    if (all != NULL)
        closedir(all);
    process_quarry_clear(&s->quarry);
    free(s);
    return rc;
}

void
process_clear_users(struct process_users *users)
{
    free(users->all);
    *users = (struct process_users){0};
}
