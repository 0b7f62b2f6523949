#include "jobs/journal_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/place.h"
#include "jobs/value.h"
#include "repo/catalog_fields.h"
#include "repo/catalog_text.h"

enum { FORMAT = 1, NAME_MAX_BYTES = 255, TEXT_MAX_BYTES = 64 << 10 };

/* Bytes as text; NULL as null. */
static json_t *
bytes_value(const char *bytes)
{
    char *text = bytes != NULL ? catalog_text_encode(bytes) : NULL;
    json_t *value = value_string(text);

    free(text);
    return value;
}

static json_t *
wide_value(uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return json_string(text);
}

static json_t *
identity_value(const struct file_identity *id)
{
    if (id->links == 0)
        return json_null();
    return json_pack("{s:o, s:I}", "inode", wide_value(id->inode), "birth",
                     (json_int_t)id->birth_ns);
}

static json_t *
set_value(const struct journal_set *set)
{
    json_t *files = json_array();

    for (size_t i = 0; i < set->count; i++) {
        const struct journal_file *f = &set->files[i];

        json_array_append_new(files,
                              json_pack("{s:o, s:b, s:o, s:o}", "path",
                                        bytes_value(f->path), "entry", f->entry,
                                        "id", identity_value(&f->id), "copy",
                                        identity_value(&f->copy)));
    }
    return json_pack("{s:o, s:o}", "folder", bytes_value(set->folder), "files",
                     files);
}

static json_t *
names_value(const struct journal *j)
{
    json_t *names = json_array();

    for (size_t i = 0; i < j->name_count; i++)
        json_array_append_new(
            names,
            json_pack("{s:o, s:o, s:o}", "dbfilename",
                      bytes_value(j->names[i].dbfilename), "appendfilename",
                      bytes_value(j->names[i].appendfilename), "appenddirname",
                      bytes_value(j->names[i].appenddirname)));
    return names;
}

char *
journal_text_write(const struct journal *j, size_t *size)
{
    json_t *value = json_pack(
        "{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
        " s:o}",
        "format", FORMAT, "job", j->job, "state", journal_state_name(j->state),
        "id", bytes_value(j->id), "began", value_time(j->began_ms), "names",
        names_value(j), "leaves", set_value(&j->leaves), "comes",
        set_value(&j->comes), "service", bytes_value(j->service),
        "stop_command", bytes_value(j->stop_command), "start_command",
        bytes_value(j->start_command), "repo", bytes_value(j->repo), "instance",
        bytes_value(j->instance), "layout", bytes_value(j->layout));
    char *text = json_dumps(value, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    char *line = text_format("%s\n", text);

    *size = strlen(line);
    free(text);
    json_decref(value);
    return line;
}

static bool
is_listed(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static void
read_identity(struct catalog_fields *f, const char *name,
              struct file_identity *id)
{
    struct catalog_fields inner;

    *id = (struct file_identity){0};
    if (!catalog_fields_object(f, name, &inner, CATALOG_OR_NULL))
        return;
    id->inode = catalog_fields_wide(&inner, "inode");
    id->birth_ns = catalog_fields_number(&inner, "birth", INT64_MIN, INT64_MAX,
                                         CATALOG_NEVER_NULL);
    id->links = 1;
    f->failed |= inner.failed;
}

/* "a", or "a/b" with a a folder of the names'. */
static bool
is_path_of(const struct journal *j, const char *path)
{
    const char *slash = strchr(path, '/');
    size_t size = strcspn(path, "/");

    if (!text_is_name(slash != NULL ? slash + 1 : path))
        return false;
    for (size_t i = 0; i < j->name_count; i++) {
        const struct journal_names *n = &j->names[i];

        if (slash == NULL ? strcmp(path, n->dbfilename) == 0 ||
                                strcmp(path, n->appendfilename) == 0
                          : strncmp(path, n->appenddirname, size) == 0 &&
                                n->appenddirname[size] == '\0')
            return true;
    }
    return false;
}

/* ".redkeep/restore-..." or "redkeep-before-...", and nothing below. */
static bool
is_folder(const char *folder)
{
    size_t work = strlen(PLACE_WORK);

    if (strncmp(folder, PLACE_WORK, work) == 0 && folder[work] == '/')
        return text_is_name(folder + work + 1) &&
               (strncmp(folder + work + 1, "restore-", 8) == 0 ||
                strncmp(folder + work + 1, "repair-", 7) == 0);
    return text_is_name(folder) &&
           strncmp(folder, PLACE_KEPT_PREFIX, strlen(PLACE_KEPT_PREFIX)) == 0;
}

static void
read_file(const struct journal *j, struct catalog_fields *f,
          struct journal_set *set)
{
    struct journal_file file = {
        .path = catalog_fields_text(f, "path", 2 * NAME_MAX_BYTES + 1,
                                    CATALOG_NEVER_NULL),
        .entry = catalog_fields_bool(f, "entry"),
    };

    read_identity(f, "id", &file.id);
    read_identity(f, "copy", &file.copy);
    if (!f->failed && file.id.links == 0)
        catalog_fields_fail(f, "id", "is null");
    if (!f->failed && !is_path_of(j, file.path))
        catalog_fields_fail(f, "path", "is no path of a dataset");
    if (f->failed) {
        free(file.path);
        return;
    }
    set->files[set->count++] = file;
}

static void
read_set(const struct journal *j, struct catalog_fields *f, const char *name,
         struct journal_set *set)
{
    struct catalog_fields inner, item;
    size_t count;

    if (!catalog_fields_object(f, name, &inner, CATALOG_NEVER_NULL))
        return;
    set->folder =
        catalog_fields_text(&inner, "folder", NAME_MAX_BYTES, CATALOG_OR_NULL);
    count = catalog_fields_list(&inner, "files", JOURNAL_FILES_MAX);
    set->files = memory_new(count * sizeof *set->files + 1);
    for (size_t i = 0; i < count && !inner.failed; i++) {
        catalog_fields_item(&inner, "files", i, &item);
        if (!item.failed)
            read_file(j, &item, set);
        inner.failed |= item.failed;
    }
    if (!inner.failed &&
        (set->folder == NULL ? count > 0 : !is_folder(set->folder)))
        catalog_fields_fail(&inner, "folder", "is no folder of ours");
    f->failed |= inner.failed;
}

static char *
read_name(struct catalog_fields *f, const char *name)
{
    char *text =
        catalog_fields_text(f, name, NAME_MAX_BYTES, CATALOG_NEVER_NULL);

    if (text != NULL && (!text_is_name(text) || place_is_ours(text)))
        catalog_fields_fail(f, name, "is no name of a dataset");
    return text;
}

static void
read_names(struct journal *j, struct catalog_fields *f)
{
    size_t count = catalog_fields_list(f, "names", JOURNAL_NAMES_MAX);

    for (size_t i = 0; i < count && !f->failed; i++) {
        struct journal_names *n = &j->names[j->name_count++];
        struct catalog_fields item;

        catalog_fields_item(f, "names", i, &item);
        n->dbfilename = read_name(&item, "dbfilename");
        n->appendfilename = read_name(&item, "appendfilename");
        n->appenddirname = read_name(&item, "appenddirname");
        f->failed |= item.failed;
    }
}

static void
read_state(struct journal *j, struct catalog_fields *f)
{
    static const char *const jobs[] = {"restore", "repair", "undo"};
    char *state = catalog_fields_text(f, "state", 20, CATALOG_NEVER_NULL);

    j->job = catalog_fields_text(f, "job", 20, CATALOG_NEVER_NULL);
    if (!f->failed && !is_listed(j->job, jobs, sizeof jobs / sizeof *jobs))
        catalog_fields_fail(f, "job", "is none that we know");
    for (int i = JOURNAL_BUILDING; i <= JOURNAL_UNDONE && state != NULL; i++)
        if (strcmp(state, journal_state_name((enum journal_state)i)) == 0)
            j->state = (enum journal_state)i;
    if (!f->failed && j->state == JOURNAL_NONE)
        catalog_fields_fail(f, "state", "is none that we know");
    free(state);
}

static void
read_all(struct journal *j, struct catalog_fields *f)
{
    read_state(j, f);
    j->id = catalog_fields_text(f, "id", NAME_MAX_BYTES, CATALOG_OR_NULL);
    j->began_ms = catalog_fields_time(f, "began", CATALOG_OR_NULL);
    read_names(j, f);
    if (f->failed)
        return;
    read_set(j, f, "leaves", &j->leaves);
    read_set(j, f, "comes", &j->comes);
    j->service =
        catalog_fields_text(f, "service", NAME_MAX_BYTES, CATALOG_OR_NULL);
    j->stop_command =
        catalog_fields_text(f, "stop_command", TEXT_MAX_BYTES, CATALOG_OR_NULL);
    j->start_command = catalog_fields_text(f, "start_command", TEXT_MAX_BYTES,
                                           CATALOG_OR_NULL);
    j->repo = catalog_fields_text(f, "repo", TEXT_MAX_BYTES, CATALOG_OR_NULL);
    j->instance =
        catalog_fields_text(f, "instance", NAME_MAX_BYTES, CATALOG_OR_NULL);
    j->layout = catalog_fields_text(f, "layout", 20, CATALOG_OR_NULL);
}

static int
check_format(json_t *root, struct error *e)
{
    json_int_t format = json_integer_value(json_object_get(root, "format"));

    if (!json_is_object(root) || format < 1)
        return error_set(e, ERROR_DAMAGED, "it is no journal of redkeep");
    if (format > FORMAT)
        return error_set(e, ERROR_REFUSED,
                         "it has format %lld, this redkeep knows %d: use the"
                         " newer one that wrote it",
                         (long long)format, (int)FORMAT);
    return 0;
}

int
journal_read(struct journal *j, const char *text, size_t size, struct error *e)
{
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    struct catalog_fields f;
    int rc = check_format(root, e);

    *j = (struct journal){.began_ms = -1};
    if (rc == 0) {
        catalog_fields_of(&f, root, e);
        read_all(j, &f);
        rc = f.failed ? -1 : 0;
    }
    json_decref(root);
    if (rc != 0)
        journal_clear(j);
    return rc;
}
