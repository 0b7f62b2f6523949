#include "daemon/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { TEXT_MAX = 480 };

struct service {
    int fd; /* -1: nobody listens */
    struct sockaddr_un address;
    socklen_t address_size;
    uint64_t watchdog_ms;
    bool ready_owed; /* it could not be sent: the next message brings it */
    char status[TEXT_MAX];
};

/* "/path", or "@name" in the abstract space. */
static void
open_socket(struct service *s, const char *name)
{
    size_t length = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || length < 2 ||
        length >= sizeof s->address.sun_path)
        return;
    s->address.sun_family = AF_UNIX;
    memcpy(s->address.sun_path, name, length);
    if (name[0] == '@')
        s->address.sun_path[0] = '\0';
    s->address_size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Half of what the manager grants; 0 if it is not us whom it watches. */
static uint64_t
read_watchdog(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *who = getenv("WATCHDOG_PID");
    uint64_t us, pid;

    if (period == NULL || !text_number(period, UINT64_MAX, &us))
        return 0;
    if (who != NULL &&
        (!text_number(who, INT32_MAX, &pid) || pid != (uint64_t)getpid()))
        return 0;
    return us > 0 && us < 2000 ? 1 : us / 2000;
}

static bool
say(struct service *s, const char *text)
{
    char all[TEXT_MAX + 64];
    int length = snprintf(all, sizeof all, "%s%s",
                          s->ready_owed ? "READY=1\n" : "", text);

    if (s->fd < 0 ||
        sendto(s->fd, all, (size_t)length, MSG_NOSIGNAL,
               (const struct sockaddr *)&s->address, s->address_size) != length)
        return false;
    s->ready_owed = false;
    return true;
}

struct service *
service_new(void)
{
    struct service *s = memory_new(sizeof *s);
    const char *name = getenv("NOTIFY_SOCKET");

    s->fd = -1;
    if (name != NULL)
        open_socket(s, name);
    if (s->fd >= 0)
        s->watchdog_ms = read_watchdog();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return s;
}

void
service_ready(struct service *s)
{
    s->ready_owed = true;
    say(s, "");
}

void
service_reloading(struct service *s)
{
    struct timespec now;
    char text[64];

    /* The manager compares it with its own clock, which is this one. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)now.tv_sec * 1000000 +
                 (unsigned long long)now.tv_nsec / 1000);
    say(s, text);
}

void
service_stopping(struct service *s)
{
    s->ready_owed = false;
    say(s, "STOPPING=1");
}

void
service_status(struct service *s, const char *text)
{
    char line[TEXT_MAX], message[TEXT_MAX + 8];

    text_quote(line, sizeof line, text, strlen(text));
    if (strcmp(line, s->status) == 0)
        return;
    snprintf(message, sizeof message, "STATUS=%s", line);
    if (say(s, message))
        memcpy(s->status, line, sizeof line);
}

uint64_t
service_watchdog_ms(const struct service *s)
{
    return s->watchdog_ms;
}

void
service_watchdog(struct service *s)
{
    say(s, "WATCHDOG=1");
}

void
service_free(struct service *s)
{
    if (s == NULL)
        return;
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}
