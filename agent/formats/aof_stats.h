/*
 * aof_stats.h - counts the commands of an append-only file by name, whole
 * transactions, and finds the biggest command.
 */
#ifndef FORMATS_AOF_STATS_H
#define FORMATS_AOF_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/aof.h"

/* More names than any server has; others are counted together. */
enum { AOF_STATS_NAMES = 1024 };

struct aof_stats_command {
    char name[AOF_NAME_MAX]; /* in capitals; not terminated */
    uint32_t name_size;
    uint64_t count, bytes;
};

struct aof_stats {
    struct aof_stats_command *commands; /* after aof_stats_end: the most often
                                           used first */
    uint16_t *slots;
    size_t count;
    struct aof_stats_command other; /* beyond AOF_STATS_NAMES */
    uint64_t commands_total, bytes_total;
    uint64_t transactions;            /* MULTI to EXEC */
    struct aof_stats_command biggest; /* count: its words */
    uint64_t biggest_offset;
};

/* Begins empty: struct aof_stats s = {0}. For aof_options.command_seen. */
void aof_stats_add(struct aof_stats *s, const struct aof_command *c);

/* Sorts; nothing can be added then. */
void aof_stats_end(struct aof_stats *s);

void aof_stats_clear(struct aof_stats *s);

#endif
