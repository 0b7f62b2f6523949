#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "jobs/drill_touch.h"
#include "jobs/drill_work.h"

enum { TYPE_SIZE = 40, WORDS_SIZE = 200, NAME_SHOWN = 80 };

/* Hashes whose fields expire, each by itself: two may differ by that. */
enum { TIMES_FIRST = 22, TIMES_LAST = 25 };

/* Whether a count lies between; a server before 6.2 keeps what is empty. */
static bool
is_between(int64_t count, int64_t least, int64_t most)
{
    return count >= least && count <= most;
}

static int
check_database(struct drill_work *w, const struct probe_database *has)
{
    struct drill_pass_database want =
        drill_pass_find(&w->pass, (uint64_t)has->number);

    if (!is_between(has->keys, want.keys_least, want.keys_most))
        return drill_work_fault(
            w,
            "database %d has %" PRId64 " keys after the load, the snapshot has"
            " %" PRId64 " to %" PRId64,
            has->number, has->keys, want.keys_least, want.keys_most);
    if (!is_between(has->expires, want.expires_least, want.expires_most))
        return drill_work_fault(
            w,
            "database %d has %" PRId64 " keys that expire after the load, the"
            " snapshot has %" PRId64 " to %" PRId64,
            has->number, has->expires, want.expires_least, want.expires_most);
    return 0;
}

static struct probe_database
find_database(const struct trial *t, uint64_t number)
{
    for (size_t i = 0; i < t->database_count; i++)
        if ((uint64_t)t->databases[i].number == number)
            return t->databases[i];
    return (struct probe_database){.number = (int)number};
}

static void
check_databases(struct drill_work *w)
{
    for (size_t i = 0; i < w->pass.database_count; i++) {
        struct probe_database has =
            find_database(&w->trial, w->pass.databases[i].number);

        check_database(w, &has);
    }
    for (size_t i = 0; i < w->trial.database_count; i++)
        check_database(w, &w->trial.databases[i]);
}

/*
 * What INFO counted is of about the moment that the AOF was cut at, and what
 * expires may be gone by now: only far less is wrong.
 */
static void
check_total(struct drill_work *w)
{
    const struct catalog_entry *entry = w->entry;
    int64_t expires = entry->expires > 0 ? entry->expires : 0;
    int64_t least = (entry->keys - expires) / 2;

    if (entry->keys >= 0 && w->trial.keys < least)
        drill_work_fault(w,
                         "%" PRId64 " keys after the load, the server had"
                         " %" PRId64 " when the snapshot was taken",
                         w->trial.keys, entry->keys);
}

static void
show_name(char *out, size_t size, const struct drill_pass_key *key)
{
    text_quote(out, size, key->name, key->name_size);
}

static int
compare_key(struct drill_work *w, const struct drill_pass_key *key,
            struct error *e)
{
    char type[TYPE_SIZE], words[WORDS_SIZE], shown[NAME_SHOWN];
    struct probe_key probe = {.name = key->name,
                              .name_size = key->name_size,
                              .expire_ms = key->expire_ms};
    enum probe_finding finding;
    unsigned char *dump =
        drill_pass_dump(&w->pass, w->rdb, key, &probe.dump_size, e);
    int rc;

    if (dump == NULL)
        return e->kind == ERROR_NONE ? 0 : -1;
    probe.dump = dump;
    drill_pass_type(type, sizeof type, &w->pass, key);
    rc = probe_select(w->trial.link, (int)key->db, e);
    if (rc == 0)
        rc = probe_compare(w->trial.link, &probe, type, &finding, words,
                           sizeof words, e);
    free(dump);
    if (rc != 0)
        return -1;
    if (finding != PROBE_SAME && key->type >= TIMES_FIRST &&
        key->type <= TIMES_LAST)
        finding = PROBE_UNTOLD;
    w->compared += finding == PROBE_SAME;
    w->untold += finding == PROBE_UNTOLD;
    show_name(shown, sizeof shown, key);
    if (finding == PROBE_OTHER_TYPE || finding == PROBE_OTHER_VALUE)
        drill_work_fault(w,
                         "key %s of database %" PRIu64
                         " is not what the snapshot has: %s",
                         shown, key->db, words);
    return 0;
}

/* What the commands behind the base may have changed is not compared. */
static int
leave_out_touched(struct drill_work *w, struct error *e)
{
    const struct judge *j = &w->unpacked.judge;

    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];
        int fd, rc;

        if (!f->is_aof)
            continue;
        fd = file_open(w->scratch.data, f->path, e);
        if (fd < 0)
            return -1;
        rc = drill_touch_remove(&w->pass, fd, f->aof.rdb.end_offset,
                                f->size_bytes, w->options->progress, e);
        close(fd);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* A server that ends while it is asked has said something, too. */
static int
compare_sample(struct drill_work *w, struct error *e)
{
    for (int type = 0; type < DRILL_PASS_TYPES; type++)
        for (int i = 0; i < DRILL_PASS_EACH; i++) {
            const struct drill_pass_key *key = &w->pass.sample[type][i];

            if (key->name == NULL || compare_key(w, key, e) == 0)
                continue;
            return process_check_stop(e) != 0
                       ? -1
                       : drill_work_fault(
                             w, "the server failed while it was asked: %s",
                             e->text);
        }
    return 0;
}

int
drill_judge(struct drill_work *w, struct error *e)
{
    bool whole = w->entry->dataset == DATASET_RDB || w->unpacked.commands == 0;
    int64_t now = clock_wall_ms();

    if (!whole || w->rdb < 0)
        check_total(w);
    if (w->rdb < 0)
        return 0;
    /* An AOF's base is loaded with what has expired, to the last command. */
    w->pass.from_ms = w->entry->dataset == DATASET_RDB ? w->from_ms : 0;
    w->pass.until_ms = now;
    w->pass.seed = (uint64_t)now;
    if (drill_pass_run(&w->pass, w->rdb, w->rdb_size, w->options->progress,
                       e) != 0)
        return -1;
    if (whole)
        check_databases(w);
    else if (leave_out_touched(w, e) != 0)
        return -1;
    return compare_sample(w, e);
}
