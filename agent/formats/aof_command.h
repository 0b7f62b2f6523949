/*
 * aof_command.h - judges each command of an append-only file by its name and
 * its number of words, as the server asked about would. Private to aof.
 *
 * A loading server looks the name up first and refuses one it does not know;
 * since redis 7.0 a subcommand too. The number of words is compared by valkey
 * only (tried: 8.1, 9.1). Redis (tried: 6.0, 7.0.15, 8.0) runs the command as
 * it is: with too few words it reads what is not there and often crashes, words
 * too many are ignored or are an error that is logged.
 */
#ifndef FORMATS_AOF_COMMAND_H
#define FORMATS_AOF_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "formats/server_command.h"
#include "formats/report.h"

/* A name that was judged: its bytes, and the numbers of words that are fine. */
struct aof_command_slot {
    uint64_t head, tail; /* first and last eight bytes, see aof_command_key */
    uint64_t least, span;
    uint32_t size;
};
enum { AOF_COMMAND_SLOTS = 256 };

struct aof_command_judge {
    const struct release *release; /* NULL: of no release */
    const struct release *target;  /* see aof.h; NULL: none */
    char foreign[SERVER_COMMAND_NAME_MAX];
    struct report *report;
    bool own_commands;                       /* see aof.h */
    uint32_t unknown, newer, words, modules; /* told so far */
    uint64_t module_commands;
    uint64_t databases; /* highest index selected + 1 */
    uint64_t selected;  /* by the last SELECT */
    struct aof_command_slot slots[AOF_COMMAND_SLOTS];
};

/* What a loading server and the data make of one command. */
enum aof_command_verdict {
    AOF_COMMAND_FINE,
    AOF_COMMAND_REFUSED,         /* whole, but not for that server */
    AOF_COMMAND_DAMAGED,         /* the server goes on */
    AOF_COMMAND_DAMAGED_REFUSED, /* or crashes */
};

/* One command's first two words; of long ones the first bytes only. */
enum { AOF_COMMAND_KEPT = 64 };

struct aof_command_words {
    const char *word[2]; /* min(size, AOF_COMMAND_KEPT) bytes */
    uint64_t size[2];
    uint64_t count, offset;
    bool in_multi;
};

/* Judges a command in full and tells what is wrong with it. */
enum aof_command_verdict
aof_command_judge_words(struct aof_command_judge *j,
                        const struct aof_command_words *w);

/*
 * Whether a command of that name and so many words is fine, kept in a slot for
 * the next. false: judge it in full.
 */
bool aof_command_admit(struct aof_command_judge *j, const char *name,
                       uint32_t size, uint64_t count);

/* The slot in which a name's judgement is kept. */
static inline uint32_t
aof_command_slot(uint64_t tail)
{
    return (uint32_t)(tail * 0x9e3779b97f4a7c15u >> 56);
}

/*
 * As aof_command_admit, for a name behind at least eight bytes of header and
 * with eight bytes behind: "$3\r\nSET" then always ends in the same bytes.
 */
static inline __attribute__((always_inline)) bool
aof_command_is_fine(struct aof_command_judge *j, const unsigned char *name,
                    uint32_t size, uint64_t count)
{
    const struct aof_command_slot *slot;
    uint64_t head, tail;

    memcpy(&head, name, sizeof head);
    memcpy(&tail, name + size - 8, sizeof tail);
    slot = &j->slots[aof_command_slot(tail)];
    if (slot->tail == tail && slot->size == size &&
        (size <= 8 || slot->head == head) && count - slot->least <= slot->span)
        return true;
    return aof_command_admit(j, (const char *)name, size, count);
}

#endif
