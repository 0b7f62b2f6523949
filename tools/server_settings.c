#include "server_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const struct command_option settings[] = {SERVER_SETTINGS_OPTIONS};

static const struct {
    const char *name;
    enum dataset_appendonly value;
} appendonly_words[] = {
    {"auto", DATASET_APPENDONLY_AUTO},
    {"yes", DATASET_APPENDONLY_YES},
    {"no", DATASET_APPENDONLY_NO},
};

static int
read_appendonly(const struct invocation *in, struct judge_options *o,
                struct error *e)
{
    const char *value = command_value_of(in, "appendonly");

    if (value == NULL)
        return 0;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(value, appendonly_words[i].name) == 0) {
            o->names.appendonly = appendonly_words[i].value;
            return 0;
        }
    return error_set(e, ERROR_USAGE,
                     "--appendonly: found '%s', expected yes, no or auto",
                     value);
}

static int
read_name(const struct invocation *in, const char *option, const char **name,
          struct error *e)
{
    *name = command_value_of(in, option);
    if (*name == NULL || text_is_name(*name))
        return 0;
    return error_set(e, ERROR_USAGE,
                     "--%s: found '%s', expected a bare file name", option,
                     *name);
}

int
server_settings_read(struct judge_options *o, const struct invocation *in,
                     struct error *e)
{
    const char *release = command_value_of(in, "server-version");
    const char *truncated = command_value_of(in, "aof-load-truncated");
    const char *databases = command_value_of(in, "databases");

    *o = (struct judge_options){.release = release_newest(), .databases = 16};
    if (release != NULL && !release_read(&o->release, release))
        return error_set(e, ERROR_USAGE,
                         "--server-version: found '%s', expected a release"
                         " such as 7.0.15 or valkey-8.1.1",
                         release);
    if (truncated != NULL && strcmp(truncated, "yes") != 0 &&
        strcmp(truncated, "no") != 0)
        return error_set(e, ERROR_USAGE,
                         "--aof-load-truncated: found '%s', expected yes or"
                         " no",
                         truncated);
    o->refuse_truncated = truncated != NULL && strcmp(truncated, "no") == 0;
    if (databases != NULL &&
        (!text_number(databases, 1 << 30, &o->databases) || o->databases == 0))
        return error_set(e, ERROR_USAGE,
                         "--databases: found '%s', expected a number from 1",
                         databases);
    o->deep = command_has(in, "deep") || release_walks_values(&o->release);
    o->names.no_manifest = !release_has_manifest(&o->release);
    if (read_appendonly(in, o, e) != 0 ||
        read_name(in, "appendfilename", &o->names.appendfilename, e) != 0 ||
        read_name(in, "appenddirname", &o->names.appenddirname, e) != 0)
        return -1;
    return read_name(in, "dbfilename", &o->names.dbfilename, e);
}

char *
server_settings_words(const struct invocation *in)
{
    char *words = memory_dup("");

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const char *value = command_value_of(in, settings[i].name);
        char *word, *longer;

        if (value == NULL)
            continue;
        word = text_shell_word(value);
        longer = text_format("%s --%s%s%s", words, settings[i].name,
                             settings[i].argument != NULL ? " " : "",
                             settings[i].argument != NULL ? word : "");
        free(word);
        free(words);
        words = longer;
    }
    return words;
}
