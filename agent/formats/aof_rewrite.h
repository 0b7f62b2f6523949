/*
 * aof_rewrite.h - commands with odd lines or line ends, as servers write them.
 * Private to aof.
 */
#ifndef FORMATS_AOF_REWRITE_H
#define FORMATS_AOF_REWRITE_H

#include <stdint.h>

#include "base/error.h"
#include "formats/aof_peek.h"
#include "formats/mend.h"

/*
 * Gives m the commands and annotations that lie in [begin, end) of its old file
 * and that aof_item_next takes: the same words, written as servers do. p looks at
 * that file.
 */
int aof_rewrite(struct aof_peek *p, struct mend *m, uint64_t begin,
                uint64_t end, struct error *e);

#endif
