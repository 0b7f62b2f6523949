/* Names of queues, as anybody may put them into a server: what is told of them
 * is JSON, can be shown, and no two have one name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/queues_work.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_names(const struct queues *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const char *name = all->items[i].name;

        if (strlen(name) > QUEUES_BASE_MAX || strchr(name, '\x1b') != NULL)
            abort();
        for (size_t j = 0; j < i; j++)
            if (all->items[i].system == all->items[j].system &&
                strcmp(name, all->items[j].name) == 0)
                abort();
    }
}

static void
check_json(const struct queues *all)
{
    json_t *told = queues_json(all);
    char *text = told == NULL ? NULL : json_dumps(told, 0);

    if (text == NULL)
        abort();
    free(text);
    json_decref(told);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct queues all = {.cursors = json_object()};
    const char *at = (const char *)bytes, *end = at + size;

    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at)), *bound;
        size_t length = (size_t)((line != NULL ? line : end) - at), inner;

        if (length > 0)
            queues_add(&all, (enum queues_system)(length % QUEUES_SYSTEMS), at,
                       length);
        bound = queues_bound(at, length, &inner);
        if (bound != NULL) {
            if (bound + inner != at + length)
                abort();
            queues_add(&all, QUEUES_CELERY, bound, inner);
        }
        at += length + 1;
    }
    queues_add(&all, QUEUES_CELERY, "", 0);
    check_names(&all);
    check_json(&all);
    queues_clear(&all);
    return 0;
}
