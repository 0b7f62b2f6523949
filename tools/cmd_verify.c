#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "command.h"
#include "jobs/verify.h"
#include "meter.h"

struct run {
    struct invocation *in;
    struct storage storage;
    struct lock lock;
    struct catalog catalog;
    struct verify_choice choice;
    json_t *checked;
    double percent; /* of --sample; 0: not asked for */
    bool all_ok;
};

static void
show(const struct invocation *in, const struct verify_result *result)
{
    static const char *const words[] = {
        [VERIFY_OK] = "ok",
        [VERIFY_WRONG] = "NOT OK",
        [VERIFY_GONE] = "removed meanwhile",
    };

    printf("%s: %s\n", result->id, words[result->outcome]);
    if (result->outcome == VERIFY_WRONG || in->verbose)
        answer_show_findings(&result->report, in->verbose);
    fflush(stdout);
}

static void
ended(void *context, const struct verify_result *result)
{
    struct run *r = context;

    meter_end();
    r->all_ok = r->all_ok && result->outcome != VERIFY_WRONG;
    if (!r->in->json)
        show(r->in, result);
    else if (result->outcome != VERIFY_GONE)
        json_array_append_new(
            r->checked,
            json_pack("{s:s, s:b, s:b, s:o}", "id", result->id, "ok",
                      result->outcome == VERIFY_OK, "deep", result->deep,
                      "findings", answer_findings(&result->report)));
}

static int
choose_named(struct run *r, const char *id, struct error *e)
{
    const struct catalog_item *item = catalog_find(&r->catalog, id);

    if (strcmp(id, "latest") == 0)
        verify_choose_newest(&r->choice, &r->catalog);
    else if (item != NULL)
        verify_choose(&r->choice, item);
    else
        return error_set(e, ERROR_FAILED,
                         "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                         " those that are there",
                         id, r->storage.path, r->storage.instance);
    return 0;
}

static int
read_percent(const char *text, double *percent, struct error *e)
{
    char *end;

    *percent = strtod(text, &end);
    if (end != text && *percent > 0 && *percent <= 100 &&
        (*end == '\0' || strcmp(end, "%") == 0))
        return 0;
    return error_set(e, ERROR_USAGE,
                     "--sample: found '%s', expected a percentage such as 10%%",
                     text);
}

static int
read_options(struct run *r, struct error *e)
{
    const char *sample = command_value_of(r->in, "sample");

    if (command_has(r->in, "all") && (r->in->word_count > 0 || sample != NULL))
        return error_set(e, ERROR_USAGE,
                         "--all goes neither with IDs nor with --sample");
    return sample != NULL ? read_percent(sample, &r->percent, e) : 0;
}

static int
choose(struct run *r, struct error *e)
{
    if (r->catalog.count == 0)
        return error_set(e, ERROR_FAILED,
                         "no snapshot in %s/%s: take one with 'redkeep"
                         " snapshot'",
                         r->storage.path, r->storage.instance);
    for (size_t n = 0; n < r->in->word_count; n++)
        if (choose_named(r, r->in->words[n], e) != 0)
            return -1;
    if (command_has(r->in, "all"))
        verify_choose_all(&r->choice, &r->catalog);
    if (r->percent > 0)
        verify_choose_sample(&r->choice, &r->catalog, r->percent,
                             clock_wall_ms());
    if (r->choice.count == 0)
        verify_choose_newest(&r->choice, &r->catalog);
    return 0;
}

static int
run(struct invocation *in, struct error *e)
{
    struct run r = {
        .in = in,
        .storage = {.instance_dir = -1, .snapshots_dir = -1},
        .lock = LOCK_NONE,
        .checked = json_array(),
        .all_ok = true,
    };
    const struct verify_options options = {
        .deep = command_has(in, "deep"),
        .progress = &in->progress,
        .ended = ended,
        .context = &r,
    };
    int rc = -1;

    if (read_options(&r, e) != 0 ||
        storage_open(&r.storage, config_text(&in->config, CONFIG_REPO),
                     config_text(&in->config, CONFIG_INSTANCE), e) != 0 ||
        storage_lock_readers(&r.storage, &r.lock, e) != 0 ||
        catalog_load(&r.catalog, r.storage.snapshots_dir, e) != 0 ||
        choose(&r, e) != 0 ||
        verify_run(&r.storage, &r.choice, &options, e) != 0)
        goto out;
    rc = r.all_ok ? 0 : 1;
    if (in->json &&
        answer_print(json_pack("{s:O}", "checked", r.checked), e) != 0)
        rc = -1;

out:
    json_decref(r.checked);
    verify_choice_clear(&r.choice);
    catalog_clear(&r.catalog);
    lock_release(&r.lock);
    storage_close(&r.storage);
    return rc;
}

const struct command cmd_verify = {
    .name = "verify",
    .words = "[ID|latest...]",
    .summary = "re-read snapshots: archive, hashes, formats",
    .details =
        "Without an ID the newest. What comes of it is noted in the repository;\n"
        "a snapshot that failed is not good until it is verified well.\n"
        "Exit status 1: a snapshot is not what was stored; it is named.\n",
    .words_max = 100000,
    .options =
        {
            {"all", NULL, "every snapshot"},
            {"sample", "N%", "also so many percent, by what waited longest"},
            {"deep", NULL, "also nested encodings and duplicate keys"},
        },
    .run = run,
};
