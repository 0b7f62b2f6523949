/*
 * guard_note.h - guard's word to the agent that it could not do its work before
 * a start, which it must not keep a server from.
 *
 *   <data directory>/.redkeep/guard-failed.json {"format", "time", "text"}
 */
#ifndef JOBS_GUARD_NOTE_H
#define JOBS_GUARD_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Leaves it; where that cannot be, there is none. */
void guard_note_put(const char *directory, const char *text, int64_t now_ms);

/* The next guard could: it goes, and what a killed one left of its writing. */
void guard_note_remove(const char *directory);

/* One sentence, with when and why; false, and "": there is none. */
bool guard_note_find(const char *directory, char *out, size_t size);

#endif
