/*
 * The program redkeep: finds the command, reads options and configuration,
 * runs it, and turns what came of it into an exit status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/value.h"
#include "command.h"
#include "help.h"
#include "hint.h"
#include "meter.h"
#include "options.h"
#include "screen.h"

static void
say(const struct invocation *in, const struct error *e)
{
    struct error none = {0};
    char *text = hint_complete(in, e->text);
    char *line = text_format("redkeep%s%s: %s", in->command != NULL ? " " : "",
                             in->command != NULL ? in->command->name : "",
                             text);

    meter_end();
    if (in->json)
        answer_print(json_pack("{s:o}", "error", value_string(text)), &none);
    screen_print(stderr, 4, line);
    free(line);
    free(text);
    /* Jobs hear the signal only where nothing is half done. */
    if (e->kind == ERROR_STOPPED)
        fputs("what was there is as it was\n", stderr);
    if (e->kind == ERROR_USAGE)
        fprintf(stderr, "'redkeep%s%s --help' shows what it takes\n",
                in->command != NULL ? " " : "",
                in->command != NULL ? in->command->name : "");
}

/* What was printed may be all that the command was run for; but for one whose
 * answer is its exit status. */
static int
flush(const struct invocation *in, int status, struct error *e)
{
    if (status < 0 || (fflush(stdout) == 0 && !ferror(stdout)))
        return status;
    error_sys(e, "write to standard output");
    if (in->command == NULL || in->command->failed == NULL)
        return -1;
    log_line(LOG_LEVEL_WARNING, "%s", e->text);
    return status;
}

static int
fail(const struct invocation *in, const struct error *e)
{
    if (in->command != NULL && in->command->failed != NULL &&
        e->kind != ERROR_STOPPED)
        return in->command->failed(in, e->text);
    say(in, e);
    return error_exit_status(e->kind);
}

static void
set_log_level(const struct invocation *in)
{
    static const enum log_level levels[] = {
        LOG_LEVEL_ERROR,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_INFO,
        LOG_LEVEL_DEBUG,
    };

    /* The words of log_level: error warn info debug. Commands are silent by
     * default but for warnings; their result is what they print. */
    if (in->verbose)
        log_set_level(LOG_LEVEL_DEBUG);
    else if (in->quiet)
        log_set_level(LOG_LEVEL_ERROR);
    else if (config_is_set(&in->config, CONFIG_LOG_LEVEL))
        log_set_level(levels[config_number(&in->config, CONFIG_LOG_LEVEL)]);
    else
        log_set_level(LOG_LEVEL_WARNING);
}

int
main(int argc, char **argv)
{
    struct invocation in = {0};
    struct error e = {0};
    enum options_outcome outcome;
    int status;

    process_fill_standard();
    process_catch_stop();
    config_init(&in.config);
    outcome = options_read(&in, argc, argv, &e);
    if (outcome == OPTIONS_HELP) {
        help_print(in.command);
        status = 0;
    } else if (outcome == OPTIONS_VERSION) {
        puts("redkeep " REDKEEP_VERSION);
        status = 0;
    } else if (outcome == OPTIONS_RUN) {
        set_log_level(&in);
        in.progress = meter_begin(!in.quiet && !in.json);
        status = in.command->run(&in, &e);
    } else
        status = -1;
    status = flush(&in, status, &e);
    if (status < 0)
        status = fail(&in, &e);
    options_clear(&in);
    return status;
}
