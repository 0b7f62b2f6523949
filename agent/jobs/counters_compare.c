#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/counters_work.h"

enum { BATCH_BYTES = 262144, TELL_EVERY = 4096, KEY_SIZE = 120 };

/* Two readers of the rows: one asks, the other hears the answers. */
struct comparison {
    struct counters *c;
    struct counters_set *set;
    const struct progress *progress;
    bool raises; /* a number is then high enough, whichever it is */
    struct counters_cursor asked, heard;
};

struct batch {
    struct counter_key keys[COUNTER_BATCH_MAX];
    size_t count;
    char *texts;
};

static void
begin(struct comparison *m, struct counters *c, struct counters_set *set,
      const struct counters_options *o)
{
    uint64_t wanted = o->sample > 0 ? o->sample : UINT64_MAX;

    m->c = c;
    m->set = set;
    m->progress = o->progress;
    m->raises = o->rebuild;
    counters_cursor_begin(&m->asked, &set->rows, wanted, o->seed);
    counters_cursor_begin(&m->heard, &set->rows, wanted, o->seed);
}

/* Of two failures the earlier one is told. */
static int
end(struct comparison *m, int rc, struct error *e)
{
    struct error later = {0};

    if (counters_cursor_end(&m->asked, &later) != 0 && rc == 0)
        rc = -1;
    if (counters_cursor_end(&m->heard, &later) != 0 && rc == 0)
        rc = -1;
    if (rc != 0 && e->kind == ERROR_NONE)
        *e = later;
    return rc;
}

static int
hear(void *context, enum counter_state state, int64_t number, struct error *e)
{
    struct comparison *m = context;
    struct counters_row row;

    if (!counters_cursor_next(&m->heard, &row))
        return error_set(e, ERROR_FAILED, "the scratch file was cut");
    if (m->raises)
        number = (int64_t)row.db_max;
    counters_tell(m->c, m->set, &row, state, number);
    if (m->set->checked % TELL_EVERY == 0)
        progress_tell(m->progress, m->set->name,
                      source_offset(&m->heard.source), m->set->rows.size_bytes);
    return 0;
}

/* Where it failed: at the first key that was not heard of. */
static void
name_key(struct comparison *m, struct error *e)
{
    char shown[KEY_SIZE];
    struct counters_row row;

    if (e->kind != ERROR_STOPPED && counters_cursor_next(&m->heard, &row))
        error_in(e, "key %s",
                 text_quote(shown, sizeof shown, row.text + row.key_at,
                            row.key_size));
}

int
counters_compare(struct counters *c, struct counters_set *set,
                 const struct counters_options *o, struct link *link,
                 struct error *e)
{
    struct comparison m;
    struct counter_reader reader;
    struct counters_row row;
    int rc = 0;

    begin(&m, c, set, o);
    counter_read_begin(&reader, link, hear, &m);
    while (rc == 0 && counters_cursor_next(&m.asked, &row))
        rc = counter_read_send(&reader, row.text + row.key_at, row.key_size, e);
    rc = counter_read_drain(&reader, e);
    if (rc != 0)
        name_key(&m, e);
    return end(&m, rc, e);
}

/* Copies the next keys; false when there is none. */
static bool
fill(struct batch *b, struct counters_cursor *cursor)
{
    struct counters_row row;
    size_t used = 0;

    b->count = 0;
    while (b->count < COUNTER_BATCH_MAX &&
           used <= BATCH_BYTES - COUNTERS_LINE_MAX &&
           counters_cursor_next(cursor, &row)) {
        memcpy(b->texts + used, row.text + row.key_at, row.key_size);
        b->keys[b->count++] =
            (struct counter_key){b->texts + used, row.key_size, row.db_max};
        used += row.key_size;
    }
    return b->count > 0;
}

static int
raise_by_script(struct comparison *m, struct batch *b, struct link *link,
                struct error *e)
{
    struct counter_raiser raiser;
    int rc = 0;

    counter_raise_begin(&raiser, link, hear, m);
    while (rc == 0 && fill(b, &m->asked))
        rc = counter_raise_send(&raiser, b->keys, b->count, e);
    return counter_raise_drain(&raiser, e);
}

static int
raise_watched(struct comparison *m, struct batch *b, struct link *link,
              struct error *e)
{
    enum counter_state states[COUNTER_BATCH_MAX];

    while (fill(b, &m->asked)) {
        if (counter_raise_watched(link, b->keys, b->count, states, e) != 0)
            return -1;
        for (size_t i = 0; i < b->count; i++)
            if (hear(m, states[i], 0, e) != 0)
                return -1;
    }
    return 0;
}

int
counters_raise(struct counters *c, struct counters_set *set,
               const struct counters_options *o, struct link *link,
               struct error *e)
{
    struct batch b = {.texts = memory_new(BATCH_BYTES)};
    struct comparison m;
    int rc;

    begin(&m, c, set, o);
    rc = end(&m, raise_by_script(&m, &b, link, e), e);
    if (rc != 0 && e->kind == ERROR_DENIED && set->checked == 0) {
        *e = (struct error){0};
        begin(&m, c, set, o);
        rc = end(&m, raise_watched(&m, &b, link, e), e);
    }
    free(b.texts);
    return rc;
}
