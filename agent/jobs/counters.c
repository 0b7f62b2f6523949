#include "jobs/counters.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/counters_work.h"
#include "jobs/value.h"

/* A server may wait for its disk before it answers to a write. */
enum { COMMAND_MS = 30000 };

static void
add_set(struct counters *c, const struct config_block *b)
{
    c->sets[c->count++] = (struct counters_set){
        .name = b->name,
        .title = config_block_text(b, CONFIG_COUNTERS_TITLE),
        .source = config_block_text(b, CONFIG_COUNTERS_SOURCE),
        .timeout_ms = config_block_duration_ms(b, CONFIG_COUNTERS_TIMEOUT),
        .rows.fd = -1,
        .behind = json_array(),
    };
}

static bool
is_named(const char *name, char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static int
check_names(const struct counters *c, const struct config *config,
            char *const *names, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;

        while (k < c->count && strcmp(c->sets[k].name, names[i]) != 0)
            k++;
        if (k == c->count)
            return error_set(e, ERROR_USAGE, "%s has no section [counters %s]",
                             config->path != NULL ? config->path
                                                  : "no configuration file",
                             names[i]);
    }
    return 0;
}

int
counters_begin(struct counters *c, const struct config *config,
               char *const *names, size_t count, struct error *e)
{
    size_t blocks = config_block_count(config, "counters");

    *c = (struct counters){
        .sets = memory_new(blocks * sizeof *c->sets),
        .warnings = json_array(),
    };
    for (size_t i = 0; i < blocks; i++) {
        const struct config_block *b = config_block_at(config, "counters", i);

        if (count == 0 || is_named(b->name, names, count))
            add_set(c, b);
    }
    return check_names(c, config, names, count, e);
}

static void
keep_error(struct counters *c, struct counters_set *set, const struct error *e)
{
    free(set->error);
    set->error = memory_dup(e->text);
    counters_warn(c, "%s: %s", set->name, e->text);
    if (c->error == NULL)
        c->error = text_format("%s: %s", set->name, e->text);
}

/* -1 only when asked to stop. */
static int
read_sources(struct counters *c, const struct counters_options *o,
             struct error *e)
{
    for (size_t i = 0; i < c->count; i++) {
        struct counters_set *set = &c->sets[i];

        if (o->sample > 0)
            set->items = json_array();
        if (counters_source_read(set, o->sample, o->progress, e) == 0)
            continue;
        if (e->kind == ERROR_STOPPED)
            return -1;
        keep_error(c, set, e);
        *e = (struct error){0};
    }
    return 0;
}

static void
forget(struct counters_set *set)
{
    set->checked = set->inconsistent = set->missing = set->raised =
        set->failed = 0;
    json_array_clear(set->items);
    json_array_clear(set->behind);
}

static struct link *
reach(const struct counters_options *o, struct error *e)
{
    struct link *link = link_open(o->link, e);

    if (link != NULL)
        link_set_timeout(link, COMMAND_MS);
    return link;
}

/*
 * A server that became a replica says so; behind the same address there may be
 * another primary by now.
 */
static int
work(struct counters *c, struct counters_set *set,
     const struct counters_options *o, struct link **link, struct error *e)
{
    uint64_t told = c->warnings_total, raised;
    int rc;

    if (!o->rebuild)
        return counters_compare(c, set, o, *link, e);
    rc = counters_raise(c, set, o, *link, e);
    if (rc == 0 || strstr(e->text, "READONLY") == NULL ||
        c->warnings_total != told)
        return rc;
    *e = (struct error){0};
    raised = set->raised;
    forget(set);
    link_close(*link);
    *link = reach(o, e);
    rc = *link != NULL ? counters_raise(c, set, o, *link, e) : -1;
    set->raised += raised;
    return rc;
}

static int
work_all(struct counters *c, const struct counters_options *o,
         struct link **link, struct error *e)
{
    for (size_t i = 0; i < c->count && *link != NULL; i++) {
        struct counters_set *set = &c->sets[i];
        uint64_t begin = clock_steady_ms();

        if (set->error != NULL)
            continue;
        if (work(c, set, o, link, e) != 0) {
            /* Of a rebuild that was stopped it is told how far it came. */
            if (e->kind == ERROR_STOPPED && !o->rebuild)
                return -1;
            error_in(e, "Redis");
            keep_error(c, set, e);
            *e = (struct error){0};
        }
        set->took_ms += clock_steady_ms() - begin;
    }
    return 0;
}

int
counters_run(struct counters *c, const struct counters_options *o,
             struct error *e)
{
    struct link *link;
    int rc;

    if (read_sources(c, o, e) != 0)
        return -1;
    if (c->count == 0 || (o->rebuild && c->error != NULL))
        return 0;
    link = reach(o, e);
    if (link == NULL && e->kind == ERROR_STOPPED)
        return -1;
    if (link == NULL) {
        error_in(e, "Redis is not available");
        /* In front, as it is the reason for the rest. */
        json_array_insert_new(c->warnings, 0, value_string(e->text));
        c->warnings_total++;
        free(c->error);
        c->error = memory_dup(e->text);
        *e = (struct error){0};
        return 0;
    }
    rc = work_all(c, o, &link, e);
    link_close(link);
    return rc;
}

bool
counters_is_healthy(const struct counters *c)
{
    bool healthy = c->error == NULL;

    for (size_t i = 0; i < c->count; i++)
        healthy &= c->sets[i].inconsistent == 0 && c->sets[i].failed == 0;
    return healthy;
}

static json_t *
report_set(const struct counters_set *s)
{
    json_t *object = json_pack(
        "{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "name",
        value_string(s->name), "title", value_string(s->title), "checked",
        (json_int_t)s->checked, "inconsistent", (json_int_t)s->inconsistent,
        "missing", (json_int_t)s->missing, "raised", (json_int_t)s->raised,
        "failed", (json_int_t)s->failed, "seconds",
        value_seconds((int64_t)s->took_ms), "error", value_string(s->error));

    json_object_set(object, "behind", s->behind);
    if (s->items != NULL && s->error == NULL)
        json_object_set(object, "items", s->items);
    return object;
}

json_t *
counters_report(const struct counters *c, int64_t now_ms)
{
    json_t *sets = json_array();

    for (size_t i = 0; i < c->count; i++)
        json_array_append_new(sets, report_set(&c->sets[i]));
    return json_pack("{s:s, s:o, s:o, s:O, s:I, s:o}", "status",
                     counters_is_healthy(c) ? "healthy" : "warning",
                     "checked_at", value_time(now_ms), "sets", sets, "warnings",
                     c->warnings, "warnings_total",
                     (json_int_t)c->warnings_total, "error",
                     value_string(c->error));
}

void
counters_clear(struct counters *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct counters_set *s = &c->sets[i];

        counters_table_clear(&s->table);
        counters_rows_clear(&s->rows);
        free(s->error);
        json_decref(s->items);
        json_decref(s->behind);
    }
    json_decref(c->warnings);
    free(c->sets);
    free(c->error);
    *c = (struct counters){0};
}
