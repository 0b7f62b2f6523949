/*
 * aof_item.h - the commands and annotations of an append-only file, one at a
 * time and in every form a server takes. Private to aof.
 */
#ifndef FORMATS_AOF_ITEM_H
#define FORMATS_AOF_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/aof.h"
#include "formats/aof_command.h"

/* Told of each MULTI and EXEC before in_multi follows it. */
typedef void aof_bracket_seen(void *context, const struct aof_command *c,
                              bool multi);

/* A scan under way. */
struct aof_item_scan {
    struct source *s;
    const struct aof_options *options;
    struct report *report;
    struct aof_result *result;
    struct aof_command_judge *judge;
    bool in_multi;
    bool tolerated;        /* damage was found that servers pass over */
    uint64_t multi_offset; /* of the MULTI that is open */
    uint64_t multi_server; /* where a server cuts if it stays open */
    uint64_t command_begin, command_end; /* of the last complete one; 0 none */
    int64_t time;                        /* of the last annotation; -1 none */
    /* Of aof_item_next since they were false: */
    bool odd;   /* a line or a line end is not as servers write it */
    bool unfit; /* a command that no server can run */
    aof_bracket_seen *bracket_seen; /* may be NULL */
    void *bracket_context;
};

/*
 * Takes the next command or annotation whole. false at the end of the stream,
 * inside an unfinished item, and at damage that servers refuse; the result and
 * the report tell which.
 */
bool aof_item_next(struct aof_item_scan *a);

/* Whether an RDB begins here. */
bool aof_item_is_rdb(struct source *s);

/* Whether name is MULTI or EXEC, in any case. */
bool aof_item_is_bracket(const char *name, uint64_t size);

/* Counts a complete command and tells it. */
void aof_item_complete(struct aof_item_scan *a, struct aof_command *c);

#endif
