#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_call.h"

/* All of /proc/PID/stat fits; of /proc/stat the line we want may not be
 * reached on machines with very many interrupts, hence the larger block. */
enum { STAT_MAX_BYTES = 1024, BOOT_MAX_BYTES = 256 * 1024 };

static volatile sig_atomic_t stop_signal;

static void
note_stop(int number)
{
    stop_signal = number;
}

void
process_catch_stop(void)
{
    /* Without SA_RESTART: a call that waits ends and its caller looks. */
    struct sigaction stop = {.sa_handler = note_stop};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void
process_fill_standard(void)
{
    /* The wrong way round: EBADF, as if they were closed. */
    static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
            return;
}

int
process_stop_signal(void)
{
    return stop_signal;
}

int
process_check_stop(struct error *e)
{
    switch (stop_signal) {
    case 0:
        return 0;
    case SIGINT:
        return error_set(e, ERROR_STOPPED, "stopped by SIGINT");
    case SIGTERM:
        return error_set(e, ERROR_STOPPED, "stopped by SIGTERM");
    default:
        return error_set(e, ERROR_STOPPED, "stopped by SIGHUP");
    }
}

/* A file of /proc, cut at size - 1 bytes. */
static int
read_proc(int dir, const char *name, char *text, size_t size)
{
    int fd = file_call_open(dir, name, O_RDONLY, 0);
    size_t used = 0;
    ssize_t n = 0;

    if (fd < 0)
        return -1;
    while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    close(fd);
    text[used] = '\0';
    return n < 0 ? -1 : 0;
}

static int64_t
boot_ms(void)
{
    char *text = malloc(BOOT_MAX_BYTES), *line;
    int64_t seconds = 0;

    if (text != NULL &&
        read_proc(AT_FDCWD, "/proc/stat", text, BOOT_MAX_BYTES) == 0 &&
        (line = strstr(text, "\nbtime ")) != NULL)
        seconds = strtoll(line + strlen("\nbtime "), NULL, 10);
    free(text);
    return seconds * 1000;
}

/* Field 22 of stat: proc(5). A command's name may hold anything but ')' last. */
static int64_t
started_ms(int proc)
{
    char text[STAT_MAX_BYTES], *at;
    long ticks_a_second = sysconf(_SC_CLK_TCK);
    int64_t boot = boot_ms();

    if (read_proc(proc, "stat", text, sizeof text) != 0 || boot == 0 ||
        ticks_a_second <= 0)
        return 0;
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return 0;
    return boot + strtoll(at + 1, NULL, 10) * 1000 / ticks_a_second;
}

/* proc(5): "PPid:", and the last number of "NSpid:". */
static void
read_status(int proc, struct process_view *view)
{
    char text[STAT_MAX_BYTES * 2], *line, *end;

    view->inner_pid = view->pid;
    if (read_proc(proc, "status", text, sizeof text) != 0)
        return;
    line = strstr(text, "\nPPid:");
    if (line != NULL)
        view->parent = (pid_t)strtol(line + strlen("\nPPid:"), NULL, 10);
    line = strstr(text, "\nNSpid:");
    if (line == NULL)
        return;
    line += strlen("\nNSpid:");
    for (long pid = strtol(line, &end, 10); end != line && *end != '\0';
         pid = strtol(line, &end, 10)) {
        view->inner_pid = (pid_t)pid;
        line = end;
        if (*line == '\n')
            break;
    }
}

int
process_look(pid_t pid, struct process_view *view, struct error *e)
{
    char path[32];
    struct stat st;
    int proc;

    snprintf(path, sizeof path, "/proc/%ld", (long)pid);
    proc = file_call_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (proc < 0)
        return error_sys(e, "look at process %ld", (long)pid);
    *view = (struct process_view){.pid = pid};
    if (read_proc(proc, "comm", view->command, sizeof view->command) != 0) {
        close(proc);
        /* ESRCH: it ended meanwhile. */
        errno = ENOENT;
        return error_sys(e, "look at process %ld", (long)pid);
    }
    view->command[strcspn(view->command, "\n")] = '\0';
    view->started_ms = started_ms(proc);
    read_status(proc, view);
    if (fstatat(proc, "cwd", &st, 0) == 0) {
        view->cwd_device = st.st_dev;
        view->cwd_inode = st.st_ino;
    }
    close(proc);
    return 0;
}
