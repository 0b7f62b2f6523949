/*
 * Entries of a catalog: as they come, and sealed anew so that what is behind
 * the sha256 is reached. What was read can be written and read again.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "repo/catalog.h"
#include "repo/catalog_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
require(int condition)
{
    if (!condition)
        abort();
}

static void
check_again(const struct catalog_entry *entry)
{
    struct catalog_entry again;
    struct error e = {0};
    size_t size, other_size;
    char *text = catalog_entry_write(entry, &size), *other;

    if (text == NULL)
        return;
    require(catalog_entry_read(&again, text, size, &e) == 0);
    other = catalog_entry_write(&again, &other_size);
    require(other != NULL && size == other_size &&
            memcmp(text, other, size) == 0);
    catalog_entry_clear(&again);
    free(other);
    free(text);
}

static void
read_entry(const char *text, size_t size)
{
    struct catalog_entry entry;
    struct error e = {0};

    if (catalog_entry_read(&entry, text, size, &e) != 0) {
        require(e.kind == ERROR_DAMAGED || e.kind == ERROR_REFUSED);
        return;
    }
    check_again(&entry);
    catalog_entry_clear(&entry);
}

static void
read_sealed(json_t *object)
{
    char sum[DIGEST_HEX_SIZE], *text, *whole;

    json_object_del(object, "sha256");
    text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL)
        return;
    digest_of(text, strlen(text), sum);
    free(text);
    json_object_set_new(object, "sha256", json_string(sum));
    text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    whole = text_format("%s\n", text);
    read_entry(whole, strlen(whole));
    free(whole);
    free(text);
}

/* Any bytes without NUL survive as text. */
static void
check_text(const uint8_t *bytes, size_t size)
{
    char *in = strndup((const char *)bytes, size), *text, *out;

    text = catalog_text_encode(in);
    out = catalog_text_decode(text);
    require(out != NULL && strcmp(in, out) == 0);
    free(out);
    out = catalog_text_decode(in);
    free(out);
    free(text);
    free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    json_t *object = json_loadb((const char *)bytes, size, 0, NULL);

    check_text(bytes, size);
    read_entry((const char *)bytes, size);
    if (json_is_object(object))
        read_sealed(object);
    json_decref(object);
    return 0;
}
