/*
 * target.h - what can be known of the server that runs on a data directory, or
 * will: by its own word if it answers, and by its configuration file.
 */
#ifndef JOBS_TARGET_H
#define JOBS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "jobs/instance.h"
#include "redis/ties.h"

struct target {
    char *source;   /* who says so, for people; NULL: nothing is known */
    bool running;   /* the server itself does */
    int appendonly; /* 1, 0; -1 not known */
    char *dbfilename, *appendfilename, *appenddirname; /* NULL: not known */
    int64_t databases;                                 /* -1 not known */
    uint64_t maxmemory; /* of a server that evicts; 0: none, or not known */
    struct ties ties;
    char *service; /* its systemd unit; NULL: none was found */
    char *file;    /* its configuration file; NULL: not known */
    /* What the file says where the server says otherwise; NULL: it does not. */
    char *odd;
    char *renamed;  /* a command that has another name by the file; NULL */
    bool elsewhere; /* the file has another directory */
};

struct target_options {
    const struct instance *server; /* the one that answers, or none */
    int dir;                       /* the directory, open; -1: not there yet */
    const char *file;              /* given by the user; or NULL */
};

/*
 * Looks: asks the server, if it is the one that uses dir; reads its file, or
 * the one given, or that of the systemd unit whose server works there. -1: the
 * file that was given cannot be read. Clear t in any case.
 */
int target_look(struct target *t, const struct target_options *options,
                struct error *e);

void target_clear(struct target *t);

#endif
