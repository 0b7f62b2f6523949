#include "repo/retention_mark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define MARK_FILE "accepted"

enum { MARK_MAX = 64, MARK_MODE = 0600 };

void
retention_mark_accept(struct retention_mark *mark, const char *id,
                      uint64_t sequence)
{
    if (strcmp(id, mark->id) > 0)
        snprintf(mark->id, sizeof mark->id, "%s", id);
    if (sequence > mark->sequence)
        mark->sequence = sequence;
}

bool
retention_mark_read(struct retention_mark *mark, const char *bytes, size_t size)
{
    char line[MARK_MAX], *number;
    struct retention_mark found = {0};

    *mark = found;
    if (size == 0 || size >= sizeof line || bytes[size - 1] != '\n')
        return false;
    memcpy(line, bytes, size);
    line[size - 1] = '\0';
    number = strchr(line, ' ');
    if (number == NULL || strlen(line) != size - 1)
        return false;
    *number++ = '\0';
    if (strlen(line) >= sizeof found.id || !catalog_is_id(line) ||
        !text_number(number, INT64_MAX, &found.sequence) || found.sequence == 0)
        return false;
    memcpy(found.id, line, strlen(line));
    *mark = found;
    return true;
}

void
retention_mark_load(struct retention_mark *mark, int instance_dir)
{
    struct error none = {0};
    char *bytes;
    size_t size;

    *mark = (struct retention_mark){0};
    if (file_load(instance_dir, MARK_FILE, MARK_MAX, &bytes, &size, &none) != 0)
        return;
    retention_mark_read(mark, bytes, size);
    free(bytes);
}

int
retention_mark_save(const struct retention_mark *mark, int instance_dir,
                    struct error *e)
{
    char line[MARK_MAX];

    snprintf(line, sizeof line, "%s %llu\n", mark->id,
             (unsigned long long)mark->sequence);
    return file_replace(instance_dir, MARK_FILE, line, strlen(line), MARK_MODE,
                        e);
}
