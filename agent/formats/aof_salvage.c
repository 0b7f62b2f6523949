/*
 * One pass over the file. What is good is held back only while it is not known
 * whether it stays: from a MULTI to its EXEC; and behind a hole up to the first
 * MULTI or EXEC, as that may be the rest of a transaction that began before.
 *
 * A server runs what follows in the database selected last. So wherever a
 * SELECT that could be read was left out, it is put in again.
 */
#include "formats/aof_salvage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/aof_fast.h"
#include "formats/aof_item.h"
#include "formats/aof_resync.h"
#include "formats/aof_rewrite.h"
#include "formats/aof_select.h"
#include "formats/rdb_salvage.h"

/*
 * What does not parse is read a second time, to find what does in it. Hostile
 * files make that happen again and again; above this, and so many times the
 * file's size, what was passed over stays lost.
 */
#define AGAIN_MAX (UINT64_C(4) << 30)
enum { AGAIN_TIMES = 16 };

static const char why_hole[] = "does not parse";
static const char why_hole_select[] =
    "does not parse; a SELECT may be lost with it: then what follows goes to "
    "another database, up to the next SELECT";
static const char why_torn[] = "unfinished at the end of the file";
static const char why_torn_hides[] =
    "unfinished at the end of the file, or of a wrong length: it holds what "
    "looks like commands";
static const char why_broken[] =
    "the rest of a transaction whose begin is lost";
static const char why_unfit[] = "no server can run it";
static const char why_select[] = "no server can run it; taken for a SELECT";
static const char why_unfit_multi[] =
    "a transaction with a command that no server can run";

/* A place in the file, and what had come until there. */
struct mark {
    uint64_t offset, commands;
    uint64_t database; /* selected */
};

struct salvage {
    struct source *s;
    struct mend *m;
    struct error *e;
    int rc; /* -1: m failed, *e says why */
    const struct aof_options *options;
    struct aof_item_scan scan;
    struct aof_result result;
    struct aof_command_judge judge;
    struct aof_resync resync;
    struct aof_peek peek;            /* at what is rewritten */
    struct mark held;                /* nothing behind it was given to m yet */
    struct mark multi;               /* the MULTI that is open */
    struct mark last;                /* the last command but plain ones */
    bool doubt;                      /* neither MULTI nor EXEC since a hole */
    bool odd;                        /* a command of the transaction is */
    uint64_t database;               /* selected in the new file */
    uint64_t again;                  /* bytes that were read a second time */
    size_t undated;                  /* losses from here on have no before_s */
    char name[4 * AOF_NAME_MAX + 1]; /* of the last command but plain ones */
};

static struct mark
here(const struct salvage *v)
{
    return (struct mark){.offset = source_offset(v->s),
                         .commands = v->result.commands,
                         .database = v->judge.selected};
}

static void
put_select(struct salvage *v, uint64_t database)
{
    char index[24], text[64];
    int digits = snprintf(index, sizeof index, "%" PRIu64, database);
    int size = snprintf(text, sizeof text,
                        "*2\r\n$6\r\nSELECT\r\n$%d\r\n%s\r\n", digits, index);

    v->rc = mend_put(v->m, text, (size_t)size, v->e);
    v->m->commands++;
}

/* Everything from the held place up to `to` is in the new file. */
static void
keep(struct salvage *v, struct mark to, bool rewrite)
{
    struct mark from = v->held;

    if (to.offset <= from.offset)
        return;
    v->held = to;
    if (v->rc == 0 && from.database != v->database)
        put_select(v, from.database);
    if (v->rc == 0 && rewrite)
        v->rc = aof_rewrite(&v->peek, v->m, from.offset, to.offset, v->e);
    else if (v->rc == 0)
        v->rc = mend_keep(v->m, from.offset, to.offset - from.offset, v->e);
    v->m->commands += to.commands - from.commands;
    v->database = to.database;
}

/* Everything from the held place up to `to` is not. */
static void
lose(struct salvage *v, struct mark to, int64_t commands, const char *name,
     const char *why)
{
    struct mark from = v->held;

    v->held = to;
    if (to.offset <= from.offset)
        return;
    mend_lose(v->m, (struct mend_loss){
                        .offset = from.offset,
                        .size_bytes = to.offset - from.offset,
                        .commands = commands,
                        .name = memory_dup(name),
                        .why = why,
                        .after_s = v->scan.time,
                        .before_s = -1,
                    });
}

static int64_t
commands_since(const struct salvage *v, struct mark to)
{
    return (int64_t)(to.commands - v->held.commands);
}

static void
see_command(void *context, const struct aof_command *c)
{
    struct salvage *v = context;

    text_quote(v->name, sizeof v->name, c->name, c->name_size);
}

static void
see_bracket(void *context, const struct aof_command *c, bool multi)
{
    struct salvage *v = context;
    struct mark before = {c->offset, v->result.commands, v->judge.selected};
    struct mark behind = {c->end_offset, before.commands + 1, before.database};

    if (multi && !v->scan.in_multi) {
        v->multi = before;
        v->odd = false;
    }
    if (!multi && v->doubt) {
        lose(v, behind, commands_since(v, behind), NULL, why_broken);
    } else if (!multi && v->scan.in_multi && !v->scan.unfit &&
               (v->odd || v->scan.odd)) {
        keep(v, v->multi, false);
        keep(v, behind, true);
    }
    v->doubt = false;
}

/* The losses before it are before that time. */
static void
see_annotation(struct salvage *v)
{
    for (; v->undated < v->m->count; v->undated++)
        v->m->losses[v->undated].before_s = v->scan.time;
}

/* From the item in which reading ended, to where it can go on. */
static void
pass_hole(struct salvage *v, struct mark at, uint64_t argument)
{
    struct aof_resync_hole hole = {.command = at.offset,
                                   .argument = argument,
                                   .unfinished = v->result.ends_in_command};
    struct mark to = here(v);
    const char *why = why_hole;
    int64_t commands = -1;
    bool hides;

    if (at.offset < v->held.offset) {
        at = v->held;
        hole = (struct aof_resync_hole){.command = at.offset};
    }
    v->again += to.offset - at.offset;
    if (v->again > AGAIN_MAX && v->again / AGAIN_TIMES > v->s->size_bytes)
        hole = (struct aof_resync_hole){.command = to.offset};
    keep(v, v->scan.in_multi ? v->multi : at, false);
    if (v->rc == 0)
        v->rc = aof_resync_find(&v->resync, &hole, &to.offset, &hides, v->e);
    if (v->rc != 0)
        return;
    if (aof_select_find(v->m->from, at.offset, to.offset, &to.database))
        v->judge.selected = to.database;
    if (hole.unfinished && to.offset == v->s->size_bytes) {
        why = hides ? why_torn_hides : why_torn;
        commands = hides ? -1 : commands_since(v, at) + 1;
    }
    lose(v, to, commands, NULL, why);
    source_go(v->s, to.offset);
    v->scan.in_multi = false;
    v->result.ends_in_command = v->result.server_refuses = false;
    v->doubt = true;
}

/* Nothing can be read at `at`, where a command should begin. */
static void
pass_damage(struct salvage *v, struct mark at)
{
    struct mark before = at;

    if (v->result.ends_in_command || v->scan.command_end != at.offset ||
        !aof_resync_is_argument(&v->resync, at.offset)) {
        pass_hole(v, at, 0);
        return;
    }
    before.offset = v->scan.command_begin;
    before.commands--;
    pass_hole(v, before.offset == v->last.offset ? v->last : before, at.offset);
}

/*
 * It is left out alone, or with what its transaction had until there: it may
 * have been the EXEC.
 */
static void
drop_unfit(struct salvage *v, struct mark before, bool in_multi)
{
    struct mark behind = here(v);
    bool select = aof_select_find(v->m->from, before.offset, behind.offset,
                                  &behind.database);

    v->judge.selected = behind.database;
    if (v->judge.databases <= behind.database)
        v->judge.databases = behind.database + 1;
    keep(v, in_multi ? v->multi : before, false);
    lose(v, behind, commands_since(v, behind), v->name,
         in_multi ? why_unfit_multi
         : select ? why_select
                  : why_unfit);
    v->scan.in_multi = false;
    v->doubt |= in_multi;
}

/*
 * An odd or unfit command. Where no item follows, its own numbers are wrong, or
 * bytes of it are gone: then it is part of a hole.
 */
static void
settle(struct salvage *v, struct mark before, bool in_multi)
{
    if (source_want(v->s, 1) && *v->s->at != '*' && *v->s->at != '#') {
        pass_hole(v, before, 0);
    } else if (v->held.offset == source_offset(v->s)) {
        return; /* the EXEC of what is settled */
    } else if (v->scan.unfit) {
        drop_unfit(v, before, in_multi || v->scan.in_multi);
    } else if (v->scan.in_multi) {
        v->odd = true;
    } else {
        keep(v, before, false);
        keep(v, here(v), true);
    }
}

/* An item in any form. false: that was the end. */
static bool
salvage_item(struct salvage *v)
{
    static const struct aof_options plain;
    struct mark before = here(v);
    struct aof_options told = {.command_seen = see_command, .context = v};
    bool in_multi = v->scan.in_multi, annotation, taken;

    v->scan.options = &told;
    annotation = source_want(v->s, 1) && *v->s->at == '#';
    taken = aof_item_next(&v->scan);
    v->scan.options = &plain;
    if (v->s->error.kind != ERROR_NONE)
        return false;
    if (!taken && (v->result.server_refuses || v->result.ends_in_command))
        pass_damage(v, before);
    else if (!taken)
        return false;
    else if (annotation)
        see_annotation(v);
    else if (v->scan.odd || v->scan.unfit)
        settle(v, before, in_multi);
    v->scan.odd = v->scan.unfit = false;
    v->last = before;
    return v->rc == 0;
}

/* The end of the file, which may be inside an annotation or a MULTI. */
static void
finish(struct salvage *v, struct mark end)
{
    struct mark file_end = end;

    file_end.offset = v->s->size_bytes;
    keep(v, v->scan.in_multi ? v->multi : end, false);
    lose(v, file_end, commands_since(v, file_end), NULL, why_torn);
    for (size_t i = 0; v->judge.databases > 1 && i < v->m->count; i++)
        if (v->m->losses[i].why == why_hole)
            v->m->losses[i].why = why_hole_select;
}

static int
salvage_items(struct salvage *v)
{
    struct mark end;

    do {
        aof_fast_commands(&v->scan);
        end = here(v);
    } while (v->rc == 0 && salvage_item(v));
    if (v->rc != 0)
        return -1;
    if (v->s->error.kind != ERROR_NONE) {
        *v->e = v->s->error;
        return -1;
    }
    finish(v, end);
    return v->rc;
}

/* An RDB whose end was not found: what it lost may hold the commands too. */
static int
find_behind_rdb(struct salvage *v)
{
    struct mend *m = v->m;
    struct mend_loss *last = m->count == 0 ? NULL : &m->losses[m->count - 1];
    uint64_t size = v->s->size_bytes, place;
    bool hides;

    if (last == NULL || m->dropped > 0 || source_offset(v->s) != size ||
        last->offset + last->size_bytes != size)
        return 0;
    if (aof_resync_find(&v->resync,
                        &(struct aof_resync_hole){.command = last->offset},
                        &place, &hides, v->e) != 0)
        return -1;
    m->bytes_lost -= size - place;
    last->size_bytes -= size - place;
    source_go(v->s, place);
    v->doubt = place < size;
    return 0;
}

int
aof_salvage(struct source *s, const struct aof_options *options, struct mend *m,
            struct error *e)
{
    static const struct aof_options any;
    struct salvage *v = memory_new(sizeof *v);
    int rc = 0;

    v->s = s;
    v->m = m;
    v->e = e;
    v->options = options == NULL ? &any : options;
    v->resync.from = v->peek.from = m->from;
    v->resync.own_commands = v->options->own_commands;
    v->judge.release = v->options->release;
    v->judge.own_commands = v->options->own_commands;
    v->result.first_time = v->result.last_time = -1;
    v->scan = (struct aof_item_scan){.s = s,
                                     .options = &any,
                                     .result = &v->result,
                                     .judge = &v->judge,
                                     .time = -1,
                                     .bracket_seen = see_bracket,
                                     .bracket_context = v};
    if (aof_item_is_rdb(s)) {
        rc = rdb_salvage(s, m, e);
        if (rc == 0)
            rc = find_behind_rdb(v);
    }
    v->held = here(v);
    v->undated = m->count;
    if (rc == 0)
        rc = salvage_items(v);
    free(v);
    return rc;
}
