/*
 * test_watch_scene.h - a watch on a folder of the test's own, and the loop that
 * it lives in.
 */
#ifndef UNIT_TEST_WATCH_SCENE_H
#define UNIT_TEST_WATCH_SCENE_H

#include <event2/event.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/watch_state.h"
#include "folder.h"

enum { AT_MOST_MS = 10000 };

static struct event_base *base;
static struct notices *notices;
static struct watch *w;
static const struct watch_view *view;
static char data[80];
static int new_rdbs, changes;

static FOLDER_UNUSED void
count_rdb(void *context)
{
    (void)context;
    new_rdbs++;
}

static FOLDER_UNUSED void
count_change(void *context)
{
    (void)context;
    changes++;
}

static FOLDER_UNUSED void
nothing(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

/* Lets the loop turn for at most ms, or until something happened. */
static FOLDER_UNUSED void
turn(unsigned ms)
{
    const struct timeval limit = {.tv_usec = ms * 1000};

    event_base_once(base, -1, EV_TIMEOUT, nothing, NULL, &limit);
    event_base_loop(base, EVLOOP_ONCE);
}

#define WAIT_FOR(condition)                                               \
    for (uint64_t end_ = clock_steady_ms() + AT_MOST_MS; !(condition);    \
         turn(5))                                                         \
    ck_assert_msg(clock_steady_ms() < end_, "waited in vain for %s (%s)", \
                  #condition, view->trouble)

static FOLDER_UNUSED void
point(const char *appenddirname, bool appendonly)
{
    const struct watch_names names = {.data_dir = data,
                                      .dbfilename = "dump.rdb",
                                      .appendfilename = "appendonly.aof",
                                      .appenddirname = appenddirname,
                                      .appendonly = appendonly};

    watch_point(w, &names);
}

static FOLDER_UNUSED void
begin(void)
{
    const struct watch_events events = {count_rdb, count_change, NULL};

    folder_begin();
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(data, sizeof data, "%s/data", path);
    ck_assert_int_eq(mkdir(data, 0700), 0);
    new_rdbs = changes = 0;
    base = event_base_new();
    notices = notice_new();
    w = watch_new(base, notices, 50, &events, &e);
    ck_assert_ptr_nonnull(w);
    view = watch_view(w);
}

static FOLDER_UNUSED void
end(void)
{
    watch_free(w);
    notice_free(notices);
    event_base_free(base);
    folder_end();
}

/* A file of so many bytes, as an operator writes it: in place. */
static FOLDER_UNUSED void
write_over(const char *name, size_t size)
{
    char *bytes = memory_new(size + 1);
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(file_write(fd, bytes, size, &e), 0);
    close(fd);
    free(bytes);
}

/* As servers do: aside, and renamed. */
static FOLDER_UNUSED void
put_sized(const char *name, size_t size)
{
    write_over("data/temp-1.part", size);
    ck_assert_int_eq(renameat(dir, "data/temp-1.part", dir, name), 0);
}

static FOLDER_UNUSED void
append(const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_APPEND | O_CREAT, 0600);

    ck_assert_int_eq(file_write(fd, text, strlen(text), &e), 0);
    close(fd);
}

static FOLDER_UNUSED void
make_aof(void)
{
    ck_assert_int_eq(mkdirat(dir, "data/appendonlydir", 0700), 0);
    put_sized("data/appendonlydir/appendonly.aof.1.base.rdb", 100);
    put_sized("data/appendonlydir/appendonly.aof.1.incr.aof", 10);
    append("data/appendonlydir/appendonly.aof.manifest",
           "file appendonly.aof.1.base.rdb seq 1 type b\n"
           "file appendonly.aof.0.incr.aof seq 1 type h\n"
           "file appendonly.aof.1.incr.aof seq 1 type i\n");
}

static FOLDER_UNUSED bool
is_told(const char *words)
{
    json_t *all = notice_write(notices), *item;
    bool found = false;
    size_t i;

    json_array_foreach(all, i, item)
    {
        ck_assert_str_eq(json_string_value(json_object_get(item, "event")),
                         "watch");
        found = found ||
                strstr(json_string_value(json_object_get(item, "text")),
                       words) != NULL;
    }
    json_decref(all);
    return found;
}

static FOLDER_UNUSED void
make_old(const char *name)
{
    const struct timespec times[2] = {{.tv_sec = 1700000000},
                                      {.tv_sec = 1700000000}};

    ck_assert_int_eq(utimensat(dir, name, times, 0), 0);
}

typedef void (*watch_add)(TCase *);

/* The main function of each. */
static int
run(const char *name, watch_add add)
{
    Suite *s = suite_create(name);
    TCase *t = tcase_create(name);
    SRunner *runner = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, begin, end);
    add(t);
    suite_add_tcase(s, t);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}

#endif
