#include "jobs/state_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define FOLDER "agent"
#define NAME "state.json"
#define DAMAGED NAME ".damaged"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

static int
judge(const json_t *state, struct error *e)
{
    json_int_t format = json_integer_value(json_object_get(state, "format"));

    if (format < 1)
        return error_set(e, ERROR_DAMAGED,
                         FOLDER "/" NAME " is not an object with a format");
    if (format > STATE_FILE_FORMAT)
        return error_set(e, ERROR_REFUSED,
                         FOLDER "/" NAME " has format %lld, this redkeep reads "
                                "up to %d: use a newer redkeep",
                         (long long)format, STATE_FILE_FORMAT);
    return 0;
}

static int
load(int folder, json_t **state, struct error *e)
{
    size_t size;
    char *bytes;

    if (file_load(folder, NAME, STATE_FILE_MAX, &bytes, &size, e) != 0)
        return -1;
    *state = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    free(bytes);
    if (judge(*state, e) == 0)
        return 0;
    json_decref(*state);
    *state = NULL;
    return -1;
}

int
state_file_load(int instance_dir, json_t **state, struct error *e)
{
    int folder = file_open_inner(instance_dir, FOLDER, e), rc;

    *state = NULL;
    if (folder < 0)
        return -1;
    rc = load(folder, state, e);
    close(folder);
    return rc;
}

int
state_file_set_aside(int instance_dir, struct error *e)
{
    int folder = file_open_inner(instance_dir, FOLDER, e), rc;

    if (folder < 0)
        return -1;
    rc = file_remove(folder, DAMAGED, e);
    if (rc == 0)
        rc = file_move(folder, NAME, folder, DAMAGED, e);
    close(folder);
    return rc;
}

/* Another agent's, of a newer release, is not ours to lose. */
static int
replace(int folder, const char *text, struct error *e)
{
    json_t *there = NULL;
    int rc = load(folder, &there, e);

    json_decref(there);
    if (rc != 0 && e->kind == ERROR_REFUSED)
        return -1;
    return file_replace(folder, NAME, text, strlen(text), FILE_MODE, e);
}

int
state_file_save(int instance_dir, json_t *state, int64_t now_ms,
                struct error *e)
{
    char when[TEXT_TIME_SIZE], *text;
    struct error none = {0};
    int folder, rc = -1;

    text_write_time(when, now_ms);
    json_object_set_new(state, "format", json_integer(STATE_FILE_FORMAT));
    json_object_set_new(state, "saved", json_string(when));
    text = json_dumps(state, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (text == NULL)
        return error_set(e, ERROR_FAILED, "the state is no JSON");
    if (file_make_directory(instance_dir, FOLDER, FOLDER_MODE, NULL, e) == 0 &&
        (folder = file_open_inner(instance_dir, FOLDER, e)) >= 0) {
        file_sweep(folder, &none); /* what a killed agent left */
        rc = replace(folder, text, e);
        close(folder);
    }
    free(text);
    return rc;
}
