
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/restore_work.h"

/* What the user says, else what the target's server does, else as it was. */
static const char *
choose_name(const char *said, const char *told, const char *was)
{
    return said != NULL ? said : told != NULL ? told : was;
}

static int
check_name(const char *name, struct error *e)
{
    if (!text_is_name(name))
        return error_set(e, ERROR_USAGE, "'%s' is no file name", name);
    if (place_is_ours(name))
        return error_set(e, ERROR_REFUSED,
                         "%s is a name that redkeep uses itself", name);
    return 0;
}

int
restore_layout_choose_names(struct restore_work *w, struct error *e)
{
    const struct instance_options *said = &w->options->instance;
    const struct catalog_entry *entry = w->entry;
    const struct dataset_names usual = {.dbfilename = NULL};
    const struct dataset_names was = {.dbfilename = entry->dbfilename,
                                      .appendfilename = entry->appendfilename,
                                      .appenddirname = entry->appenddirname};
    struct dataset_names will = {.dbfilename = NULL};
    struct layout *l = &w->files;

    l->entry = entry;
    l->dbfilename =
        choose_name(said->dbfilename, w->target.dbfilename, entry->dbfilename);
    l->appendfilename = choose_name(
        said->appendfilename, w->target.appendfilename, entry->appendfilename);
    l->appenddirname = choose_name(said->appenddirname, w->target.appenddirname,
                                   entry->appenddirname);
    will.dbfilename = l->dbfilename;
    will.appendfilename = l->appendfilename;
    will.appenddirname = l->appenddirname;
    if (check_name(l->dbfilename, e) != 0 ||
        check_name(l->appendfilename, e) != 0 ||
        check_name(l->appenddirname, e) != 0)
        return error_in(e, "snapshot %s: what its data is to be called",
                        entry->id);
    place_add(&w->names, &usual);
    place_add(&w->names, &was);
    place_add(&w->names, &will);
    return layout_check(l, e);
}

static bool
has_aof(const struct restore_work *w)
{
    struct file_identity id;
    struct error none = {0};

    return w->dir >= 0 &&
           (file_identify_at(w->dir, w->files.appenddirname, &id, &none) == 0 ||
            file_identify_at(w->dir, w->files.appendfilename, &id, &none) == 0);
}

/* The server that answers is another one than the target's. */
static bool
other_has_aof(const struct restore_work *w, bool aof)
{
    return w->target.source == NULL && w->server.settings_known &&
           w->server.settings.appendonly == aof;
}

/* Which of two settings holds decides what the server reads. */
static int
check_odd(const struct restore_work *w, struct error *e)
{
    if (w->target.odd == NULL || w->options->layout != RESTORE_AUTO ||
        w->options->yes)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "by %s %s: make them the same (CONFIG REWRITE has the"
                     " server write what it has into the file), or say with"
                     " --layout what it will read when it is started",
                     w->target.source, w->target.odd);
}

/* An AOF, for a server that may not have one. */
static int
decide_aof(struct restore_work *w, struct error *e)
{
    if (w->options->layout == RESTORE_RDB)
        return error_set(e, ERROR_REFUSED,
                         "snapshot %s is an AOF, it cannot become a dump.rdb:"
                         " restore it as it is, start a server with appendonly"
                         " yes on it, and have that one BGSAVE",
                         w->entry->id);
    if (w->target.appendonly == 0 && w->options->layout != RESTORE_AOF)
        return error_set(
            e, ERROR_REFUSED,
            "snapshot %s is an AOF, and by %s appendonly is no: the"
            " server would start empty. Either put appendonly yes"
            " into its configuration, then restore with --layout"
            " aof; or restore elsewhere, start a server with"
            " appendonly yes on that, and have it BGSAVE",
            w->entry->id, w->target.source);
    if (w->target.appendonly == 0)
        restore_plan_step(w->r, true,
                          "by %s appendonly is no: put appendonly yes into its"
                          " configuration before it is started, or it starts"
                          " empty",
                          w->target.source);
    else if (other_has_aof(w, false))
        restore_plan_step(w->r, true,
                          "the server at %s has appendonly no: only with"
                          " appendonly yes does a server load this AOF, else"
                          " it starts empty",
                          w->server.url);
    else if (w->target.appendonly == -1 && w->had_data && !has_aof(w))
        restore_plan_step(w->r, true,
                          "there was a dump in the target, and this is an AOF:"
                          " the server must have appendonly yes, or it starts"
                          " empty");
    return 0;
}

/* The server would look at one of them and find the other. */
static int
refuse_unread(const struct restore_work *w, bool aof, struct error *e)
{
    if (w->options->yes)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "--layout %s: by %s appendonly is %s, so the server would"
                     " not read it and start empty: leave --layout out, or add"
                     " --yes",
                     aof ? "aof" : "rdb", w->target.source, aof ? "no" : "yes");
}

static void
tell_rdb(struct restore_work *w)
{
    bool guessed = w->target.appendonly == -1;

    if (w->files.as_base && w->target.appendonly == 1)
        restore_plan_step(w->r, false,
                          "by %s appendonly is yes: the RDB goes in as the base"
                          " of an AOF",
                          w->target.source);
    else if (w->files.as_base && guessed && w->options->layout == RESTORE_AUTO)
        restore_plan_step(w->r, true,
                          "there is an AOF in the target: the RDB goes"
                          " in as its base (--layout rdb if the server"
                          " has appendonly no)");
    else if (!w->files.as_base && guessed && w->options->layout == RESTORE_AUTO)
        restore_plan_step(w->r, true,
                          "the RDB goes in as %s; a server with"
                          " appendonly yes would ignore it (--layout"
                          " aof)",
                          w->files.dbfilename);
    if (!w->files.as_base && other_has_aof(w, true))
        restore_plan_step(w->r, true,
                          "the server at %s has appendonly yes: it would ignore"
                          " this RDB and start empty (--layout aof)",
                          w->server.url);
}

/* An RDB for a server that reads its AOF would be ignored as dump.rdb. */
static int
decide_rdb(struct restore_work *w, struct error *e)
{
    int told = w->target.appendonly;

    switch (w->options->layout) {
    case RESTORE_AUTO:
        w->files.as_base = told == -1 ? has_aof(w) : told == 1;
        break;
    case RESTORE_AOF:
    case RESTORE_RDB:
        w->files.as_base = w->options->layout == RESTORE_AOF;
        if (told != -1 && told != w->files.as_base &&
            refuse_unread(w, w->files.as_base, e) != 0)
            return -1;
        break;
    }
    w->files.no_manifest = w->release_known &&
                           !release_has_manifest(&w->release);
    tell_rdb(w);
    return 0;
}

static void
list_puts(struct restore_work *w)
{
    const struct catalog_entry *entry = w->entry;
    struct restore_plan *p = &w->r->plan;

    p->layout = restore_layout_name(w->layout);
    p->rdb_version = entry->rdb_version;
    p->puts = memory_new((entry->file_count + 1) * sizeof *p->puts);
    for (size_t n = 0; n < entry->file_count; n++) {
        const struct catalog_file *f = &entry->files[n];

        if (!f->config)
            p->puts[p->put_count++] =
                (struct restore_put){.from = memory_dup(f->path),
                                     .to = layout_path(&w->files, f),
                                     .bytes = f->size_bytes};
    }
}

static void
tell_puts(struct restore_work *w)
{
    const struct restore_plan *p = &w->r->plan;
    char size[TEXT_WORDS_SIZE];

    for (size_t n = 0; n < p->put_count && n < RESTORE_FILES_TOLD; n++) {
        text_write_size(size, p->puts[n].bytes);
        restore_plan_step(w->r, false, "%s goes to %s/%s, %s", p->puts[n].from,
                          w->r->target, p->puts[n].to, size);
    }
    if (p->put_count > RESTORE_FILES_TOLD)
        restore_plan_step(w->r, false, "so do %zu more",
                          p->put_count - RESTORE_FILES_TOLD);
    if (layout_makes_manifest(&w->files))
        restore_plan_step(w->r, false, "%s/%s/%s.manifest is written anew",
                          w->r->target, w->files.appenddirname,
                          w->files.appendfilename);
}

int
restore_layout_decide(struct restore_work *w, struct error *e)
{
    if (check_odd(w, e) != 0)
        return -1;
    if ((w->entry->dataset == DATASET_RDB ? decide_rdb(w, e)
                                          : decide_aof(w, e)) != 0)
        return -1;
    w->layout = w->entry->dataset != DATASET_RDB || w->files.as_base
                    ? RESTORE_AOF
                    : RESTORE_RDB;
    list_puts(w);
    tell_puts(w);
    return 0;
}
