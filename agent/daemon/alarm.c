#include "daemon/alarm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/alarm_rules.h"
#include "jobs/value.h"

struct alarms {
    struct notices *notices;
    struct alarm list[ALARM_RULES];
    struct alarm_memory memory;
};

struct alarms *
alarm_new(struct notices *notices)
{
    struct alarms *all = memory_new(sizeof *all);

    all->notices = notices;
    for (size_t i = 0; i < ALARM_RULES; i++)
        all->list[i] = (struct alarm){
            .name = alarm_rules[i].name, .value = NAN, .threshold = NAN};
    return all;
}

static json_t *
write_one(const struct alarm *a, const char *name_key)
{
    json_t *object = json_object();

    json_object_set_new(object, name_key, json_string(a->name));
    json_object_set_new(object, "since", value_time(a->since_ms));
    json_object_set_new(object, "value", value_real(a->value));
    json_object_set_new(object, "threshold", value_real(a->threshold));
    return object;
}

/* Words of a server or of a path may be any bytes; ours are text. */
static void
take_finding(struct alarm *a, const struct alarm_finding *found)
{
    a->value = found->value;
    a->threshold = found->threshold;
    text_quote(a->text, sizeof a->text, found->text, strlen(found->text));
}

static void
raise_it(struct alarms *all, struct alarm *a, int64_t now_ms)
{
    a->raised = true;
    a->since_ms = now_ms;
    log_line(LOG_LEVEL_WARNING, "Alarm raised: %s alarm=%s", a->text, a->name);
    notice_tell(all->notices, now_ms, "alarm_raised", write_one(a, "alarm"),
                "alarm %s: %s", a->name, a->text);
}

static void
clear_it(struct alarms *all, struct alarm *a, int64_t now_ms)
{
    int64_t lasted_ms = now_ms - a->since_ms;
    char words[TEXT_WORDS_SIZE];

    a->raised = false;
    text_write_duration(words, lasted_ms > 0 ? (uint64_t)lasted_ms : 0);
    log_line(LOG_LEVEL_INFO, "Alarm cleared after %s alarm=%s", words, a->name);
    notice_tell(all->notices, now_ms, "alarm_cleared", write_one(a, "alarm"),
                "alarm %s cleared after %s", a->name, words);
    *a = (struct alarm){.name = a->name, .value = NAN, .threshold = NAN};
}

void
alarm_judge(struct alarms *all, const struct alarm_scene *views)
{
    struct alarm_scene scene = *views;

    scene.memory = &all->memory;
    for (size_t i = 0; i < ALARM_RULES; i++) {
        struct alarm *a = &all->list[i];
        struct alarm_finding found = {.value = NAN, .threshold = NAN};

        if (a->since_ms > scene.now_ms) /* the clock went back */
            a->since_ms = scene.now_ms;
        scene.before = a;
        if (alarm_rules[i].judge == NULL)
            found.verdict = ALARM_OFF;
        else
            alarm_rules[i].judge(&scene, &found);
        if (found.verdict == ALARM_ON)
            take_finding(a, &found);
        if (found.verdict == ALARM_ON && !a->raised)
            raise_it(all, a, scene.now_ms);
        else if (found.verdict == ALARM_OFF && a->raised)
            clear_it(all, a, scene.now_ms);
    }
}

const struct alarm *
alarm_list(const struct alarms *all, size_t *count)
{
    *count = ALARM_RULES;
    return all->list;
}

json_t *
alarm_write(const struct alarms *all)
{
    json_t *array = json_array();

    for (size_t i = 0; i < ALARM_RULES; i++) {
        json_t *object;

        if (!all->list[i].raised)
            continue;
        object = write_one(&all->list[i], "name");
        json_object_set_new(object, "text", json_string(all->list[i].text));
        json_array_append_new(array, object);
    }
    return array;
}

static double
read_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void
read_one(struct alarm *a, const json_t *object)
{
    int64_t since_ms = value_read_time(object, "since");
    const char *text = json_string_value(json_object_get(object, "text"));

    if (since_ms < 0 || text == NULL)
        return;
    a->since_ms = since_ms;
    a->raised = true;
    a->value = read_number(object, "value");
    a->threshold = read_number(object, "threshold");
    text_quote(a->text, sizeof a->text, text, strlen(text));
}

void
alarm_read(struct alarms *all, const json_t *saved)
{
    size_t i;
    const json_t *object;

    json_array_foreach(saved, i, object)
    {
        const char *name = json_string_value(json_object_get(object, "name"));

        for (size_t k = 0; name != NULL && k < ALARM_RULES; k++)
            if (strcmp(all->list[k].name, name) == 0)
                read_one(&all->list[k], object);
    }
}

void
alarm_free(struct alarms *all)
{
    if (all == NULL)
        return;
    free(all->memory.dir);
    free(all->memory.dbfilename);
    free(all->memory.new_dir);
    free(all->memory.new_dbfilename);
    free(all);
}
