#include "hint.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define BEGIN "'redkeep "

/* Appends; frees the old one. */
static char *
append(char *text, const char *more, size_t size)
{
    char *longer = text_format("%s%.*s", text, (int)size, more);

    free(text);
    return longer;
}

static char *
append_option(char *text, const char *name, const char *value)
{
    char *word, *option;

    if (value == NULL)
        return text;
    word = text_shell_word(value);
    option = text_format(" --%s %s", name, word);
    text = append(text, option, strlen(option));
    free(option);
    free(word);
    return text;
}

static const char *
given(const struct config *c, enum config_key key)
{
    return c->values[key].origin == CONFIG_FROM_OPTION ? config_text(c, key)
                                                       : NULL;
}

static char *
options_of(const struct invocation *in)
{
    char *text = memory_dup("");

    text = append_option(text, "config", in->file);
    text = append_option(text, "repo", given(&in->config, CONFIG_REPO));
    return append_option(text, "instance", given(&in->config, CONFIG_INSTANCE));
}

static bool
has(const char *hint, const char *end, const char *option)
{
    const char *found = strstr(hint, option);

    return found != NULL && found < end;
}

/* Whether it ends there, and not at a quoted word in it. */
static bool
is_short_of_options(const char *hint, const char *end)
{
    return end[-1] != ' ' && !has(hint, end, " --repo ") &&
           !has(hint, end, " --to ") && !has(hint, end, "--help");
}

char *
hint_complete(const struct invocation *in, const char *text)
{
    char *options = options_of(in), *whole = memory_dup("");
    const char *hint, *end;

    while ((hint = strstr(text, BEGIN)) != NULL &&
           (end = strchr(hint + strlen(BEGIN), '\'')) != NULL) {
        whole = append(whole, text, (size_t)(end - text));
        if (is_short_of_options(hint, end))
            whole = append(whole, options, strlen(options));
        whole = append(whole, "'", 1);
        text = end + 1;
    }
    whole = append(whole, text, strlen(text));
    free(options);
    return whole;
}
