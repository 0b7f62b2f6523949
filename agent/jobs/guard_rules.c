#include "jobs/guard_rules.h"

#include <stddef.h>
#include <string.h>

#include "base/file.h"

enum { ZEROS_MAX = 64 << 20 }; /* bytes */

/* Findings with which a start takes away or spoils what is still there. */
static const struct {
    const char *code;
    bool refused_too; /* the server does it and refuses then */
    const char *why;
} stops[] = {
    {"aof-torn-middle", true,
     "the server would cut a file that is not the last: its next start comes"
     " up without what was lost there, and says nothing"},
    {"aof-torn-front", false,
     "the server would cut off more than what is unfinished"},
    {"aof-annotation-torn", false,
     "what the server writes next would spoil the file for the start after"
     " that"},
    {"aof-base-empty", false, "the server would start without its base"},
    {"aof-base-replaced", false,
     "the server would load nothing of the base and remove it"},
    {"aof-history-used", false,
     "the server would load a file and then remove it"},
    {"aof-beside-joins", false,
     "the server would append to an old file, and its next start load it"},
    {"aof-switching-lost", false,
     "the server would start without the writes that were collected while its"
     " AOF was switched on"},
    {"databases-needed", false,
     "the server would mix the keys of several databases"},
};

static bool
is_loaded(const struct judge_file *f)
{
    return f->role == DATASET_ROLE_BASE || f->role == DATASET_ROLE_INCR ||
           f->role == DATASET_ROLE_SINGLE;
}

/* A server cuts behind the last whole command, be it inside a MULTI. */
static bool
is_cut_wrongly(const struct judge_file *f)
{
    return is_loaded(f) && f->is_aof && f->verdict == VERDICT_TORN &&
           f->aof.ends_in_multi && f->aof.server_end != f->aof.good_end;
}

static bool
has(const struct report *report, const char *code)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].severity == SEVERITY_ERROR &&
            strcmp(report->findings[i].code, code) == 0)
            return true;
    return false;
}

/*
 * From redis 8.4 on a server may cut damage off as it does what is unfinished:
 * in a file that is not the last as well, and behind an open MULTI.
 */
static bool
is_damage_cut_wrongly(const struct judge *j, size_t i, uint64_t bytes)
{
    const struct judge_file *f = &j->files[i];
    bool last = i + 1 == j->count;

    return is_loaded(f) && f->is_aof && f->aof.server_refuses &&
           !j->options->release.valkey &&
           release_at_least(&j->options->release, 8, 4) &&
           f->size_bytes - f->aof.damage_offset < bytes &&
           (!last || f->aof.damage_offset != f->aof.good_end);
}

const char *
guard_rules_find(const struct check *c, const struct report *report,
                 uint64_t corrupt_tail_bytes)
{
    const struct judge *j = &c->judge;
    bool refused = j->server == JUDGE_REFUSES;

    if (j->server == JUDGE_EMPTY && j->verdict != VERDICT_SOUND)
        return "the server would start empty, and write over what is there";
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        if ((!refused || stops[i].refused_too) && has(report, stops[i].code))
            return stops[i].why;
    for (size_t i = 0; i < j->count && !refused; i++)
        if (is_cut_wrongly(&j->files[i]))
            return "the server would write on behind a transaction that never"
                   " ends, and its next start lose all of that";
    for (size_t i = 0; i < j->count; i++)
        if (is_damage_cut_wrongly(j, i, corrupt_tail_bytes))
            return "the server would cut off damage where it must not"
                   " (aof-load-corrupt-tail-max-size), and its next start lose"
                   " more";
    return NULL;
}

/* Whether there is nothing but zeros, and not very many. */
static bool
is_zeros(const struct dataset_file *f, uint64_t from, uint64_t to)
{
    static const char zeros[4096];
    struct error none = {0};
    char block[sizeof zeros];
    size_t got;

    if (f->fd < 0 || from >= to || to - from > ZEROS_MAX)
        return false;
    for (; from < to; from += got)
        if (file_read_at(f->fd, block, sizeof block, from, &got, &none) != 0 ||
            got == 0 || memcmp(block, zeros, got) != 0)
            return false;
    return true;
}

/* Unfinished, or sound until zeros come: the repair's plan tells whether there
 * is anything behind that can be read. */
static bool
is_cut_off(const struct check *c, size_t i)
{
    const struct judge_file *f = &c->judge.files[i];

    return f->verdict == VERDICT_TORN ||
           (f->verdict == VERDICT_DAMAGED && f->is_aof &&
            f->aof.server_refuses && c->judge.count == c->dataset.count &&
            is_zeros(&c->dataset.files[i], f->aof.damage_offset,
                     f->size_bytes));
}

bool
guard_rules_tail_only(const struct check *c)
{
    const struct judge *j = &c->judge;
    bool torn = false;

    if (j->server == JUDGE_EMPTY)
        return false;
    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];

        bool cut = is_cut_off(c, i);

        if (f->verdict != VERDICT_SOUND && !cut)
            return false;
        if (torn && is_loaded(f) && f->size_bytes > 0)
            return false;
        torn = torn || cut;
    }
    return torn;
}
