/*
 * footprint.h - what data costs a server, in bytes: as MEMORY USAGE KEY
 * SAMPLES 0 counts it, computed from sizes alone.
 *
 * Source: MEMORY USAGE of redis 6.0, 7.0, 8.0 and valkey 8.1, 9.1 (with
 * jemalloc, quantum 16, as distributions build it; one with quantum 8 needs up
 * to 8 bytes less for a small allocation). Between releases that were not
 * measured the next older one counts.
 *
 * What nobody can tell from sizes is taken as it is on average: levels in a
 * sorted set, full buckets of a hash table; and a table is not in the middle of
 * being resized. Not in it, as it is not in MEMORY USAGE: the slot of the key in
 * its database, and until valkey 8.1 that of its expiry.
 */
#ifndef FORMATS_FOOTPRINT_H
#define FORMATS_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/release.h"

/* What servers of one kind have in common. */
struct footprint {
    int major, minor; /* since that release */
    bool valkey;
    bool exact;       /* counts packed bytes, not their blocks */
    bool embeds;      /* names are in the object */
    bool drops;       /* a string that is in the object needs no pointer */
    bool blocks;      /* tables of buckets, trees by their blocks */
    bool small_lists; /* a list of one node is that node */
    bool pages; /* large blocks are whole pages, no more: jemalloc 5.3.1 */
    unsigned dict, list_node, entry, stream, group, consumer;
};

void footprint_of(struct footprint *f, const struct release *release,
                  bool pages);

/* Whether INFO's mem_allocator is one that has large blocks of whole pages. */
bool footprint_has_pages(const char *allocator);

/* An allocation of so many bytes. */
uint64_t footprint_block(const struct footprint *f, uint64_t size);

/* A string with its head, in a block of its own. */
uint64_t footprint_text(const struct footprint *f, uint64_t size);

/* The key: its name, and the object without what it points to. */
uint64_t footprint_key(const struct footprint *f, uint64_t name, bool expires);

/* The whole key with a string; number: its text is that of a 64-bit one. */
uint64_t footprint_string(const struct footprint *f, uint64_t name,
                          bool expires, uint64_t size, bool number);

/* What is packed into so many bytes. */
uint64_t footprint_packed(const struct footprint *f, uint64_t size);

/* A list of so many nodes whose packed bytes take so much; whole: the only node
 * is no plain string. */
uint64_t footprint_list(const struct footprint *f, uint64_t nodes,
                        uint64_t packed, bool whole);

/* A hash table of so many entries, without what they point to. */
uint64_t footprint_table(const struct footprint *f, uint64_t entries);

/* What a sorted set has beside table and members; and each of its members. */
uint64_t footprint_skiplist(const struct footprint *f);
uint64_t footprint_skiplist_member(const struct footprint *f, uint64_t size);

/* A field and its value in a table; timed: with an expiry of its own. */
uint64_t footprint_field(const struct footprint *f, uint64_t name,
                         uint64_t value, bool timed);

/* What holds the packed fields of a hash if some have an expiry. */
uint64_t footprint_timed(void);

/* A stream without its tree and nodes; a group and a consumer without theirs;
 * a pending entry. */
uint64_t footprint_stream(const struct footprint *f);
uint64_t footprint_group(const struct footprint *f);
uint64_t footprint_consumer(const struct footprint *f, uint64_t name);
uint64_t footprint_pending(void);

/* What a stream's last node of that size has in reserve, by default. */
uint64_t footprint_reserve(const struct footprint *f, uint64_t size);

/* Trees of ids are counted by their blocks, and not by a rule of thumb. */
bool footprint_counts_blocks(const struct footprint *f);

#endif
