#include "formats/mend_set_refuse.h"

enum { DATABASES_USUAL = 16 };

#define NOTHING "there is nothing to mend: "

/* Of the settings: the server passes over all that is there. */
static const char *
find_setting(const struct dataset *d, const struct judge *j)
{
    const struct dataset_names *names = &j->options->names;

    if (d->kind != DATASET_RDB && names->appendonly == DATASET_APPENDONLY_NO)
        return NOTHING "with appendonly no the server ignores the AOF; start "
                       "it with appendonly yes";
    if (d->kind == DATASET_AOF &&
        (names->no_manifest || !release_has_manifest(&j->options->release)))
        return NOTHING "a server before 7.0 ignores AOF files with a "
                       "manifest; start it with redis 7.0 or later";
    return NULL;
}

static bool
is_too_new(const struct release *r, const struct rdb_result *rdb)
{
    if (rdb->container)
        return !r->valkey || !release_at_least(r, 9, 2);
    return rdb->version != 0 &&
           !release_loads_rdb(r, rdb->version, rdb->valkey_magic);
}

/* Of one file. */
static const char *
find_cause(const struct judge *j, const struct judge_file *f, bool behind)
{
    uint64_t databases = j->options->databases;

    if (databases == 0)
        databases = DATABASES_USUAL;
    if (f->missing)
        return "it cannot be read; make it readable for this user";
    if (f->verdict == VERDICT_UNKNOWN)
        return "it is newer than this program, and stays as it is; a newer "
               "redkeep can judge it";
    if (behind && f->rdb.keys > 0)
        return "an RDB lies where commands are expected, behind other data, "
               "and what it belongs to cannot be told; restore a snapshot, or "
               "take the file away that does not belong";
    if (f->rdb.modules > 0)
        return NOTHING "it holds data of modules; start the server with "
                       "those that wrote it: loadmodule in its configuration";
    if (f->rdb.databases > databases || f->aof.databases > databases)
        return NOTHING "it needs more databases than the server has; raise "
                       "databases in its configuration";
    if (is_too_new(&j->options->release, &f->rdb))
        return NOTHING "the data is whole, and this server cannot read it; "
                       "start it with a newer one, or with that which wrote it";
    return NULL;
}

int
mend_set_refuse(const struct dataset *d, const struct judge *j, struct error *e)
{
    const char *text = find_setting(d, j);
    bool data = false;

    if (text != NULL)
        return error_set(e, ERROR_REFUSED, "%s", text);
    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];

        if (f->role == DATASET_ROLE_ORPHAN || f->role == DATASET_ROLE_MANIFEST)
            continue;
        text = find_cause(j, f, data && f->is_aof);
        if (text != NULL)
            return error_set(e, ERROR_REFUSED, "%.200s: %s", f->path, text);
        data = data || f->keys > 0 || f->commands > 0;
    }
    return error_set(e, ERROR_REFUSED,
                     NOTHING "the files are whole; redkeep check says what "
                             "the server does not take, and what to do");
}
