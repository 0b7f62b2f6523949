#include "question.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/process.h"

/* The first letter of the answer; 0 at the end of the input. */
static int
read_answer(char *first, struct error *e)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[256];
    ssize_t n;

    while (poll(&in, 1, 200) <= 0)
        if (process_check_stop(e) != 0)
            return -1;
    n = read(STDIN_FILENO, line, sizeof line);
    *first = n > 0 ? line[0] : '\0';
    return 0;
}

int
question_ask(const struct invocation *in, const char *question, struct error *e)
{
    char first;

    if (command_has(in, "yes"))
        return 0;
    if (in->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return error_set(e, ERROR_REFUSED,
                         "nothing was changed: add --yes to have it done");
    fprintf(stderr, "%s [y/N] ", question);
    if (read_answer(&first, e) != 0)
        return -1;
    if (first == 'y' || first == 'Y')
        return 0;
    return error_set(e, ERROR_REFUSED, "nothing was changed");
}
