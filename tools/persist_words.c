#include "persist_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jobs/value.h"
#include "screen.h"
#include "table.h"

enum { NAME_WIDTH = 17 };

const char *
persist_words_trouble(const struct info *info)
{
    if (info->aof_enabled && !info->last_write_ok)
        return "the server cannot write its AOF: look at its log and its disk";
    if (!info->last_bgsave_ok)
        return "the last save failed: look at the server's log, its disk and "
               "the rights of its dir";
    if (info->aof_enabled && !info->last_rewrite_ok)
        return "the last rewrite of the AOF failed: look at the server's log "
               "and its disk";
    return NULL;
}

static void say(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const char *name, const char *format, ...)
{
    char text[512], line[600];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%-*s %s", NAME_WIDTH, name, text);
    screen_print(stdout, NAME_WIDTH + 1, line);
}

/* ", took 3 s, 12 MiB were copied meanwhile"; "" where nothing is told. */
static const char *
cost(char *out, size_t size, int64_t seconds, int64_t cow)
{
    char took[TEXT_WORDS_SIZE], copied[TEXT_WORDS_SIZE];

    out[0] = '\0';
    if (seconds < 0)
        return out;
    if (seconds == 0) /* it counts whole ones */
        snprintf(took, sizeof took, "less than 1 s");
    else
        text_write_duration(took, (uint64_t)seconds * 1000);
    text_write_size(copied, cow > 0 ? (uint64_t)cow : 0);
    if (cow > 0)
        snprintf(out, size, ", took %s, %s copied", took, copied);
    else
        snprintf(out, size, ", took %s", took);
    return out;
}

static void
show_running(const char *what, int64_t seconds, int percent)
{
    char since[TEXT_WORDS_SIZE], far[24] = "";

    text_write_duration(since, seconds > 0 ? (uint64_t)seconds * 1000 : 0);
    if (percent >= 0)
        snprintf(far, sizeof far, ", %d %%", percent);
    say("running now", "%s, for %s%s", what, since, far);
}

/* A server that starts counts that as a save. */
static bool
has_no_save(const struct info *i, int64_t now_ms)
{
    int64_t started = now_ms / 1000 - i->uptime_seconds;

    if (i->last_bgsave_seconds >= 0)
        return false;
    return i->saves >= 0 ? i->saves == 0 : i->last_save_time <= started + 1;
}

static void
show_rdb(const struct info *i, int64_t now_ms)
{
    char words[96], when[TEXT_TIME_SIZE], age[TEXT_WORDS_SIZE];
    int64_t saved_ms = i->last_save_time * 1000;

    if (has_no_save(i, now_ms))
        say("last good save", "none since the server's start");
    else if (i->last_save_time > 0) {
        text_write_time(when, saved_ms);
        text_write_duration(
            age, now_ms > saved_ms ? (uint64_t)(now_ms - saved_ms) : 0);
        say("last good save", "%s, %s ago", when, age);
    }
    if (i->last_bgsave_seconds >= 0 || !i->last_bgsave_ok)
        say("last save", "%s%s", i->last_bgsave_ok ? "ok" : "FAILED",
            cost(words, sizeof words, i->last_bgsave_seconds,
                 i->last_save_cow));
    if (i->changes_since_save >= 0)
        say("changes since", "%lld", (long long)i->changes_since_save);
    if (i->bgsave_in_progress)
        show_running("a save, or a replica's sync", i->bgsave_seconds,
                     persist_run_percent(i));
}

static void
show_growth(const struct info *i)
{
    char now[TEXT_WORDS_SIZE], then[TEXT_WORDS_SIZE];

    if (i->aof_current_size < 0)
        return;
    text_write_size(now, (uint64_t)i->aof_current_size);
    if (i->aof_base_size <= 0) {
        say("AOF size", "%s", now);
        return;
    }
    text_write_size(then, (uint64_t)i->aof_base_size);
    say("AOF size", "%s, %.1f times the %s after the last rewrite", now,
        (double)i->aof_current_size / (double)i->aof_base_size, then);
}

static void
show_aof(const struct info *i)
{
    char words[96];

    say("AOF", "%s", i->aof_enabled ? "on" : "off");
    if (i->rewrite_in_progress)
        show_running("a rewrite of the AOF", i->rewrite_seconds,
                     persist_run_percent(i));
    else if (i->rewrite_scheduled)
        say("scheduled", "a rewrite, as soon as no other child runs");
    if (!i->aof_enabled)
        return;
    show_growth(i);
    if (i->last_rewrite_seconds < 0 && i->last_rewrite_ok)
        say("last rewrite", "none since the server's start");
    else
        say("last rewrite", "%s%s", i->last_rewrite_ok ? "ok" : "FAILED",
            cost(words, sizeof words, i->last_rewrite_seconds,
                 i->last_rewrite_cow));
    say("last write", "%s", i->last_write_ok ? "ok" : "FAILED");
    if (i->aof_delayed_fsync > 0)
        say("late fsyncs", "%lld since the server's start",
            (long long)i->aof_delayed_fsync);
}

static void
show_files(const struct persist_files *files)
{
    static const char *const titles[] = {"FILE", "KIND", ">SIZE", "CHANGED",
                                         NULL};
    struct table t;
    char size[TEXT_WORDS_SIZE], when[TEXT_TIME_SIZE];

    if (files->data_dir == NULL) {
        say("files", "not to be seen from here: %s", files->why.text);
        return;
    }
    say("files", "in %s", files->data_dir);
    if (files->count == 0)
        return;
    putchar('\n');
    table_begin(&t, titles);
    for (size_t n = 0; n < files->count; n++) {
        const struct persist_file *f = &files->items[n];

        text_write_size(size, f->size_bytes);
        text_write_time(when, f->modified_ms / 1000 * 1000);
        table_cell(&t, "%s", f->path);
        table_cell(&t, "%s", dataset_role_name(f->role));
        table_cell(&t, "%s", size);
        table_cell(&t, "%s", when);
    }
    table_print(&t);
    table_clear(&t);
}

void
persist_words_show(const struct instance *i, const struct persist_files *files,
                   int64_t now_ms)
{
    const struct info *info = &i->info;

    say("server", "%s %s, %s, %s", info->valkey ? "Valkey" : "Redis",
        info->version, strcmp(info->role, "slave") == 0 ? "replica" : "primary",
        i->url);
    if (info->loading)
        say("loading", "the server reads its data");
    show_rdb(info, now_ms);
    show_aof(info);
    if (info->other_child)
        say("running now", "a module's child");
    show_files(files);
    if (persist_words_trouble(info) != NULL) {
        putchar('\n');
        screen_print(stdout, 0, persist_words_trouble(info));
    }
}

static json_t *
files_json(const struct persist_files *files)
{
    json_t *list;

    if (files->data_dir == NULL)
        return json_null();
    list = json_array();
    for (size_t n = 0; n < files->count; n++) {
        const struct persist_file *f = &files->items[n];

        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:I, s:o}", "path",
                                        value_string(f->path), "kind",
                                        dataset_role_name(f->role), "size",
                                        (json_int_t)f->size_bytes, "modified",
                                        value_time(f->modified_ms)));
    }
    return list;
}

static json_t *
percent_json(const struct info *i, bool running)
{
    return value_number(running ? persist_run_percent(i) : -1);
}

static json_t *
rdb_json(const struct info *i)
{
    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:b, s:o, s:o}", "last_save",
        value_time(i->last_save_time > 0 ? i->last_save_time * 1000 : -1),
        "last_ok", i->last_bgsave_ok, "last_seconds",
        value_number(i->last_bgsave_seconds), "last_copied",
        value_number(i->last_save_cow), "changes",
        value_number(i->changes_since_save), "running", i->bgsave_in_progress,
        "running_seconds",
        value_number(i->bgsave_in_progress ? i->bgsave_seconds : -1), "percent",
        percent_json(i, i->bgsave_in_progress));
}

static json_t *
aof_json(const struct info *i)
{
    bool grown = i->aof_current_size >= 0 && i->aof_base_size >= 0;

    return json_pack(
        "{s:b, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:b, s:b, s:o, s:o, s:o}",
        "enabled", i->aof_enabled, "size", value_number(i->aof_current_size),
        "size_after_rewrite", value_number(i->aof_base_size), "growth",
        grown ? json_integer(i->aof_current_size - i->aof_base_size)
              : json_null(),
        "last_write_ok", i->last_write_ok, "last_rewrite_ok",
        i->last_rewrite_ok, "last_rewrite_seconds",
        value_number(i->last_rewrite_seconds), "last_rewrite_copied",
        value_number(i->last_rewrite_cow), "running", i->rewrite_in_progress,
        "scheduled", i->rewrite_scheduled, "running_seconds",
        value_number(i->rewrite_in_progress ? i->rewrite_seconds : -1),
        "percent", percent_json(i, i->rewrite_in_progress), "delayed_fsync",
        value_number(i->aof_delayed_fsync));
}

json_t *
persist_words_json(const struct instance *i, const struct persist_files *files)
{
    const struct info *info = &i->info;

    return json_pack("{s:{s:s, s:o, s:o, s:b}, s:o, s:o, s:o, s:o, s:o}",
                     "server", "product", info->valkey ? "valkey" : "redis",
                     "version", value_text(info->version), "role",
                     value_text(info->role), "loading", info->loading, "rdb",
                     rdb_json(info), "aof", aof_json(info), "data_dir",
                     value_string(files->data_dir), "files", files_json(files),
                     "trouble", value_string(persist_words_trouble(info)));
}

/* What the file or files take now; -1. */
static int64_t
size_of(enum persist_kind kind, const struct persist_run *run,
        const struct persist_files *files)
{
    return kind == PERSIST_BGSAVE ? persist_files_size(files, DATASET_ROLE_DUMP)
                                  : run->after.aof_current_size;
}

static int64_t
copied_by(enum persist_kind kind, const struct persist_run *run)
{
    return kind == PERSIST_BGSAVE ? run->after.last_save_cow
                                  : run->after.last_rewrite_cow;
}

void
persist_words_show_run(enum persist_kind kind, const struct persist_run *run,
                       const struct persist_files *files)
{
    char took[TEXT_WORDS_SIZE], size[TEXT_WORDS_SIZE], from[TEXT_WORDS_SIZE];
    char copied[TEXT_WORDS_SIZE], line[256];
    int64_t now = size_of(kind, run, files), cow = copied_by(kind, run);
    int64_t before = run->before.aof_current_size;
    size_t n;

    text_write_duration(took, run->took_ms);
    n = (size_t)snprintf(line, sizeof line, "%s in %s",
                         kind == PERSIST_BGSAVE ? "the dump was written"
                                                : "the AOF was rewritten",
                         took);
    if (now >= 0) {
        text_write_size(size, (uint64_t)now);
        text_write_size(from, before > 0 ? (uint64_t)before : 0);
        n += (size_t)(kind == PERSIST_BGSAVE || before < 0
                          ? snprintf(line + n, sizeof line - n, ": %s", size)
                          : snprintf(line + n, sizeof line - n, ": %s to %s",
                                     from, size));
    }
    if (cow > 0) {
        text_write_size(copied, (uint64_t)cow);
        snprintf(line + n, sizeof line - n,
                 "; %s of memory were copied meanwhile", copied);
    }
    screen_print(stdout, 4, line);
}

json_t *
persist_words_run_json(enum persist_kind kind, const struct persist_run *run,
                       const struct persist_files *files)
{
    bool save = kind == PERSIST_BGSAVE;

    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "action",
                     save ? "bgsave" : "bgrewriteaof", "seconds",
                     value_seconds((int64_t)run->took_ms), "size",
                     value_number(size_of(kind, run, files)), "size_before",
                     value_number(save ? -1 : run->before.aof_current_size),
                     "copied", value_number(copied_by(kind, run)));
}
