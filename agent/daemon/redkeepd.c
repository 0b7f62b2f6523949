/*
 * The program redkeepd: reads its command line, and is the agent.
 */
#include <stdio.h>

#include "base/process.h"
#include "daemon/agent.h"
#include "daemon/agent_words.h"

static int
fail(const struct error *e)
{
    fprintf(stderr, "redkeepd: %s\n", e->text);
    return error_exit_status(e->kind);
}

/* -n: each problem has been printed; 0 or 2. */
static int
judge(const struct arguments *arguments)
{
    struct error e = {0};
    struct terms *terms = terms_load(arguments, agent_words_problem, NULL, &e);

    if (terms == NULL)
        return error_exit_status(ERROR_USAGE);
    printf("%s: the configuration is good\n",
           terms->config.path != NULL ? terms->config.path : "no file");
    terms_free(terms);
    return 0;
}

int
main(int argc, char **argv)
{
    struct arguments arguments;
    struct error e = {0};

    process_fill_standard();
    if (arguments_read(&arguments, argc, argv, &e) != 0) {
        /* Its name is in front, where a line of the file would be. */
        fprintf(stderr, "%s\n", e.text);
        fputs("'redkeepd --help' shows what it takes\n", stderr);
        return error_exit_status(ERROR_USAGE);
    }
    if (arguments.help || arguments.version) {
        puts(arguments.help ? arguments_help : "redkeepd " REDKEEP_VERSION);
        return 0;
    }
    if (arguments.judge_only)
        return judge(&arguments);
    return agent_run(&arguments, &e) == 0 ? 0 : fail(&e);
}
