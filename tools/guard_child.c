#include "guard_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"

/* From being asked until it is ended: what it is in the midst of takes
 * seconds at most, and can be gone on with in any case. */
enum { GRACE_MS = 5000, LOOK_MAX_MS = 50 };

/* Whether it ended by itself before the limit, or we are asked to stop. */
static bool
wait_for(pid_t child, uint64_t limit_ms)
{
    uint64_t begin = clock_elapsed_ms();
    int pause_ms = 1;

    while (!process_has_ended(child)) {
        if ((limit_ms != 0 && clock_elapsed_ms() - begin >= limit_ms) ||
            process_stop_signal() != 0)
            return false;
        poll(NULL, 0, pause_ms);
        if (pause_ms < LOOK_MAX_MS)
            pause_ms++;
    }
    return true;
}

/* Waits for it, as SIGKILL was sent or it has ended. */
static int
collect(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void
end(pid_t child)
{
    uint64_t begin = clock_elapsed_ms();

    kill(child, SIGTERM);
    while (!process_has_ended(child) && clock_elapsed_ms() - begin < GRACE_MS)
        poll(NULL, 0, LOOK_MAX_MS);
    kill(-child, SIGKILL);
}

bool
guard_child_begin(uint64_t limit_ms, int *status, char *why, size_t size)
{
    char limit[TEXT_WORDS_SIZE];
    int result;
    pid_t child = process_fork(SIGKILL);

    *status = -1;
    if (child == 0) {
        process_catch_stop();
        return true;
    }
    if (child < 0) {
        snprintf(why, size, "cannot begin: %s", strerror(errno));
        return false;
    }
    if (!wait_for(child, limit_ms)) {
        end(child);
        collect(child);
        text_write_duration(limit, limit_ms);
        snprintf(why, size, "not done within %s", limit);
        return false;
    }
    result = collect(child);
    if (WIFEXITED(result))
        *status = WEXITSTATUS(result);
    else
        snprintf(why, size, "ended by signal %d (%s)", WTERMSIG(result),
                 strsignal(WTERMSIG(result)));
    return false;
}
