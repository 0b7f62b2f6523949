/*
 * aof.h - scans an append-only file: an optional RDB in front, then commands
 * "*argc\r\n" { "$len\r\n" bytes "\r\n" } and annotations "#TS:seconds\r\n".
 */
#ifndef FORMATS_AOF_H
#define FORMATS_AOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"
#include "formats/rdb.h"
#include "formats/release.h"
#include "formats/report.h"

/* One command, told when it is complete. */
struct aof_command {
    uint64_t offset, end_offset;
    uint64_t argc;
    const char *name;   /* as written, not terminated; borrowed for the call */
    uint32_t name_size; /* at most AOF_NAME_MAX; longer names are cut */
    bool in_multi;      /* between MULTI and EXEC, both included */
    int64_t time;       /* of the last annotation, seconds; -1 none yet */
};
enum { AOF_NAME_MAX = 64 };

typedef void aof_command_seen(void *context, const struct aof_command *c);

struct aof_options {
    aof_command_seen *command_seen; /* may be NULL */
    rdb_key_seen *key_seen;         /* of the RDB in front; may be NULL */
    bool deep;                      /* of the same: see rdb_options */
    int64_t now_ms;                 /* of the same */
    void *context;
    const struct release *release; /* whose commands are right; NULL: those
                                      of any release are */
    bool own_commands; /* its server wrote it: names and numbers of words that
                          we do not know are its own (rename-command, a newer
                          release), told and no fault */
    const struct release *target; /* of another server that is to load it: see
                                     aof_result.foreign; NULL: none is */
};

struct aof_result {
    enum verdict verdict; /* torn: the file ends inside a command, a MULTI or
                             an annotation, and all before is right */
    bool has_rdb;         /* an RDB in front, described by rdb */
    struct rdb_result rdb;
    uint64_t commands;
    uint64_t size_bytes;     /* of the stream; what was read if not known */
    uint64_t good_end;       /* behind the last complete command or annotation
                             outside a MULTI: where it is safe to cut */
    uint64_t server_end;     /* where a server cuts a torn tail: behind the last
                             complete command, be it inside a MULTI; 0 when
                             none follows the RDB in front (it is cut too) */
    uint64_t damage_offset;  /* of the first byte that does not parse */
    bool ends_in_command;    /* the last command is unfinished */
    bool ends_in_multi;      /* a MULTI without EXEC at the end */
    bool ends_in_annotation; /* last line has no LF: servers take it whole */
    bool server_refuses;     /* a format error that a loading server stops at;
                             other damage it passes over */
    bool command_refused;    /* a command that the server does not know, or
                                that makes it end; what follows is scanned */
    uint64_t modules;        /* commands of modules */
    char foreign[AOF_NAME_MAX]; /* a command that other releases know, and the
                                   target's does not: it refuses it; "": none */
    uint64_t databases;         /* highest index selected + 1 */
    bool annotated;             /* there are lines that begin with # */
    int64_t first_time, last_time; /* annotations; -1 none */
};

/*
 * Scans to the end of the stream or to the first byte that does not parse
 * (then source stands there). Findings go to the report. -1: source failed.
 */
int aof_scan(struct source *s, const struct aof_options *options,
             struct report *report, struct aof_result *result, struct error *e);

#endif
