/*
 * aof_select.h - a SELECT that damage hides: what follows it must not go to
 * another database. Private to aof.
 */
#ifndef FORMATS_AOF_SELECT_H
#define FORMATS_AOF_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/source.h"

/*
 * Whether the bytes of [begin, end) end with the words of a SELECT, of whose
 * name one letter may be wrong; which database.
 */
bool aof_select_find(const struct source *from, uint64_t begin, uint64_t end,
                     uint64_t *database);

#endif
