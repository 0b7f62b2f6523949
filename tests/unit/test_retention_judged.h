/*
 * test_retention_judged.h - what retention says of a scene, in one line.
 */
#ifndef UNIT_TEST_RETENTION_JUDGED_H
#define UNIT_TEST_RETENTION_JUDGED_H

#include <stdlib.h>

#include "base/memory.h"
#include "test_retention_scene.h"

#define NOW "2026-11-20T12:30:00Z"

static struct retention r;
static struct retention_rules rules;

static SCENE_UNUSED void
judge(void)
{
    retention_clear(&r);
    retention_apply(&r, &catalog, &rules, &mark, at(NOW));
}

/* "id reason, reason; id reason": those that are kept, or those that go. */
static SCENE_UNUSED char *
told(bool keep)
{
    char *all = memory_dup(""), *more;

    for (size_t i = 0; i < r.count; i++) {
        const struct retention_item *item = &r.items[i];

        if (item->keep != keep)
            continue;
        more = text_format("%s%s%s", all, *all != '\0' ? "; " : "",
                           item->snapshot->id);
        free(all);
        all = more;
        for (size_t n = 0; n < item->reason_count; n++) {
            more = text_format("%s%s%s", all, n > 0 ? ", " : " ",
                               item->reasons[n]);
            free(all);
            all = more;
        }
    }
    return all;
}

static SCENE_UNUSED void
expect(bool keep, const char *text)
{
    char *found;

    judge();
    found = told(keep);
    ck_assert_str_eq(found, text);
    free(found);
}

static SCENE_UNUSED void
expect_kept(const char *text)
{
    expect(true, text);
}

static SCENE_UNUSED void
expect_gone(const char *text)
{
    expect(false, text);
}

static SCENE_UNUSED void
tear_down(void)
{
    retention_clear(&r);
}

/* So many, an hour apart, the last one at 12:00. */
static SCENE_UNUSED void
add_hourly(int count)
{
    char time[TEXT_TIME_SIZE];

    for (int i = count - 1; i >= 0; i--) {
        text_write_time(time, at("2026-11-20T12:00:00Z") - 3600000LL * i);
        add(time, VERDICT_SOUND, 1000);
    }
}

#endif
