/*
 * drill_touch.h - which keys of a sample the commands of an AOF may have changed
 * since its base: those whose name is a word of any of them.
 */
#ifndef JOBS_DRILL_TOUCH_H
#define JOBS_DRILL_TOUCH_H

#include "jobs/drill_pass.h"

/*
 * Takes such keys out of p's sample; all of them where that cannot be told (a
 * script, whose keys need not be words of it; a flush; what a server would not
 * write). The commands are those of fd from an offset to its size, sound.
 */
int drill_touch_remove(struct drill_pass *p, int fd, uint64_t from,
                       uint64_t size, const struct progress *progress,
                       struct error *e);

#endif
