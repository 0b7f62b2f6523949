/*
 * state_file.h - what the agent keeps over a restart:
 *
 *   <repo>/<instance>/agent/state.json
 *
 * {"format":1,"saved":TIME,"jobs":...,"alarms":...,"events":[...]}; its parts
 * are those of the agent's modules. Written aside, synced, put in place.
 */
#ifndef JOBS_STATE_FILE_H
#define JOBS_STATE_FILE_H

#include <jansson.h>

#include "base/error.h"

enum { STATE_FILE_FORMAT = 1, STATE_FILE_MAX = 16 << 20 };

/*
 * Loads it from an open instance folder; the object is the caller's. None
 * there: ERROR_ABSENT; not what it should be: ERROR_DAMAGED; of a newer format:
 * ERROR_REFUSED.
 */
int state_file_load(int instance_dir, json_t **state, struct error *e);

/* Puts what cannot be read at state.json.damaged, over one from before. */
int state_file_set_aside(int instance_dir, struct error *e);

/* Writes it, its format and the time with it. One of a newer format stays. */
int state_file_save(int instance_dir, json_t *state, int64_t now_ms,
                    struct error *e);

#endif
