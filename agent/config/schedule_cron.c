#include "config/schedule_cron.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { FIELDS = 5, WORD_MAX = 64 };

struct field {
    const char *what;
    unsigned low, high;
    const char *const *names; /* of low and those that follow; NULL: none */
    unsigned name_count;
};

static const char *const month_names[] = {
    "jan", "feb", "mar", "apr", "may", "jun",
    "jul", "aug", "sep", "oct", "nov", "dec",
};
static const char *const weekday_names[] = {
    "sun", "mon", "tue", "wed", "thu", "fri", "sat",
};

static const struct field fields[FIELDS] = {
    {"minute", 0, 59, NULL, 0},
    {"hour", 0, 23, NULL, 0},
    {"day of the month", 1, 31, NULL, 0},
    {"month", 1, 12, month_names, 12},
    {"day of the week", 0, 7, weekday_names, 7},
};

static int
refuse(const struct field *f, const char *found, struct error *e)
{
    char shown[WORD_MAX];

    return error_set(e, ERROR_USAGE,
                     "%s '%s' is not %u-%u%s, a range, a list or a step of "
                     "them",
                     f->what,
                     text_quote(shown, sizeof shown, found, strlen(found)),
                     f->low, f->high, f->names != NULL ? " (or its name)" : "");
}

static bool
read_number(const struct field *f, const char *text, unsigned *out)
{
    uint64_t number;

    for (unsigned i = 0; i < f->name_count; i++)
        if (strcasecmp(text, f->names[i]) == 0) {
            *out = f->low + i;
            return true;
        }
    if (!text_number(text, f->high, &number) || number < f->low)
        return false;
    *out = (unsigned)number;
    return true;
}

/* "*", "5", "1-5", each with "/2" behind it or not; cuts up item. */
static bool
read_item(const struct field *f, char *item, uint64_t *mask)
{
    char *slash = strchr(item, '/'), *dash;
    unsigned from = f->low, to = f->high;
    uint64_t step = 1;

    if (slash != NULL) {
        *slash = '\0';
        if (!text_number(slash + 1, f->high, &step) || step == 0)
            return false;
    }
    dash = strchr(item, '-');
    if (dash != NULL)
        *dash = '\0';
    if (strcmp(item, "*") != 0) {
        if (!read_number(f, item, &from))
            return false;
        /* "5/15" is from 5 on, to the end. */
        to = slash != NULL && dash == NULL ? f->high : from;
        if (dash != NULL && !read_number(f, dash + 1, &to))
            return false;
    } else if (dash != NULL)
        return false;
    /* "fri-sun": Sunday is 7 as well. */
    if (dash != NULL && f->high == 7 && to == 0 && from > 0)
        to = 7;
    if (from > to)
        return false;
    for (uint64_t n = from; n <= to; n += step)
        *mask |= UINT64_C(1) << n;
    return true;
}

static int
read_field(const struct field *f, const char *word, uint64_t *mask,
           struct error *e)
{
    char copy[WORD_MAX];
    char *at = copy, *item;

    *mask = 0;
    if (strlen(word) >= sizeof copy)
        return refuse(f, word, e);
    memcpy(copy, word, strlen(word) + 1);
    while ((item = strsep(&at, ",")) != NULL)
        if (!read_item(f, item, mask))
            return refuse(f, word, e);
    return 0;
}

/* Cuts text into its words; how many there are, FIELDS + 1 for more. */
static unsigned
cut(char *text, char *words[FIELDS])
{
    unsigned count = 0;
    char *word;

    while ((word = strsep(&text, " \t")) != NULL) {
        if (*word == '\0')
            continue;
        if (count == FIELDS)
            return FIELDS + 1;
        words[count++] = word;
    }
    return count;
}

int
schedule_cron_read(struct schedule *s, const char *text, struct error *e)
{
    char copy[FIELDS * WORD_MAX], *words[FIELDS];
    uint64_t masks[FIELDS];

    if (strlen(text) >= sizeof copy)
        return error_set(e, ERROR_USAGE, "is longer than %zu bytes",
                         sizeof copy - 1);
    memcpy(copy, text, strlen(text) + 1);
    if (cut(copy, words) != FIELDS)
        return error_set(e, ERROR_USAGE, "has not five fields");
    for (unsigned i = 0; i < FIELDS; i++)
        if (read_field(&fields[i], words[i], &masks[i], e) != 0)
            return -1;
    s->minutes = masks[0];
    s->hours = (uint32_t)masks[1];
    s->days = (uint32_t)masks[2];
    s->months = (uint32_t)masks[3];
    s->weekdays = (uint32_t)((masks[4] | masks[4] >> 7) & 0x7f);
    s->either_day = *words[2] != '*' && *words[4] != '*';
    return 0;
}
