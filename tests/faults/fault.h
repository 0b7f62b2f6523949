/*
 * fault.h - makes one call of a run fail, or ends the process there, and writes
 * down what was done to the disk. Linked into build/faults/redkeep, whose own
 * objects know nothing of it (ld --wrap, see calls.c).
 *
 * By environment:
 *   FAULT_WATCH   a folder: only calls that touch what is in it are counted
 *   FAULT_AT      KIND:N, what happens to the Nth call to which it can happen:
 *                 eio, enospc, edquot; with a + to all calls from there on;
 *                 eintr, short; die (before it), died (behind it)
 *   FAULT_LOG     a file that gets a line when it happens
 *   FAULT_TRACE   a file that gets a line for each change that was made
 *   FAULT_BIRTH   set: the file system does not tell when a file was born
 *   FAULT_NOW     what the clock on the wall shows, in seconds
 *
 * A line of the trace is one of
 *   create INODE FOLDER NAME MODE   (FOLDER 0 and NAME -: it has no name yet)
 *   mkdir INODE FOLDER NAME MODE    link INODE FOLDER NAME
 *   rename FOLDER NAME FOLDER NAME FLAGS             unlink FOLDER NAME
 *   write INODE OFFSET BYTES        truncate INODE SIZE
 *   mode INODE MODE                 owner INODE UID GID
 *   sync INODE
 * with names and bytes in hex.
 */
#ifndef FAULTS_FAULT_H
#define FAULTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What can happen to a call. */
enum {
    FAULT_ANY = 1,         /* it can fail, as every call */
    FAULT_SPACE = 2,       /* for want of space */
    FAULT_INTERRUPTED = 4, /* by a signal */
    FAULT_SHORT = 8,       /* it can do less than it was asked */
    FAULT_CHANGE = 16,     /* it changes the disk: a moment to die at */
};

/* What happens to this one. */
struct fault {
    int number;   /* errno that it fails with; 0: it is made */
    bool shorter; /* and does half of it */
    bool last;    /* behind it the process ends */
    bool watched;
};

/*
 * Before a call on an open file (name NULL) or on a name in a folder; may not
 * return. Until fault_end no other thread begins one.
 */
struct fault fault_begin(const char *call, unsigned can, int fd,
                         const char *name);
void fault_end(const struct fault *f);

/* Adds to the trace, if there is one; words are separated by blanks. */
void fault_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fault_tell_write(uint64_t inode, int64_t offset, const void *bytes,
                      size_t size);
bool fault_tells(void);

/* FAULT_BIRTH. */
bool fault_hides_birth(void);

/* FAULT_NOW; 0: it is not set. */
int64_t fault_now(void);

#endif
