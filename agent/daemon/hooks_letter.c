#include "daemon/hooks_letter.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/*
 * No control character reaches a command or its environment, nor what is no
 * UTF-8.
 */
static void
write_text(char *out, size_t size, const char *text)
{
    json_t *utf8 = json_string(text);
    bool plain = utf8 != NULL;

    json_decref(utf8);
    for (const char *at = text; plain && *at != '\0'; at++)
        plain = (unsigned char)*at >= ' ' && *at != '\x7f';
    if (plain && strlen(text) < size)
        memcpy(out, text, strlen(text) + 1);
    else
        text_quote(out, size, text, strlen(text));
}

static char *
write_body(const struct notice *n, const char *instance, const char *text)
{
    char when[TEXT_TIME_SIZE], *json, *body;
    json_t *object = json_object();

    text_write_time(when, n->time_ms);
    json_object_set_new(object, "event", json_string(n->event));
    json_object_set_new(object, "instance", json_string(instance));
    json_object_set_new(object, "time", json_string(when));
    json_object_set_new(object, "text", json_string(text));
    json_object_update_missing(object, n->details);
    json = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    /* Whole lines: read of sh(1) takes a last one without its end for none. */
    body = text_format("%s\n", json != NULL ? json : "{}");
    free(json);
    return body;
}

struct hooks_letter *
hooks_letter_new(const struct notice *n, const char *instance)
{
    struct hooks_letter *letter = memory_new(sizeof *letter);
    const char *alarm = json_string_value(json_object_get(n->details, "alarm"));
    char text[NOTICE_TEXT_MAX * 4];
    size_t count = 0;

    write_text(text, sizeof text, n->text);
    letter->is_alarm = strcmp(n->event, "alarm_raised") == 0 ||
                       strcmp(n->event, "alarm_cleared") == 0;
    letter->body = write_body(n, instance, text);
    letter->variables[count++] = text_format("REDKEEP_EVENT=%s", n->event);
    letter->variables[count++] = text_format("REDKEEP_INSTANCE=%s", instance);
    letter->variables[count++] = text_format("REDKEEP_TEXT=%s", text);
    if (letter->is_alarm && alarm != NULL)
        letter->variables[count++] = text_format("REDKEEP_ALARM=%s", alarm);
    return letter;
}

void
hooks_letter_free(struct hooks_letter *letter)
{
    if (letter == NULL)
        return;
    for (size_t i = 0; letter->variables[i] != NULL; i++)
        free(letter->variables[i]);
    free(letter->body);
    free(letter);
}
