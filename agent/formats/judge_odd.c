#include "formats/judge_odd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "formats/judge_beside.h"

bool
judge_odd_select(const struct judge_options *options,
                 const struct judge_file *f, struct report *report)
{
    if (options->databases == 0 || f->aof.databases <= options->databases)
        return false;
    report_add(report, SEVERITY_ERROR, "databases-needed", -1,
               "give the server more: databases in its configuration",
               "needs %" PRIu64 " databases, the server has %" PRIu64
               ": it would load the keys of the others into the wrong one",
               f->aof.databases, options->databases);
    return true;
}

bool
judge_odd_manifest(const struct judge *j, const struct dataset *d,
                   struct report *report)
{
    const struct dataset_names *names = &j->options->names;
    char *path;

    if (names->appendonly != DATASET_APPENDONLY_NO ||
        !release_has_manifest(&j->options->release))
        return false;
    if (d->kind == DATASET_AOF) /* then it was told with the set */
        return d->manifest_error.kind != ERROR_NONE;
    if (d->unused_manifest.kind == ERROR_NONE)
        return false;
    path = text_format("%s/%s.manifest", judge_beside_folder(j),
                       names->appendfilename != NULL ? names->appendfilename
                                                     : "appendonly.aof");
    judge_beside_about(j, d, path, report);
    free(path);
    report_add(report, SEVERITY_ERROR, "aof-manifest", -1,
               "move the folder of the AOF away if it is not wanted",
               "%s; servers refuse to start on it though appendonly is no",
               d->unused_manifest.text);
    return true;
}

bool
judge_odd_rdb(const struct rdb_result *rdb)
{
    int limit = rdb->valkey_magic ? RDB_VALKEY_VERSION_MAX : RDB_VERSION_MAX;

    return rdb->verdict == VERDICT_UNKNOWN && !rdb->container &&
           rdb->version <= limit;
}
