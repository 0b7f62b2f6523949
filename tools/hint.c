#include "hint.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/url.h"

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

/* Without its password: who pastes it fills that in. */
static char *
append_url(char *text, const char *given)
{
    struct error none = {0};
    struct url url;
    char *shown;

    if (url_read(&url, given, &none) != 0)
        return text;
    free(url.password);
    url.password = NULL;
    shown = url_write(&url);
    text = append_option(text, "redis", shown);
    url_clear(&url);
    free(shown);
    return text;
}

char *
hint_options(const struct config *config)
{
    static const struct {
        enum config_key key;
        const char *name;
    } options[] = {
        {CONFIG_INSTANCE, "instance"},
        {CONFIG_REDIS, "redis"},
        {CONFIG_PASSWORD_FILE, "password-file"},
        {CONFIG_DATA_DIR, "data-dir"},
        {CONFIG_REPO, "repo"},
    };
    char *text = memory_dup("");

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        enum config_key key = options[i].key;

        if (config->values[key].origin != CONFIG_FROM_OPTION)
            continue;
        text = key == CONFIG_REDIS ? append_url(text, config_text(config, key))
                                   : append_option(text, options[i].name,
                                                   config_text(config, key));
    }
    return text;
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
           !has(hint, end, " --to ") && !has(hint, end, " --data-dir ") &&
           !has(hint, end, "--help");
}

char *
hint_complete(const struct invocation *in, const char *text)
{
    char *config = append_option(memory_dup(""), "config", in->file);
    char *given = hint_options(&in->config), *whole = memory_dup("");
    const char *hint, *end;

    while ((hint = strstr(text, BEGIN)) != NULL &&
           (end = strchr(hint + strlen(BEGIN), '\'')) != NULL) {
        whole = append(whole, text, (size_t)(end - text));
        if (is_short_of_options(hint, end)) {
            whole = append(whole, config, strlen(config));
            whole = append(whole, given, strlen(given));
        }
        whole = append(whole, "'", 1);
        text = end + 1;
    }
    whole = append(whole, text, strlen(text));
    free(given);
    free(config);
    return whole;
}
