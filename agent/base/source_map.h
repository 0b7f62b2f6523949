/*
 * source_map.h - the mapped window of a source over a file; for source.c only.
 */
#ifndef BASE_SOURCE_MAP_H
#define BASE_SOURCE_MAP_H

#include <stdbool.h>

#include "base/source.h"

/*
 * Catches SIGBUS from now on: a page of a mapped source that its file no longer
 * has reads as zeros, and the source's error is set.
 */
int source_map_begin(struct source *s, struct error *e);

/*
 * Maps anew so that the window begins at s->at. False when the source has
 * failed or nothing follows.
 */
bool source_map_move(struct source *s);

/* Whether no data follows s->at in the file, and there is still all of it. */
bool source_map_is_hole(struct source *s);

/* Ends the window; at and end_offset keep their place in the stream. */
void source_map_drop(struct source *s);

/* Ends all that is mapped; fine where nothing is. */
void source_map_end(struct source *s);

#endif
