#include "redis/ties.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static const struct ties unknown = TIES_NONE;

/* The value of one setting, or NULL; the caller's. */
static char *
ask_setting(struct link *link, const char *name)
{
    struct error none = {0};
    struct redisReply *reply =
        link_say(link, &none, "CONFIG", "GET", name, NULL);
    char *value = NULL;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
        reply->elements == 2 && reply->element[1]->type == REDIS_REPLY_STRING)
        value = memory_dup(reply->element[1]->str);
    link_reply_free(reply);
    return value;
}

/* Sentinels listen there to each other, at every server they watch. */
static int64_t
ask_sentinels(struct link *link)
{
    struct error none = {0};
    struct redisReply *reply =
        link_say(link, &none, "PUBSUB", "NUMSUB", "__sentinel__:hello", NULL);
    int64_t count = unknown.sentinels;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
        reply->elements == 2 && reply->element[1]->type == REDIS_REPLY_INTEGER)
        count = reply->element[1]->integer;
    link_reply_free(reply);
    return count;
}

/* The text behind "name:" in INFO; the caller's, or NULL. */
static char *
info_text(const char *info, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = info; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n';
        if (strncmp(line, name, size) == 0 && line[size] == ':')
            return memory_copy(line + size + 1,
                               strcspn(line + size + 1, "\r\n"));
    }
    return NULL;
}

static void
ask_replication(struct ties *t, struct link *link)
{
    struct error none = {0};
    struct redisReply *reply =
        link_say(link, &none, "INFO", "replication", NULL);
    const char *info =
        reply != NULL && reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
    char *host = info_text(info, "master_host");
    char *port = info_text(info, "master_port");
    char *count = info_text(info, "connected_slaves");
    uint64_t number;

    if (host != NULL)
        t->primary = text_format("%s:%s", host, port != NULL ? port : "?");
    if (count != NULL && text_number(count, INT64_MAX, &number))
        t->replicas = (int64_t)number;
    free(host);
    free(port);
    free(count);
    link_reply_free(reply);
}

/* "name" and its value, among others. */
static const char *
module_name(const struct redisReply *module)
{
    for (size_t i = 0; i + 1 < module->elements; i += 2)
        if (module->element[i]->type == REDIS_REPLY_STRING &&
            module->element[i + 1]->type == REDIS_REPLY_STRING &&
            strcmp(module->element[i]->str, "name") == 0)
            return module->element[i + 1]->str;
    return NULL;
}

static void
ask_modules(struct ties *t, struct link *link)
{
    struct error none = {0};
    struct redisReply *reply = link_say(link, &none, "MODULE", "LIST", NULL);

    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY ||
        reply->elements > TIES_MODULES_MAX) {
        link_reply_free(reply);
        return;
    }
    t->modules_told = 1;
    t->modules = memory_new((reply->elements + 1) * sizeof *t->modules);
    for (size_t i = 0; i < reply->elements; i++) {
        const char *name = module_name(reply->element[i]);

        if (name != NULL)
            t->modules[t->module_count++] = memory_dup(name);
    }
    link_reply_free(reply);
}

void
ties_ask(struct ties *t, struct link *link)
{
    char *save = ask_setting(link, "save");
    char *cluster = ask_setting(link, "cluster-enabled");

    if (save != NULL)
        t->saves = save[0] != '\0';
    if (cluster != NULL)
        t->cluster = strcmp(cluster, "yes") == 0;
    t->sentinels = ask_sentinels(link);
    ask_replication(t, link);
    ask_modules(t, link);
    free(save);
    free(cluster);
}

void
ties_clear(struct ties *t)
{
    for (size_t i = 0; i < t->module_count; i++)
        free(t->modules[i]);
    free(t->modules);
    free(t->primary);
    *t = unknown;
}
