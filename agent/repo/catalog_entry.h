/*
 * catalog_entry.h - what the writer and the reader of an entry share; use
 * catalog.h.
 */
#ifndef REPO_CATALOG_ENTRY_H
#define REPO_CATALOG_ENTRY_H

#include <jansson.h>

#include "repo/catalog.h"

/* The role of a file under config/ in JSON; other roles are the dataset's. */
#define CATALOG_ENTRY_CONFIG "config"

enum {
    CATALOG_ENTRY_FILES_MAX = 110000, /* manifest, its parts, config */
    CATALOG_ENTRY_PATH_MAX = 4095,
    CATALOG_ENTRY_WORD_MAX = 1024,  /* names, versions, ids of a server */
    CATALOG_ENTRY_TEXT_MAX = 16384, /* of a finding */
};

/*
 * The sha256 of an entry: of the object without its key "sha256", as compact
 * JSON with sorted keys, without a newline. As no text in it holds a control
 * character (catalog_text.h), these are exactly the bytes of
 *
 *     jq -cS 'del(.sha256)' ID.json | tr -d '\n' | sha256sum
 *
 * (jq 1.6 rounds numbers above 2^53. No size reaches that, and inodes and
 * devices, which may, are texts.)
 *
 * object must not have the key.
 */
void catalog_entry_sum(const json_t *object, char sha256[DIGEST_HEX_SIZE]);

/* The object as the bytes of its file. Caller frees. */
char *catalog_entry_print(const json_t *object);

/* "full", "incremental". */
const char *catalog_entry_kind_name(enum catalog_kind kind);

#endif
