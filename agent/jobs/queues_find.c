/* queues_find.c - which queues there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_value.h"
#include "jobs/queues_table.h"
#include "jobs/queues_work.h"
#include "redis/keys.h"

/* Where kombu binds queues to an exchange. */
static const char bindings[] = "_kombu.binding.", separator[] = "\x06\x16";

enum { BINDINGS_MAX = 1000, SET_ROUNDS = 100 };

struct finder {
    struct queues *all;
    struct link *link;
    const struct queues_options *options;
    bool automatic;            /* what does not look like it is not told of */
    uint64_t scans;            /* of all keys that watch asks for; at least 1 */
    bool swept;                /* each of them saw all keys, in this run */
    enum queues_system system; /* whose names come in now, and */
    const char *before;        /* what is before a name */
    char **names;              /* keys of bindings */
    size_t name_count;
};

/* Whether every terminal and every reader of JSON shows it as it is. */
static bool
can_be_told(const char *text, size_t size)
{
    json_t *string;

    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c == 0x7f ||
            (c == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] < 0xa0))
            return false;
    }
    string = json_stringn(text, size);
    json_decref(string);
    return string != NULL;
}

/* "bull:mail" is mail; a prefix that is not said, or may be more, stays. */
static char *
name_of(enum queues_system system, const char *base)
{
    if (system == QUEUES_BULLMQ && strncmp(base, "bull:", 5) == 0 &&
        strchr(base + 5, ':') == NULL)
        base += 5;
    return memory_dup(base[0] == '\0' ? QUEUES_ALL : base);
}

struct queues_queue *
queues_add(struct queues *all, enum queues_system system, const char *base,
           size_t size)
{
    struct queues_queue *queue;
    size_t i;

    for (i = 0; i < all->count; i++)
        if (all->items[i].system == system &&
            strlen(all->items[i].base) == size &&
            memcmp(all->items[i].base, base, size) == 0)
            return &all->items[i];
    if (all->count == QUEUES_MAX || size > QUEUES_BASE_MAX ||
        !can_be_told(base, size) || (size == 1 && base[0] == QUEUES_ALL[0])) {
        all->left_out++;
        return NULL;
    }
    all->items =
        memory_grow(all->items, all->count, &all->capacity, sizeof *all->items);
    queue = &all->items[all->count++];
    *queue = (struct queues_queue){.system = system,
                                   .base = memory_copy(base, size)};
    queue->name = name_of(system, queue->base);
    for (i = 0; i < QUEUES_STATES; i++)
        queue->jobs[i] = -1;
    return queue;
}

static void
see(struct queues *all, enum queues_system system, const char *base,
    size_t size)
{
    struct queues_queue *queue = queues_add(all, system, base, size);

    if (queue != NULL)
        queue->seen = true;
}

/* A set of names, each behind the system's own words. */
static bool
take_member(void *context, const char *name, size_t size)
{
    struct finder *f = context;
    size_t length = strlen(f->before);

    if (size > length && memcmp(name, f->before, length) == 0)
        see(f->all, f->system, name + length, size - length);
    return f->all->count < QUEUES_MAX;
}

static int
find_by_set(struct finder *f, enum queues_system system, struct error *e)
{
    const struct queues_layout *layout = &queues_layouts[system];
    struct keys_question members = {.command = "SCARD", .key = layout->set};
    struct keys_scan scan = {
        .set = layout->set, .cursor = "0", .rounds = SET_ROUNDS};
    size_t count = f->all->count, left_out = f->all->left_out;

    f->system = system;
    f->before = layout->set_before;
    if (keys_count(f->link, &members, 1, e) != 0)
        return -1;
    if (members.number == KEYS_DENIED ||
        (members.number == KEYS_OTHER_TYPE && !f->automatic))
        queues_note(f->all, layout->set, "SCARD", members.number);
    if (members.number <= 0 && f->automatic)
        return 0;
    if (keys_scan(f->link, &scan, take_member, f, e) != 0)
        return -1;
    count = f->all->count - count;
    if (members.number > (int64_t)count)
        left_out += (size_t)members.number - count;
    f->all->left_out = left_out;
    if (layout->shared != NULL)
        see(f->all, system, "", 0);
    return 0;
}

/* PREFIX:NAME:meta, or :id, which Bull has too. */
static bool
take_bullmq(void *context, const char *key, size_t size)
{
    static const char *const ends[] = {":meta", ":id"};
    struct finder *f = context;
    size_t least = strlen(f->before) + 1;

    for (size_t i = 0; i < 2; i++) {
        size_t end = strlen(ends[i]);

        if (size >= least + end && memcmp(key + size - end, ends[i], end) == 0)
            see(f->all, QUEUES_BULLMQ, key, size - end);
    }
    return true;
}

/* Goes on where the run before has ended. */
static int
scan(struct finder *f, char *pattern, keys_found *found, struct error *e)
{
    const json_t *cursors = json_object_get(f->options->before, "cursors");
    const char *cursor = json_string_value(json_object_get(cursors, pattern));
    struct keys_scan s = {
        .pattern = pattern,
        .cursor = "0",
        .rounds = (unsigned)(f->options->keys_max / KEYS_ROUND / f->scans),
    };
    uint64_t number;
    int rc;

    if (cursor != NULL && text_number(cursor, UINT64_MAX, &number))
        snprintf(s.cursor, sizeof s.cursor, "%s", cursor);
    f->swept = f->swept && strcmp(s.cursor, "0") == 0;
    rc = keys_scan(f->link, &s, found, f, e);
    json_object_set_new(f->all->cursors, pattern, json_string(s.cursor));
    if (strcmp(s.cursor, "0") != 0)
        f->all->whole = f->swept = false;
    free(pattern);
    return rc;
}

static int
find_bullmq(struct finder *f, const char *prefix, size_t size, struct error *e)
{
    char *text = memory_copy(prefix, size), *plain = keys_pattern(text);
    char *before = text_format("%s:", text);
    int rc;

    f->before = before;
    rc = scan(f, text_format("%s:*:[im][de]*", plain), take_bullmq, e);
    free(before);
    free(plain);
    free(text);
    return rc;
}

static bool
take_binding(void *context, const char *key, size_t size)
{
    static const char *const others[] = {"celery.pidbox", "celeryev"};
    struct finder *f = context;
    size_t length = sizeof bindings - 1;

    if (size <= length || memchr(key, '\0', size) != NULL)
        return true;
    for (size_t i = 0; i < 2; i++)
        if (size - length == strlen(others[i]) &&
            memcmp(key + length, others[i], size - length) == 0)
            return true;
    f->names[f->name_count++] = memory_copy(key, size);
    return f->name_count < BINDINGS_MAX;
}

const char *
queues_bound(const char *member, size_t size, size_t *length)
{
    const char *end = member + size, *at = member, *last = NULL;

    while ((at = memmem(at, (size_t)(end - at), separator, 2)) != NULL)
        last = at += 2;
    *length = last == NULL ? 0 : (size_t)(end - last);
    return *length == 0 ? NULL : last;
}

static bool
take_bound(void *context, const char *member, size_t size)
{
    struct finder *f = context;
    size_t length;
    const char *name = queues_bound(member, size, &length);

    if (name != NULL)
        see(f->all, QUEUES_CELERY, name, length);
    return f->all->count < QUEUES_MAX;
}

static int
find_celery(struct finder *f, struct error *e)
{
    struct keys_question preset = {.command = "LLEN", .key = "celery"};
    char *names[BINDINGS_MAX];
    int rc;

    f->names = names;
    f->name_count = 0;
    rc = scan(f, text_format("%s*", bindings), take_binding, e);
    for (size_t i = 0; i < f->name_count; i++) {
        struct keys_scan members = {
            .set = names[i], .cursor = "0", .rounds = SET_ROUNDS};

        if (rc == 0)
            rc = keys_scan(f->link, &members, take_bound, f, e);
        free(names[i]);
    }
    if (rc == 0)
        rc = keys_count(f->link, &preset, 1, e);
    if (rc == 0 && preset.number == KEYS_DENIED)
        queues_note(f->all, preset.key, preset.command, preset.number);
    if (rc == 0 && preset.number > 0)
        see(f->all, QUEUES_CELERY, preset.key, strlen(preset.key));
    return rc;
}

/* Of systems that keep no list of their queues. */
static void
find_known(struct finder *f)
{
    const json_t *list = json_object_get(f->options->before, "queues");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *system = NULL, *name = NULL;
        char *base;

        if (json_unpack(json_array_get(list, i), "{s:s, s:s}", "system",
                        &system, "queue", &name) != 0 ||
            strcmp(name, QUEUES_ALL) == 0)
            continue;
        base = text_format(strchr(name, ':') == NULL ? "bull:%s" : "%s", name);
        if (strcmp(system, "bullmq") == 0)
            queues_add(f->all, QUEUES_BULLMQ, base, strlen(base));
        else if (strcmp(system, "celery") == 0)
            queues_add(f->all, QUEUES_CELERY, name, strlen(name));
        free(base);
    }
}

static int
find_automatic(struct finder *f, struct error *e)
{
    f->automatic = true;
    f->scans = 2;
    if (find_bullmq(f, "bull", 4, e) != 0 || find_celery(f, e) != 0 ||
        find_by_set(f, QUEUES_RQ, e) != 0)
        return -1;
    return find_by_set(f, QUEUES_SIDEKIQ, e);
}

static int
find_word(struct finder *f, const char *word, size_t size, struct error *e)
{
    enum { KIND = 7 }; /* the length of "bullmq:" and "celery:" */

    if (size > KIND && memcmp(word, "bullmq:", KIND) == 0)
        return find_bullmq(f, word + KIND, size - KIND, e);
    if (size > KIND && memcmp(word, "celery:", KIND) == 0) {
        see(f->all, QUEUES_CELERY, word + KIND, size - KIND);
        return 0;
    }
    if (size == 3) /* "off" */
        return 0;
    return find_by_set(f, size == 2 ? QUEUES_RQ : QUEUES_SIDEKIQ, e);
}

static int
find_listed(struct finder *f, struct error *e)
{
    const char *at = f->options->watch, *word;
    uint64_t scans = 0;
    size_t size;

    while (config_value_next(&at, ',', &word, &size))
        scans += size > 7 && memcmp(word, "bullmq:", 7) == 0;
    f->scans = scans > 0 ? scans : 1;
    at = f->options->watch;
    while (config_value_next(&at, ',', &word, &size))
        if (find_word(f, word, size, e) != 0)
            return -1;
    return 0;
}

int
queues_find(struct queues *all, struct link *link,
            const struct queues_options *options, struct error *e)
{
    struct finder f = {
        .all = all, .link = link, .options = options, .swept = true};
    int rc;

    all->whole = true;
    find_known(&f);
    rc = strcmp(options->watch, "auto") == 0 ? find_automatic(&f, e)
                                             : find_listed(&f, e);
    for (size_t i = 0; i < all->count; i++) {
        all->items[i].seen = all->items[i].seen || !f.swept;
        if (all->items[i].system == QUEUES_CELERY)
            see(all, QUEUES_CELERY, "", 0);
    }
    if (json_is_true(json_object_get(options->before, "whole")))
        all->whole = true;
    return rc;
}
