#include "redis/probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"

/* Nobody's key is called like that; it has a zero byte in it. */
static const char copy_name[] = "redkeep\0drill";
enum { COPY_NAME_SIZE = sizeof copy_name - 1, DATABASES_MAX = 65536 };

static struct redisReply *
ask_info(struct link *link, const char *section, struct error *e)
{
    struct redisReply *reply = link_say(link, e, "INFO", section, NULL);

    if (reply == NULL || reply->type == REDIS_REPLY_STRING)
        return reply;
    link_reply_free(reply);
    error_set(e, ERROR_FAILED, "INFO %s: not an answer", section);
    return NULL;
}

/* The number behind a line's "name:"; 0: there is none. */
static uint64_t
read_field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

int
probe_loading(struct link *link, struct probe_loading *l, struct error *e)
{
    struct redisReply *reply = ask_info(link, "persistence", e);

    if (reply == NULL)
        return -1;
    l->loading = read_field(reply->str, "\nloading:") != 0;
    l->done_bytes = read_field(reply->str, "\nloading_loaded_bytes:");
    l->total_bytes = read_field(reply->str, "\nloading_total_bytes:");
    link_reply_free(reply);
    return 0;
}

int
probe_databases(struct link *link, struct probe_database **all, size_t *count,
                struct error *e)
{
    struct redisReply *reply = ask_info(link, "keyspace", e);
    size_t capacity = 0;

    *all = NULL;
    *count = 0;
    if (reply == NULL)
        return -1;
    for (const char *line = reply->str; line != NULL;
         line = strchr(line, '\n')) {
        struct probe_database d;

        line += *line == '\n';
        if (sscanf(line, "db%d:keys=%" SCNd64 ",expires=%" SCNd64, &d.number,
                   &d.keys, &d.expires) != 3 ||
            *count == DATABASES_MAX)
            continue;
        *all = memory_grow(*all, *count, &capacity, sizeof **all);
        (*all)[(*count)++] = d;
    }
    link_reply_free(reply);
    return 0;
}

int
probe_select(struct link *link, int database, struct error *e)
{
    char number[16];
    struct redisReply *reply;

    snprintf(number, sizeof number, "%d", database);
    reply = link_say(link, e, "SELECT", number, NULL);
    link_reply_free(reply);
    return reply == NULL ? -1 : 0;
}

/*
 * An error reply is the server's word about this key (words); what cannot be
 * asked any more, because the link is lost, is a failure.
 */
static struct redisReply *
ask_word(struct link *link, int argc, const char **argv, const size_t *sizes,
         char *words, size_t size)
{
    struct error e = {0};
    struct redisReply *reply = link_ask_bytes(link, argc, argv, sizes, &e);

    if (reply == NULL)
        snprintf(words, size, "%s", e.text);
    return reply;
}

static bool
has_type(struct link *link, const struct probe_key *key, const char *type,
         char *words, size_t size)
{
    const char *argv[] = {"TYPE", key->name};
    const size_t sizes[] = {4, key->name_size};
    struct redisReply *reply = ask_word(link, 2, argv, sizes, words, size);
    bool has = reply != NULL && reply->type == REDIS_REPLY_STATUS &&
               strcmp(reply->str, type) == 0;

    if (!has && reply != NULL)
        snprintf(words, size, "TYPE is %.40s, not %s",
                 reply->type == REDIS_REPLY_STATUS ? reply->str : "?", type);
    link_reply_free(reply);
    return has;
}

/* With its expiry, if it has one: the digest tells whether it has. */
static bool
restore_copy(struct link *link, const struct probe_key *key, char *words,
             size_t size)
{
    char expiry[24];
    const char *argv[] = {"RESTORE", copy_name, expiry,
                          key->dump, "REPLACE", "ABSTTL"};
    const size_t sizes[] = {
        7,
        COPY_NAME_SIZE,
        (size_t)snprintf(expiry, sizeof expiry, "%lld",
                         (long long)(key->expire_ms < 0 ? 0 : key->expire_ms)),
        key->dump_size,
        7,
        6,
    };
    struct redisReply *reply =
        ask_word(link, key->expire_ms < 0 ? 5 : 6, argv, sizes, words, size);

    link_reply_free(reply);
    return reply != NULL;
}

static enum probe_finding
compare_digests(struct link *link, const struct probe_key *key, char *words,
                size_t size)
{
    const char *argv[] = {"DEBUG", "DIGEST-VALUE", key->name, copy_name};
    const size_t sizes[] = {5, 12, key->name_size, COPY_NAME_SIZE};
    struct redisReply *reply = ask_word(link, 4, argv, sizes, words, size);
    enum probe_finding finding = PROBE_UNTOLD;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
        reply->elements == 2) {
        const struct redisReply *its = reply->element[0];
        const struct redisReply *copy = reply->element[1];

        finding = its->str != NULL && copy->str != NULL &&
                          strcmp(its->str, copy->str) == 0
                      ? PROBE_SAME
                      : PROBE_OTHER_VALUE;
        snprintf(words, size, "its digest is %.40s, not %.40s",
                 its->str != NULL ? its->str : "?",
                 copy->str != NULL ? copy->str : "?");
    }
    link_reply_free(reply);
    return finding;
}

static int
remove_copy(struct link *link, struct error *e)
{
    const char *argv[] = {"DEL", copy_name};
    const size_t sizes[] = {3, COPY_NAME_SIZE};
    struct redisReply *reply = link_ask_bytes(link, 2, argv, sizes, e);

    link_reply_free(reply);
    return reply == NULL ? -1 : 0;
}

int
probe_compare(struct link *link, const struct probe_key *key, const char *type,
              enum probe_finding *finding, char *words, size_t size,
              struct error *e)
{
    words[0] = '\0';
    if (!has_type(link, key, type, words, size))
        *finding = PROBE_OTHER_TYPE;
    else if (!restore_copy(link, key, words, size))
        *finding = PROBE_UNTOLD;
    else
        *finding = compare_digests(link, key, words, size);
    /* Whether the link still is: what came last may have ended it. */
    return remove_copy(link, e);
}
