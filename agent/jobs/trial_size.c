#include "jobs/trial_size.h"

/* Where an RDB does not say how much memory its server used. */
enum { PACKED_TIMES = 3 };

enum { DATABASES_MIN = 16, DATABASES_MAX = 1000000 };

static uint64_t
size_of(const struct judge_file *f, const char **source)
{
    const struct rdb_result *rdb = f->is_aof ? &f->aof.rdb : &f->rdb;
    uint64_t packed = rdb->version != 0 ? rdb->end_offset : 0;
    uint64_t commands = f->size_bytes > packed ? f->size_bytes - packed : 0;

    if (rdb->version == 0 || rdb->used_memory <= 0)
        return packed * PACKED_TIMES + commands;
    *source = "told by its RDB";
    return (uint64_t)rdb->used_memory + commands;
}

uint64_t
trial_size(const struct judge *j, const char **source)
{
    uint64_t sum = 0;

    *source = "estimated by its files";
    for (size_t i = 0; i < j->count; i++)
        if (__builtin_add_overflow(sum, size_of(&j->files[i], source), &sum))
            return UINT64_MAX;
    return sum;
}

int
trial_size_databases(const struct judge *j)
{
    uint64_t most = DATABASES_MIN;

    for (size_t i = 0; i < j->count; i++) {
        const struct judge_file *f = &j->files[i];
        uint64_t count = f->is_aof ? f->aof.databases : f->rdb.databases;

        if (f->is_aof && f->aof.rdb.databases > count)
            count = f->aof.rdb.databases;
        if (count > most)
            most = count;
    }
    return most < DATABASES_MAX ? (int)most : DATABASES_MAX;
}
