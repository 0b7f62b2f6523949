/*
 * One pass over the file. What is good is held back only while it is not known
 * whether it stays: from a MULTI to its EXEC; and behind a hole up to the first
 * MULTI or EXEC, as that may be the rest of a transaction that began before.
 */
#include "formats/aof_salvage.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "formats/aof_fast.h"
#include "formats/aof_item.h"
#include "formats/aof_keep.h"
#include "formats/aof_reopen.h"
#include "formats/aof_resync.h"
#include "formats/aof_select.h"
#include "formats/rdb_salvage.h"

/*
 * What does not parse is read a second time, to find what does in it. Hostile
 * files make that happen again and again; above this, and so many times the
 * file's size, what was passed over stays lost.
 */
#define AGAIN_MAX (UINT64_C(4) << 30)
enum { AGAIN_TIMES = 16 };

/* Starts behind an unfinished MULTI; each is read up to here again. */
enum { REOPENED_MAX = 16 };

/* The end mark and the checksum. */
enum { RDB_END_BYTES = 9 };

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

struct salvage {
    struct source *s;
    const struct aof_options *options;
    struct aof_item_scan scan;
    struct aof_result result;
    struct aof_command_judge judge;
    struct aof_resync resync;
    struct aof_keep kept;
    struct aof_keep_mark multi;      /* the MULTI that is open */
    struct aof_keep_mark last;       /* the last command but plain ones */
    uint64_t bracket_end;            /* of the last MULTI or EXEC */
    bool doubt;                      /* neither MULTI nor EXEC since a hole */
    bool odd;                        /* a command of the transaction is */
    bool unsure;                     /* of the database: a SELECT may be lost */
    unsigned reopened;               /* so often */
    uint64_t again;                  /* bytes that were read a second time */
    char name[4 * AOF_NAME_MAX + 1]; /* of the last command but plain ones */
};

static struct aof_keep_mark
here(const struct salvage *v)
{
    return (struct aof_keep_mark){.offset = source_offset(v->s),
                                  .commands = v->result.commands,
                                  .database = v->judge.selected,
                                  .time = v->scan.time};
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
    struct aof_keep_mark before = {c->offset, v->result.commands,
                                   v->judge.selected, v->scan.time};
    struct aof_keep_mark behind = {c->end_offset, before.commands + 1,
                                   before.database, before.time};

    if (multi && !v->scan.in_multi) {
        v->multi = before;
        v->odd = false;
    }
    if (!multi && v->doubt) {
        aof_keep_lose(&v->kept, behind, aof_keep_commands(&v->kept, behind),
                      NULL, why_broken);
    } else if (!multi && v->scan.in_multi && !v->scan.unfit &&
               (v->odd || v->scan.odd)) {
        aof_keep_until(&v->kept, v->multi, false);
        aof_keep_until(&v->kept, behind, true);
    }
    v->doubt = false;
    v->bracket_end = c->end_offset;
}

/* From the item in which reading ended, to where it can go on. */
static void
pass_hole(struct salvage *v, struct aof_keep_mark at, uint64_t argument)
{
    struct aof_resync_hole hole = {.command = at.offset,
                                   .argument = argument,
                                   .unfinished = v->result.ends_in_command};
    struct aof_keep_mark to = here(v);
    const char *why = why_hole;
    int64_t commands = -1;
    bool hides;

    if (at.offset < v->kept.held.offset) {
        at = v->kept.held;
        hole = (struct aof_resync_hole){.command = at.offset};
    }
    v->unsure = true;
    v->again += to.offset - at.offset;
    if (v->again > AGAIN_MAX && v->again / AGAIN_TIMES > v->s->size_bytes)
        hole = (struct aof_resync_hole){.command = to.offset};
    aof_keep_until(&v->kept, v->scan.in_multi ? v->multi : at, false);
    if (v->kept.rc == 0)
        v->kept.rc =
            aof_resync_find(&v->resync, &hole, &to.offset, &hides, v->kept.e);
    if (v->kept.rc != 0)
        return;
    if (aof_select_find(v->kept.m->from, at.offset, to.offset, &to.database))
        v->judge.selected = to.database;
    if (hole.unfinished && to.offset == v->s->size_bytes) {
        why = hides ? why_torn_hides : why_torn;
        commands = hides ? -1 : aof_keep_commands(&v->kept, at) + 1;
    }
    aof_keep_lose(&v->kept, to, commands, NULL, why);
    source_seek(v->s, to.offset);
    v->scan.in_multi = false;
    v->result.ends_in_command = v->result.server_refuses = false;
    v->doubt = true;
}

/* Nothing can be read at `at`, where a command should begin. */
static void
pass_damage(struct salvage *v, struct aof_keep_mark at)
{
    struct aof_keep_mark before = at;

    if (v->result.ends_in_command || v->scan.command_end != at.offset ||
        v->bracket_end == at.offset ||
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
drop_unfit(struct salvage *v, struct aof_keep_mark before, bool in_multi)
{
    struct aof_keep_mark behind = here(v);
    bool select = aof_select_find(v->kept.m->from, before.offset, behind.offset,
                                  &behind.database);

    v->unsure |= select;
    v->judge.selected = behind.database;
    if (v->judge.databases <= behind.database)
        v->judge.databases = behind.database + 1;
    aof_keep_until(&v->kept, in_multi ? v->multi : before, false);
    aof_keep_lose(&v->kept, behind, aof_keep_commands(&v->kept, behind),
                  v->name,
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
settle(struct salvage *v, struct aof_keep_mark before, bool in_multi)
{
    bool settled = v->kept.held.offset == source_offset(v->s); /* by its EXEC */

    if (source_want(v->s, 1) && *v->s->at != '*' && *v->s->at != '#') {
        v->scan.in_multi |= in_multi && !settled;
        pass_hole(v, before, 0);
    } else if (settled) {
        return;
    } else if (v->scan.unfit) {
        drop_unfit(v, before, in_multi || v->scan.in_multi);
    } else if (v->scan.in_multi) {
        v->odd = true;
    } else {
        aof_keep_until(&v->kept, before, false);
        aof_keep_until(&v->kept, here(v), true);
    }
}

/* True: the open transaction ends before here, and reading goes on there. */
static bool
go_on_reopened(struct salvage *v)
{
    struct aof_keep_mark place;
    const char *why = aof_reopen_find(&v->kept.peek, v->multi, !v->unsure,
                                      source_offset(v->s), &place);

    if (v->kept.peek.error.kind != ERROR_NONE) {
        *v->kept.e = v->kept.peek.error;
        v->kept.rc = -1;
    }
    if (why == NULL || v->reopened == REOPENED_MAX)
        return v->kept.rc != 0;
    v->reopened++;
    aof_keep_until(&v->kept, v->multi, false);
    aof_keep_lose(&v->kept, place, aof_keep_commands(&v->kept, place), NULL,
                  why);
    source_seek(v->s, place.offset);
    v->result.commands = place.commands;
    v->judge.selected = place.database;
    v->scan.time = place.time;
    v->scan.in_multi = v->scan.odd = v->scan.unfit = false;
    v->result.ends_in_command = v->result.server_refuses = false;
    v->last = place;
    return v->kept.rc == 0;
}

/* An item in any form. false: that was the end. */
static bool
salvage_item(struct salvage *v)
{
    static const struct aof_options plain;
    struct aof_keep_mark before = here(v);
    struct aof_options told = {.command_seen = see_command, .context = v};
    bool in_multi = v->scan.in_multi, taken;

    v->scan.options = &told;
    v->result.last_time = -1;
    taken = aof_item_next(&v->scan);
    v->scan.options = &plain;
    if (v->s->error.kind != ERROR_NONE)
        return false;
    if (in_multi && (!taken || v->scan.unfit) && go_on_reopened(v))
        return true;
    if (!taken && (v->result.server_refuses || v->result.ends_in_command))
        pass_damage(v, before);
    else if (!taken)
        return false;
    else if (v->result.last_time != -1)
        aof_keep_date(&v->kept, v->scan.time);
    else if (v->scan.odd || v->scan.unfit)
        settle(v, before, in_multi);
    v->scan.odd = v->scan.unfit = false;
    v->last = before;
    return v->kept.rc == 0;
}

/* The end of the file, which may be inside an annotation or a MULTI. */
static void
finish(struct salvage *v, struct aof_keep_mark end)
{
    struct aof_keep_mark file_end = end;

    file_end.offset = v->s->size_bytes;
    aof_keep_until(&v->kept, v->scan.in_multi ? v->multi : end, false);
    aof_keep_lose(&v->kept, file_end, aof_keep_commands(&v->kept, file_end),
                  NULL, why_torn);
    for (size_t i = 0; v->judge.databases > 1 && i < v->kept.m->count; i++)
        if (v->kept.m->losses[i].why == why_hole)
            v->kept.m->losses[i].why = why_hole_select;
}

static int
salvage_items(struct salvage *v)
{
    struct aof_keep_mark end;

    do {
        aof_fast_commands(&v->scan);
        end = here(v);
    } while (v->kept.rc == 0 && salvage_item(v));
    if (v->kept.rc != 0)
        return -1;
    if (v->s->error.kind != ERROR_NONE) {
        *v->kept.e = v->s->error;
        return -1;
    }
    finish(v, end);
    return v->kept.rc;
}

/* Whether an RDB begins the file, be its magic damaged. */
static bool
is_rdb(struct source *s)
{
    static const char *const words[] = {"REDIS", "VALKEY", "redis-ver",
                                        "valkey-ver", "redis-bits"};
    enum { HEAD_BYTES = 64 };
    size_t have;

    source_want(s, HEAD_BYTES);
    have = (size_t)(s->end - s->at);
    if (have == 0 || *s->at == '*' || *s->at == '#')
        return false;
    if (aof_item_is_rdb(s))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(s->at, have < HEAD_BYTES ? have : HEAD_BYTES, words[i],
                   strlen(words[i])) != NULL)
            return true;
    return false;
}

/* Where the losses begin that lie directly before that place. */
static uint64_t
begin_of_losses(const struct mend *m, uint64_t end)
{
    for (size_t i = m->count; i > 0; i--) {
        const struct mend_loss *loss = &m->losses[i - 1];

        if (loss->offset + loss->size_bytes + RDB_END_BYTES < end)
            break;
        end = loss->offset;
    }
    return end;
}

/* Of an RDB the end was lost: the commands behind it may be lost too. */
static int
find_behind_rdb(struct salvage *v)
{
    struct mend *m = v->kept.m;
    uint64_t end = source_offset(v->s), begin = begin_of_losses(m, end), place;
    bool hides;

    if (begin == end || m->dropped > 0)
        return 0;
    if (aof_resync_find(&v->resync, &(struct aof_resync_hole){.command = begin},
                        &place, &hides, v->kept.e) != 0)
        return -1;
    if (place >= end)
        return 0;
    mend_regain(m, place);
    source_seek(v->s, place);
    v->doubt = true;
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
    v->kept.m = m;
    v->kept.e = e;
    v->options = options == NULL ? &any : options;
    v->resync.from = v->kept.peek.from = m->from;
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
    if (is_rdb(s)) {
        rc = rdb_salvage(s, m, e);
        if (rc == 0)
            rc = find_behind_rdb(v);
    }
    v->kept.held = here(v);
    v->kept.undated = m->count;
    if (rc == 0)
        rc = salvage_items(v);
    free(v);
    return rc;
}
