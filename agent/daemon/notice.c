#include "daemon/notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/value.h"

struct notices {
    struct notice ring[NOTICE_HISTORY];
    size_t told; /* of all times; the next goes to told % NOTICE_HISTORY */
    notice_listener *listener;
    void *context;
};

struct notices *
notice_new(void)
{
    return memory_new(sizeof(struct notices));
}

void
notice_listen(struct notices *all, notice_listener *listener, void *context)
{
    all->listener = listener;
    all->context = context;
}

static struct notice *
next_slot(struct notices *all)
{
    struct notice *n = &all->ring[all->told++ % NOTICE_HISTORY];

    json_decref(n->details);
    memset(n, 0, sizeof *n);
    return n;
}

void
notice_tell(struct notices *all, int64_t now_ms, const char *event,
            json_t *details, const char *format, ...)
{
    struct notice *n = next_slot(all);
    va_list arguments;

    n->time_ms = now_ms;
    n->details = details;
    snprintf(n->event, sizeof n->event, "%s", event);
    va_start(arguments, format);
    vsnprintf(n->text, sizeof n->text, format, arguments);
    va_end(arguments);
    if (all->listener != NULL)
        all->listener(all->context, n);
}

size_t
notice_count(const struct notices *all)
{
    return all->told;
}

static json_t *
write_one(const struct notice *n)
{
    char text[NOTICE_TEXT_MAX * 4];
    json_t *object = json_object();

    json_object_update(object, n->details);
    json_object_set_new(object, "time", value_time(n->time_ms));
    json_object_set_new(object, "event", json_string(n->event));
    json_object_set_new(
        object, "text",
        json_string(text_quote(text, sizeof text, n->text, strlen(n->text))));
    return object;
}

json_t *
notice_write(const struct notices *all)
{
    size_t count = all->told < NOTICE_HISTORY ? all->told : NOTICE_HISTORY;
    json_t *array = json_array();

    for (size_t i = all->told - count; i < all->told; i++)
        json_array_append_new(array, write_one(&all->ring[i % NOTICE_HISTORY]));
    return array;
}

static void
read_all(struct notices *all, const json_t *history)
{
    size_t i;
    json_t *item;

    json_array_foreach(history, i, item)
    {
        int64_t time_ms = value_read_time(item, "time");
        const char *event = json_string_value(json_object_get(item, "event"));
        const char *text = json_string_value(json_object_get(item, "text"));
        struct notice *n;

        if (time_ms < 0 || event == NULL || text == NULL)
            continue;
        n = next_slot(all);
        n->time_ms = time_ms;
        snprintf(n->event, sizeof n->event, "%s", event);
        snprintf(n->text, sizeof n->text, "%s", text);
        n->details = json_deep_copy(item);
    }
}

void
notice_read(struct notices *all, const json_t *history)
{
    json_t *later = notice_write(all);

    for (size_t i = 0; i < NOTICE_HISTORY; i++)
        json_decref(all->ring[i].details);
    memset(all->ring, 0, sizeof all->ring);
    all->told = 0;
    read_all(all, history);
    read_all(all, later);
    json_decref(later);
}

void
notice_free(struct notices *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < NOTICE_HISTORY; i++)
        json_decref(all->ring[i].details);
    free(all);
}
