/*
 * footprint_tree.h - the memory of a tree of stream ids (rax), from the ids in
 * ascending order.
 *
 * Nodes: one for each place where ids part (with a letter and a pointer for
 * each way), one for the letters between two of those, one at each end.
 */
#ifndef FORMATS_FOOTPRINT_TREE_H
#define FORMATS_FOOTPRINT_TREE_H

#include <stdint.h>

#include "formats/footprint.h"

enum { FOOTPRINT_TREE_ID = 16 };

struct footprint_tree {
    unsigned char last[FOOTPRINT_TREE_ID];
    uint64_t ids, nodes, blocks; /* blocks: bytes of finished nodes */
    /* Where the last id parts from others: how many letters are before, and
     * how many ways lead on. */
    struct {
        unsigned depth, ways;
    } open[FOOTPRINT_TREE_ID];
    unsigned open_count;
};

/* Begins empty: struct footprint_tree t = {0}. */
void footprint_tree_add(struct footprint_tree *t,
                        const unsigned char id[FOOTPRINT_TREE_ID]);

/* What the whole takes; t is empty again. */
uint64_t footprint_tree_end(struct footprint_tree *t,
                            const struct footprint *f);

#endif
