#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "base/memory.h"
#include "base/text.h"
#include "redis/info.h"

const char *const info_settings_names[INFO_SETTINGS] = {
    "dir",     "dbfilename", "appendfilename", "appenddirname",
    "aclfile", "appendonly", "databases",
};

/* Where a setting that is kept as text goes; NULL for the others. */
static char **
find_text(struct info_settings *s, unsigned number)
{
    char **const texts[INFO_SETTINGS] = {&s->dir, &s->dbfilename,
                                         &s->appendfilename, &s->appenddirname,
                                         &s->aclfile};

    return texts[number];
}

static void
take_setting(struct info_settings *s, unsigned number, const char *value,
             size_t size)
{
    char **text = find_text(s, number);
    uint64_t count;

    if (text != NULL) {
        free(*text);
        *text = memory_copy(value, size);
    } else if (strcmp(info_settings_names[number], "appendonly") == 0) {
        s->appendonly = strcmp(value, "yes") == 0;
    } else if (text_number(value, INT32_MAX, &count)) {
        s->databases = (int64_t)count;
    }
}

int
info_settings_take(struct info_settings *s, unsigned number,
                   const struct redisReply *reply, struct error *e)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 0)
        return 0; /* this server has none such */
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return error_set(e, ERROR_FAILED,
                         "CONFIG GET %s: the reply is not a name and its value",
                         info_settings_names[number]);
    take_setting(s, number, reply->element[1]->str, reply->element[1]->len);
    return 0;
}

static int
ask_setting(struct link *link, struct info_settings *s, unsigned number,
            struct error *e)
{
    const char *name = info_settings_names[number];
    struct redisReply *reply = link_say(link, e, "CONFIG", "GET", name, NULL);
    int rc;

    if (reply == NULL)
        return error_in(e, "CONFIG GET %s", name);
    rc = info_settings_take(s, number, reply, e);
    link_reply_free(reply);
    return rc;
}

int
info_ask_settings(struct link *link, struct info_settings *s, struct error *e)
{
    int rc = 0;

    *s = INFO_SETTINGS_NONE;
    for (unsigned i = 0; rc == 0 && i < INFO_SETTINGS; i++)
        rc = ask_setting(link, s, i, e);
    if (rc != 0)
        info_settings_clear(s);
    return rc;
}

char *
info_ask_text(struct link *link, const char *name, struct error *e)
{
    struct redisReply *reply = link_say(link, e, "CONFIG", "GET", name, NULL);
    char *text = NULL;

    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
        reply->elements == 2 && reply->element[1]->type == REDIS_REPLY_STRING)
        text = memory_copy(reply->element[1]->str, reply->element[1]->len);
    else if (reply != NULL)
        error_set(e, ERROR_FAILED, "CONFIG GET %s: not told", name);
    link_reply_free(reply);
    return text;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
info_settings_equal(const struct info_settings *a,
                    const struct info_settings *b)
{
    return same_text(a->dir, b->dir) &&
           same_text(a->dbfilename, b->dbfilename) &&
           same_text(a->appendfilename, b->appendfilename) &&
           same_text(a->appenddirname, b->appenddirname) &&
           same_text(a->aclfile, b->aclfile) &&
           a->appendonly == b->appendonly && a->databases == b->databases;
}

void
info_settings_clear(struct info_settings *s)
{
    free(s->dir);
    free(s->dbfilename);
    free(s->appendfilename);
    free(s->appenddirname);
    free(s->aclfile);
    *s = INFO_SETTINGS_NONE;
}
