#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/unit.h"

enum { UNIT_BYTES_MAX = 64 * 1024 };

/* systemd.service(5): "on-success" and "no" leave a crashed one alone. */
static bool
is_again(const char *word)
{
    static const char *const again[] = {
        "always", "on-failure", "on-abnormal", "on-abort", "on-watchdog", NULL};

    for (int i = 0; again[i] != NULL; i++)
        if (strcmp(word, again[i]) == 0)
            return true;
    return false;
}

/* The last Restart= of a file, if it has one. */
static void
read_restart(char *text, int *restarts)
{
    static const char key[] = "Restart=";

    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *word;

        if (strncmp(line, key, sizeof key - 1) != 0)
            continue;
        word = line + sizeof key - 1;
        word[strcspn(word, " \t\r")] = '\0';
        *restarts = is_again(word);
    }
}

static bool
load_restart(const char *path, int *restarts)
{
    struct error none = {0};
    char *text;
    size_t size;

    if (file_load_named(path, UNIT_BYTES_MAX, &text, &size, &none) != 0)
        return false;
    if (*restarts < 0)
        *restarts = 0;
    read_restart(text, restarts);
    free(text);
    return true;
}

/* NAME.d of a folder; systemd takes them by name. */
static void
load_changes(const char *folder, int *restarts)
{
    struct error none = {0};
    char **names;
    size_t count;
    int dir = file_open_directory(AT_FDCWD, folder, &none);

    if (dir < 0)
        return;
    if (file_names(dir, &names, &count, &none) == 0) {
        for (size_t n = 0; n < count; n++) {
            char *path = text_format("%s/%s", folder, names[n]);

            if (text_has_suffix(names[n], ".conf"))
                load_restart(path, restarts);
            free(path);
        }
        file_free_names(names, count);
    }
    close(dir);
}

/* The unit itself, of the first folder that has it. */
static bool
load_unit(const char *root, const char *name, int *restarts)
{
    bool found = false;

    for (int i = 0; unit_folders[i] != NULL && !found; i++) {
        char *path = text_format("%s%s/%s", root, unit_folders[i], name);

        found = load_restart(path, restarts);
        free(path);
    }
    return found;
}

/* Those of the administrator's folder, the first, have the last word. */
static void
load_all_changes(const char *root, const char *name, int *restarts)
{
    size_t count = 0;

    while (unit_folders[count] != NULL)
        count++;
    while (count-- > 0) {
        char *path = text_format("%s%s/%s.d", root, unit_folders[count], name);

        load_changes(path, restarts);
        free(path);
    }
}

/* "redis-server@.service" of "redis-server@a.service"; NULL: no instance. */
static char *
template_of(const char *name)
{
    const char *at = strchr(name, '@');

    return at == NULL ? NULL
                      : text_format("%.*s.service", (int)(at + 1 - name), name);
}

int
unit_restarts(const char *root, const char *name)
{
    char *template = template_of(name);
    int restarts = -1;

    if (!text_is_name(name))
        goto out;
    if (!load_unit(root, name, &restarts) &&
        (template == NULL || !load_unit(root, template, &restarts)))
        goto out;
    if (template != NULL)
        load_all_changes(root, template, &restarts);
    load_all_changes(root, name, &restarts);

out:
    free(template);
    return restarts;
}
