#include "jobs/listing.h"

#include "jobs/value.h"
#include "repo/catalog_drill.h"

/* What came of the last verification; null: there was none. */
static void
add_look(json_t *entry, const struct catalog_entry *n)
{
    const struct catalog_look *look = &n->look;
    bool known = look->at_ms >= 0;

    json_object_set_new(entry, "verify_ok",
                        known ? json_boolean(look->ok) : json_null());
    json_object_set_new(entry, "verify_time", value_time(look->at_ms));
    json_object_set_new(entry, "verify_deep",
                        known ? json_boolean(look->deep) : json_null());
    json_object_set_new(entry, "verify_text",
                        value_string(n->failed ? look->wrong : NULL));
}

static json_t *
write_entry(const struct catalog_entry *n)
{
    json_t *bound = n->bound == CATALOG_NO_SERVER
                        ? json_null()
                        : json_boolean(n->bound == CATALOG_BOUND);

    json_t *entry = json_pack(
        "{s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:o, s:b}", "id", n->id,
        "kind", n->kind == CATALOG_FULL ? "full" : "incremental", "parent",
        value_string(n->parent), "state_time", value_time(n->state_time_ms),
        "bytes_source", (json_int_t)n->bytes_source, "bytes_stored",
        (json_int_t)n->bytes_stored, "verdict", verdict_name(n->verdict),
        "bound", bound, "keys", value_number(n->keys), "verified",
        value_time(n->verified_ms), "held", n->held);

    add_look(entry, n);
    return entry;
}

/* An entry that cannot be read is shown, but nothing of it is believed. */
static json_t *
write_broken(const struct catalog_item *item)
{
    return json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:s, s:n, s:n, s:n, s:b,"
                     " s:n, s:n, s:n, s:n, s:o}",
                     "id", item->id, "kind", "full", "parent", "state_time",
                     "bytes_source", "bytes_stored", "verdict", "damaged",
                     "bound", "keys", "verified", "held", item->entry.held,
                     "verify_ok", "verify_time", "verify_deep", "verify_text",
                     "error", value_string(item->broken.text));
}

json_t *
listing_write_item(const struct catalog_item *item)
{
    return item->broken.kind == ERROR_NONE ? write_entry(&item->entry)
                                           : write_broken(item);
}

json_t *
listing_write(const struct catalog *c, size_t max)
{
    json_t *all = json_array();
    size_t first = max > 0 && c->count > max ? c->count - max : 0;

    for (size_t i = first; i < c->count; i++)
        json_array_append_new(all, listing_write_item(&c->items[i]));
    return json_pack("{s:o, s:[], s:[]}", "snapshots", all, "windows", "gaps");
}

json_t *
listing_write_drill(int snapshots_dir)
{
    struct catalog_drill drill;

    if (snapshots_dir < 0 || !catalog_drill_find_last(snapshots_dir, &drill))
        return json_null();
    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "id", drill.id, "ok",
                     drill.ok, "keys", value_number(drill.keys), "load_seconds",
                     value_seconds(drill.load_ms), "finished",
                     value_time(drill.at_ms));
}
