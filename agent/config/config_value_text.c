#include "config/config_value_text.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "config/config_value.h"
#include "config/schedule.h"

static int
check_words(const struct config_key_info *key, const char *text,
            struct error *e)
{
    const char *word, *at = text;
    size_t length;

    if (strcmp(text, "none") == 0)
        return 0;
    while (config_value_next(&at, ',', &word, &length))
        if (config_value_find_word(key->words, word, length) < 0)
            return config_value_refuse_word(key, word, length, "or none alone",
                                            e);
    return 0;
}

static int
check_name(const struct config_key_info *key, const char *text, struct error *e)
{
    bool good = text_is_name(text) && strlen(text) <= 40;

    for (const char *c = text; good && *c != '\0'; c++)
        good = isalnum((unsigned char)*c) != 0 || strchr("_.-", *c) != NULL;
    return good ? 0
                : config_value_refuse(
                      key, text,
                      "a name (letters, digits, '_', '.', '-'; at most 40)", e);
}

static bool
begins_with(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(text, prefix, length) == 0 && text[length] != '\0';
}

static int
check_server(const char *text, struct error *e)
{
    struct url u;

    if (url_read(&u, text, e) != 0)
        return -1;
    url_clear(&u);
    return 0;
}

static int
check_url(const struct config_key_info *key, const char *text, struct error *e)
{
    bool good = begins_with(text, "http://") || begins_with(text, "https://");

    if (good && strpbrk(text, " \t") == NULL &&
        strchr("/:?#", strstr(text, "//")[2]) == NULL)
        return 0;
    return config_value_refuse(key, text,
                               "a URL like https://host/path, or http://", e);
}

static bool
is_listen(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;

    if (colon == NULL || colon == text ||
        !text_number(colon + 1, 65535, &port) || port == 0)
        return false;
    if (text[0] == '[')
        return colon[-1] == ']' && colon - text > 3 &&
               strspn(text + 1, "0123456789abcdefABCDEF:.") ==
                   (size_t)(colon - text) - 2;
    for (const char *c = text; c < colon; c++)
        if (!isalnum((unsigned char)*c) && strchr(".-_*", *c) == NULL)
            return false;
    return true;
}

static int
check_listen(const struct config_key_info *key, const char *text,
             struct error *e)
{
    if (strcmp(text, "off") == 0 || is_listen(text))
        return 0;
    return config_value_refuse(
        key, text, "host:port (127.0.0.1:9736, [::1]:9736) or off", e);
}

static int
check_token(const struct config_key_info *key, const char *text,
            struct error *e)
{
    size_t length = strlen(text);
    bool good = length >= key->min && length <= key->max;

    for (const char *c = text; good && *c != '\0'; c++)
        good = *c > ' ' && *c < 0x7f;
    return good ? 0
                : config_value_refuse(key, text, "16 to 256 visible characters",
                                      e);
}

/* Five fields of what cron fields are made of: what is wrong with them, if
 * anything, is told more precisely. */
static bool
looks_like_cron(const char *text)
{
    const char *word;
    size_t length;
    int fields = 0;

    for (; config_value_next(&text, ' ', &word, &length); fields++)
        for (size_t i = 0; i < length; i++)
            if (!isalnum((unsigned char)word[i]) &&
                strchr("*,/-", word[i]) == NULL)
                return false;
    return fields == 5;
}

static int
check_schedule(const struct config_key_info *key, const char *text,
               struct error *e)
{
    struct schedule schedule;

    if (schedule_read(&schedule, text, e) == 0 &&
        (schedule.kind != SCHEDULE_AFTER_SNAPSHOT || key->words != NULL))
        return 0;
    if (looks_like_cron(text))
        return error_in(e, "'%s'", text);
    return config_value_refuse(
        key, text,
        key->words == NULL
            ? "a schedule: every DURATION, five cron fields, or off"
            : "a schedule: every DURATION, five cron fields, after "
              "snapshot, or off",
        e);
}

static bool
is_queue(const char *word, size_t length)
{
    static const char *const kinds[] = {"bullmq:", "celery:"};

    if ((length == 7 && memcmp(word, "sidekiq", 7) == 0) ||
        (length == 2 && memcmp(word, "rq", 2) == 0))
        return true;
    for (size_t i = 0; i < 2; i++)
        if (length > strlen(kinds[i]) &&
            memcmp(word, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

static int
check_queues(const struct config_key_info *key, const char *text,
             struct error *e)
{
    const char *word, *at = text;
    size_t length;

    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0)
        return 0;
    while (config_value_next(&at, ',', &word, &length))
        if (!is_queue(word, length))
            return config_value_refuse(
                key, text,
                "a list of bullmq:PREFIX, sidekiq, celery:QUEUE and "
                "rq, or auto, or off",
                e);
    return 0;
}

int
config_value_text_check(const struct config_key_info *key, const char *text,
                        struct error *e)
{
    switch (key->type) {
    case CONFIG_TYPE_NAME:
        return check_name(key, text, e);
    case CONFIG_TYPE_SERVER:
        return check_server(text, e);
    case CONFIG_TYPE_URL:
        return check_url(key, text, e);
    case CONFIG_TYPE_LISTEN:
        return check_listen(key, text, e);
    case CONFIG_TYPE_TOKEN:
        return check_token(key, text, e);
    case CONFIG_TYPE_WORDS:
        return check_words(key, text, e);
    case CONFIG_TYPE_SCHEDULE:
        return check_schedule(key, text, e);
    case CONFIG_TYPE_QUEUES:
        return check_queues(key, text, e);
    default:
        return 0;
    }
}
