/*
 * place_folder.h - the folders of two sets while one takes the other's place.
 * For place*.c only.
 */
#ifndef JOBS_PLACE_FOLDER_H
#define JOBS_PLACE_FOLDER_H

#include "jobs/place_work.h"

/* Opens what there is; the descriptor stays -1 where nothing is. */
int place_folder_open(struct place_work *w, struct place_folder *f,
                      enum place_where where, struct error *e);

/* The folder of a slot, made if need be, as its like elsewhere. -1: failed. */
int place_folder_of(struct place_work *w, const struct place_slot *slot,
                    enum place_where where, struct error *e);

/* Syncs all folders there. */
int place_folder_sync(const struct place_work *w, enum place_where where,
                      struct error *e);

/* Removes what a run that was killed was writing. */
void place_folder_sweep(const struct place_work *w);

/* Removes folders of the sets that are empty now. */
void place_folder_clean(struct place_work *w);

#endif
