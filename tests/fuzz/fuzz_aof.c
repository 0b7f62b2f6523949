/*
 * An append-only file from anybody: read whole and drop by drop it is the same,
 * and cut where the scan says it is safe it is sound.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/aof.h"

struct drip {
    const uint8_t *bytes;
    size_t left, step;
};

static int
pull_drip(void *context, void *bytes, size_t size, size_t *got, struct error *e)
{
    struct drip *d = context;

    (void)e;
    *got = d->step < size ? d->step : size;
    if (*got > d->left)
        *got = d->left;
    memcpy(bytes, d->bytes, *got);
    d->bytes += *got;
    d->left -= *got;
    return 0;
}

struct tally {
    uint64_t commands, end;
};

static void
tally(void *context, const struct aof_command *c)
{
    struct tally *t = context;

    if (c->offset < t->end || c->end_offset <= c->offset || c->argc == 0 ||
        c->name_size > AOF_NAME_MAX)
        abort();
    for (uint32_t i = 0; i < c->name_size; i++)
        t->end += (uint8_t)c->name[i] > 255;
    t->commands++;
    t->end = c->end_offset;
}

static void
scan(struct source *s, struct tally *t, struct aof_result *r)
{
    static const struct release release = {.major = 7};
    struct aof_options options = {.command_seen = t == NULL ? NULL : tally,
                                  .context = t,
                                  .release = &release};
    struct report report = {0};
    struct error e = {0};

    if (aof_scan(s, &options, &report, r, &e) != 0)
        abort();
    if (r->verdict != VERDICT_SOUND && !r->has_rdb && report.count == 0)
        abort();
    if (r->good_end > r->size_bytes || r->server_end > r->size_bytes)
        abort();
    source_close(s);
    report_clear(&report);
}

/* libFuzzer calls it; no header declares it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tally t = {0};
    struct aof_result plain, told, dripped, cut;
    struct drip d = {.bytes = data, .left = size, .step = size % 37 + 1};
    struct source s;

    source_of_memory(&s, data, size);
    scan(&s, NULL, &plain);
    source_of_memory(&s, data, size);
    scan(&s, &t, &told);
    source_of_pull(&s, pull_drip, &d, size);
    scan(&s, NULL, &dripped);
    if (plain.verdict != dripped.verdict ||
        plain.commands != dripped.commands ||
        plain.good_end != dripped.good_end ||
        plain.server_end != dripped.server_end ||
        plain.damage_offset != dripped.damage_offset ||
        plain.server_refuses != dripped.server_refuses ||
        plain.command_refused != dripped.command_refused ||
        plain.command_refused != told.command_refused ||
        plain.databases != dripped.databases || plain.modules != told.modules ||
        plain.last_time != dripped.last_time)
        abort();
    if (told.commands != plain.commands || t.commands != plain.commands)
        abort();
    if (plain.has_rdb && plain.rdb.verdict != VERDICT_SOUND)
        return 0;
    source_of_memory(&s, data, (size_t)plain.good_end);
    scan(&s, NULL, &cut);
    if (cut.verdict != VERDICT_SOUND || cut.good_end != plain.good_end)
        abort();
    return 0;
}
