#include "jobs/record.h"

#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "repo/catalog_text.h"

/* A dump's own time, in seconds, is believed up to the year 5138. */
static const int64_t CREATED_MAX = 100000000000;

static void
record_server(struct catalog_entry *entry, const struct instance *i)
{
    if (i->link == NULL)
        return;
    entry->server.known = true;
    entry->server.product = memory_dup(i->info.valkey ? "valkey" : "redis");
    entry->server.version = memory_dup(i->info.version);
    entry->server.run_id = memory_dup(i->info.run_id);
    entry->server.replication_id = memory_dup(i->info.replication_id);
    entry->server.replication_offset = i->info.replication_offset;
    entry->server.role = memory_dup(i->info.role);
    if (i->info.used_memory > 0 && !i->info.loading)
        entry->server.used_memory = i->info.used_memory;
}

struct catalog_file *
record_add(struct catalog_entry *entry, const char *path,
           enum dataset_role role, const struct file_identity *id)
{
    const struct passwd *owner = getpwuid(id->uid);
    const struct group *group = getgrgid(id->gid);
    struct catalog_file *f;

    entry->files = memory_resize(entry->files, entry->file_count + 1,
                                 sizeof *entry->files);
    f = &entry->files[entry->file_count++];
    *f = (struct catalog_file){
        .path = memory_dup(path),
        .role = role,
        .size_bytes = id->size_bytes,
        .length_bytes = id->size_bytes,
        .cut = -1,
        .mode = id->mode & 07777,
        .uid = id->uid,
        .gid = id->gid,
        .owner = memory_dup(owner != NULL ? owner->pw_name : NULL),
        .group = memory_dup(group != NULL ? group->gr_name : NULL),
        .device = id->device,
        .inode = id->inode,
        .birth_ns = id->birth_ns,
        .mtime_ns = id->mtime_ns,
    };
    return f;
}

static void
record_files(struct catalog_entry *entry, const struct pin *p)
{
    for (size_t n = 0; n < p->dataset.count; n++) {
        const struct dataset_file *d = &p->dataset.files[n];
        struct catalog_file *f;

        if (d->fd < 0)
            continue;
        f = record_add(entry, d->path, d->role, &d->id);
        f->seq = d->seq;
        f->length_bytes = p->lengths[n];
        f->size_bytes = p->cuts[n];
        if (p->cuts[n] != p->lengths[n])
            f->cut = (int64_t)p->cuts[n];
        if (d->role == DATASET_ROLE_INCR || d->role == DATASET_ROLE_SINGLE) {
            free(entry->log_file);
            entry->log_file = memory_dup(d->path);
            entry->log_offset = (int64_t)f->size_bytes;
        }
    }
}

void
record_begin(struct catalog_entry *entry, const struct catalog *catalog,
             const struct instance *i, const struct pin *p,
             const struct dataset_names *names)
{
    const struct catalog_entry *newest = catalog_newest(catalog, false);

    entry->format = CATALOG_FORMAT;
    entry->sequence = newest != NULL ? newest->sequence + 1 : 1;
    entry->kind = CATALOG_FULL;
    entry->started_ms = clock_wall_ms();
    catalog_new_id(catalog, entry->started_ms, entry->id);
    entry->dataset = p->dataset.kind;
    entry->dbfilename =
        memory_dup(names->dbfilename != NULL ? names->dbfilename : "dump.rdb");
    entry->appendfilename = memory_dup(names->appendfilename != NULL
                                           ? names->appendfilename
                                           : "appendonly.aof");
    entry->appenddirname = memory_dup(
        names->appenddirname != NULL ? names->appenddirname : "appendonlydir");
    entry->bound = p->bound;
    entry->keys = -1;
    entry->expires = -1;
    entry->verified_ms = entry->look.at_ms = -1;
    record_server(entry, i);
    record_files(entry, p);
}

void
record_end(struct catalog_entry *entry, const struct judge *j,
           const struct pin *p)
{
    uint64_t keys, expires;

    judge_counts(j, &keys, &expires, &entry->commands);
    entry->verdict = j->verdict;
    entry->state_time_ms = p->taken_ms;
    if (entry->dataset == DATASET_RDB) {
        entry->keys = (int64_t)keys;
        entry->expires = (int64_t)expires;
        entry->state_time_ms = p->dataset.files[0].id.mtime_ns / 1000000;
    } else if (p->has_info && !p->info.loading) {
        entry->keys = p->info.keys;
        entry->expires = p->info.expires;
    }
    for (size_t n = 0; n < j->count; n++) {
        const struct rdb_result *rdb = j->files[n].is_aof ? &j->files[n].aof.rdb
                                                          : &j->files[n].rdb;
        if (rdb->version > entry->rdb_version) {
            entry->rdb_version = rdb->version;
            entry->valkey_magic = rdb->valkey_magic;
        }
        if (entry->dataset == DATASET_RDB && rdb->created > 0 &&
            rdb->created < CREATED_MAX)
            entry->state_time_ms = rdb->created * 1000;
    }
    entry->finished_ms = clock_wall_ms();
}

char *
record_label(const struct catalog_entry *entry, size_t *size)
{
    json_t *files = json_array();
    json_t *label = json_pack("{s:i, s:s, s:s, s:o}", "format", entry->format,
                              "id", entry->id, "instance", entry->instance,
                              "files", files);
    char *text;

    if (entry->server.known)
        json_object_set_new(label, "server",
                            json_pack("{s:s, s:s}", "product",
                                      entry->server.product, "version",
                                      entry->server.version));
    for (size_t n = 0; n < entry->file_count; n++) {
        char *path = catalog_text_encode(entry->files[n].path);
        json_array_append_new(
            files, json_pack("{s:s, s:I}", "path", path, "size",
                             (json_int_t)entry->files[n].size_bytes));
        free(path);
    }
    text = json_dumps(label, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(label);
    *size = strlen(text);
    return text;
}
