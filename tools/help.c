#include "help.h"

#include <stdio.h>
#include <string.h>

#include "config/config_keys.h"

enum { NAME = 9, WORDS = 14 }; /* columns */

const struct help_common help_common[] = {
    {"config", "FILE", "read this configuration"},
    {"instance", "NAME", "which instance (main)"},
    {"redis", "URL", "the server: redis://, rediss://, unix://"},
    {"password-file", "FILE", "its password, where the URL has none"},
    {"data-dir", "DIR", "its data directory (asked of the server)"},
    {"repo", "DIR", "the repository (/var/lib/redkeep)"},
    {"json", NULL, "print one JSON object"},
    {"quiet", NULL, "print only what matters"},
    {"verbose", NULL, "print more"},
    {"help", NULL, "print this"},
    {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

static void
print_option(const char *name, const char *argument, const char *help)
{
    char left[96];

    snprintf(left, sizeof left, "--%s%s%s", name, argument != NULL ? " " : "",
             argument != NULL ? argument : "");
    printf("  %-30s %s\n", left, help);
}

static void
print_common(void)
{
    puts("\nOptions of every command:");
    for (size_t i = 0; help_common[i].name != NULL; i++)
        print_option(help_common[i].name, help_common[i].argument,
                     help_common[i].help);
}

/* With the preset of each behind what it is for. */
static void
print_settings(const struct command_option *settings)
{
    char text[128];

    if (settings[0].name != NULL)
        puts("\nSettings (each also a key of the configuration):");
    for (size_t i = 0; settings[i].name != NULL; i++) {
        const struct config_key_info *key =
            config_find_option(settings[i].name);
        const char *preset = key != NULL ? key->preset : NULL;

        snprintf(text, sizeof text, "%s%s%s%s", settings[i].help,
                 preset != NULL ? " (" : "", preset != NULL ? preset : "",
                 preset != NULL ? ")" : "");
        print_option(settings[i].name, settings[i].argument, text);
    }
}

static void
print_command(const struct command *c)
{
    printf("usage: redkeep %s [OPTIONS]%s%s\n\n%s", c->name,
           c->words[0] != '\0' ? " " : "", c->words, c->details);
    if (c->options[0].name != NULL)
        puts("\nOptions:");
    for (size_t i = 0; c->options[i].name != NULL; i++)
        print_option(c->options[i].name, c->options[i].argument,
                     c->options[i].help);
    print_settings(c->settings);
    print_common();
}

/* Below its arguments where they are long. */
static void
print_summary(const struct command *c)
{
    bool fits = strlen(c->words) <= WORDS;

    printf("  %-*s %-*s", NAME, c->name, fits ? WORDS : 0, c->words);
    if (!fits)
        printf("\n%*s", 2 + NAME + 1 + WORDS, "");
    printf(" %s\n", c->summary);
}

void
help_print(const struct command *command)
{
    if (command != NULL) {
        print_command(command);
        return;
    }
    puts("usage: redkeep [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\n"
         "Keeps the data of a Redis or Valkey server, and gives it back.\n");
    for (size_t i = 0; command_all[i] != NULL; i++)
        if (!command_all[i]->inner)
            print_summary(command_all[i]);
    print_common();
    puts("\nExit status: 0 done and all is well, 1 done but what was judged is"
         " not,\n2 usage or configuration, 3 could not do it, 4 refused to"
         " protect data,\n5 another job holds the lock.\n"
         "'redkeep COMMAND --help' tells more; so does man redkeep.");
}
