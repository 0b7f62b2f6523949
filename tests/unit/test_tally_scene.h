/*
 * test_tally_scene.h - a tally, a server that is as a test says, and a script
 * in place of redkeep: it notes its arguments in the file "runs", waits while
 * there is a file "wait" (or "wait-rebuild"), and gives the report "check" or "rebuild" with the
 * status of its first line.
 */
#ifndef UNIT_TEST_TALLY_SCENE_H
#define UNIT_TEST_TALLY_SCENE_H

#include <math.h>

#include "daemon/tally.h"
#include "loop.h"

static struct terms terms, other;
static char *no_options[] = {NULL};
static struct notices *notices;
static struct tally *tally;
static struct server_view server;
static unsigned changes, reconnects;
static unsigned answered; /* who asked */

const struct server_view *
server_view(const struct server *s)
{
    (void)s;
    return &server;
}

void
server_reconnect(struct server *s, const char *why)
{
    (void)s;
    ck_assert_ptr_nonnull(strstr(why, "READONLY"));
    reconnects++;
}

static void
note_change(void *context)
{
    ck_assert_ptr_eq(context, &changes);
    changes++;
}

static FOLDER_UNUSED void
note_answer(void *context)
{
    ck_assert_ptr_eq(context, &answered);
    answered++;
}

static void
read_terms(struct terms *t, const char *text)
{
    char *file = text_format("%s/redkeep.conf", path);
    char *const nothing[] = {NULL};

    put("redkeep.conf", text);
    config_clear(&t->config);
    *t = (struct terms){.copy = -1, .options = no_options};
    config_init(&t->config);
    ck_assert_msg(config_load(&t->config, file, nothing, NULL, NULL, &e) == 0,
                  "%s", e.text);
    free(file);
}

/* What `check` or `rebuild` comes to from now on. */
static void
let(const char *mode, int status, const char *report)
{
    char *text = text_format("%d\n%s", status, report);

    put(mode, text);
    free(text);
}

#define CONSISTENT                                                       \
    "{\"sets\": [{\"name\": \"a\", \"checked\": 5, \"inconsistent\": 0," \
    " \"items\": [{\"id\": 7}]}], \"warnings\": []}"
#define BEHIND                                                                  \
    "{\"sets\": [{\"name\": \"a\", \"checked\": 5, \"inconsistent\": 2,"        \
    " \"items\": [{\"id\": 7}], \"behind\": [{\"id\": 7, \"redis_counter\": 1," \
    " \"db_max\": 2}]}], \"warnings\": [\"a 7: behind\"]}"
#define FAILED                                                              \
    "{\"sets\": [{\"name\": \"a\", \"error\": \"source: exit status 7\"}]," \
    " \"warnings\": [\"a: source: exit status 7\"]}"

static FOLDER_UNUSED void
begin(void)
{
    loop_begin();
    changes = reconnects = answered = 0;
    memset(&server, 0, sizeof server);
    tally = NULL;
    config_init(&terms.config);
    config_init(&other.config);
    notices = notice_new();
    write_program(
        "fd=$2; shift 2; echo \"$*\" >>runs; mode=check\n"
        "case $* in *rebuild*) mode=rebuild ;; esac\n"
        "case $* in *slow*) sleep 0.8 ;; esac\n"
        "while [ -e wait ] || [ -e wait-$mode ]; do sleep 0.01; done\n"
        "{ read -r status; cat >&$fd; } <$mode; exit $status");
    let("check", 0, CONSISTENT);
    let("rebuild", 0, CONSISTENT);
}

static FOLDER_UNUSED void
end(void)
{
    tally_free(tally);
    notice_free(notices);
    config_clear(&terms.config);
    config_clear(&other.config);
    turn_until(is_childless);
    loop_end();
}

static void
begin_with(const char *text)
{
    read_terms(&terms, text);
    tally =
        tally_new(base, &terms, program, NULL, notices, note_change, &changes);
}

#define SET "[counters a]\nsource = true\nstartup_delay = 0\n"

/* The server is there, as that process. */
static FOLDER_UNUSED void
be_there(const char *run_id)
{
    server.state = SERVER_CONNECTED;
    snprintf(server.info.run_id, sizeof server.info.run_id, "%s", run_id);
    tally_look(tally);
}

static FOLDER_UNUSED void
be_away(const char *why)
{
    server.state = SERVER_DISCONNECTED;
    snprintf(server.last_error, sizeof server.last_error, "%s", why);
    tally_look(tally);
}

static FOLDER_UNUSED const struct tally_view *
view(void)
{
    size_t count;

    return tally_view(tally, &count);
}

static FOLDER_UNUSED bool
is_consistent(void)
{
    return view()->state == TALLY_CONSISTENT;
}

static FOLDER_UNUSED bool
is_behind(void)
{
    return view()->state == TALLY_BEHIND;
}

static FOLDER_UNUSED bool
is_unclear(void)
{
    return view()->state == TALLY_UNCLEAR;
}

static FOLDER_UNUSED bool
is_answered(void)
{
    return answered > 0;
}

/* Lines of "runs". */
static FOLDER_UNUSED unsigned
runs(void)
{
    char *text = load("runs");
    unsigned count = 0;

    for (const char *at = text; *at != '\0'; at++)
        count += *at == '\n';
    free(text);
    return count;
}

static FOLDER_UNUSED bool
has_run_twice(void)
{
    return runs() >= 2;
}

static FOLDER_UNUSED void
expect_runs(const char *expected)
{
    char *text = load("runs");

    ck_assert_str_eq(text, expected);
    free(text);
}

#define LOOKS "counters --quiet --sample=5 -- check a\n"
#define SAMPLES "counters --quiet --sample=10 -- check a\n"
#define ALL "counters --quiet --sample=0 -- check a\n"
#define REBUILDS "counters --quiet -- rebuild a\n"

#endif
