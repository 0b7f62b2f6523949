#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "repo/catalog.h"
#include "repo/catalog_entry.h"
#include "repo/catalog_entry_files.h"
#include "repo/catalog_fields.h"

enum {
    RDB_VERSION_LIMIT = 9999, /* four digits in the file */
    CODE_MAX = 64,
    /* In memory each value takes a hundred times what it may take in the text.
     * A file has 17, in some 500 bytes. */
    VALUES_MAX = 1000000,
};

static char *
take_word(struct catalog_fields *f, const char *name, enum catalog_null null)
{
    return catalog_fields_text(f, name, CATALOG_ENTRY_WORD_MAX, null);
}

static uint64_t
take_count(struct catalog_fields *f, const char *name)
{
    return (uint64_t)catalog_fields_number(f, name, 0, INT64_MAX,
                                           CATALOG_NEVER_NULL);
}

static int64_t
take_count_or_null(struct catalog_fields *f, const char *name)
{
    return catalog_fields_number(f, name, 0, INT64_MAX, CATALOG_OR_NULL);
}

static void
take_id(struct catalog_fields *f, struct catalog_entry *entry)
{
    catalog_fields_copy(f, "id", entry->id, sizeof entry->id);
    if (!catalog_is_id(entry->id))
        catalog_fields_fail(f, "id", "has not the form of an id");
}

static void
take_kind(struct catalog_fields *f, struct catalog_entry *entry)
{
    char name[16];

    catalog_fields_copy(f, "kind", name, sizeof name);
    entry->kind = strcmp(name, "full") == 0 ? CATALOG_FULL
                                            : CATALOG_INCREMENTAL;
    if (strcmp(name, catalog_entry_kind_name(entry->kind)) != 0)
        catalog_fields_fail(f, "kind",
                            "is unknown, expected full or incremental");
    entry->parent = take_word(f, "parent", CATALOG_OR_NULL);
    if ((entry->kind == CATALOG_FULL) != (entry->parent == NULL))
        catalog_fields_fail(f, "parent", "does not fit its kind, %s", name);
    if (entry->parent != NULL && !catalog_is_id(entry->parent))
        catalog_fields_fail(f, "parent", "has not the form of an id");
}

static void
take_server(struct catalog_fields *f, struct catalog_entry *entry)
{
    struct catalog_fields in;

    if (!catalog_fields_object(f, "server", &in, CATALOG_OR_NULL))
        return;
    entry->server.known = true;
    entry->server.product = take_word(&in, "product", CATALOG_NEVER_NULL);
    entry->server.version = take_word(&in, "version", CATALOG_NEVER_NULL);
    entry->server.run_id = take_word(&in, "run_id", CATALOG_OR_NULL);
    entry->server.replication_id =
        take_word(&in, "replication_id", CATALOG_OR_NULL);
    entry->server.replication_offset =
        take_count_or_null(&in, "replication_offset");
    entry->server.role = take_word(&in, "role", CATALOG_OR_NULL);
    /* Entries of redkeep 0.1 have none. */
    if (json_object_get(in.object, "used_memory") != NULL)
        entry->server.used_memory = catalog_fields_number(
            &in, "used_memory", 0, INT64_MAX, CATALOG_NEVER_NULL);
    f->failed = in.failed;
}

/* A restore writes and moves what has these names: none may lead elsewhere. */
static char *
take_file_name(struct catalog_fields *f, const char *name)
{
    char *word = take_word(f, name, CATALOG_NEVER_NULL);

    if (word != NULL && !text_is_name(word))
        catalog_fields_fail(f, name, "is not a file name");
    return word;
}

static void
take_dataset(struct catalog_fields *f, struct catalog_entry *entry)
{
    struct catalog_fields in;
    char name[16];

    catalog_fields_copy(f, "dataset", name, sizeof name);
    if (!dataset_find_kind(name, &entry->dataset))
        catalog_fields_fail(f, "dataset", "is unknown");
    if (!catalog_fields_object(f, "names", &in, CATALOG_NEVER_NULL))
        return;
    entry->dbfilename = take_file_name(&in, "dbfilename");
    entry->appendfilename = take_file_name(&in, "appendfilename");
    entry->appenddirname = take_file_name(&in, "appenddirname");
    f->failed = in.failed;
}

static void
take_log(struct catalog_fields *f, struct catalog_entry *entry)
{
    struct catalog_fields in;

    if (!catalog_fields_object(f, "log", &in, CATALOG_OR_NULL))
        return;
    entry->log_file = catalog_fields_text(&in, "file", CATALOG_ENTRY_PATH_MAX,
                                          CATALOG_NEVER_NULL);
    entry->log_offset = (int64_t)take_count(&in, "offset");
    f->failed = in.failed;
}

static void
take_bound(struct catalog_fields *f, struct catalog_entry *entry)
{
    entry->bound = CATALOG_NO_SERVER;
    if (json_is_null(json_object_get(f->object, "bound")))
        return;
    entry->bound = catalog_fields_bool(f, "bound") ? CATALOG_BOUND
                                                   : CATALOG_UNBOUND;
}

static void
take_verdict(struct catalog_fields *f, struct catalog_entry *entry)
{
    char name[16];

    catalog_fields_copy(f, "verdict", name, sizeof name);
    entry->verdict = verdict_find(name);
    if (strcmp(name, verdict_name(entry->verdict)) != 0)
        catalog_fields_fail(f, "verdict", "is unknown");
}

static enum severity
take_severity(struct catalog_fields *f)
{
    char name[16];

    catalog_fields_copy(f, "severity", name, sizeof name);
    for (int s = SEVERITY_INFO; s <= SEVERITY_ERROR; s++)
        if (strcmp(name, report_severity_name((enum severity)s)) == 0)
            return (enum severity)s;
    catalog_fields_fail(f, "severity", "is unknown");
    return SEVERITY_ERROR;
}

/* Codes are constants elsewhere; here they lie in entry->codes, at *code. */
static void
take_finding(struct catalog_fields *f, struct report *report, char *code)
{
    enum severity severity = take_severity(f);
    int64_t offset = take_count_or_null(f, "offset");
    char *path = catalog_fields_text(f, "path", CATALOG_ENTRY_TEXT_MAX,
                                     CATALOG_NEVER_NULL);
    char *text = catalog_fields_text(f, "text", CATALOG_ENTRY_TEXT_MAX,
                                     CATALOG_NEVER_NULL);
    char *remedy = catalog_fields_text(f, "remedy", CATALOG_ENTRY_TEXT_MAX,
                                       CATALOG_NEVER_NULL);

    catalog_fields_copy(f, "code", code, CODE_MAX);
    if (!f->failed) {
        report_about(report, path);
        report_add(report, severity, code, offset, remedy, "%s", text);
    }
    free(path);
    free(text);
    free(remedy);
}

static void
take_findings(struct catalog_fields *f, struct catalog_entry *entry)
{
    size_t count = catalog_fields_list(f, "findings", REPORT_FINDINGS_MAX);

    entry->codes = memory_new(count * CODE_MAX);
    for (size_t i = 0; i < count && !f->failed; i++) {
        struct catalog_fields item;

        catalog_fields_item(f, "findings", i, &item);
        take_finding(&item, &entry->report, entry->codes + i * CODE_MAX);
        f->failed = item.failed;
    }
    entry->report.dropped = take_count(f, "findings_dropped");
}

static void
take_archive(struct catalog_fields *f, struct catalog_entry *entry)
{
    struct catalog_fields in;
    char codec[16], expected[CATALOG_ID_SIZE + 16];

    if (!catalog_fields_object(f, "archive", &in, CATALOG_NEVER_NULL))
        return;
    catalog_fields_copy(&in, "codec", codec, sizeof codec);
    if (!codec_find(codec, &entry->archive.codec))
        catalog_fields_fail(&in, "codec", "is unknown");
    entry->archive.name = take_word(&in, "name", CATALOG_NEVER_NULL);
    snprintf(expected, sizeof expected, "%s.tar%s", entry->id,
             codec_suffix(entry->archive.codec));
    if (entry->archive.name != NULL &&
        strcmp(entry->archive.name, expected) != 0)
        catalog_fields_fail(&in, "name", "is not %s", expected);
    entry->archive.size_bytes = take_count(&in, "size");
    catalog_fields_sha256(&in, "sha256", entry->archive.sha256);
    f->failed = in.failed;
}

static void
take_all(struct catalog_fields *f, struct catalog_entry *entry)
{
    entry->sequence = (uint64_t)catalog_fields_number(
        f, "sequence", 1, INT64_MAX, CATALOG_NEVER_NULL);
    take_id(f, entry);
    take_kind(f, entry);
    entry->instance = take_word(f, "instance", CATALOG_NEVER_NULL);
    if (entry->instance != NULL && !text_is_name(entry->instance))
        catalog_fields_fail(f, "instance", "is not a file name");
    entry->started_ms = catalog_fields_time(f, "started", CATALOG_NEVER_NULL);
    entry->finished_ms = catalog_fields_time(f, "finished", CATALOG_NEVER_NULL);
    entry->state_time_ms =
        catalog_fields_time(f, "state_time", CATALOG_OR_NULL);
    take_server(f, entry);
    take_dataset(f, entry);
    catalog_entry_files_read(f, entry);
    take_log(f, entry);
    entry->rdb_version = (int)catalog_fields_number(
        f, "rdb_version", 0, RDB_VERSION_LIMIT, CATALOG_NEVER_NULL);
    entry->valkey_magic = catalog_fields_bool(f, "valkey_magic");
    entry->keys = take_count_or_null(f, "keys");
    entry->expires = take_count_or_null(f, "expires");
    entry->commands = take_count(f, "commands");
    take_bound(f, entry);
    take_verdict(f, entry);
    take_findings(f, entry);
    take_archive(f, entry);
    entry->bytes_source = take_count(f, "bytes_source");
    entry->bytes_stored = take_count(f, "bytes_stored");
}

/* The format first: of a newer one nothing else can be judged. */
static int
check_seal(json_t *object, struct catalog_entry *entry, struct error *e)
{
    char said[DIGEST_HEX_SIZE], found[DIGEST_HEX_SIZE];
    struct catalog_fields f;

    catalog_fields_of(&f, object, e);
    entry->format = (int)catalog_fields_number(&f, "format", 1, INT_MAX,
                                               CATALOG_NEVER_NULL);
    if (f.failed)
        return -1;
    if (entry->format > CATALOG_FORMAT)
        return error_set(e, ERROR_REFUSED,
                         "the entry has format %d, this redkeep reads up to "
                         "%d: use a newer redkeep",
                         entry->format, CATALOG_FORMAT);
    catalog_fields_sha256(&f, "sha256", said);
    if (f.failed)
        return -1;
    json_object_del(object, "sha256");
    catalog_entry_sum(object, found);
    if (strcmp(said, found) == 0)
        return 0;
    return error_set(e, ERROR_DAMAGED,
                     "the entry's sha256 is %s, it says %s: it was changed",
                     found, said);
}

static int
read_object(json_t *object, struct catalog_entry *entry, struct error *e)
{
    struct catalog_fields f;

    if (!json_is_object(object))
        return error_set(e, ERROR_DAMAGED, "the entry is not a JSON object");
    if (check_seal(object, entry, e) != 0)
        return -1;
    catalog_fields_of(&f, object, e);
    take_all(&f, entry);
    return f.failed ? -1 : 0;
}

/* The sum does not cover blanks: compare with what we would write. */
static bool
is_written_so(const json_t *object, const char *bytes, size_t size)
{
    char *text = catalog_entry_print(object);
    bool same = size == strlen(text) && memcmp(text, bytes, size) == 0;

    free(text);
    return same;
}

/* What is in a text counts as well: no matter. */
static bool
has_too_many_values(const char *bytes, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += bytes[i] == ',';
    return count > VALUES_MAX;
}

int
catalog_entry_read(struct catalog_entry *entry, const char *bytes, size_t size,
                   struct error *e)
{
    json_error_t fault;
    json_t *object;
    bool changed;
    int rc;

    *entry = (struct catalog_entry){.verified_ms = -1, .look.at_ms = -1};
    if (size > CATALOG_ENTRY_MAX)
        return error_set(e, ERROR_DAMAGED,
                         "the entry is %zu bytes long, expected at most %d",
                         size, CATALOG_ENTRY_MAX);
    if (has_too_many_values(bytes, size))
        return error_set(e, ERROR_DAMAGED,
                         "the entry has more than %d values, which none has",
                         VALUES_MAX);
    object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &fault);
    if (object == NULL)
        return error_set(e, ERROR_DAMAGED,
                         "the entry is not JSON from line %d, column %d on",
                         fault.line, fault.column);
    /* Before read_object, which takes the sum out. */
    changed = !is_written_so(object, bytes, size);
    rc = read_object(object, entry, e);
    json_decref(object);
    if (rc == 0 && changed)
        rc = error_set(e, ERROR_DAMAGED,
                       "the entry's blanks are not as they were written: it"
                       " was changed");
    if (rc != 0)
        catalog_entry_clear(entry);
    return rc;
}
