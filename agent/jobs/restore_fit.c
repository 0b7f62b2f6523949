#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/local_server.h"
#include "jobs/restore_work.h"

enum { MODULE_NAME_SIZE = 64 };

static bool
of_valkey(const struct catalog_entry *entry)
{
    return entry->server.known && entry->server.product != NULL &&
           strcmp(entry->server.product, "valkey") == 0;
}

static int
refuse_version(const struct catalog_entry *entry, const char *name,
               struct error *e)
{
    return error_set(
        e, ERROR_REFUSED,
        "snapshot %s has RDB version %d%s, which %s cannot"
        " load: restore it for a server that is at least as"
        " new as the one it was taken from (%s %s)",
        entry->id, entry->rdb_version, entry->valkey_magic ? " of valkey" : "",
        name, entry->server.known ? entry->server.product : "its",
        entry->server.known ? entry->server.version : "release is not known");
}

static int
check_release(struct restore_work *w, struct error *e)
{
    const struct catalog_entry *entry = w->entry;
    char name[RELEASE_TEXT_SIZE];

    w->release_known = instance_release(&w->server, &w->release) ||
                       local_server_release(of_valkey(entry), &w->release);
    if (!w->release_known) {
        restore_plan_step(w->r, true,
                          "no server answers and none is in PATH:"
                          " whether its version can load this is not"
                          " judged");
        return 0;
    }
    release_write(name, &w->release);
    w->r->judged_for = memory_dup(name);
    if (entry->rdb_version != 0 &&
        !release_loads_rdb(&w->release, entry->rdb_version,
                           entry->valkey_magic))
        return refuse_version(entry, name, e);
    if (entry->dataset == DATASET_AOF && !release_has_manifest(&w->release))
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s is an AOF with a manifest, which %s does"
                         " not know: restore it for redis 7.0 or later",
                         entry->id, name);
    if (entry->rdb_version != 0)
        restore_plan_step(w->r, false, "its RDB version %d%s was judged for %s",
                          entry->rdb_version,
                          entry->valkey_magic ? " of valkey" : "", name);
    else
        restore_plan_step(w->r, false, "its version was judged for %s", name);
    return 0;
}

/* What a finding says between two marks is the name of a type or command. */
static const struct {
    const char *code, *before, *behind;
} module_findings[] = {
    {"rdb-module", "module type ", ","},
    {"modules-needed", "the first is '", "'"},
};

static void
note_module(struct restore_plan *p, const struct finding *found)
{
    char name[MODULE_NAME_SIZE];

    for (size_t n = 0; n < sizeof module_findings / sizeof *module_findings;
         n++) {
        const char *at = strstr(found->text, module_findings[n].before);

        if (strcmp(found->code, module_findings[n].code) != 0 || at == NULL)
            continue;
        at += strlen(module_findings[n].before);
        text_quote(name, sizeof name, at,
                   strcspn(at, module_findings[n].behind));
        for (size_t i = 0; i < p->module_count; i++)
            if (strcmp(p->modules[i], name) == 0)
                return;
        p->modules =
            memory_resize(p->modules, p->module_count + 1, sizeof *p->modules);
        p->modules[p->module_count++] = memory_dup(name);
    }
}

static char *
join(char *const *words, size_t count)
{
    char *all = memory_dup(count > 0 ? words[0] : "none");

    for (size_t n = 1; n < count; n++) {
        char *more = text_format("%s, %s", all, words[n]);

        free(all);
        all = more;
    }
    return all;
}

/*
 * The name of a module and those of its types are not the same, so which one is
 * missing only the server can say; that there is none at all is told.
 */
static int
check_modules(struct restore_work *w, struct error *e)
{
    const struct report *found = &w->entry->report;
    struct restore_plan *p = &w->r->plan;
    struct ties ties = TIES_NONE;
    char *needed, *loaded;
    int rc = 0;

    for (size_t n = 0; n < found->count; n++)
        note_module(p, &found->findings[n]);
    if (p->module_count == 0)
        return 0;
    if (w->server.link != NULL)
        ties_ask(&ties, w->server.link);
    needed = join(p->modules, p->module_count);
    loaded = join(ties.modules, ties.module_count);
    if (ties.modules_told && ties.module_count == 0 && !w->options->yes)
        rc = error_set(e, ERROR_REFUSED,
                       "snapshot %s needs modules (%s), and the server"
                       " at %s has none loaded: it would not start; put"
                       " loadmodule into its configuration, or add --yes",
                       w->entry->id, needed, w->server.url);
    else
        restore_plan_step(w->r, true,
                          "it needs modules (%s): the server must load"
                          " them%s%s, or it does not start",
                          needed, ties.modules_told ? "; it has " : "",
                          ties.modules_told ? loaded : "");
    free(needed);
    free(loaded);
    ties_clear(&ties);
    return rc;
}

/* A node keeps what it knows of its cluster there. */
static bool
has_nodes(const struct restore_work *w)
{
    struct file_identity id;
    struct error none = {0};

    return w->target.source == NULL && w->dir >= 0 &&
           file_identify_at(w->dir, "nodes.conf", &id, &none) == 0;
}

/* What of others would undo a restore; NULL: nothing is known of any. */
static char *
undone_by(const struct restore_work *w)
{
    const struct ties *ties = &w->target.ties;

    if (ties->primary != NULL)
        return text_format("it is a replica of %s, which sends it its own data"
                           " as soon as it is started: restore there, or stop"
                           " that first (replicaof no one)",
                           ties->primary);
    if (ties->cluster == 1 || has_nodes(w))
        return text_format("it is a node of a cluster: another node may have"
                           " its slots by then, and slots that it does not own"
                           " are taken from what is restored");
    if (ties->sentinels > 0)
        return text_format("%lld Sentinel%s watch%s it: while it is stopped, a"
                           " replica is made the primary, which then sends it"
                           " its own data; stop the Sentinels first",
                           (long long)ties->sentinels,
                           ties->sentinels == 1 ? "" : "s",
                           ties->sentinels == 1 ? "es" : "");
    return NULL;
}

static int
check_ties(struct restore_work *w, struct error *e)
{
    const struct target *t = &w->target;
    const char *source = t->source != NULL ? t->source : "its nodes.conf";
    char *why = undone_by(w);

    if (t->ties.replicas > 0)
        restore_plan_step(w->r, true,
                          "it has %lld replica%s: what is restored is sent to"
                          " %s, and takes the place of what is there",
                          (long long)t->ties.replicas,
                          t->ties.replicas == 1 ? "" : "s",
                          t->ties.replicas == 1 ? "it" : "them");
    if (t->maxmemory > 0 && w->entry->bytes_source > t->maxmemory)
        restore_plan_step(w->r, true,
                          "its maxmemory is smaller than the files: it loads"
                          " all and then evicts keys");
    if (t->running && t->ties.saves == 1)
        restore_plan_step(w->r, false,
                          "the server has save points: it writes a dump when it"
                          " is stopped, which is kept with the old data");
    if (why == NULL)
        return 0;
    if (w->options->yes)
        restore_plan_step(w->r, true, "by %s: %s", source, why);
    else
        error_set(e, ERROR_REFUSED,
                  "%s, by %s: %s; add --yes to restore all"
                  " the same",
                  w->options->target, source, why);
    free(why);
    return w->options->yes ? 0 : -1;
}

int
restore_fit_check(struct restore_work *w, struct error *e)
{
    if (check_release(w, e) != 0 || check_modules(w, e) != 0)
        return -1;
    return check_ties(w, e);
}
