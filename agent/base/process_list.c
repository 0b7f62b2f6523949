#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_call.h"
#include "base/memory.h"
#include "base/process.h"

/* The words of a command line end in NULs. */
static void
read_title(int proc, char *out, size_t size)
{
    int fd = file_call_open(proc, "cmdline", O_RDONLY, 0);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

    if (fd >= 0)
        close(fd);
    if (n < 0)
        n = 0;
    while (n > 0 && (out[n - 1] == '\0' || out[n - 1] == ' '))
        n--;
    for (ssize_t i = 0; i < n; i++)
        if (out[i] == '\0')
            out[i] = ' ';
    out[n] = '\0';
}

/* A folder that was removed has no path; none is better than a wrong one. */
static char *
read_directory(int proc)
{
    static const char removed[] = " (deleted)";
    char path[PATH_MAX];
    ssize_t n = readlinkat(proc, "cwd", path, sizeof path - 1);

    if (n <= 0 || path[0] != '/')
        return NULL;
    path[n] = '\0';
    if ((size_t)n >= sizeof removed &&
        strcmp(path + n - (sizeof removed - 1), removed) == 0)
        return NULL;
    return memory_dup(path);
}

/* Whether it is a server that runs, no child that saves; then it is kept. */
static bool
read_one(struct process_server *server, pid_t pid)
{
    struct process_view view, parent;
    struct error none;
    char path[32];
    int proc;
    bool is;

    if (process_look(pid, &view, &none) != 0)
        return false;
    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    proc = file_call_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (proc < 0)
        return false;
    is = process_is_server(proc, view.command) &&
         (process_look(view.parent, &parent, &none) != 0 ||
          strcmp(parent.command, view.command) != 0);
    if (is) {
        *server = (struct process_server){.pid = pid};
        read_title(proc, server->title, sizeof server->title);
        server->directory = read_directory(proc);
    }
    close(proc);
    return is;
}

static int
compare(const void *a, const void *b)
{
    const struct process_server *x = a, *y = b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

int
process_list_servers(struct process_server **all, size_t *count,
                     struct error *e)
{
    DIR *numbers = opendir("/proc");
    struct dirent *entry;
    size_t capacity = 0;

    *all = NULL;
    *count = 0;
    if (numbers == NULL)
        return error_sys(e, "list /proc");
    while ((entry = readdir(numbers)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end != '\0' || pid <= 0)
            continue;
        *all = memory_grow(*all, *count, &capacity, sizeof **all);
        if (read_one(&(*all)[*count], (pid_t)pid))
            ++*count;
    }
    closedir(numbers);
    if (*count > 0)
        qsort(*all, *count, sizeof **all, compare);
    return 0;
}

void
process_free_servers(struct process_server *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(all[i].directory);
    free(all);
}
