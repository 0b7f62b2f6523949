#include "daemon/repository_view.h"

#include <stdio.h>

#include "jobs/value.h"

static int64_t
read_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static bool
read_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static void
read_text(char *out, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    snprintf(out, size, "%s", text != NULL ? text : "");
}

static void
replace(json_t **to, json_t *from)
{
    json_decref(*to);
    *to = json_is_object(from) ? json_incref(from) : NULL;
}

/* catalog NULL or null: nothing is known. */
static void
read_catalog(struct repository_view *v, const json_t *catalog)
{
    v->snapshots = read_number(catalog, "snapshots");
    v->sound = read_number(catalog, "sound");
    v->torn = read_number(catalog, "torn");
    v->damaged = read_number(catalog, "damaged");
    v->unknown = read_number(catalog, "unknown");
    v->used_bytes = read_number(catalog, "used");
    replace(&v->list, json_object_get(catalog, "list"));
    replace(&v->last, json_object_get(catalog, "last"));
    replace(&v->last_good, json_object_get(catalog, "last_good"));
    replace(&v->last_drill, json_object_get(catalog, "last_drill"));
    v->last_good_time_ms = value_read_time(v->last_good, "state_time");
    v->protected_ms = read_number(catalog, "protected");
    v->frozen = read_flag(catalog, "frozen");
    read_text(v->frozen_text, sizeof v->frozen_text, catalog, "frozen_text");
    v->collapsed = read_flag(catalog, "collapsed");
}

void
repository_view_init(struct repository_view *v)
{
    *v = (struct repository_view){.free_bytes = -1, .total_bytes = -1};
    read_catalog(v, NULL);
}

void
repository_view_read(struct repository_view *v, const json_t *look)
{
    const json_t *catalog = json_object_get(look, "catalog");

    v->ok = read_flag(look, "ok");
    v->writable = read_flag(look, "writable");
    read_text(v->problem, sizeof v->problem, look, "problem");
    v->free_bytes = read_number(look, "free");
    v->total_bytes = read_number(look, "total");
    if (catalog != NULL)
        read_catalog(v, catalog);
}

void
repository_view_clear(struct repository_view *v)
{
    json_decref(v->list);
    json_decref(v->last);
    json_decref(v->last_good);
    json_decref(v->last_drill);
    repository_view_init(v);
}
