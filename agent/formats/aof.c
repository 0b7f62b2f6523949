#include "formats/aof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "formats/aof_fast.h"
#include "formats/aof_item.h"

/* Walks an RDB in front. false: nothing behind it can be judged. */
static bool
walk_front(struct aof_item_scan *a, struct error *e, int *rc)
{
    struct rdb_options options = {.key_seen = a->options->key_seen,
                                  .context = a->options->context,
                                  .deep = a->options->deep,
                                  .now_ms = a->options->now_ms};
    struct aof_result *r = a->result;

    if (!aof_item_is_rdb(a->s))
        return true;
    r->has_rdb = true;
    *rc = rdb_walk(a->s, &options, a->report, &r->rdb, e);
    if (*rc != 0)
        return false;
    r->good_end = r->rdb.end_offset;
    r->damage_offset = r->rdb.damage_offset;
    r->verdict = r->rdb.verdict;
    if (r->verdict == VERDICT_DAMAGED && r->rdb.refused_by != RDB_BY_ALL &&
        r->rdb.end_offset > 0)
        return true; /* it loads, and so does what follows */
    r->server_refuses = r->rdb.refused_by == RDB_BY_ALL;
    return r->verdict == VERDICT_SOUND;
}

/* Where it is safe to cut: nothing behind a fault is. */
static void
note_good_end(struct aof_item_scan *a)
{
    if (!a->tolerated && !a->in_multi)
        a->result->good_end = source_offset(a->s);
    else if (!a->tolerated)
        a->result->good_end = a->multi_offset;
}

static void
add_finding(struct aof_item_scan *a, const char *code, uint64_t offset,
            const char *text, const char *why)
{
    const struct aof_result *r = a->result;
    uint64_t size = r->size_bytes - r->good_end;
    char remedy[256], from[48] = "";

    if (offset != r->good_end)
        snprintf(from, sizeof from, " from byte %" PRIu64 " on", r->good_end);
    snprintf(remedy, sizeof remedy, "%s with the server stopped: %s", why,
             REPORT_REPAIR);
    report_add(a->report, SEVERITY_ERROR, code, (int64_t)offset, remedy,
               "%s: what is unfinished is %" PRIu64 " byte%s%s", text, size,
               size == 1 ? "" : "s", from);
}

static void
report_tail(struct aof_item_scan *a)
{
    const struct aof_result *r = a->result;

    if (r->ends_in_annotation && !r->ends_in_multi)
        add_finding(a, "aof-annotation-torn", r->damage_offset,
                    "ends inside an annotation",
                    "a server appends to it and cannot load that later;");
    if (r->ends_in_command)
        add_finding(a, "aof-torn", r->damage_offset, "ends inside a command",
                    r->ends_in_multi
                        ? "a server cuts only that, and leaves the MULTI "
                          "before it open;"
                        : "a server with aof-load-truncated yes cuts it "
                          "itself;");
    if (r->ends_in_multi)
        add_finding(a, "aof-multi-open", a->multi_offset, "ends inside a MULTI",
                    r->ends_in_command
                        ? "a server would leave the MULTI open, and its "
                          "second start would lose all written since;"
                        : "a server with aof-load-truncated yes cuts it "
                          "itself;");
    if (r->has_rdb && r->server_end == 0 && !r->server_refuses)
        add_finding(a, "aof-torn-front", 0,
                    "the first command behind the RDB is unfinished",
                    "a server would cut the whole file, the RDB too, and "
                    "its second start would be empty;");
}

/* From what the items told to the verdict of the file. */
static void
conclude(struct aof_item_scan *a)
{
    struct aof_result *r = a->result;

    r->ends_in_multi = a->in_multi && !r->server_refuses;
    if (r->ends_in_multi && !r->ends_in_command && !a->tolerated)
        r->damage_offset = a->multi_offset;
    if (r->server_refuses || r->ends_in_command)
        r->server_end = a->command_end;
    else if (r->ends_in_multi)
        r->server_end = a->multi_server;
    if (r->server_refuses || a->tolerated)
        r->verdict = VERDICT_DAMAGED;
    else if (r->ends_in_command || r->ends_in_multi || r->ends_in_annotation)
        r->verdict = verdict_worse(r->verdict, VERDICT_TORN);
    report_tail(a);
}

static void
scan_items(struct aof_item_scan *a)
{
    do {
        aof_fast_commands(a);
        note_good_end(a);
    } while (aof_item_next(a));
}

int
aof_scan(struct source *s, const struct aof_options *options,
         struct report *report, struct aof_result *result, struct error *e)
{
    static const struct aof_options none;
    struct aof_item_scan a = {.s = s,
                              .options = options == NULL ? &none : options,
                              .report = report,
                              .result = result,
                              .time = -1};
    int rc = 0;
    bool walked;

    *result = (struct aof_result){.first_time = -1, .last_time = -1};
    walked = walk_front(&a, e, &rc);
    if (rc != 0)
        return -1;
    if (walked) {
        a.judge = memory_new(sizeof *a.judge);
        a.judge->release = a.options->release;
        a.judge->target = a.options->target;
        a.judge->own_commands = a.options->own_commands;
        a.judge->report = report;
        scan_items(&a);
        result->modules = a.judge->module_commands;
        result->databases = a.judge->databases;
        snprintf(result->foreign, sizeof result->foreign, "%s",
                 a.judge->foreign);
        free(a.judge);
    }
    if (s->error.kind != ERROR_NONE) {
        *e = s->error;
        return -1;
    }
    result->size_bytes = s->size_bytes == UINT64_MAX ? source_offset(s)
                                                     : s->size_bytes;
    result->server_end = result->size_bytes;
    if (walked)
        conclude(&a);
    return 0;
}
