#include "file_json.h"

#include "base/text.h"
#include "jobs/value.h"
#include "stats_json.h"

/* By content; where there is none, or it cannot be had, by name. */
static bool
is_base_rdb(const struct judge_file *f)
{
    bool named = text_has_suffix(f->path, ".base.rdb");

    return f->aof.has_rdb ? named || f->role == DATASET_ROLE_BASE
                          : named && f->size_bytes == 0;
}

const char *
file_json_kind(const struct judge_file *f)
{
    if (f->role == DATASET_ROLE_MANIFEST)
        return "manifest";
    return f->is_aof && !is_base_rdb(f) ? "aof" : "rdb";
}

json_t *
file_json_make(const struct judge_file *f)
{
    bool manifest = f->role == DATASET_ROLE_MANIFEST;
    json_t *file = json_pack(
        "{s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:s}", "path",
        value_string(f->path), "kind", file_json_kind(f), "verdict",
        verdict_name(f->verdict), "size", (json_int_t)f->size_bytes, "version",
        f->version > 0 ? json_integer(f->version) : json_null(), "keys",
        manifest ? json_null() : json_integer((json_int_t)f->keys), "expires",
        manifest ? json_null() : json_integer((json_int_t)f->expires),
        "commands",
        f->is_aof ? json_integer((json_int_t)f->commands) : json_null(),
        "checksum", rdb_checksum_name(f->checksum));

    if (f->stats != NULL)
        json_object_set_new(file, "stats", stats_json(f->stats));
    return file;
}
