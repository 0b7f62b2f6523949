#include "daemon/tally_report.h"

#include <stdio.h>
#include <string.h>

#include "jobs/value.h"

#define NUMBER_MAX (INT64_C(1) << 53)
#define AWAY "Redis is not available: "

/* An array of objects or of strings, as far as it is one; owned. */
static json_t *
take_array(const json_t *object, const char *name, json_type type)
{
    const json_t *from = json_object_get(object, name);
    json_t *all = json_array(), *item;
    size_t i;

    json_array_foreach(from, i, item) if (json_typeof(item) == type)
        json_array_append(all, item);
    return all;
}

static int64_t
take_number(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);
    int64_t value = json_is_integer(number) ? json_integer_value(number) : -1;

    return value >= 0 && value <= NUMBER_MAX ? value : -1;
}

static const json_t *
find_set(const json_t *report, const char *name)
{
    const json_t *sets = json_object_get(report, "sets"), *set;
    size_t i;

    json_array_foreach(sets, i, set)
    {
        const char *its = json_string_value(json_object_get(set, "name"));

        if (its != NULL && strcmp(its, name) == 0)
            return set;
    }
    return NULL;
}

static const char *
first_warning(const struct tally_report *r)
{
    return json_string_value(json_array_get(r->warnings, 0));
}

static void
begin(struct tally_report *r)
{
    *r = (struct tally_report){
        .state = TALLY_UNCLEAR,
        .checked = -1,
        .inconsistent = -1,
        .raised = -1,
        .failed = -1,
    };
}

static bool
is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

/* Why it is unclear: in the words of the source, of the first warning, or in
 * those of the child's end. */
static void
explain(struct tally_report *r, const char *name, const json_t *set,
        const char *end)
{
    const char *said = json_string_value(json_object_get(set, "error"));

    if (is_empty(said))
        said = first_warning(r);
    if (is_empty(said))
        said = *end != '\0' ? end : "its report cannot be read";
    snprintf(r->text, sizeof r->text, "%s", said);
    if (json_array_size(r->warnings) == 0)
        json_array_append_new(r->warnings, value_format("%s: %s", name, said));
}

void
tally_report_read(struct tally_report *r, const char *name,
                  const struct worker_outcome *o)
{
    const json_t *set = find_set(o->report, name);
    const char *warning;

    begin(r);
    r->items = take_array(set, "items", JSON_OBJECT);
    r->behind = take_array(set, "behind", JSON_OBJECT);
    r->warnings = take_array(o->report, "warnings", JSON_STRING);
    r->checked = take_number(set, "checked");
    r->inconsistent = take_number(set, "inconsistent");
    r->raised = take_number(set, "raised");
    r->failed = take_number(set, "failed");
    if (r->checked >= 0 && r->inconsistent >= 0 && o->exit_status == 0)
        r->state = TALLY_CONSISTENT;
    if (r->checked >= 0 && r->inconsistent >= 0 && o->exit_status == 1)
        r->state = TALLY_BEHIND;
    warning = first_warning(r);
    if (r->state == TALLY_UNCLEAR) {
        r->checked = r->inconsistent = -1;
        explain(r, name, set, o->text);
        r->no_server = warning != NULL &&
                       strncmp(warning, AWAY, sizeof AWAY - 1) == 0;
        r->readonly = strstr(r->text, "READONLY") != NULL;
    } else if (r->state == TALLY_BEHIND && warning != NULL)
        snprintf(r->text, sizeof r->text, "%s", warning);
}

void
tally_report_fail(struct tally_report *r, const char *name, const char *why)
{
    begin(r);
    r->items = json_array();
    r->behind = json_array();
    r->warnings = json_array();
    explain(r, name, NULL, why);
}

void
tally_report_away(struct tally_report *r, const char *why)
{
    begin(r);
    r->items = json_array();
    r->behind = json_array();
    r->warnings = json_array();
    r->no_server = true;
    snprintf(r->text, sizeof r->text, AWAY "%.400s", why);
    json_array_append_new(r->warnings, value_text(r->text));
}

void
tally_report_clear(struct tally_report *r)
{
    json_decref(r->items);
    json_decref(r->behind);
    json_decref(r->warnings);
}
