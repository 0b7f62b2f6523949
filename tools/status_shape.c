#include "status_shape.h"

#include "base/text.h"

enum type {
    TYPE_TEXT,
    TYPE_TIME,
    TYPE_NUMBER,
    TYPE_FLAG,
    TYPE_OBJECT,
    TYPE_LIST, /* of objects */
};

struct field {
    const char *name;
    enum type type;
    bool known; /* never null */
    const struct field *inner;
};

static const struct field config_fields[] = {
    {"file", TYPE_TEXT, false, NULL},
    {"loaded", TYPE_TIME, false, NULL},
    {"error", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field server_fields[] = {
    {"state", TYPE_TEXT, false, NULL},
    {"product", TYPE_TEXT, false, NULL},
    {"version", TYPE_TEXT, false, NULL},
    {"run_id", TYPE_TEXT, false, NULL},
    {"role", TYPE_TEXT, false, NULL},
    {"loading", TYPE_FLAG, false, NULL},
    {"data_dir", TYPE_TEXT, false, NULL},
    {"appendonly", TYPE_FLAG, false, NULL},
    {"keys", TYPE_NUMBER, false, NULL},
    {"used_memory", TYPE_NUMBER, false, NULL},
    {"maxmemory", TYPE_NUMBER, false, NULL},
    {"maxmemory_policy", TYPE_TEXT, false, NULL},
    {"last_save", TYPE_TIME, false, NULL},
    {"last_save_ok", TYPE_FLAG, false, NULL},
    {"changes_since_save", TYPE_NUMBER, false, NULL},
    {"aof_last_write_ok", TYPE_FLAG, false, NULL},
    {"aof_last_rewrite_ok", TYPE_FLAG, false, NULL},
    {"last_error", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field window_fields[] = {
    {"from", TYPE_TIME, true, NULL},
    {"to", TYPE_TIME, true, NULL},
    {NULL, 0, false, NULL},
};

static const struct field snapshot_fields[] = {
    {"id", TYPE_TEXT, true, NULL},
    {"state_time", TYPE_TIME, false, NULL},
    {"bytes_source", TYPE_NUMBER, false, NULL},
    {"bytes_stored", TYPE_NUMBER, false, NULL},
    {"verdict", TYPE_TEXT, true, NULL},
    {"bound", TYPE_FLAG, false, NULL},
    {"keys", TYPE_NUMBER, false, NULL},
    {"verify_ok", TYPE_FLAG, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field drill_fields[] = {
    {"id", TYPE_TEXT, false, NULL},
    {"ok", TYPE_FLAG, false, NULL},
    {"keys", TYPE_NUMBER, false, NULL},
    {"load_seconds", TYPE_NUMBER, false, NULL},
    {"finished", TYPE_TIME, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field run_fields[] = {
    {"started", TYPE_TIME, false, NULL},
    {"finished", TYPE_TIME, false, NULL},
    {"result", TYPE_TEXT, true, NULL},
    {"exit_status", TYPE_NUMBER, false, NULL},
    {"signal", TYPE_NUMBER, false, NULL},
    {"text", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field job_fields[] = {
    {"name", TYPE_TEXT, true, NULL},
    {"schedule", TYPE_TEXT, false, NULL},
    {"state", TYPE_TEXT, false, NULL},
    {"pid", TYPE_NUMBER, false, NULL},
    {"next", TYPE_TIME, false, NULL},
    {"runs", TYPE_NUMBER, false, NULL},
    {"failures", TYPE_NUMBER, false, NULL},
    {"last", TYPE_OBJECT, false, run_fields},
    {NULL, 0, false, NULL},
};

static const struct field repository_fields[] = {
    {"path", TYPE_TEXT, true, NULL},
    {"writable", TYPE_FLAG, false, NULL},
    {"snapshots", TYPE_NUMBER, false, NULL},
    {"bytes", TYPE_NUMBER, false, NULL},
    {"free_bytes", TYPE_NUMBER, false, NULL},
    {"problem", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field archive_fields[] = {
    {"status", TYPE_TEXT, false, NULL},
    {"lag_seconds", TYPE_NUMBER, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field retention_fields[] = {
    {"frozen", TYPE_FLAG, false, NULL},
    {"text", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field alarm_fields[] = {
    {"name", TYPE_TEXT, true, NULL},
    {"since", TYPE_TIME, false, NULL},
    {"text", TYPE_TEXT, false, NULL},
    {NULL, 0, false, NULL},
};

static const struct field state_fields[] = {
    {"instance", TYPE_TEXT, true, NULL},
    {"version", TYPE_TEXT, false, NULL},
    {"pid", TYPE_NUMBER, false, NULL},
    {"time", TYPE_TIME, true, NULL},
    {"uptime", TYPE_NUMBER, false, NULL},
    {"config", TYPE_OBJECT, true, config_fields},
    {"server", TYPE_OBJECT, true, server_fields},
    {"protected_until", TYPE_TIME, false, NULL},
    {"restore_window", TYPE_OBJECT, false, window_fields},
    {"gaps", TYPE_NUMBER, false, NULL},
    {"last_snapshot", TYPE_OBJECT, false, snapshot_fields},
    {"last_good_snapshot", TYPE_OBJECT, false, snapshot_fields},
    {"last_drill", TYPE_OBJECT, false, drill_fields},
    {"jobs", TYPE_LIST, true, job_fields},
    {"repository", TYPE_OBJECT, true, repository_fields},
    {"archive", TYPE_OBJECT, false, archive_fields},
    {"retention", TYPE_OBJECT, false, retention_fields},
    {"alarms", TYPE_LIST, true, alarm_fields},
    {"problem", TYPE_TEXT, false, NULL},
    {"state_written", TYPE_TIME, false, NULL},
    {NULL, 0, false, NULL},
};

const char *
status_shape_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *
status_shape_word(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = status_shape_text(object, key);

    return text != NULL && *text != '\0' ? text : otherwise;
}

int64_t
status_shape_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    double number = json_number_value(value);

    if (!json_is_number(value) || number < 0 || number >= 0x1p63)
        return -1;
    return json_is_integer(value) ? json_integer_value(value) : (int64_t)number;
}

bool
status_shape_is(const json_t *object, const char *key, bool value)
{
    const json_t *found = json_object_get(object, key);

    return value ? json_is_true(found) : json_is_false(found);
}

static bool
is_of(const json_t *value, enum type type)
{
    int64_t ms;

    switch (type) {
    case TYPE_TEXT:
        return json_is_string(value);
    case TYPE_TIME:
        return json_is_string(value) &&
               text_time(json_string_value(value), &ms);
    case TYPE_NUMBER:
        return json_is_number(value);
    case TYPE_FLAG:
        return json_is_boolean(value);
    case TYPE_OBJECT:
        return json_is_object(value);
    case TYPE_LIST:
        return json_is_array(value);
    }
    return false;
}

static const char *
name_of(const json_t *value)
{
    if (value == NULL)
        return "missing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

static int check_object(const json_t *object, const struct field *fields,
                        struct error *e);

static int
check_list(const json_t *list, const struct field *fields, struct error *e)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        int rc = json_is_object(item)
                     ? check_object(item, fields, e)
                     : error_set(e, ERROR_FAILED, "%s, expected an object",
                                 name_of(item));

        if (rc != 0)
            return error_in(e, "item %zu", i);
    }
    return 0;
}

static int
check_field(const json_t *value, const struct field *f, struct error *e)
{
    static const char *const names[] = {
        [TYPE_TEXT] = "a text",      [TYPE_TIME] = "a time (RFC 3339)",
        [TYPE_NUMBER] = "a number",  [TYPE_FLAG] = "true or false",
        [TYPE_OBJECT] = "an object", [TYPE_LIST] = "a list",
    };
    bool unknown = value == NULL || json_is_null(value);

    if (unknown && !f->known)
        return 0;
    if (unknown || !is_of(value, f->type))
        return error_set(e, ERROR_FAILED, "%s, expected %s", name_of(value),
                         names[f->type]);
    if (f->type == TYPE_LIST)
        return check_list(value, f->inner, e);
    return f->type == TYPE_OBJECT ? check_object(value, f->inner, e) : 0;
}

static int
check_object(const json_t *object, const struct field *fields, struct error *e)
{
    for (const struct field *f = fields; f->name != NULL; f++)
        if (check_field(json_object_get(object, f->name), f, e) != 0)
            return error_in(e, "%s", f->name);
    return 0;
}

json_t *
status_shape_no_server(void)
{
    json_t *server = json_object();

    for (const struct field *f = server_fields; f->name != NULL; f++)
        json_object_set_new(server, f->name, json_null());
    return server;
}

int
status_shape_check(const json_t *state, struct error *e)
{
    if (!json_is_object(state))
        return error_set(e, ERROR_FAILED, "%s, expected an object",
                         name_of(state));
    return check_object(state, state_fields, e);
}
