#include "formats/footprint_tree.h"

#include <string.h>

/* Until valkey 8.1 servers count by this rule of thumb (see
 * streamRadixTreeMemoryUsage of redis). */
enum { RULE_ID = 16, RULE_NODE = 4 + 30 * 8 };

/* Nodes are small: their blocks are the same for all servers. */
static const struct footprint usual;

enum { TREE = 32, HEAD = 4, POINTER = 8 };

/* A node with so many letters and pointers. */
static void
count_node(struct footprint_tree *t, unsigned letters, unsigned pointers)
{
    unsigned head = (HEAD + letters + POINTER - 1) / POINTER * POINTER;

    t->nodes++;
    t->blocks += footprint_block(&usual, head + pointers * POINTER);
}

/* The letters from one place to another, if there are any between. */
static void
count_letters(struct footprint_tree *t, unsigned from, unsigned to)
{
    if (to > from)
        count_node(t, to - from, 1);
}

/* Closes the places from that depth on; returns how far the letters go that are
 * before them, or before the end. */
static unsigned
close_from(struct footprint_tree *t, unsigned depth)
{
    unsigned end = FOOTPRINT_TREE_ID;

    while (t->open_count > 0 && t->open[t->open_count - 1].depth >= depth) {
        unsigned ways = t->open[--t->open_count].ways;

        count_node(t, ways, ways);
        count_letters(t, t->open[t->open_count].depth + 1, end);
        end = t->open[t->open_count].depth;
    }
    return end;
}

static unsigned
find_parting(const unsigned char *a, const unsigned char *b)
{
    unsigned n = 0;

    while (n < FOOTPRINT_TREE_ID && a[n] == b[n])
        n++;
    return n;
}

void
footprint_tree_add(struct footprint_tree *t,
                   const unsigned char id[FOOTPRINT_TREE_ID])
{
    unsigned depth = find_parting(t->last, id);

    if (t->ids > 0 && depth == FOOTPRINT_TREE_ID)
        return;
    memcpy(t->last, id, FOOTPRINT_TREE_ID);
    t->ids++;
    count_node(t, 0, 1); /* where it ends */
    if (t->ids == 1)
        return;
    count_letters(t, depth + 1, close_from(t, depth + 1));
    if (t->open_count == 0 || t->open[t->open_count - 1].depth < depth) {
        t->open[t->open_count].depth = depth;
        t->open[t->open_count++].ways = 1;
    }
    t->open[t->open_count - 1].ways++;
}

uint64_t
footprint_tree_end(struct footprint_tree *t, const struct footprint *f)
{
    uint64_t bytes;

    if (t->ids == 0)
        count_node(t, 0, 0);
    else
        count_letters(t, 0, close_from(t, 0));
    bytes = footprint_counts_blocks(f)
                ? TREE + t->blocks
                : t->ids * RULE_ID + t->nodes * RULE_NODE;
    *t = (struct footprint_tree){0};
    return bytes;
}
