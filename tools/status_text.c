#include "status_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jobs/value.h"
#include "screen.h"
#include "status_row.h"
#include "status_shape.h"
#include "table.h"

/* Nothing where it is unknown. */
static void
append_size(struct status_row *r, const char *before, const json_t *object,
            const char *key)
{
    int64_t bytes = status_shape_number(object, key);
    char words[TEXT_WORDS_SIZE];

    if (bytes < 0)
        return;
    text_write_size(words, (uint64_t)bytes);
    status_row_add(r, "%s%s", before, words);
}

static void
append_keys(struct status_row *r, int64_t keys)
{
    status_row_add(r, ", %lld key%s", (long long)keys, keys == 1 ? "" : "s");
}

static void
show_agent(const json_t *state)
{
    int64_t pid = status_shape_number(state, "pid");
    int64_t up = status_shape_number(state, "uptime");
    const char *version = status_shape_text(state, "version");
    char words[TEXT_WORDS_SIZE];
    struct status_row r = {0};

    status_row_add(&r, "%s: redkeepd", status_shape_text(state, "instance"));
    if (version != NULL)
        status_row_add(&r, " %s", version);
    if (pid >= 0)
        status_row_add(&r, ", pid %lld", (long long)pid);
    else
        status_row_add(&r, " does not run");
    if (up > 0) {
        text_write_duration(words, (uint64_t)up * 1000);
        status_row_add(&r, ", up %s", words);
    }
    status_row_print(&r);
}

static void
show_server(const json_t *server)
{
    const char *role = status_shape_text(server, "role");
    int64_t keys = status_shape_number(server, "keys");
    struct status_row r;

    status_row_begin(&r, "server");
    status_row_add(&r, "%s", status_shape_word(server, "state", "not known"));
    if (status_shape_is(server, "loading", true))
        status_row_add(&r, ", loading");
    if (status_shape_text(server, "version") != NULL)
        status_row_add(&r, ", %s %s",
                       status_shape_word(server, "product", "redis"),
                       status_shape_text(server, "version"));
    if (role != NULL)
        status_row_add(&r, ", %s",
                       strcmp(role, "slave") == 0    ? "replica"
                       : strcmp(role, "master") == 0 ? "primary"
                                                     : role);
    if (keys >= 0)
        append_keys(&r, keys);
    append_size(&r, ", ", server, "used_memory");
    if (status_shape_number(server, "maxmemory") > 0)
        append_size(&r, " of ", server, "maxmemory");
    status_row_print(&r);
}

static void
show_data(const json_t *server, int64_t now_ms)
{
    const char *folder = status_shape_text(server, "data_dir");
    int64_t saved = value_read_time(server, "last_save");
    int64_t changes = status_shape_number(server, "changes_since_save");
    struct status_row r;

    if (folder == NULL && saved < 0)
        return;
    status_row_begin(&r, "data");
    status_row_add(&r, "%s", folder != NULL ? folder : "folder not known");
    if (status_shape_is(server, "appendonly", true))
        status_row_add(&r, ", AOF");
    else if (status_shape_is(server, "appendonly", false))
        status_row_add(&r, ", no AOF");
    if (saved > 0) {
        status_row_add(&r, ", last save ");
        status_row_add_when(&r, saved, now_ms);
    }
    if (saved > 0 && changes >= 0)
        status_row_add(&r, ", %lld change%s since", (long long)changes,
                       changes == 1 ? "" : "s");
    status_row_print(&r);
}

static void
show_protected(const json_t *state, int64_t now_ms)
{
    int64_t until = value_read_time(state, "protected_until");
    const json_t *window = json_object_get(state, "restore_window");
    int64_t count =
        status_shape_number(json_object_get(state, "repository"), "snapshots");
    struct status_row r;

    status_row_begin(&r, "protected");
    if (until < 0)
        status_row_add(
            &r, "NOT: no good snapshot that is proven to be of the server");
    else {
        status_row_add(&r, "until ");
        status_row_add_time(&r, until);
        status_row_add(&r, ", ");
        status_row_add_when(&r, until, now_ms);
    }
    status_row_print(&r);
    status_row_begin(&r, "restore");
    if (json_is_object(window)) {
        status_row_add(&r, "any moment from ");
        status_row_add_time(&r, value_read_time(window, "from"));
        status_row_add(&r, " to ");
        status_row_add_time(&r, value_read_time(window, "to"));
        status_row_add(&r, ", and ");
    }
    if (count == 0)
        status_row_add(&r, "no snapshot yet");
    else if (count > 0)
        status_row_add(&r, "%lld snapshot%s ('redkeep list')", (long long)count,
                       count == 1 ? "" : "s");
    else
        status_row_add(&r, "the snapshots are not known");
    status_row_print(&r);
}

static void
append_snapshot(struct status_row *r, const json_t *snapshot, int64_t now_ms)
{
    int64_t keys = status_shape_number(snapshot, "keys");
    int64_t as_of = value_read_time(snapshot, "state_time");

    status_row_add(r, "%s, %s", status_shape_text(snapshot, "id"),
                   status_shape_text(snapshot, "verdict"));
    if (status_shape_is(snapshot, "bound", false))
        status_row_add(r, ", not proven");
    if (keys >= 0)
        append_keys(r, keys);
    append_size(r, ", ", snapshot, "bytes_source");
    if (as_of >= 0) {
        status_row_add(r, ", ");
        status_row_add_when(r, as_of, now_ms);
    }
}

static void
show_snapshots(const json_t *state, int64_t now_ms)
{
    const json_t *last = json_object_get(state, "last_snapshot");
    const json_t *good = json_object_get(state, "last_good_snapshot");
    struct status_row r;

    status_row_begin(&r, "snapshot");
    if (json_is_object(last))
        append_snapshot(&r, last, now_ms);
    else
        status_row_add(&r, "none yet");
    status_row_print(&r);
    if (!json_is_object(good) || json_equal(last, good))
        return;
    status_row_begin(&r, "last good");
    append_snapshot(&r, good, now_ms);
    status_row_print(&r);
}

static void
show_drill(const json_t *state, int64_t now_ms)
{
    const json_t *drill = json_object_get(state, "last_drill");
    int64_t finished = value_read_time(drill, "finished");
    const json_t *seconds = json_object_get(drill, "load_seconds");
    struct status_row r;

    status_row_begin(&r, "drill");
    if (!json_is_object(drill)) {
        status_row_add(&r, "none known");
        status_row_print(&r);
        return;
    }
    status_row_add(&r, "%s: %s", status_shape_word(drill, "id", "no snapshot"),
                   status_shape_is(drill, "ok", true)    ? "ok"
                   : status_shape_is(drill, "ok", false) ? "NOT OK"
                                                         : "skipped");
    if (status_shape_number(drill, "keys") >= 0)
        append_keys(&r, status_shape_number(drill, "keys"));
    if (json_is_number(seconds))
        status_row_add(&r, " loaded in %.1f s", json_number_value(seconds));
    if (finished >= 0) {
        status_row_add(&r, ", ");
        status_row_add_when(&r, finished, now_ms);
    }
    status_row_print(&r);
}

static void
show_repository(const json_t *state)
{
    const json_t *repository = json_object_get(state, "repository");
    const json_t *archive = json_object_get(state, "archive");
    const char *follows = status_shape_word(archive, "status", "not known");
    const json_t *lag = json_object_get(archive, "lag_seconds");
    struct status_row r;

    status_row_begin(&r, "repository");
    status_row_add(&r, "%s", status_shape_text(repository, "path"));
    append_size(&r, ", used ", repository, "bytes");
    append_size(&r, ", free ", repository, "free_bytes");
    status_row_print(&r);
    if (!json_is_object(archive) || strcmp(follows, "off") == 0)
        return;
    status_row_begin(&r, "archive");
    status_row_add(&r, "%s", follows);
    if (json_is_number(lag))
        status_row_add(&r, ", %.1f s behind", json_number_value(lag));
    if (status_shape_number(state, "gaps") > 0)
        status_row_add(&r, ", %lld gaps",
                       (long long)status_shape_number(state, "gaps"));
    status_row_print(&r);
}

/* Column "last": "ok, 10 min ago". */
static void
cell_last(struct table *t, const json_t *job, int64_t now_ms)
{
    const json_t *last = json_object_get(job, "last");
    int64_t finished = value_read_time(last, "finished");
    bool known = status_shape_number(job, "runs") >= 0;
    struct status_row r = {0};

    status_row_add(&r, "%s",
                   status_shape_word(last, "result", known ? "never" : "-"));
    if (finished >= 0) {
        status_row_add(&r, ", ");
        status_row_add_when(&r, finished, now_ms);
    }
    table_cell(t, "%s", r.text);
}

/* Column "next": "in 50 min", "runs now, pid 4711". */
static void
cell_next(struct table *t, const json_t *job, int64_t now_ms)
{
    const char *state = status_shape_word(job, "state", "");
    int64_t next = value_read_time(job, "next");
    int64_t pid = status_shape_number(job, "pid");
    struct status_row r = {0};

    if (strcmp(state, "running") == 0) {
        status_row_add(&r, "runs now");
        if (pid > 0)
            status_row_add(&r, ", pid %lld", (long long)pid);
    } else if (strcmp(state, "waiting") == 0 && (next < 0 || next <= now_ms))
        status_row_add(&r, "waits until it can");
    else if (next < 0)
        status_row_add(&r, "-");
    else if (next <= now_ms)
        status_row_add(&r, "due");
    else
        status_row_add_when(&r, next, now_ms);
    table_cell(t, "%s", r.text);
}

static void
show_jobs(const json_t *state, int64_t now_ms)
{
    static const char *const titles[] = {"job", "schedule", "last run",
                                         "next run", NULL};
    struct status_row off = {0};
    struct table t;
    size_t i;
    json_t *job;

    status_row_begin(&off, "off");
    table_begin(&t, titles);
    json_array_foreach(json_object_get(state, "jobs"), i, job)
    {
        const char *is = status_shape_word(job, "state", "");

        if (strcmp(is, "off") == 0) {
            status_row_add(&off, "%s%s",
                           off.size > STATUS_ROW_LABEL ? ", " : "",
                           status_shape_text(job, "name"));
            continue;
        }
        table_cell(&t, "%-*s", STATUS_ROW_LABEL - 2,
                   status_shape_text(job, "name"));
        table_cell(&t, "%s", status_shape_word(job, "schedule", "-"));
        cell_last(&t, job, now_ms);
        cell_next(&t, job, now_ms);
    }
    if (t.count > 0) {
        putchar('\n');
        table_print(&t);
    }
    if (off.size > STATUS_ROW_LABEL)
        status_row_print(&off);
    table_clear(&t);
}

static void
paint(bool colour, const char *code)
{
    if (colour)
        printf("\033[%sm", code);
}

void
status_text_print_wrongs(const struct status_wrongs *wrongs, bool colour)
{
    for (size_t i = 0; i < wrongs->count; i++) {
        const struct status_wrong *w = &wrongs->items[i];
        struct status_row r = {0};

        status_row_add(&r, "! %s", w->text);
        paint(colour, "31");
        screen_print(stdout, 2, r.text);
        paint(colour, "0");
        if (w->remedy == NULL)
            continue;
        r.size = 0;
        status_row_add(&r, "  to do: %s", w->remedy);
        screen_print(stdout, 9, r.text);
    }
}

/* Without the agent: whose word it is. */
static void
show_source(const json_t *state, int64_t now_ms)
{
    int64_t written = value_read_time(state, "state_written");
    struct status_row r = {0};

    if (written < 0)
        return;
    status_row_add(&r, "as the agent noted it ");
    status_row_add_when(&r, written, now_ms);
    status_row_add(&r, "; snapshots as the repository holds them now");
    screen_print(stdout, 0, r.text);
}

void
status_text_print(const json_t *state, const struct status_wrongs *wrongs,
                  int64_t now_ms, bool colour)
{
    const json_t *server = json_object_get(state, "server");

    paint(colour, "1");
    show_agent(state);
    paint(colour, "0");
    show_source(state, now_ms);
    putchar('\n');
    show_server(server);
    show_data(server, now_ms);
    show_protected(state, now_ms);
    show_snapshots(state, now_ms);
    show_drill(state, now_ms);
    show_repository(state);
    show_jobs(state, now_ms);
    putchar('\n');
    status_text_print_wrongs(wrongs, colour);
    if (wrongs->count > 0)
        return;
    paint(colour, "32");
    puts("all is well");
    paint(colour, "0");
}
