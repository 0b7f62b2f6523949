/*
 * storage_instance.h - instance.json: whose snapshots a folder holds.
 */
#ifndef REPO_STORAGE_INSTANCE_H
#define REPO_STORAGE_INSTANCE_H

#include <stdint.h>

#include "base/error.h"

#define STORAGE_INSTANCE_FILE "instance.json"

enum { STORAGE_INSTANCE_UUID_SIZE = 37 };

struct storage_instance {
    int format;
    char uuid[STORAGE_INSTANCE_UUID_SIZE];
    char *machine_id;
    char *host;
    char *directory;
    int64_t created_ms;
};

/*
 * Loads it from an open instance folder. None there: ERROR_ABSENT; of a newer
 * format: ERROR_REFUSED; unreadable: ERROR_DAMAGED. On failure it is empty.
 */
int storage_instance_load(struct storage_instance *instance, int dir,
                          struct error *e);

int storage_instance_save(const struct storage_instance *instance, int dir,
                          struct error *e);

/* A new random one (RFC 4122, version 4). */
int storage_instance_new_uuid(char uuid[STORAGE_INSTANCE_UUID_SIZE],
                              struct error *e);

void storage_instance_clear(struct storage_instance *instance);

#endif
