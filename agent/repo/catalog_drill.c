#include "repo/catalog_drill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define SUFFIX ".drilled"

enum { NOTE_MAX = 128, NAME_SIZE = CATALOG_ID_SIZE + 16 };

static void
write_number(char out[24], int64_t number)
{
    if (number < 0)
        snprintf(out, 24, "-");
    else
        snprintf(out, 24, "%" PRId64, number);
}

static bool
read_number(const char *text, int64_t *number)
{
    uint64_t n;

    *number = -1;
    if (text != NULL && strcmp(text, "-") == 0)
        return true;
    if (text == NULL || !text_number(text, INT64_MAX, &n))
        return false;
    *number = (int64_t)n;
    return true;
}

static int
find_entry(int snapshots_dir, const char *id, struct error *e)
{
    char name[NAME_SIZE];
    struct file_identity identity;

    snprintf(name, sizeof name, "%s.json", id);
    return file_identify_at(snapshots_dir, name, &identity, e);
}

int
catalog_drill_note(int snapshots_dir, const struct catalog_drill *drill,
                   struct error *e)
{
    char name[NAME_SIZE], time[TEXT_TIME_SIZE], text[NOTE_MAX];
    char keys[24], load_ms[24];
    struct error none = {0};

    if (find_entry(snapshots_dir, drill->id, e) != 0)
        return -1;
    text_write_time(time, drill->at_ms);
    write_number(keys, drill->keys);
    write_number(load_ms, drill->load_ms);
    snprintf(text, sizeof text, "%s %s %s %s\n", time,
             drill->ok ? "ok" : "failed", keys, load_ms);
    snprintf(name, sizeof name, "%s" SUFFIX, drill->id);
    if (file_replace(snapshots_dir, name, text, strlen(text), 0600, e) != 0)
        return -1;
    if (find_entry(snapshots_dir, drill->id, e) == 0 || e->kind != ERROR_ABSENT)
        return 0;
    /* prune has been here between. */
    file_remove(snapshots_dir, name, &none);
    return -1;
}

static bool
read_note(char *text, struct catalog_drill *drill)
{
    char *rest = text, *time, *outcome, *keys, *load_ms;

    text[strcspn(text, "\n")] = '\0';
    time = strsep(&rest, " ");
    outcome = strsep(&rest, " ");
    keys = strsep(&rest, " ");
    load_ms = strsep(&rest, " ");
    if (outcome == NULL || !text_time(time, &drill->at_ms) ||
        !read_number(keys, &drill->keys) ||
        !read_number(load_ms, &drill->load_ms))
        return false;
    drill->ok = strcmp(outcome, "ok") == 0;
    return drill->ok || strcmp(outcome, "failed") == 0;
}

bool
catalog_drill_load(int snapshots_dir, const char *id,
                   struct catalog_drill *drill)
{
    char name[NAME_SIZE], *text;
    struct error none = {0};
    size_t size;
    bool read;

    if (!catalog_is_id(id) || strlen(id) >= sizeof drill->id)
        return false;
    snprintf(name, sizeof name, "%s" SUFFIX, id);
    if (file_load(snapshots_dir, name, NOTE_MAX, &text, &size, &none) != 0)
        return false;
    snprintf(drill->id, sizeof drill->id, "%s", id);
    read = read_note(text, drill);
    free(text);
    return read;
}

bool
catalog_drill_find_last(int snapshots_dir, struct catalog_drill *drill)
{
    struct error none = {0};
    struct catalog_drill one;
    bool found = false;
    size_t count;
    char **names;

    if (file_names(snapshots_dir, &names, &count, &none) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t length = catalog_id_length(names[i]);

        if (length == 0 || strcmp(names[i] + length, SUFFIX) != 0)
            continue;
        names[i][length] = '\0';
        if (catalog_drill_load(snapshots_dir, names[i], &one) &&
            (!found || one.at_ms >= drill->at_ms)) {
            *drill = one;
            found = true;
        }
    }
    file_free_names(names, count);
    return found;
}
