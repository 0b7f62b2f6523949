/*
 * repository.h - what the agent knows of its repository, and its state on the
 * disk. All that can block on a disk is done by one long-lived child, the
 * keeper ("redkeep keeper"): it looks (at once when the folder changes,
 * else every info_interval), tells what it sees as one JSON object a line, and
 * writes the state file crash-safely. One that does not answer is a repository
 * that is down, and never a loop that stands still.
 */
#ifndef DAEMON_REPOSITORY_H
#define DAEMON_REPOSITORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "daemon/terms.h"

struct event_base;

/* Times in ms since 1970, -1 unknown; sizes -1 unknown. JSON is borrowed. */
struct repository_view {
    bool known; /* the keeper has told at least once */
    bool ok;    /* there, writable, not full */
    bool writable;
    char problem[480];                     /* why not ok; "" */
    int64_t snapshots;                     /* how many; -1 unknown */
    int64_t sound, torn, damaged, unknown; /* of them, by verdict */
    int64_t used_bytes, free_bytes, total_bytes;
    json_t *list; /* {"snapshots":[],"windows":[],"gaps":[]}; NULL */
    json_t *last, *last_good;  /* items of it, or NULL */
    json_t *last_drill;        /* as noted there, by whomever; NULL */
    int64_t last_good_time_ms; /* state_time of last_good */
    int64_t protected_ms;      /* state_time of the last good, bound snapshot */
    bool frozen;               /* retention: the newest data looks wrong */
    char frozen_text[240];
    bool collapsed; /* the newest snapshot against the one before */
};

struct repository_events {
    void (*changed)(void *context); /* anything of the view */
    /* The state file as it was found; NULL: none, or not readable. Not before
     * the disk answers; again, when the folder is another than it was: a mount
     * that came late, which locks and past are to be taken of. */
    void (*loaded)(void *context, const json_t *state);
    void *context;
};

struct repository;

/* Borrows all; program: path of redkeep. Starts the keeper. */
struct repository *repository_new(struct event_base *base,
                                  const struct terms *terms,
                                  const char *program,
                                  const struct repository_events *events);

const struct repository_view *repository_view(const struct repository *r);

/*
 * Has the state (taken over) written soon: of many in a short time the last is
 * written, at most one in 200 ms; now: at once.
 */
void repository_save(struct repository *r, json_t *state, bool now);

/* Another configuration (instance and repo stay as they were). */
void repository_reload(struct repository *r, const struct terms *terms);

/* How long the keeper may be silent beyond three looks (5 s), for tests. */
void repository_set_patience(struct repository *r, uint64_t ms);

/* Waits at most limit_ms for the state to be on the disk; for the end. */
void repository_flush(struct repository *r, unsigned limit_ms);

/* Ends the keeper; accepts NULL. */
void repository_free(struct repository *r);

#endif
