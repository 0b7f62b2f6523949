#include "daemon/server_work.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

enum { PLACE_SHOWN = 80 };

static void
copy_place(struct info_settings *to, const struct info_settings *from)
{
    info_settings_clear(to);
    to->dir = memory_dup(from->dir);
    to->dbfilename = memory_dup(from->dbfilename);
    to->appendfilename = memory_dup(from->appendfilename);
    to->appenddirname = memory_dup(from->appenddirname);
}

/* "dir was '/a' and is '/b'" behind what is in words already. */
static void
compare(char *words, size_t size, const char *name, const char *was,
        const char *is)
{
    char before[PLACE_SHOWN], after[PLACE_SHOWN];
    size_t used = strlen(words);

    if (was == NULL || is == NULL || strcmp(was, is) == 0)
        return;
    snprintf(words + used, size - used, "%s%s was '%s' and is '%s'",
             used > 0 ? ", " : "", name,
             text_quote(before, sizeof before, was, strlen(was)),
             text_quote(after, sizeof after, is, strlen(is)));
}

static void
look_for_move(struct server *s)
{
    const struct info_settings *was = &s->home, *is = &s->view.settings;
    char words[sizeof s->view.relocated] = "";

    compare(words, sizeof words, "dir", was->dir, is->dir);
    compare(words, sizeof words, "dbfilename", was->dbfilename, is->dbfilename);
    compare(words, sizeof words, "appendfilename", was->appendfilename,
            is->appendfilename);
    compare(words, sizeof words, "appenddirname", was->appenddirname,
            is->appenddirname);
    if (words[0] != '\0' && strcmp(words, s->view.relocated) != 0)
        log_line(LOG_LEVEL_WARNING,
                 "Redis: The server was told to keep its data elsewhere "
                 "change=\"%s\"",
                 words);
    memcpy(s->view.relocated, words, sizeof words);
}

void
server_place_settle(struct server *s)
{
    s->view.relocated[0] = '\0';
    s->home_known = s->view.settings_known;
    copy_place(&s->home, &s->view.settings);
}

void
server_place_take(struct server *s, struct info_settings *heard)
{
    struct server_view *v = &s->view;
    bool known = heard != NULL;

    if (!known && !v->settings_known)
        return;
    if (known && v->settings_known &&
        info_settings_equal(heard, &v->settings)) {
        info_settings_clear(heard);
        return;
    }
    info_settings_clear(&v->settings);
    v->settings_known = known;
    if (known) {
        v->settings = *heard;
        *heard = INFO_SETTINGS_NONE;
    }
    if (known && s->home_known)
        look_for_move(s);
    else if (known)
        server_place_settle(s);
    s->events.located(s->events.context);
}
