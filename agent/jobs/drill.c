#include "jobs/drill.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/drill_work.h"
#include "jobs/trial_size.h"
#include "repo/catalog_drill.h"

enum {
    NOBODY = 65534,
    SPACE_SLACK = 16 << 20, /* folders, a new incr, what the server appends */
};

int
drill_work_fault(struct drill_work *w, const char *format, ...)
{
    va_list list;

    if (w->d->outcome == DRILL_BAD)
        return 0;
    w->d->outcome = DRILL_BAD;
    va_start(list, format);
    vsnprintf(w->d->text, sizeof w->d->text, format, list);
    va_end(list);
    return 0;
}

static int
skip(struct drill_work *w, const char *text)
{
    w->d->outcome = DRILL_SKIPPED;
    snprintf(w->d->text, sizeof w->d->text, "%s", text);
    return 0;
}

/* Why there is none: one that cannot be read tells more than that. */
static int
refuse_none(const struct drill_work *w, struct error *e)
{
    const struct catalog *c = &w->catalog;
    const struct catalog_item *last = c->count > 0 ? &c->items[c->count - 1]
                                                   : NULL;
    bool broken = last != NULL && last->broken.kind != ERROR_NONE;

    return error_set(e, ERROR_FAILED,
                     "no good snapshot in %s/%s%s%s: take one with 'redkeep"
                     " snapshot', or name the one to try",
                     w->storage.path, w->storage.instance, broken ? "; " : "",
                     broken ? last->broken.text : "");
}

static int
choose(struct drill_work *w, struct error *e)
{
    const char *id = w->options->id;

    if (id != NULL)
        w->item = catalog_find(&w->catalog, id);
    for (size_t i = w->catalog.count; id == NULL && i > 0; i--)
        if (catalog_is_good(&w->catalog.items[i - 1])) {
            w->item = &w->catalog.items[i - 1];
            break;
        }
    if (w->item == NULL && id != NULL)
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, w->storage.path, w->storage.instance);
    if (w->item == NULL)
        return refuse_none(w, e);
    w->entry = &w->item->entry;
    snprintf(w->d->id, sizeof w->d->id, "%s", w->item->id);
    return 0;
}

static int
check_space(const struct drill_work *w, struct error *e)
{
    char need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];
    uint64_t needed = unpack_bytes(w->entry, SPACE_SLACK), free_bytes;

    if (file_free_bytes(w->scratch.data, &free_bytes, e) != 0)
        return error_in(e, "%s", w->scratch.path);
    if (free_bytes >= needed)
        return 0;
    text_write_size(need, needed);
    text_write_size(has, free_bytes);
    return error_set(e, ERROR_FAILED,
                     "%s: %s are needed to restore the snapshot, %s are free:"
                     " make room, or give another folder with --scratch DIR",
                     w->scratch.path, need, has);
}

/* Nobody's server runs as root for a drill. */
static void
find_owner(const struct catalog_entry *entry, uid_t *uid, gid_t *gid)
{
    bool told = entry->file_count > 0 && entry->files[0].uid != 0;

    *uid = told ? entry->files[0].uid : NOBODY;
    *gid = told ? entry->files[0].gid : NOBODY;
    if (geteuid() != 0) {
        *uid = geteuid();
        *gid = getegid();
    }
}

static int
open_scratch(struct drill_work *w, uid_t uid, gid_t gid, struct error *e)
{
    const char *given = w->options->scratch;
    char *base = given != NULL ? text_format("%s", given)
                               : text_format("%s/%s", w->storage.path,
                                             w->storage.instance);
    char *name = given != NULL
                     ? text_format("redkeep-drill-%s", w->storage.instance)
                     : text_format("drill");
    int rc = drill_scratch_open(&w->scratch, base, name, uid, gid, e);

    free(base);
    free(name);
    if (rc != 0 && given == NULL && e->kind == ERROR_FAILED) {
        error_in(e, "the repository takes no restored data (give a folder that"
                    " does with --scratch DIR)");
    }
    return rc == 0 ? check_space(w, e) : -1;
}

static int
restore(struct drill_work *w, uid_t uid, gid_t gid, bool *ok, struct error *e)
{
    const struct unpack_options options = {
        .entry = w->entry,
        .to_dir = w->scratch.data,
        .uid = uid,
        .gid = gid,
        .dir_mode = 0700,
        .progress = w->options->progress,
    };
    struct report report = {0};
    int rc = unpack(&w->unpacked, &w->storage, &options, &report, ok, e);

    if (rc == 0 && !*ok)
        drill_work_fault(w, "it is not what was stored: %s",
                         unpack_fault(&report));
    report_clear(&report);
    if (rc == 0 && *ok && w->entry->dataset == DATASET_RDB &&
        w->entry->keys >= 0 && w->unpacked.keys != (uint64_t)w->entry->keys)
        drill_work_fault(w,
                         "%" PRIu64 " keys are in its RDB, the catalog says"
                         " %" PRId64,
                         w->unpacked.keys, w->entry->keys);
    return rc;
}

/* The RDB that the data is, or begins with. */
static int
open_rdb(struct drill_work *w, struct error *e)
{
    const struct judge *j = &w->unpacked.judge;

    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];

        if ((f->is_aof ? f->aof.rdb.version : f->rdb.version) == 0)
            continue;
        w->rdb = file_open(w->scratch.data, f->path, e);
        w->rdb_size = f->size_bytes;
        return w->rdb < 0 ? error_in(e, "%s", w->scratch.path) : 0;
    }
    return 0;
}

static int
load(struct drill_work *w, uid_t uid, gid_t gid, struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    const struct dataset_names names = {
        .dbfilename = entry->dbfilename,
        .appendfilename = entry->appendfilename,
        .appenddirname = entry->appenddirname,
    };
    const char *source;
    const struct trial_options options = {
        .valkey = entry->server.known &&
                  strcmp(entry->server.product, "valkey") == 0,
        .running_pid = w->server.link != NULL ? w->server.info.process_id : 0,
        .directory = w->scratch.path,
        .names = &names,
        .appendonly = entry->dataset != DATASET_RDB,
        .databases = trial_size_databases(&w->unpacked.judge),
        .uid = uid,
        .gid = gid,
        .dataset_bytes = trial_size(&w->unpacked.judge, &source),
        .load_limit_ms = w->options->load_limit_ms,
        .rdb_version = entry->rdb_version,
        .valkey_magic = entry->valkey_magic,
        .progress = w->options->progress,
    };
    char text[DRILL_TEXT_SIZE];

    w->from_ms = clock_wall_ms();
    if (trial_begin(&w->trial, &options, e) != 0)
        return -1;
    if (w->trial.skipped) {
        snprintf(text, sizeof text, "%.400s; the data's size is %s",
                 w->trial.text, source);
        return skip(w, text);
    }
    if (!w->trial.loaded)
        return drill_work_fault(w, "a server does not load it: %s",
                                w->trial.text);
    w->d->keys = w->trial.keys;
    w->d->load_ms = (int64_t)w->trial.load_ms;
    return drill_judge(w, e);
}

static void
tell_good(struct drill_work *w)
{
    char took[TEXT_WORDS_SIZE], name[RELEASE_TEXT_SIZE], sample[120] = "";

    text_write_duration(took, w->trial.load_ms);
    release_write(name, &w->trial.release);
    if (w->compared > 0)
        snprintf(sample, sizeof sample, "; %zu keys compared, each as it was",
                 w->compared);
    if (w->untold > 0)
        snprintf(sample + strlen(sample), sizeof sample - strlen(sample),
                 " (%zu could not be)", w->untold);
    snprintf(w->d->text, sizeof w->d->text,
             "%" PRId64 " keys loaded by %s in %s%s", w->trial.keys, name, took,
             sample);
}

/* A skipped drill has said nothing of the snapshot. */
static void
note(struct drill_work *w)
{
    const struct drill *d = w->d;
    struct catalog_drill noted = {
        .at_ms = clock_wall_ms(),
        .ok = d->outcome == DRILL_GOOD,
        .keys = d->keys,
        .load_ms = d->load_ms,
    };
    struct error e = {0};

    if (d->outcome == DRILL_SKIPPED)
        return;
    memcpy(noted.id, d->id, sizeof noted.id);
    if (catalog_drill_note(w->storage.snapshots_dir, &noted, &e) == 0)
        return;
    snprintf(w->d->not_noted, sizeof w->d->not_noted, "%s",
             e.kind == ERROR_ABSENT ? "the snapshot was removed meanwhile"
                                    : e.text);
}

/* What is read says whether it is what was stored, as verify does. */
static void
note_verified(struct drill_work *w, bool ok)
{
    struct catalog_look look = {.at_ms = clock_wall_ms(), .ok = ok};
    struct error none = {0};

    /* What only a deeper look has found wrong, this one cannot deny. */
    if (ok && w->entry->failed && w->entry->look.deep)
        return;
    if (!ok)
        snprintf(look.wrong, sizeof look.wrong, "%.*s",
                 (int)sizeof look.wrong - 1, w->d->text);
    catalog_note_verified(w->storage.snapshots_dir, w->d->id, &look, &none);
}

static int
try(struct drill_work *w, struct error *e)
{
    char text[TRIAL_TEXT_SIZE];
    bool ok = false;
    uid_t uid;
    gid_t gid;

    if (w->item->broken.kind != ERROR_NONE)
        return drill_work_fault(w, "%s", w->item->broken.text);
    /* What its files take is the least: no need to unpack them first. */
    if (!trial_fits(w->entry->bytes_source, text))
        return skip(w, text);
    find_owner(w->entry, &uid, &gid);
    if (open_scratch(w, uid, gid, e) != 0 || restore(w, uid, gid, &ok, e) != 0)
        return -1;
    note_verified(w, ok);
    if (w->d->outcome == DRILL_BAD)
        return 0;
    return open_rdb(w, e) == 0 ? load(w, uid, gid, e) : -1;
}

static void
close_all(struct drill_work *w)
{
    trial_end(&w->trial);
    drill_pass_clear(&w->pass);
    if (w->rdb >= 0)
        close(w->rdb);
    unpack_clear(&w->unpacked);
    drill_scratch_close(&w->scratch);
    instance_close(&w->server);
    catalog_clear(&w->catalog);
    lock_release(&w->lock);
    storage_close(&w->storage);
}

int
drill_run(struct drill *d, const struct drill_options *options, struct error *e)
{
    struct drill_work w = {
        .options = options,
        .d = d,
        .storage = {.instance_dir = -1, .snapshots_dir = -1},
        .lock = LOCK_NONE,
        .server = {.dir = -1},
        .scratch = DRILL_SCRATCH_NONE,
        .trial = TRIAL_NONE,
        .rdb = -1,
    };
    int rc = -1;

    *d = (struct drill){.keys = -1, .load_ms = -1};
    if (storage_open(&w.storage, options->repo, options->name, e) == 0 &&
        storage_lock_readers(&w.storage, &w.lock, e) == 0 &&
        catalog_load(&w.catalog, w.storage.snapshots_dir, e) == 0 &&
        choose(&w, e) == 0 &&
        instance_connect(&w.server, &options->instance, e) == 0)
        rc = try(&w, e);
    if (rc == 0 && d->outcome == DRILL_GOOD)
        tell_good(&w);
    if (rc == 0)
        note(&w);
    close_all(&w);
    return rc;
}
