#include "config/config.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_file.h"

#define FOLDER "/etc/redkeep"

enum { PATH_BYTES = 256 };

/* The value of a variable; NULL if it is not there, or empty. */
static const char *
find_variable(char *const environment[], const char *name)
{
    size_t length = strlen(name);

    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 &&
            (*environment)[length] == '=')
            return (*environment)[length + 1] == '\0'
                       ? NULL
                       : *environment + length + 1;
    return NULL;
}

static void
put(struct config *c, enum config_key key, const char *name, const char *text,
    enum config_origin origin, struct config_sink *sink)
{
    struct error e;

    if (config_value_put(&c->values[key], &config_keys[key], text, origin,
                         &e) != 0)
        config_sink_add(sink, "%s: %s: %s", name, config_keys[key].name,
                        e.text);
}

static void
read_variables(struct config *c, char *const environment[],
               struct config_sink *sink)
{
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++) {
        char name[CONFIG_KEYS_OPTION_SIZE];
        const char *text;

        config_keys_variable(&config_keys[i], name);
        text = find_variable(environment, name);
        if (text != NULL)
            put(c, (enum config_key)i, name, text, CONFIG_FROM_VARIABLE, sink);
    }
}

/* What others write for yes and no; -1: neither. */
static int
read_others_flag(const char *text)
{
    static const char *const words[] = {"no", "yes", "0", "1", "false", "true"};

    for (int i = 0; i < 6; i++)
        if (strcasecmp(text, words[i]) == 0)
            return i % 2;
    return -1;
}

/* "redis://..." means "rediss://..." where REDIS_TLS says so. */
static void
add_tls(struct config *c, struct config_sink *sink)
{
    static const char plain[] = "redis://";
    struct config_value *url = &c->values[CONFIG_REDIS];
    char *text;

    if (url->origin >= CONFIG_FROM_VARIABLE ||
        strncmp(url->text, plain, sizeof plain - 1) != 0)
        return;
    text = text_format("rediss://%s", url->text + sizeof plain - 1);
    put(c, CONFIG_REDIS, "REDIS_TLS", text, CONFIG_FROM_OTHERS_VARIABLE, sink);
    free(text);
}

static void
read_others_log_level(struct config *c, const char *text,
                      struct config_sink *sink)
{
    char word[16];

    snprintf(word, sizeof word, "%s", text);
    for (char *at = word; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    if (strcmp(word, "warning") == 0)
        snprintf(word, sizeof word, "warn");
    put(c, CONFIG_LOG_LEVEL, "LOG_LEVEL", word, CONFIG_FROM_OTHERS_VARIABLE,
        sink);
}

static void
read_others_flags(struct config *c, char *const environment[],
                  struct config_sink *sink)
{
    const char *tls = find_variable(environment, "REDIS_TLS");
    const char *verify =
        find_variable(environment, "REDIS_TLS_REJECT_UNAUTHORIZED");

    if (tls != NULL && read_others_flag(tls) < 0)
        config_sink_add(sink, "REDIS_TLS: redis: say yes or no");
    if (tls != NULL && read_others_flag(tls) == 1)
        add_tls(c, sink);
    if (verify != NULL && read_others_flag(verify) < 0)
        config_sink_add(sink, "REDIS_TLS_REJECT_UNAUTHORIZED: tls_verify: "
                              "say yes or no");
    else if (verify != NULL)
        put(c, CONFIG_CONNECTION_TLS_VERIFY, "REDIS_TLS_REJECT_UNAUTHORIZED",
            read_others_flag(verify) ? "yes" : "no",
            CONFIG_FROM_OTHERS_VARIABLE, sink);
}

/*
 * Variables of other programs. They are read after ours, and only judged where
 * ours has not spoken: what they hold may be meant for somebody else.
 */
static void
read_others_variables(struct config *c, char *const environment[],
                      struct config_sink *sink)
{
    const char *url = find_variable(environment, "REDIS_URL");
    const char *timeout =
        find_variable(environment, "REDIS_CONNECT_TIMEOUT_MS");
    const char *level = find_variable(environment, "LOG_LEVEL");
    const struct config_value *values = c->values;

    if (url != NULL && values[CONFIG_REDIS].origin < CONFIG_FROM_VARIABLE)
        put(c, CONFIG_REDIS, "REDIS_URL", url, CONFIG_FROM_OTHERS_VARIABLE,
            sink);
    if (timeout != NULL && values[CONFIG_CONNECTION_CONNECT_TIMEOUT].origin <
                               CONFIG_FROM_VARIABLE) {
        char *text = text_format("%sms", timeout);

        put(c, CONFIG_CONNECTION_CONNECT_TIMEOUT, "REDIS_CONNECT_TIMEOUT_MS",
            text, CONFIG_FROM_OTHERS_VARIABLE, sink);
        free(text);
    }
    if (level != NULL && values[CONFIG_LOG_LEVEL].origin < CONFIG_FROM_VARIABLE)
        read_others_log_level(c, level, sink);
    read_others_flags(c, environment, sink);
}

/* Where a value was given: "FILE:LINE", or the name of variable or option. */
static void
write_place(const struct config *c, enum config_key key, char *out, size_t size)
{
    const struct config_value *value = &c->values[key];
    char name[CONFIG_KEYS_OPTION_SIZE];

    if (value->origin == CONFIG_FROM_OPTION) {
        config_keys_option(&config_keys[key], name);
        snprintf(out, size, "--%s", name);
    } else if (value->origin == CONFIG_FROM_VARIABLE) {
        config_keys_variable(&config_keys[key], name);
        snprintf(out, size, "%s", name);
    } else {
        snprintf(out, size, "%s:%u", c->path == NULL ? "" : c->path,
                 value->line);
    }
}

static void
check_together(const struct config *c, struct config_sink *sink)
{
    char place[PATH_BYTES + CONFIG_KEYS_OPTION_SIZE];
    bool has_cert = config_is_set(c, CONFIG_CONNECTION_TLS_CERT);
    enum config_key given = has_cert ? CONFIG_CONNECTION_TLS_CERT
                                     : CONFIG_CONNECTION_TLS_KEY;

    if (config_is_set(c, CONFIG_HTTP_TOKEN) &&
        config_is_set(c, CONFIG_HTTP_TOKEN_FILE)) {
        write_place(c, CONFIG_HTTP_TOKEN_FILE, place, sizeof place);
        config_sink_add(sink,
                        "%s: token_file: there is a token already; "
                        "give one of them",
                        place);
    }
    if (has_cert != config_is_set(c, CONFIG_CONNECTION_TLS_KEY)) {
        write_place(c, given, place, sizeof place);
        config_sink_add(sink, "%s: %s: %s is missing, it takes both", place,
                        config_keys[given].name,
                        has_cert ? "tls_key" : "tls_cert");
    }
}

/* Reads a file that may be missing; true when it was there. */
static bool
read_optional(struct config *c, const char *path, struct config_sink *sink)
{
    struct error e;

    if (config_file_load(c, path, sink, &e) == 0) {
        c->path = memory_dup(path);
        return true;
    }
    if (e.kind != ERROR_ABSENT)
        config_sink_add(sink, "configuration: %s", e.text);
    return e.kind != ERROR_ABSENT;
}

static void
read_file(struct config *c, const char *path, char *const environment[],
          struct config_sink *sink)
{
    const struct config_value *instance = &c->values[CONFIG_INSTANCE];
    char named[PATH_BYTES];

    if (path == NULL)
        path = find_variable(environment, "REDKEEP_CONFIG");
    if (path != NULL) {
        struct error e;

        if (config_file_load(c, path, sink, &e) == 0)
            c->path = memory_dup(path);
        else
            config_sink_add(sink, "configuration: %s", e.text);
        return;
    }
    if (instance->origin == CONFIG_FROM_OPTION) {
        snprintf(named, sizeof named, FOLDER "/%s.conf", instance->text);
        if (read_optional(c, named, sink) ||
            strcmp(instance->text, config_keys[CONFIG_INSTANCE].preset) != 0)
            return;
    }
    read_optional(c, FOLDER "/redkeep.conf", sink);
}

void
config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++) {
        struct error e;
        int rc;

        if (config_keys[i].preset == NULL)
            continue;
        rc = config_value_put(&c->values[i], &config_keys[i],
                              config_keys[i].preset, CONFIG_FROM_PRESET, &e);
        assert(rc == 0);
        (void)rc;
    }
}

void
config_clear(struct config *c)
{
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++)
        free(c->values[i].text);
    for (size_t i = 0; i < c->block_count; i++) {
        for (size_t k = 0; k < CONFIG_BLOCK_KEYS; k++)
            free(c->blocks[i].values[k].text);
        free(c->blocks[i].name);
    }
    free(c->blocks);
    free(c->path);
    *c = (struct config){0};
}

int
config_load(struct config *c, const char *path, char *const environment[],
            config_problem *report, void *context, struct error *e)
{
    struct config_sink sink = {report, context, 0, e};

    read_file(c, path, environment, &sink);
    read_variables(c, environment, &sink);
    read_others_variables(c, environment, &sink);
    check_together(c, &sink);
    return sink.count == 0 ? 0 : -1;
}

const struct config_key_info *
config_find_option(const char *name)
{
    for (size_t i = 0; i < CONFIG_KEYS_SINGLE; i++) {
        char option[CONFIG_KEYS_OPTION_SIZE];

        config_keys_option(&config_keys[i], option);
        if (strcmp(option, name) == 0)
            return &config_keys[i];
    }
    return NULL;
}

int
config_set_option(struct config *c, const char *name, const char *value,
                  struct error *e)
{
    const struct config_key_info *key = config_find_option(name);
    char nearest[CONFIG_KEYS_OPTION_SIZE];

    if (key == NULL && config_keys_nearest(NULL, name, nearest) != NULL)
        return error_set(e, ERROR_USAGE,
                         "there is no option --%s; did you mean --%s?", name,
                         nearest);
    if (key == NULL)
        return error_set(e, ERROR_USAGE, "there is no option --%s", name);
    if (value == NULL && key->type == CONFIG_TYPE_FLAG)
        value = "yes";
    if (value == NULL)
        return error_set(e, ERROR_USAGE, "--%s: wants a value", name);
    if (config_value_put(&c->values[key - config_keys], key, value,
                         CONFIG_FROM_OPTION, e) != 0)
        return error_in(e, "--%s: %s", name, key->name);
    return 0;
}

bool
config_is_set(const struct config *c, enum config_key key)
{
    return c->values[key].origin != CONFIG_FROM_PRESET;
}

const char *
config_text(const struct config *c, enum config_key key)
{
    return c->values[key].text;
}

/* A count of [retention] that is not set beside one that is. */
static bool
is_void_count(const struct config *c, enum config_key key)
{
    if (key < CONFIG_RETENTION_LAST || key > CONFIG_RETENTION_YEARLY ||
        config_is_set(c, key))
        return false;
    for (int i = CONFIG_RETENTION_LAST; i <= CONFIG_RETENTION_YEARLY; i++)
        if (config_is_set(c, (enum config_key)i))
            return true;
    return false;
}

uint64_t
config_number(const struct config *c, enum config_key key)
{
    return is_void_count(c, key) ? 0 : c->values[key].number;
}

bool
config_flag(const struct config *c, enum config_key key)
{
    assert(config_keys[key].type == CONFIG_TYPE_FLAG);
    return c->values[key].number != 0;
}

uint64_t
config_duration_ms(const struct config *c, enum config_key key)
{
    assert(config_keys[key].type == CONFIG_TYPE_DURATION);
    return c->values[key].number;
}

uint64_t
config_size(const struct config *c, enum config_key key)
{
    assert(config_keys[key].type == CONFIG_TYPE_SIZE);
    return c->values[key].number;
}

bool
config_lists(const struct config *c, enum config_key key, const char *word)
{
    const char *at = c->values[key].text, *item;
    size_t length;

    while (config_value_next(&at, ',', &item, &length))
        if (length == strlen(word) && memcmp(item, word, length) == 0)
            return true;
    return false;
}
