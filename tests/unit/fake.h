/*
 * fake.h - a server that says what a test tells it to, whatever it is asked.
 */
#ifndef UNIT_FAKE_H
#define UNIT_FAKE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Answers that are deeds. */
#define FAKE_CLOSE "close" /* also behind the last answer */
#define FAKE_HANG "hang"
#define FAKE_FLOOD "flood"     /* bytes without an end */
#define FAKE_UNASKED "unasked" /* the next answer waits for no question */
#define FAKE_SIGNAL "signal"   /* SIGTERM to the test, then hang */

enum { FAKE_ANSWERS_MAX = 16 };

struct fake {
    pid_t pid;
    unsigned port;
    char url[64]; /* redis:// */
};

static inline void
fake_flood(int fd)
{
    char zeros[65536] = {0};

    signal(SIGPIPE, SIG_IGN);
    while (write(fd, zeros, sizeof zeros) > 0)
        continue;
}

static inline void
fake_serve(int fd, const char *const *answers)
{
    char question[65536];
    int unasked = 0;

    for (size_t i = 0; i < FAKE_ANSWERS_MAX && answers[i] != NULL; i++) {
        const char *a = answers[i];

        if (strcmp(a, FAKE_UNASKED) == 0) {
            unasked = 1;
            continue;
        }
        if (strcmp(a, FAKE_CLOSE) == 0 ||
            (!unasked && read(fd, question, sizeof question) <= 0))
            return;
        unasked = 0;
        if (strcmp(a, FAKE_SIGNAL) == 0)
            kill(getppid(), SIGTERM);
        if (strcmp(a, FAKE_SIGNAL) == 0 || strcmp(a, FAKE_HANG) == 0)
            pause();
        else if (strcmp(a, FAKE_FLOOD) == 0)
            fake_flood(fd);
        else if (write(fd, a, strlen(a)) < 0)
            return;
    }
}

/* Every connection gets the same answers, one to each question. */
static inline void
fake_start(struct fake *f, const char *const *answers)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        abort();
    f->port = ntohs(a.sin_port);
    snprintf(f->url, sizeof f->url, "redis://127.0.0.1:%u", f->port);
    f->pid = fork();
    if (f->pid != 0) {
        close(fd);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while ((one = accept(fd, NULL, NULL)) >= 0) {
        fake_serve(one, answers);
        close(one);
    }
    _exit(0);
}

static inline void
fake_stop(struct fake *f)
{
    kill(f->pid, SIGKILL);
    waitpid(f->pid, NULL, 0);
}

#endif
