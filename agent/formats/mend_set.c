#include "formats/mend_set.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void
add_part(struct mend_set *set, const struct judge_file *f, const char *path)
{
    set->parts =
        memory_resize(set->parts, set->part_count + 1, sizeof *set->parts);
    set->parts[set->part_count++] = (struct mend_part){
        .path = memory_dup(path),
        .from = memory_dup(path),
        .role = f->role,
        .salvage = f->verdict != VERDICT_SOUND,
    };
}

int
mend_set_find(struct mend_set *set, int dir, const struct dataset *d,
              const struct judge *j, struct error *e)
{
    (void)dir;
    (void)e;
    *set = (struct mend_set){0};
    for (size_t i = 0; i < j->count; i++)
        if (j->files[i].role != DATASET_ROLE_MANIFEST)
            add_part(set, &j->files[i], d->files[i].path);
    return 0;
}

void
mend_set_step(struct mend_set *set, const struct mend_step *step,
              const char *path, const char *format, ...)
{
    va_list arguments;
    char text[480];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    set->steps =
        memory_resize(set->steps, set->step_count + 1, sizeof *set->steps);
    set->steps[set->step_count] = *step;
    set->steps[set->step_count].path = memory_dup(path);
    set->steps[set->step_count++].text = memory_dup(text);
}

void
mend_set_clear(struct mend_set *set)
{
    for (size_t i = 0; i < set->part_count; i++) {
        free(set->parts[i].path);
        free(set->parts[i].from);
    }
    for (size_t i = 0; i < set->step_count; i++) {
        free(set->steps[i].path);
        free(set->steps[i].text);
    }
    free(set->parts);
    free(set->steps);
    aof_manifest_clear(&set->manifest);
    *set = (struct mend_set){0};
}
