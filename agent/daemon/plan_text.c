#include "daemon/plan_text.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
    STATUS_WRONG = 1,
    STATUS_COULD_NOT = 3,
    STATUS_REFUSED = 4,
    STATUS_LOCKED = 5
};

/* A drill that said why it did not try. */
static bool
is_skipped(const struct worker_outcome *o)
{
    return o->exit_status == STATUS_COULD_NOT &&
           json_is_null(json_object_get(o->report, "ok"));
}

enum plan_result
plan_text_result(const struct worker_outcome *o)
{
    if (o->timed_out)
        return PLAN_FAILED;
    switch (o->exit_status) {
    case 0:
        /* A job whose word cannot be read has not done what it should. */
        return o->report != NULL ? PLAN_OK : PLAN_FAILED;
    case STATUS_COULD_NOT:
        return is_skipped(o) ? PLAN_SKIPPED : PLAN_FAILED;
    case STATUS_REFUSED:
        return PLAN_REFUSED;
    case STATUS_LOCKED:
        return PLAN_LOCKED;
    default:
        return PLAN_FAILED;
    }
}

static const char *
find_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void
find_size(char out[TEXT_WORDS_SIZE], const json_t *object, const char *key)
{
    json_int_t bytes = json_integer_value(json_object_get(object, key));

    text_write_size(out, bytes < 0 ? 0 : (uint64_t)bytes);
}

/* The text of the worst finding: the first error, else the first. */
static const char *
find_finding(const json_t *object)
{
    const json_t *all = json_object_get(object, "findings"), *item;
    const char *first = find_text(json_array_get(all, 0), "text");
    size_t i;

    json_array_foreach(all, i,
                       item) if (strcmp(find_text(item, "severity"), "error") ==
                                 0) return find_text(item, "text");
    return first;
}

static void
write_snapshot(char *out, size_t size, const json_t *r)
{
    const char *id = find_text(r, "id"), *verdict = find_text(r, "verdict");
    const char *finding = find_finding(r);
    char stored[TEXT_WORDS_SIZE], source[TEXT_WORDS_SIZE];

    find_size(stored, r, "bytes_stored");
    find_size(source, r, "bytes_source");
    if (json_is_true(json_object_get(r, "unchanged")))
        snprintf(out, size, "unchanged: %s holds this dump", id);
    else if (strcmp(verdict, "sound") == 0)
        snprintf(out, size, "%s: sound, %s stored for %s", id, stored, source);
    else
        snprintf(out, size, "%s: kept, but %s%s%s", id, verdict,
                 *finding != '\0' ? ": " : "", finding);
}

static void
write_verify(char *out, size_t size, const json_t *r)
{
    const json_t *checked = json_object_get(r, "checked"), *item;
    size_t i;

    json_array_foreach(checked, i,
                       item) if (!json_is_true(json_object_get(item, "ok")))
    {
        const char *finding = find_finding(item);

        snprintf(out, size, "%s is not what was stored%s%s",
                 find_text(item, "id"), *finding != '\0' ? ": " : "", finding);
        return;
    }
    if (json_array_size(checked) == 1)
        snprintf(out, size, "%s is what was stored",
                 find_text(json_array_get(checked, 0), "id"));
    else
        snprintf(out, size, "%zu snapshots are what was stored",
                 json_array_size(checked));
}

static void
write_prune(char *out, size_t size, const json_t *r)
{
    snprintf(out, size, "%zu kept, %zu removed",
             json_array_size(json_object_get(r, "keep")),
             json_array_size(json_object_get(r, "remove")));
}

static void
write_drill(char *out, size_t size, const json_t *r)
{
    snprintf(out, size, "%s: %s", find_text(r, "id"), find_text(r, "text"));
}

void
plan_text_write(char *out, size_t size, enum plan_job job,
                const struct worker_outcome *o)
{
    bool judged = (o->exit_status == 0 || o->exit_status == STATUS_WRONG ||
                   is_skipped(o)) &&
                  o->report != NULL && !o->timed_out &&
                  json_object_get(o->report, "error") == NULL;

    if (judged && job == PLAN_SNAPSHOT)
        write_snapshot(out, size, o->report);
    else if (judged && job == PLAN_VERIFY)
        write_verify(out, size, o->report);
    else if (judged && job == PLAN_DRILL)
        write_drill(out, size, o->report);
    else if (judged && job == PLAN_PRUNE)
        write_prune(out, size, o->report);
    else
        snprintf(out, size, "%s", o->text);
}
