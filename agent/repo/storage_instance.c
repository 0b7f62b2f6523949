#include "repo/storage_instance.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "repo/catalog_fields.h"
#include "repo/catalog_text.h"
#include "repo/storage.h"

enum { FILE_MAX = 65536, WORD_MAX = 1024, DIRECTORY_MAX = 4095 };

static void
take_all(struct catalog_fields *f, struct storage_instance *instance)
{
    catalog_fields_copy(f, "uuid", instance->uuid, sizeof instance->uuid);
    instance->machine_id =
        catalog_fields_text(f, "machine", WORD_MAX, CATALOG_NEVER_NULL);
    instance->host =
        catalog_fields_text(f, "host", WORD_MAX, CATALOG_NEVER_NULL);
    instance->directory =
        catalog_fields_text(f, "directory", DIRECTORY_MAX, CATALOG_NEVER_NULL);
    instance->created_ms =
        catalog_fields_time(f, "created", CATALOG_NEVER_NULL);
}

static int
read_object(struct storage_instance *instance, json_t *object, struct error *e)
{
    struct catalog_fields f;

    if (!json_is_object(object))
        return error_set(e, ERROR_DAMAGED, "not a JSON object");
    catalog_fields_of(&f, object, e);
    instance->format = (int)catalog_fields_number(&f, "format", 1, INT_MAX,
                                                  CATALOG_NEVER_NULL);
    if (!f.failed && instance->format > STORAGE_FORMAT)
        return error_set(e, ERROR_REFUSED,
                         "the repository has format %d, this redkeep reads "
                         "up to %d: use a newer redkeep",
                         instance->format, STORAGE_FORMAT);
    take_all(&f, instance);
    return f.failed ? -1 : 0;
}

int
storage_instance_load(struct storage_instance *instance, int dir,
                      struct error *e)
{
    json_t *object;
    size_t size;
    char *bytes;
    int rc;

    *instance = (struct storage_instance){0};
    if (file_load(dir, STORAGE_INSTANCE_FILE, FILE_MAX, &bytes, &size, e) != 0)
        return -1;
    object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    rc = read_object(instance, object, e);
    json_decref(object);
    if (rc == 0)
        return 0;
    storage_instance_clear(instance);
    return error_in(e, "%s", STORAGE_INSTANCE_FILE);
}

static void
set_text(json_t *object, const char *key, const char *bytes)
{
    char *text = catalog_text_encode(bytes);

    json_object_set_new(object, key, json_string(text));
    free(text);
}

int
storage_instance_save(const struct storage_instance *instance, int dir,
                      struct error *e)
{
    char created[TEXT_TIME_SIZE], *json, *text;
    json_t *object = json_object();
    int rc;

    text_write_time(created, instance->created_ms);
    json_object_set_new(object, "format", json_integer(instance->format));
    set_text(object, "uuid", instance->uuid);
    set_text(object, "machine", instance->machine_id);
    set_text(object, "host", instance->host);
    set_text(object, "directory", instance->directory);
    set_text(object, "created", created);
    json = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    if (json == NULL)
        return error_set(e, ERROR_FAILED, "write %s: out of memory",
                         STORAGE_INSTANCE_FILE);
    text = text_format("%s\n", json);
    rc = file_replace(dir, STORAGE_INSTANCE_FILE, text, strlen(text), 0600, e);
    free(text);
    free(json);
    return rc;
}

int
storage_instance_new_uuid(char uuid[STORAGE_INSTANCE_UUID_SIZE],
                          struct error *e)
{
    unsigned char b[16];

    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        return error_sys(e, "ask for random bytes");
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(uuid, STORAGE_INSTANCE_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

void
storage_instance_clear(struct storage_instance *instance)
{
    free(instance->machine_id);
    free(instance->host);
    free(instance->directory);
    *instance = (struct storage_instance){0};
}
