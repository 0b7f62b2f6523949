/*
 * conf.h - the settings a server will run with: its configuration file with all
 * that it includes, then what its command line overrides ("--dir /x"), as the
 * server itself reads them (a later one wins; include patterns are expanded;
 * "save" adds up).
 */
#ifndef JOBS_CONF_H
#define JOBS_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct conf {
    char *dir; /* as given, a relative one behind the one before it; NULL:
                  where it is started */
    char *dbfilename, *appendfilename, *appenddirname; /* NULL: the default */
    int appendonly;                         /* 1, 0; -1: not told, so no */
    int aof_load_truncated;                 /* 1, 0; -1: not told, so yes */
    int64_t aof_load_corrupt_tail_max_size; /* bytes; -1 not told */
    int64_t databases;                      /* -1: not told, so 16 */
    bool has_save;                          /* a save line that is not "" */
    bool save_told; /* any save line; none: the built-in save points */
    bool replica;   /* replicaof host port */
    bool cluster;   /* cluster-enabled yes */
    bool sentinel;
    unsigned port, tls_port; /* 0 none; default 6379 and 0 */
    char *unix_socket;       /* NULL: none */
    char *address;           /* the first it binds; NULL: any */
    char *tls_ca, *tls_cert, *tls_key;
    char *renamed;     /* a command that has another name; NULL: none */
    bool has_password; /* requirepass, or users of its own */
};

enum {
    CONF_FILE_BYTES_MAX = 1024 * 1024,
    CONF_FILES_MAX = 1000, /* that one setting of a server reads */
    CONF_DEPTH_MAX = 16,   /* of files that include files */
};

/* Those of a server without a file. */
void conf_begin(struct conf *c);

/* On failure (an include that cannot be read, as a server refuses it too) c is
 * empty; the error names file and line. Clear it in any case. */
int conf_load(struct conf *c, const char *path, struct error *e);

/*
 * argv as a server gets it behind its file: "--appendonly" "yes" ... On failure
 * c is empty.
 */
int conf_override(struct conf *c, int argc, const char *const argv[],
                  struct error *e);

void conf_clear(struct conf *c);

#endif
