/*
 * stats_table.h - what check --stats counted, as tables for people that fit 80
 * columns.
 */
#ifndef TOOLS_STATS_TABLE_H
#define TOOLS_STATS_TABLE_H

#include <stddef.h>

#include "formats/judge.h"

/* Counts that outlive the files that were judged. */
struct stats_table {
    struct stats_table_file {
        char *path;
        struct judge_stats *stats;
    } * files;
    size_t count, capacity;
};

/* Takes over what was counted in a file, if anything was. */
void stats_table_take(struct stats_table *t, struct judge_file *f);

/* Prints all on standard output. */
void stats_table_print(const struct stats_table *t);

/* Tables of one file, each behind an empty line; stats have keys. */
void stats_table_print_types(const struct judge_stats *s);
void stats_table_print_biggest(const struct judge_stats *s);
void stats_table_print_prefixes(const struct rdb_stats *s);

void stats_table_clear(struct stats_table *t);

#endif
