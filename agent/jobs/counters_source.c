#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jobs/counters_work.h"
#include "jobs/shell.h"

enum { TELL_EVERY_BYTES = 1 << 20, SAID_SIZE = 240 };

struct reading {
    struct counters_set *set;
    const struct progress *progress;
    uint64_t bytes, told;
};

static int
take(void *context, const char *bytes, size_t size, struct error *e)
{
    struct reading *r = context;

    r->bytes += size;
    if (r->bytes - r->told >= TELL_EVERY_BYTES) {
        r->told = r->bytes;
        progress_tell(r->progress, r->set->name, r->bytes, 0);
    }
    return counters_table_feed(&r->set->table, bytes, size, e);
}

static int
keep_row(void *context, const struct counters_row *row, struct error *e)
{
    struct counters_set *set = context;

    return counters_rows_add(&set->rows, row, e);
}

/* What it printed to standard error: the first line and the last. */
static void
add_words(const struct shell_outcome *o, struct error *e)
{
    char before[sizeof e->text];
    bool two = strcmp(o->errors, o->last_error) != 0;

    if (o->errors[0] == '\0')
        return;
    snprintf(before, sizeof before, "%s", e->text);
    error_set(e, e->kind, "%.200s: %.130s%s%.130s", before, o->errors,
              two ? " ... " : "", two ? o->last_error : "");
}

static int
judge_end(const struct shell_outcome *o, uint64_t timeout_ms, struct error *e)
{
    bool whole = timeout_ms % 1000 == 0;

    if (o->timed_out)
        return error_set(e, ERROR_FAILED, "timed out after %" PRIu64 "%s",
                         whole ? timeout_ms / 1000 : timeout_ms,
                         whole ? "s" : "ms");
    if (o->signal != 0)
        return error_set(e, ERROR_FAILED, "ended by signal %d", o->signal);
    if (o->exit_status != 0)
        return error_set(e, ERROR_FAILED, "exit status %d", o->exit_status);
    return 0;
}

static int
run(struct reading *r, uint64_t sample, struct error *e)
{
    struct counters_set *set = r->set;
    char *wanted = text_format("REDKEEP_SAMPLE=%" PRIu64, sample);
    const char *const variables[] = {wanted, NULL};
    const struct shell_task task = {
        .command = set->source,
        .variables = variables,
        .timeout_ms = set->timeout_ms,
        .watched = -1,
        .take = take,
        .context = r,
    };
    struct shell_outcome outcome;
    int rc = shell_run(&task, &outcome, e);

    if (rc == 0)
        rc = judge_end(&outcome, set->timeout_ms, e);
    if (rc == 0)
        rc = counters_table_end(&set->table, e);
    set->took_ms = outcome.took_ms;
    if (rc != 0)
        add_words(&outcome, e);
    free(wanted);
    return rc;
}

int
counters_source_read(struct counters_set *set, uint64_t sample,
                     const struct progress *progress, struct error *e)
{
    struct reading r = {.set = set, .progress = progress};
    int rc;

    counters_table_begin(&set->table, keep_row, set);
    rc = counters_rows_begin(&set->rows, e);
    if (rc == 0)
        rc = run(&r, sample, e);
    if (rc == 0)
        rc = counters_rows_end(&set->rows, e);
    if (rc == 0)
        return 0;
    counters_rows_clear(&set->rows);
    return error_in(e, "source");
}
