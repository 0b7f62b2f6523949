#include "options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/config_keys.h"

struct line {
    struct invocation *in;
    char **at; /* the next argument */
    bool help, version, only_words;
};

static const struct command_option *
find_own(const struct command *c, const char *name)
{
    for (size_t i = 0; c != NULL && c->options[i].name != NULL; i++)
        if (strcmp(c->options[i].name, name) == 0)
            return &c->options[i];
    return NULL;
}

/* --json, --quiet, --verbose, --help, --version; false: none of them. */
static bool
read_flag(struct line *l, const char *name)
{
    bool *const flags[] = {&l->in->json, &l->in->quiet, &l->in->verbose,
                           &l->help, &l->version};
    static const char *const names[] = {"json", "quiet", "verbose", "help",
                                        "version"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *flags[i] = true;
            return true;
        }
    return false;
}

/* The value behind '=' or the next argument. NULL: there is none. */
static const char *
take_value(struct line *l, char *equals, const char *name, struct error *e)
{
    if (equals != NULL)
        return equals + 1;
    if (*l->at == NULL) {
        error_set(e, ERROR_USAGE, "--%s wants a value", name);
        return NULL;
    }
    return *l->at++;
}

static int
keep_value(struct invocation *in, const char *name, const char *value,
           struct error *e)
{
    if (in->value_count == COMMAND_OPTIONS_MAX)
        return error_set(e, ERROR_USAGE, "more than %d options",
                         (int)COMMAND_OPTIONS_MAX);
    in->values[in->value_count].name = name;
    in->values[in->value_count++].value = value;
    return 0;
}

static int
unknown(const struct invocation *in, const char *name, struct error *e)
{
    char room[CONFIG_KEYS_OPTION_SIZE];
    const char *near = NULL;

    for (size_t i = 0; in->command != NULL &&
                       in->command->options[i].name != NULL && near == NULL;
         i++)
        if (strncmp(in->command->options[i].name, name, 2) == 0)
            near = in->command->options[i].name;
    if (near == NULL)
        near = config_keys_nearest(NULL, name, room);
    if (near == NULL)
        return error_set(e, ERROR_USAGE, "unknown option --%s", name);
    return error_set(e, ERROR_USAGE, "unknown option --%s; did you mean --%s?",
                     name, near);
}

/*
 * --report-fd N, of whoever runs us for others: the JSON object goes there, and
 * nothing to standard output.
 */
static int
take_report(struct line *l, const char *value, struct error *e)
{
    uint64_t fd;

    if (!text_number(value, INT_MAX, &fd))
        return error_set(e, ERROR_USAGE, "--report-fd: '%s' is no descriptor",
                         value);
    if (dup2((int)fd, STDOUT_FILENO) < 0)
        return error_sys(e, "--report-fd %s", value);
    if (fd > STDERR_FILENO)
        close((int)fd);
    l->in->json = true;
    return 0;
}

static int
read_option(struct line *l, char *name, struct error *e)
{
    struct invocation *in = l->in;
    const struct command_option *own = find_own(in->command, name);
    char *equals = strchr(name, '=');
    const char *value;
    bool flag;

    if (equals != NULL) {
        *equals = '\0';
        own = find_own(in->command, name);
    }
    flag = read_flag(l, name);
    if (equals != NULL && (flag || (own != NULL && own->argument == NULL)))
        return error_set(e, ERROR_USAGE, "--%s takes no value", name);
    if (flag)
        return 0;
    if (own != NULL && own->argument == NULL)
        return keep_value(in, own->name, "", e);
    if (own == NULL && strcmp(name, "config") != 0 &&
        strcmp(name, "report-fd") != 0 && config_find_option(name) == NULL)
        return unknown(in, name, e);
    value = take_value(l, equals, name, e);
    if (value == NULL)
        return -1;
    if (own != NULL)
        return keep_value(in, own->name, value, e);
    if (strcmp(name, "config") == 0) {
        in->file = value;
        return 0;
    }
    if (strcmp(name, "report-fd") == 0)
        return take_report(l, value, e);
    return config_set_option(&in->config, name, value, e);
}

static int
unknown_command(const char *word, struct error *e)
{
    for (size_t i = 0; command_all[i] != NULL; i++)
        if (!command_all[i]->inner &&
            strncmp(command_all[i]->name, word, 2) == 0)
            return error_set(e, ERROR_USAGE,
                             "unknown command '%s'; did you mean %s?", word,
                             command_all[i]->name);
    error_set(e, ERROR_USAGE, "unknown command '%s'; there are", word);
    for (size_t i = 0; command_all[i] != NULL; i++)
        if (!command_all[i]->inner)
            error_set(e, ERROR_USAGE, "%s%s %s", e->text, i > 0 ? "," : "",
                      command_all[i]->name);
    return -1;
}

static int
read_word(struct line *l, char *word, struct error *e)
{
    struct invocation *in = l->in;

    if (in->command != NULL) {
        in->words[in->word_count++] = word;
        return 0;
    }
    for (size_t i = 0; command_all[i] != NULL; i++)
        if (strcmp(command_all[i]->name, word) == 0) {
            in->command = command_all[i];
            return 0;
        }
    return unknown_command(word, e);
}

static int
read_short(struct line *l, const char *argument, struct error *e)
{
    static const char *const names[][2] = {
        {"-h", "help"},
        {"-V", "version"},
        {"-q", "quiet"},
        {"-v", "verbose"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(argument, names[i][0]) == 0) {
            read_flag(l, names[i][1]);
            return 0;
        }
    return error_set(e, ERROR_USAGE, "unknown option %s", argument);
}

static int
read_line(struct line *l, struct error *e)
{
    while (*l->at != NULL) {
        char *argument = *l->at++;
        int rc;

        if (l->only_words || argument[0] != '-' || argument[1] == '\0')
            rc = read_word(l, argument, e);
        else if (strcmp(argument, "--") == 0) {
            l->only_words = true;
            rc = 0;
        } else if (argument[1] == '-')
            rc = read_option(l, argument + 2, e);
        else
            rc = read_short(l, argument, e);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* Of a line that is wrong: whoever asked for an object gets one, and what
 * stands behind -- tells what it was about. */
static void
read_rest(struct line *l)
{
    struct invocation *in = l->in;

    for (; *l->at != NULL; l->at++)
        if (l->only_words)
            in->words[in->word_count++] = *l->at;
        else if (strcmp(*l->at, "--") == 0)
            l->only_words = true;
        else if (strcmp(*l->at, "--json") == 0)
            in->json = true;
}

static int
check_words(const struct invocation *in, struct error *e)
{
    const struct command *c = in->command;

    if (c == NULL)
        return error_set(e, ERROR_USAGE, "no command");
    if (in->word_count < c->words_min)
        return error_set(e, ERROR_USAGE, "%s is missing", c->words);
    if (in->word_count > c->words_max)
        return error_set(e, ERROR_USAGE, "unexpected '%s'",
                         in->words[c->words_max]);
    return 0;
}

enum options_outcome
options_read(struct invocation *in, int argc, char **argv, struct error *e)
{
    struct line l = {.in = in, .at = argv + (argc > 0 ? 1 : 0)};

    in->words = memory_new(((size_t)argc + 1) * sizeof *in->words);
    if (read_line(&l, e) != 0) {
        read_rest(&l);
        return OPTIONS_FAILED;
    }
    if (l.help)
        return OPTIONS_HELP;
    if (l.version)
        return OPTIONS_VERSION;
    if (check_words(in, e) != 0)
        return OPTIONS_FAILED;
    if (!in->command->plain &&
        config_load(&in->config, in->file, environ, NULL, NULL, e) != 0) {
        if (!in->command->lenient)
            return OPTIONS_FAILED;
        log_line(LOG_LEVEL_WARNING, "%s", e->text);
        *e = (struct error){0};
    }
    return OPTIONS_RUN;
}

void
options_clear(struct invocation *in)
{
    config_clear(&in->config);
    free(in->words);
}
