#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/text.h"
#include "command.h"
#include "jobs/verify.h"
#include "meter.h"

struct run {
    struct invocation *in;
    struct storage storage;
    struct lock lock;
    struct catalog catalog;
    json_t *checked;
    double percent; /* 0: those named, or the newest */
    bool all_ok;
};

static int
verify(struct run *r, const struct catalog_item *item, struct error *e)
{
    struct report report = {0};
    bool ok;
    int rc = verify_one(&r->storage, item, &r->in->progress, &report, &ok, e);

    meter_end();
    if (rc == 0) {
        r->all_ok = r->all_ok && ok;
        json_array_append_new(
            r->checked, json_pack("{s:s, s:b, s:o}", "id", item->id, "ok", ok,
                                  "findings", answer_findings(&report)));
        if (!r->in->json) {
            printf("%s: %s\n", item->id, ok ? "ok" : "NOT OK");
            if (!ok || r->in->verbose)
                answer_show_findings(&report, r->in->verbose);
        }
    }
    report_clear(&report);
    return rc;
}

static int
verify_named(struct run *r, struct error *e)
{
    for (size_t n = 0; n < r->in->word_count; n++) {
        const char *id = r->in->words[n];
        const struct catalog_item *item = catalog_find(&r->catalog, id);

        if (item == NULL)
            return error_set(e, ERROR_FAILED,
                             "no snapshot '%s' in %s/%s: 'redkeep list' shows"
                             " those that are there",
                             id, r->storage.path, r->storage.instance);
        if (verify(r, item, e) != 0)
            return -1;
    }
    return 0;
}

/* Each with the same chance, and at least one. */
static int
verify_sample(struct run *r, double percent, struct error *e)
{
    size_t left = r->catalog.count;
    size_t want = (size_t)((double)left * percent / 100.0 + 0.999);
    unsigned seed = (unsigned)clock_wall_ms();

    for (size_t i = 0; i < r->catalog.count; i++, left--)
        if (want > 0 && (size_t)rand_r(&seed) % left < want) {
            want--;
            if (verify(r, &r->catalog.items[i], e) != 0)
                return -1;
        }
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
    bool all = command_has(r->in, "all");

    if ((r->in->word_count > 0) + all + (sample != NULL) > 1)
        return error_set(e, ERROR_USAGE,
                         "IDs, --all and --sample do not go together");
    r->percent = all ? 100 : 0;
    return sample != NULL ? read_percent(sample, &r->percent, e) : 0;
}

static int
verify_wanted(struct run *r, struct error *e)
{
    if (r->in->word_count > 0)
        return verify_named(r, e);
    if (r->catalog.count == 0)
        return error_set(e, ERROR_FAILED,
                         "no snapshot in %s/%s: take one with 'redkeep"
                         " snapshot'",
                         r->storage.path, r->storage.instance);
    if (r->percent > 0)
        return verify_sample(r, r->percent, e);
    return verify(r, &r->catalog.items[r->catalog.count - 1], e);
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
    int rc = -1;

    if (read_options(&r, e) != 0 ||
        storage_open(&r.storage, config_text(&in->config, CONFIG_REPO),
                     config_text(&in->config, CONFIG_INSTANCE), e) != 0 ||
        storage_lock_readers(&r.storage, &r.lock, e) != 0 ||
        catalog_load(&r.catalog, r.storage.snapshots_dir, e) != 0 ||
        verify_wanted(&r, e) != 0)
        goto out;
    rc = r.all_ok ? 0 : 1;
    if (in->json &&
        answer_print(json_pack("{s:O}", "checked", r.checked), e) != 0)
        rc = -1;

out:
    json_decref(r.checked);
    catalog_clear(&r.catalog);
    lock_release(&r.lock);
    storage_close(&r.storage);
    return rc;
}

const struct command cmd_verify = {
    .name = "verify",
    .words = "[ID...]",
    .summary = "re-read snapshots: archive, hashes, formats",
    .details =
        "Without an ID the newest. Exit status 1: a snapshot is not what was\n"
        "stored; it is named.\n",
    .words_max = 100000,
    .options =
        {
            {"all", NULL, "every snapshot"},
            {"sample", "N%", "so many of them, chosen at random"},
        },
    .run = run,
};
