#include "repo/catalog_entry.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repo/catalog_text.h"

/* 9999-12-31T23:59:59.999Z: years of five digits cannot be read again. */
#define TIME_MAX_MS INT64_C(253402300799999)

/* jansson gives NULL for text that is not UTF-8 (ours is) or no memory. */
static void
set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) == 0)
        return;
    fputs("out of memory\n", stderr);
    abort();
}

static void
set_text(json_t *object, const char *key, const char *bytes)
{
    char *text = bytes == NULL ? NULL : catalog_text_encode(bytes);

    set(object, key, text == NULL ? json_null() : json_string(text));
    free(text);
}

static void
set_number(json_t *object, const char *key, uint64_t number)
{
    set(object, key,
        json_integer((json_int_t)(number < INT64_MAX ? number : INT64_MAX)));
}

/* A negative number means that there is none. */
static void
set_or_null(json_t *object, const char *key, int64_t number)
{
    set(object, key, number < 0 ? json_null() : json_integer(number));
}

/* Numbers that may need all 64 bits: JSON readers would round them. */
static void
set_wide(json_t *object, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    set(object, key, json_string(text));
}

static void
set_time(json_t *object, const char *key, int64_t ms)
{
    char text[TEXT_TIME_SIZE];

    ms = ms < 0 ? 0 : ms > TIME_MAX_MS ? TIME_MAX_MS : ms;
    text_write_time(text, ms);
    set(object, key, json_string(text));
}

static void
set_time_ns(json_t *object, const char *key, int64_t ns)
{
    char text[CATALOG_TEXT_TIME_SIZE];

    catalog_text_write_ns(text, ns);
    set(object, key, json_string(text));
}

static json_t *
server_object(const struct catalog_entry *entry)
{
    json_t *object = json_object();

    set_text(object, "product", entry->server.product);
    set_text(object, "version", entry->server.version);
    set_text(object, "run_id", entry->server.run_id);
    set_text(object, "replication_id", entry->server.replication_id);
    set_or_null(object, "replication_offset", entry->server.replication_offset);
    set_text(object, "role", entry->server.role);
    if (entry->server.used_memory > 0)
        set_number(object, "used_memory", (uint64_t)entry->server.used_memory);
    return object;
}

static json_t *
names_object(const struct catalog_entry *entry)
{
    json_t *object = json_object();

    set_text(object, "dbfilename", entry->dbfilename);
    set_text(object, "appendfilename", entry->appendfilename);
    set_text(object, "appenddirname", entry->appenddirname);
    return object;
}

static json_t *
file_object(const struct catalog_file *file)
{
    json_t *object = json_object();
    char mode[16];

    snprintf(mode, sizeof mode, "%04o", (unsigned)file->mode & 07777);
    set_text(object, "path", file->path);
    set(object, "role",
        json_string(file->config ? CATALOG_ENTRY_CONFIG
                                 : dataset_role_name(file->role)));
    set(object, "seq", json_integer(file->seq));
    set_number(object, "size", file->size_bytes);
    set_number(object, "length", file->length_bytes);
    set_or_null(object, "cut", file->cut);
    set(object, "sha256", json_string(file->sha256));
    set(object, "mode", json_string(mode));
    set_number(object, "uid", file->uid);
    set_number(object, "gid", file->gid);
    set_text(object, "owner", file->owner);
    set_text(object, "group", file->group);
    set_wide(object, "device", file->device);
    set_wide(object, "inode", file->inode);
    if (file->birth_ns == 0)
        set(object, "birth", json_null());
    else
        set_time_ns(object, "birth", file->birth_ns);
    set_time_ns(object, "mtime", file->mtime_ns);
    return object;
}

static json_t *
files_list(const struct catalog_entry *entry)
{
    json_t *list = json_array();

    for (size_t i = 0; i < entry->file_count; i++)
        json_array_append_new(list, file_object(&entry->files[i]));
    return list;
}

static json_t *
log_object(const struct catalog_entry *entry)
{
    json_t *object;

    if (entry->log_file == NULL)
        return json_null();
    object = json_object();
    set_text(object, "file", entry->log_file);
    set(object, "offset", json_integer(entry->log_offset));
    return object;
}

static json_t *
findings_list(const struct report *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->findings[i];
        json_t *object = json_object();

        set(object, "code", json_string(finding->code));
        set(object, "severity",
            json_string(report_severity_name(finding->severity)));
        set_text(object, "path", finding->path);
        set_or_null(object, "offset", finding->offset);
        set_text(object, "text", finding->text);
        set_text(object, "remedy", finding->remedy);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *
archive_object(const struct catalog_entry *entry)
{
    json_t *object = json_object();

    set_text(object, "name", entry->archive.name);
    set(object, "codec", json_string(codec_name(entry->archive.codec)));
    set_number(object, "size", entry->archive.size_bytes);
    set(object, "sha256", json_string(entry->archive.sha256));
    return object;
}

/* What it is and where it comes from. */
static void
set_head(json_t *object, const struct catalog_entry *entry)
{
    set(object, "format", json_integer(entry->format));
    set_number(object, "sequence", entry->sequence);
    set(object, "id", json_string(entry->id));
    set(object, "kind", json_string(catalog_entry_kind_name(entry->kind)));
    set_text(object, "parent", entry->parent);
    set_text(object, "instance", entry->instance);
    set_time(object, "started", entry->started_ms);
    set_time(object, "finished", entry->finished_ms);
    if (entry->state_time_ms < 0)
        set(object, "state_time", json_null());
    else
        set_time(object, "state_time", entry->state_time_ms);
    set(object, "server",
        entry->server.known ? server_object(entry) : json_null());
    set(object, "dataset", json_string(dataset_kind_name(entry->dataset)));
    set(object, "names", names_object(entry));
}

/* What is in it. */
static void
set_content(json_t *object, const struct catalog_entry *entry)
{
    set(object, "files", files_list(entry));
    set(object, "log", log_object(entry));
    set(object, "rdb_version", json_integer(entry->rdb_version));
    set(object, "valkey_magic", json_boolean(entry->valkey_magic));
    set_or_null(object, "keys", entry->keys);
    set_or_null(object, "expires", entry->expires);
    set_number(object, "commands", entry->commands);
    set(object, "bound",
        entry->bound == CATALOG_NO_SERVER
            ? json_null()
            : json_boolean(entry->bound == CATALOG_BOUND));
    set(object, "verdict", json_string(verdict_name(entry->verdict)));
    set(object, "findings", findings_list(&entry->report));
    set_number(object, "findings_dropped", entry->report.dropped);
    set(object, "archive", archive_object(entry));
    set_number(object, "bytes_source", entry->bytes_source);
    set_number(object, "bytes_stored", entry->bytes_stored);
}

const char *
catalog_entry_kind_name(enum catalog_kind kind)
{
    return kind == CATALOG_INCREMENTAL ? "incremental" : "full";
}

void
catalog_entry_sum(const json_t *object, char sha256[DIGEST_HEX_SIZE])
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);

    if (text == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    digest_of(text, strlen(text), sha256);
    free(text);
}

char *
catalog_entry_print(const json_t *object)
{
    char *json = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    char *text;

    if (json == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    text = text_format("%s\n", json);
    free(json);
    return text;
}

char *
catalog_entry_write(const struct catalog_entry *entry, size_t *size)
{
    json_t *object = json_object();
    char sha256[DIGEST_HEX_SIZE], *text;

    set_head(object, entry);
    set_content(object, entry);
    catalog_entry_sum(object, sha256);
    set(object, "sha256", json_string(sha256));
    text = catalog_entry_print(object);
    json_decref(object);
    *size = strlen(text);
    return text;
}

void
catalog_entry_clear(struct catalog_entry *entry)
{
    for (size_t i = 0; i < entry->file_count; i++) {
        free(entry->files[i].path);
        free(entry->files[i].owner);
        free(entry->files[i].group);
    }
    free(entry->files);
    free(entry->parent);
    free(entry->instance);
    free(entry->server.product);
    free(entry->server.version);
    free(entry->server.run_id);
    free(entry->server.replication_id);
    free(entry->server.role);
    free(entry->dbfilename);
    free(entry->appendfilename);
    free(entry->appenddirname);
    free(entry->log_file);
    free(entry->archive.name);
    report_clear(&entry->report);
    free(entry->codes);
    *entry = (struct catalog_entry){.verified_ms = -1, .look.at_ms = -1};
}
