/*
 * process.h - other processes: who uses a directory, what a program prints,
 * and the request to stop.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* SIGINT, SIGTERM and SIGHUP set a flag from now on; SIGPIPE is ignored. */
void process_catch_stop(void);

/*
 * Fills those of descriptors 0 to 2 that we were started without, or what is
 * opened next would take their place and get our messages. Using them fails
 * as before.
 */
void process_fill_standard(void);

/* The signal that asked us to stop, or 0. */
int process_stop_signal(void);

/* 0, or -1 with ERROR_STOPPED ("stopped by SIGINT") once asked to stop. */
int process_check_stop(struct error *e);

/* What /proc tells of a process. */
struct process_view {
    pid_t pid;
    pid_t parent;        /* 0: not known */
    pid_t inner_pid;     /* its number in its own pid namespace */
    char command[64];    /* comm */
    int64_t started_ms;  /* since 1970; 0 unknown */
    uint64_t cwd_device; /* both 0: its working directory cannot be seen */
    uint64_t cwd_inode;
};

/* Looks at one process. ERROR_ABSENT: there is none of that number here. */
int process_look(pid_t pid, struct process_view *view, struct error *e);

/* Those that use a directory, and those of which it cannot be told. */
struct process_users {
    struct process_view *all;
    size_t count;
    size_t hidden;               /* processes that we may not look into */
    struct process_view suspect; /* one of them that is a server; pid 0: none */
};

/*
 * Finds the processes, other than ourselves and our ancestors, that use dir:
 * redis and valkey servers (no Sentinel) that work there or have a file open in
 * it or one level below, and others that have a file of a dataset there open
 * for writing. process_clear_users when done, also after a failure.
 */
int process_find_users(int dir, struct process_users *users, struct error *e);
void process_clear_users(struct process_users *users);

/*
 * Whether a process is a redis or valkey server, by its command (comm) or, it
 * may be renamed or a link, its program; redis-cli is none. proc: its folder
 * in /proc, open.
 */
bool process_is_server(int proc, const char *command);

/* A server that runs here. */
struct process_server {
    pid_t pid;
    char title[256]; /* its command line: servers show their address there */
    char *directory; /* where it works; NULL: cannot be seen */
};

/* All of them, by number; *all is the caller's: process_free_servers. */
int process_list_servers(struct process_server **all, size_t *count,
                         struct error *e);
void process_free_servers(struct process_server *all, size_t count);

enum { PROCESS_NOT_RUN = 127 }; /* exit status; the shell's, too */

/*
 * fork: the child leads a process group of its own, has the signals as a new
 * program has them, and gets death_signal (0: none) when we die.
 */
pid_t process_fork(int death_signal);

/*
 * Waits for the exec of a child, which closes its end of the pipe failed, or
 * for what the child writes to it then: 0, or the errno of the failed exec.
 */
int process_await_exec(int failed);

/* It stays a zombie, so that neither its number nor its group is another's. */
bool process_has_ended(pid_t child);

/*
 * Runs a program found by PATH with its arguments (NULL-terminated, argv[0]
 * the name), no input, and keeps up to size-1 bytes of its standard output in
 * out, NUL-terminated. Ends it after timeout_ms. *status as waitpid gives it.
 */
int process_run(char *const argv[], char *out, size_t size, unsigned timeout_ms,
                int *status, struct error *e);

#endif
