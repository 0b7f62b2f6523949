#include "base/process.h"

#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs in the child: only calls that are safe after fork. */
static void
begin_child(int death_signal, pid_t parent)
{
    sigset_t none;

    /* Of the death of the thread that forked; nothing comes if it is dead. */
    if (death_signal != 0 &&
        (prctl(PR_SET_PDEATHSIG, death_signal) != 0 || getppid() != parent))
        _exit(PROCESS_NOT_RUN);
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t
process_fork(int death_signal)
{
    pid_t parent = getpid(), child;
    sigset_t all, before;

    /* Our handlers, run in the child, would write to what is ours. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    child = fork();
    if (child == 0) {
        begin_child(death_signal, parent);
        return 0;
    }
    if (child > 0)
        setpgid(child, child); /* whoever of us is first */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child;
}

bool
process_has_ended(pid_t child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) ==
               0 &&
           info.si_pid == child;
}
