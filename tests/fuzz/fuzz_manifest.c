/*
 * A manifest from anybody: what is read is written, and read again it is the
 * same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof_manifest.h"

/* Servers keep base, history, incr; within these the order stays. */
static const struct aof_part *
next_of_type(const struct aof_manifest *m, size_t *at, enum aof_part_type type)
{
    while (*at < m->count)
        if (m->parts[(*at)++].type == type)
            return &m->parts[*at - 1];
    return NULL;
}

static void
compare(const struct aof_manifest *a, const struct aof_manifest *b,
        enum aof_part_type type)
{
    size_t i = 0, j = 0;

    for (;;) {
        const struct aof_part *one = next_of_type(a, &i, type);
        const struct aof_part *two = next_of_type(b, &j, type);

        if (one == NULL && two == NULL)
            return;
        if (one == NULL || two == NULL || strcmp(one->name, two->name) != 0 ||
            one->seq != two->seq || one->start_offset != two->start_offset ||
            one->end_offset != two->end_offset)
            abort();
    }
}

/* libFuzzer calls it; no header declares it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aof_manifest m, back;
    struct error e = {0};
    char *text;
    size_t written;

    if (aof_manifest_read(&m, (const char *)data, size, &e) != 0) {
        if (e.kind != ERROR_DAMAGED || m.count != 0)
            abort();
        return 0;
    }
    for (size_t i = 0; i < m.count; i++) {
        if (strpbrk(m.parts[i].name, "/\\") != NULL)
            abort();
        if (strlen(m.parts[i].name) > 255)
            m.parts[i].name[255] = '\0';
    }
    text = aof_manifest_write(&m, &written);
    if (m.count > 0 && aof_manifest_read(&back, text, written, &e) != 0)
        abort();
    if (m.count > 0) {
        compare(&m, &back, AOF_BASE);
        compare(&m, &back, AOF_HISTORY);
        compare(&m, &back, AOF_INCR);
        aof_manifest_clear(&back);
    }
    free(text);
    aof_manifest_clear(&m);
    return 0;
}
