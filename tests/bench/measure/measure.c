/*
 * measure.c - runs a command and writes what it cost.
 *
 * "MICROSECONDS PROCESSOR KIB" goes to FILE: the time from its start to its
 * end, the microseconds that processors worked for it and its children, and
 * the most memory that it, or the largest of the children it waited for, had
 * resident (pages of mapped files count). A shell's own clock and /usr/bin/time
 * would do for the first; the second is not everywhere installed.
 *
 * usage: measure FILE COMMAND [ARGUMENT...]; its status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long
us_of(struct timeval time)
{
    return time.tv_sec * 1000000LL + time.tv_usec;
}

static int
write_cost(const char *path, long long elapsed_us, const struct rusage *usage)
{
    FILE *file = fopen(path, "we");

    if (file == NULL ||
        fprintf(file, "%lld %lld %ld\n", elapsed_us,
                us_of(usage->ru_utime) + us_of(usage->ru_stime),
                usage->ru_maxrss) < 0 ||
        fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int
main(int argc, char **argv)
{
    struct rusage usage;
    long long began_us;
    int status;
    pid_t pid;

    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT...]\n");
        return 2;
    }
    began_us = now_us();
    pid = fork();
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (pid == -1 || wait4(pid, &status, 0, &usage) != pid) {
        perror("measure");
        return 1;
    }
    if (write_cost(argv[1], now_us() - began_us, &usage) != 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
