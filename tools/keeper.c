/*
 * redkeep keeper: the agent's hand on the disk, for the agent alone. It may
 * hang where a disk hangs; the agent does not. Lines of JSON, each an object:
 *
 *   in   {"repo","instance","every_ms","collapse","make"}  first, and again
 *        {"save":N,"state":{...}}
 *   out  {"look":{...}}         lookout.h; each every_ms, and when it changed
 *        {"state":{...}|null,"warning":TEXT|null,"folder":TEXT}
 *                              once, and when the folder is another: one that
 *                              was mounted late, or in the place of the first
 *        {"saved":N,"error":TEXT|null}
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "command.h"
#include "jobs/lookout.h"
#include "jobs/machine.h"
#include "jobs/state_file.h"
#include "jobs/value.h"

enum {
    SETTLE_MS = 150, /* a snapshot changes several files */
    LINE_MAX = STATE_FILE_MAX + 4096,
    READ_BYTES = 65536,
};

struct keeper {
    struct lookout lookout;
    uint64_t every_ms, next_ms;
    bool begun;
    char told_folder[48]; /* the instance's, whose state was told */
    bool told_state;
    struct machine machine;
    char trouble[480]; /* of the last save: the disk does not take it */
    char *in;
    size_t used, capacity;
};

/* One line; gives the object back to jansson. */
static int
tell(json_t *object, struct error *e)
{
    int rc = json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);

    json_decref(object);
    if (rc != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        return error_sys(e, "write to the agent");
    return 0;
}

/* What cannot be read is kept aside; what is newer is left alone. */
static json_t *
load_state(int dir, char *warning, size_t size)
{
    struct error e = {0}, aside = {0};
    json_t *state = NULL;

    if (dir < 0 || state_file_load(dir, &state, &e) == 0 ||
        e.kind == ERROR_ABSENT)
        return state;
    snprintf(warning, size, "%s", e.text);
    if (e.kind != ERROR_DAMAGED)
        return NULL;
    if (state_file_set_aside(dir, &aside) == 0)
        snprintf(warning, size, "%s: kept as state.json.damaged", e.text);
    return NULL;
}

/* Which folder it is; "" while there is none. */
static void
name_folder(const struct keeper *k, char out[sizeof k->told_folder])
{
    int dir = k->lookout.folders[LOOKOUT_INSTANCE].fd;
    struct file_identity id;
    struct error none = {0};

    out[0] = '\0';
    if (dir >= 0 && file_identify(dir, &id, &none) == 0)
        snprintf(out, sizeof k->told_folder, "%llx:%llx",
                 (unsigned long long)id.device, (unsigned long long)id.inode);
}

static int
tell_state(struct keeper *k, struct error *e)
{
    char folder[sizeof k->told_folder], warning[600] = "";
    json_t *state;

    name_folder(k, folder);
    if (k->told_state &&
        (folder[0] == '\0' || strcmp(folder, k->told_folder) == 0))
        return 0;
    k->told_state = true;
    memcpy(k->told_folder, folder, sizeof folder);
    state = load_state(k->lookout.folders[LOOKOUT_INSTANCE].fd, warning,
                       sizeof warning);
    return tell(json_pack("{s:o, s:o, s:s}", "state",
                          state != NULL ? state : json_null(), "warning",
                          value_text(warning), "folder", folder),
                e);
}

static int
look(struct keeper *k, struct error *e)
{
    json_t *told = lookout_look(&k->lookout);

    k->next_ms = clock_steady_ms() + k->every_ms;
    if (k->trouble[0] != '\0' && json_is_true(json_object_get(told, "ok"))) {
        json_object_set_new(told, "ok", json_false());
        json_object_set_new(told, "writable", json_false());
        json_object_set_new(told, "problem", value_string(k->trouble));
    }
    if (tell(json_pack("{s:o}", "look", told), e) != 0)
        return -1;
    return tell_state(k, e);
}

/* A disk that does not take the state is not writable, whatever it says. */
static int
save(struct keeper *k, json_int_t number, json_t *state, struct error *e)
{
    bool had_trouble = k->trouble[0] != '\0';
    struct error why = {0};
    int dir = k->lookout.folders[LOOKOUT_INSTANCE].fd, rc;

    k->trouble[0] = '\0';
    if (dir < 0)
        rc = error_set(&why, ERROR_ABSENT, "the repository is not there");
    else
        rc = state_file_save(dir, state, clock_wall_ms(), &why);
    if (rc != 0 && why.kind != ERROR_REFUSED && why.kind != ERROR_ABSENT)
        snprintf(k->trouble, sizeof k->trouble, "%s", why.text);
    if (tell(json_pack("{s:I, s:o}", "saved", number, "error",
                       value_string(rc != 0 ? why.text : NULL)),
             e) != 0)
        return -1;
    return had_trouble == (k->trouble[0] != '\0') ? 0 : look(k, e);
}

static int
take_settings(struct keeper *k, json_t *line, struct error *e)
{
    char uuid[sizeof k->lookout.uuid];
    const char *repo, *instance;
    json_int_t every_ms;
    double collapse;
    int make;

    if (json_unpack(line, "{s:s, s:s, s:I, s:F, s:b}", "repo", &repo,
                    "instance", &instance, "every_ms", &every_ms, "collapse",
                    &collapse, "make", &make) != 0 ||
        every_ms <= 0)
        return error_set(e, ERROR_USAGE, "a line that cannot be read");
    memcpy(uuid, k->lookout.uuid, sizeof uuid); /* "" at first */
    if (k->begun)
        lookout_close(&k->lookout);
    lookout_open(&k->lookout, repo, instance, collapse, make != 0);
    k->lookout.machine_id = k->machine.id;
    memcpy(k->lookout.uuid, uuid, sizeof uuid);
    k->begun = true;
    k->every_ms = (uint64_t)every_ms;
    return look(k, e);
}

static int
take_line(struct keeper *k, char *text, struct error *e)
{
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_t *state = json_object_get(line, "state");
    int rc;

    if (state == NULL)
        rc = take_settings(k, line, e);
    else if (k->begun && json_is_object(state))
        rc = save(k, json_integer_value(json_object_get(line, "save")), state,
                  e);
    else
        rc = error_set(e, ERROR_USAGE, "a line that cannot be read");
    json_decref(line);
    return rc;
}

static int
take_lines(struct keeper *k, struct error *e)
{
    char *begin = k->in, *end;

    while ((end = memchr(begin, '\n', k->used - (size_t)(begin - k->in))) !=
           NULL) {
        *end = '\0';
        if (take_line(k, begin, e) != 0)
            return -1;
        begin = end + 1;
    }
    k->used -= (size_t)(begin - k->in);
    memmove(k->in, begin, k->used);
    return 0;
}

/* 1: the agent is gone. */
static int
take_input(struct keeper *k, struct error *e)
{
    ssize_t n;

    if (k->used > LINE_MAX)
        return error_set(e, ERROR_USAGE, "a line that is too long");
    if (k->capacity < k->used + READ_BYTES) {
        k->capacity = 2 * k->capacity + READ_BYTES;
        k->in = memory_resize(k->in, k->capacity, 1);
    }
    n = read(STDIN_FILENO, k->in + k->used, READ_BYTES);
    if (n < 0 && errno == EINTR)
        return 0;
    if (n < 0)
        return error_sys(e, "read from the agent");
    if (n == 0)
        return 1;
    k->used += (size_t)n;
    return take_lines(k, e);
}

static int
wait_ms(const struct keeper *k)
{
    uint64_t now = clock_steady_ms();

    if (!k->begun)
        return -1;
    return k->next_ms > now ? (int)(k->next_ms - now) : 0;
}

/* 1: the agent is gone. */
static int
turn(struct keeper *k, struct error *e)
{
    struct pollfd waits[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = k->begun ? k->lookout.inotify : -1, .events = POLLIN},
    };
    uint64_t soon;
    int rc = 0;

    if (poll(waits, 2, wait_ms(k)) < 0 && errno != EINTR)
        return error_sys(e, "wait for the agent");
    if (waits[1].revents != 0 && lookout_changed(&k->lookout)) {
        soon = clock_steady_ms() + SETTLE_MS;
        k->next_ms = k->next_ms < soon ? k->next_ms : soon;
    }
    if (waits[0].revents != 0)
        rc = take_input(k, e);
    if (rc == 0 && k->begun && clock_steady_ms() >= k->next_ms)
        rc = look(k, e);
    return rc;
}

/*
 * It ends when the agent does, and not before: a service manager signals all
 * of a service at once, and the last state is still to be written.
 */
static void
ignore_signals(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static int
run(struct invocation *in, struct error *e)
{
    struct keeper k = {0};
    int rc;

    (void)in;
    ignore_signals();
    machine_look(&k.machine);
    do
        rc = turn(&k, e);
    while (rc == 0);
    if (k.begun)
        lookout_close(&k.lookout);
    free(k.in);
    return rc < 0 ? -1 : 0;
}

const struct command keeper = {
    .name = "keeper",
    .words = "",
    .summary = "",
    .details = "For the agent alone: looks at the repository and keeps the "
               "agent's state there.\n",
    .inner = true,
    .plain = true,
    .run = run,
};
