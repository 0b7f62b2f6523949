/*
 * keys.h - how much keys hold, and which there are, without reading them.
 */
#ifndef REDIS_KEYS_H
#define REDIS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "redis/link.h"

enum {
    KEYS_OTHER_TYPE = INT32_MIN, /* the command cannot be used on that key */
    KEYS_DENIED,                 /* this user may not use that key (ACL) */
    KEYS_ELSEWHERE,              /* in another node of the cluster */
};

/* "LLEN key", "HGET key busy", or whether "LINDEX key -1" begins with "0:". */
struct keys_question {
    const char *command;
    const char *key, *argument; /* NULL: none */
    const char *begins;         /* 1 if the text begins so, else 0; NULL */
    int64_t number;             /* the answer */
};

/*
 * Asks all and fills their numbers: that of the reply, or of its text; a text
 * that is no number from 0 to 2^32 - 1, and nothing, is 0; or one of the above.
 * A command that is denied is a failure, ERROR_DENIED.
 */
int keys_count(struct link *link, struct keys_question *questions, size_t count,
               struct error *e);

/* Names by and by: of keys that match, or members of a set. */
struct keys_scan {
    const char *set;     /* its members; NULL: keys */
    const char *pattern; /* of keys; see keys_pattern */
    char cursor[24];     /* "0" at first, and again at the end */
    unsigned rounds;     /* at most so many; counts down */
};

/* Takes a name of any bytes; it may come twice. False: no more of them. */
typedef bool keys_found(void *context, const char *name, size_t size);

/*
 * Goes on from the cursor to the end, the last round, or false. A set that is
 * none, or denied, has no members. Each round looks at about KEYS_ROUND names, so the
 * server never works on it for more than a fraction of a millisecond.
 */
enum { KEYS_ROUND = 500 };
int keys_scan(struct link *link, struct keys_scan *scan, keys_found *found,
              void *context, struct error *e);

/* Text as a pattern that matches nothing else; the caller frees it. */
char *keys_pattern(const char *text);

#endif
