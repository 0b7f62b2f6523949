/*
 * place_steps.h - steps 2 to 7 of docs/design/restore.md. Private to place.
 */
#ifndef JOBS_PLACE_STEPS_H
#define JOBS_PLACE_STEPS_H

#include "jobs/place.h"

/*
 * From wherever the files are. back: what comes leaves, and the other way
 * round. j is written where copies had to be made. *touched tells of a failure
 * whether anything was changed.
 */
int place_steps(struct journal *j, bool back,
                const struct place_options *options, bool *touched,
                struct error *e);

/* Whether an entry file of j->comes is in its place. */
int place_steps_look(struct journal *j, const struct place_options *options,
                     bool *come, struct error *e);

#endif
