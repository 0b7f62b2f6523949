#include "daemon/arguments.h"

#include <string.h>

const char *const arguments_help =
    "usage: redkeepd [-c FILE] [-n] [--KEY VALUE]...\n"
    "\n"
    "Keeps one Redis or Valkey server: watches its data, takes snapshots on\n"
    "schedule, and tells how it is. Stays in the foreground; SIGTERM ends it,\n"
    "SIGHUP reads the configuration again.\n"
    "\n"
    "  -c, --config FILE  the configuration (REDKEEP_CONFIG, else\n"
    "                     /etc/redkeep/redkeep.conf; with --instance NAME\n"
    "                     /etc/redkeep/NAME.conf)\n"
    "  -n                 judge the configuration and end\n"
    "  --KEY VALUE        a key of the configuration: --repo DIR,\n"
    "                     --http-listen HOST:PORT; redkeep.conf(5) has all\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n";

/* One that takes nothing; false: it is none. */
static bool
read_flag(struct arguments *a, const char *argument)
{
    if (strcmp(argument, "-n") == 0)
        a->judge_only = true;
    else if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0)
        a->help = true;
    else if (strcmp(argument, "-V") == 0 || strcmp(argument, "--version") == 0)
        a->version = true;
    else
        return false;
    return true;
}

static bool
is_known(const char *name)
{
    return strcmp(name, "-c") == 0 || strcmp(name, "config") == 0 ||
           config_find_option(name) != NULL;
}

/* A name and its value, which may be behind '='. Returns the next argument. */
static char **
read_key(struct arguments *a, char **at, struct error *e)
{
    char *name = strncmp(*at, "--", 2) == 0 ? *at + 2 : *at;
    char *equals = name == *at ? NULL : strchr(name, '=');
    const char *dashes = name == *at ? "" : "--";
    const char *value;

    if (equals != NULL)
        *equals = '\0';
    value = equals != NULL ? equals + 1 : *++at;
    if (value == NULL && !is_known(name)) {
        struct config none;

        config_init(&none);
        config_set_option(&none, name, NULL, e); /* with the nearest name */
        config_clear(&none);
        return NULL;
    }
    if (value == NULL) {
        error_set(e, ERROR_USAGE, "%s%s wants a value", dashes, name);
        return NULL;
    }
    if (config_find_option(name) == NULL && is_known(name)) {
        a->file = value;
        return at + 1;
    }
    if (a->count == ARGUMENTS_KEYS_MAX) {
        error_set(e, ERROR_USAGE, "more than %d options",
                  (int)ARGUMENTS_KEYS_MAX);
        return NULL;
    }
    a->names[a->count] = name;
    a->values[a->count++] = value;
    return at + 1;
}

int
arguments_read(struct arguments *a, int argc, char **argv, struct error *e)
{
    char **at = argv + (argc > 0 ? 1 : 0);
    struct config probe;
    int rc;

    *a = (struct arguments){0};
    while (at != NULL && *at != NULL) {
        if (read_flag(a, *at))
            at++;
        else if (strcmp(*at, "-c") == 0 || strncmp(*at, "--", 2) == 0)
            at = read_key(a, at, e);
        else if (**at == '-')
            return error_set(e, ERROR_USAGE, "there is no option %s", *at);
        else
            return error_set(e, ERROR_USAGE,
                             "unexpected '%s'; commands are redkeep's", *at);
    }
    if (at == NULL)
        return -1;
    config_init(&probe);
    rc = arguments_apply(a, &probe, e);
    config_clear(&probe);
    return rc;
}

int
arguments_apply(const struct arguments *a, struct config *config,
                struct error *e)
{
    for (size_t i = 0; i < a->count; i++)
        if (config_set_option(config, a->names[i], a->values[i], e) != 0)
            return -1;
    return 0;
}
