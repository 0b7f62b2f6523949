#include "jobs/guard_note.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "jobs/guard_folder.h"
#include "jobs/value.h"

enum { FORMAT = 1, BYTES_MAX = 4096 };
#define NAME "guard-failed.json"

void
guard_note_put(const char *directory, const char *text, int64_t now_ms)
{
    struct error none = {0};
    int folder = guard_folder_open(directory, true);
    json_t *note;
    char *bytes;
    size_t size;

    if (folder < 0)
        return;
    note = json_pack("{s:i, s:o, s:o}", "format", FORMAT, "time",
                     value_time(now_ms), "text", value_string(text));
    bytes = value_print(note, &size);
    file_replace(folder, NAME, bytes, size, 0600, &none);
    free(bytes);
    json_decref(note);
    close(folder);
}

void
guard_note_remove(const char *directory)
{
    struct error none = {0};
    int folder = guard_folder_open(directory, false);

    if (folder < 0)
        return;
    if (faccessat(folder, NAME, F_OK, 0) == 0)
        file_remove(folder, NAME, &none);
    file_sweep(folder, &none); /* what a killed guard left */
    close(folder);
}

bool
guard_note_find(const char *directory, char *out, size_t size)
{
    struct error none = {0};
    int folder = guard_folder_open(directory, false);
    const char *time = NULL, *text = NULL;
    json_t *note;
    char *bytes;
    size_t count;

    out[0] = '\0';
    if (folder < 0)
        return false;
    if (file_load(folder, NAME, BYTES_MAX, &bytes, &count, &none) == 0) {
        note = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, NULL);
        json_unpack(note, "{s:s, s:s}", "time", &time, "text", &text);
        snprintf(out, size,
                 "guard could not judge the data before the start at %s: %s",
                 time != NULL ? time : "some time",
                 text != NULL ? text : "its note cannot be read");
        json_decref(note);
        free(bytes);
    }
    close(folder);
    return out[0] != '\0';
}
