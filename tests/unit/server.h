/*
 * server.h - a redis-server for a test: private folder, unix socket. It ends
 * with the test's process; the folder of a test that failed stays, since the
 * server's log in it may say why. Whatever goes wrong here ends the process.
 * (All of it is in this header: a test is one file and the library.)
 */
#ifndef UNIT_SERVER_H
#define UNIT_SERVER_H

#include <arpa/inet.h>
#include <ftw.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct server {
    pid_t pid;
    char dir[64]; /* its data directory */
    char socket[100];
    char url[120]; /* of the socket */
};

enum { SERVER_ARGUMENTS_MAX = 64, SERVER_TRIES = 2000 };

static inline void
server_die(const char *what)
{
    perror(what);
    exit(2);
}

static inline int
server_remove_one(const char *path, const struct stat *status, int type,
                  struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int
server_try(const struct server *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    snprintf(a.sun_path, sizeof a.sun_path, "%s", s->socket);
    rc = connect(fd, (struct sockaddr *)&a, sizeof a);
    close(fd);
    return rc;
}

static inline void
server_wait(const struct server *s)
{
    static const struct timespec pause = {.tv_nsec = 2000000};

    for (int i = 0; i < SERVER_TRIES; i++) {
        if (server_try(s) == 0)
            return;
        if (waitpid(s->pid, NULL, WNOHANG) != 0)
            server_die("redis-server ended at once");
        nanosleep(&pause, NULL);
    }
    server_die("redis-server does not listen");
}

static inline void
server_run(const struct server *s, const char *const *arguments, pid_t parent)
{
    const char *argv[SERVER_ARGUMENTS_MAX] = {
        "redis-server",
        "--dir",
        s->dir,
        "--unixsocket",
        s->socket,
        "--port",
        "0",
        "--save",
        "",
        "--appendonly",
        "no",
        "--logfile",
        "log",
    };
    size_t count = 13;

    for (; arguments != NULL && *arguments != NULL; arguments++)
        if (count < SERVER_ARGUMENTS_MAX - 1)
            argv[count++] = *arguments;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(2);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], (char *const *)(void *)argv);
    server_die("redis-server");
}

/* Makes the folder alone, for files that the server needs to start. */
static inline void
server_prepare(struct server *s)
{
    *s = (struct server){0};
    snprintf(s->dir, sizeof s->dir, "/tmp/redkeep-unit-XXXXXX");
    if (mkdtemp(s->dir) == NULL)
        server_die("mkdtemp");
    snprintf(s->socket, sizeof s->socket, "%s/socket", s->dir);
    snprintf(s->url, sizeof s->url, "unix://%s", s->socket);
}

/*
 * Starts redis-server from PATH with more arguments (ends with NULL; may be
 * NULL) and waits until it listens. server_prepare comes first if needed.
 */
static inline void
server_start(struct server *s, const char *const *arguments)
{
    pid_t parent = getpid();

    if (s->dir[0] == '\0')
        server_prepare(s);
    s->pid = fork();
    if (s->pid == 0)
        server_run(s, arguments, parent);
    server_wait(s);
}

/* Ends it at once and removes its folder; accepts one that never began. */
static inline void
server_stop(struct server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->dir[0] != '\0')
        nftw(s->dir, server_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    *s = (struct server){0};
}

/* A TCP port of 127.0.0.1 that nobody listens on. */
static inline unsigned
server_free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        server_die("bind");
    close(fd);
    return ntohs(a.sin_port);
}

/* A name for 127.0.0.1; a bare system has no /etc/hosts that knows one. */
static inline const char *
server_localhost(void)
{
    struct addrinfo *list;

    if (getaddrinfo("localhost", NULL, NULL, &list) != 0)
        return "127.0.0.1";
    freeaddrinfo(list);
    return "localhost";
}

#endif
