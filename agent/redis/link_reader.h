/*
 * link_reader.h - replies out of a stream of bytes, within limits: a server
 * that announces the moon gets an error instead of our memory.
 */
#ifndef REDIS_LINK_READER_H
#define REDIS_LINK_READER_H

#include <stddef.h>

#include "base/error.h"

struct link_reader;
struct redisReply;

/* Of one reply, all its elements together. */
enum {
    LINK_READER_BYTES_MAX = 16 << 20,
    LINK_READER_ELEMENTS_MAX = 1 << 20,
    LINK_READER_DEPTH_MAX = 6, /* hiredis 0.14 refuses more than 7 itself */
};

struct link_reader *link_reader_new(void);

/* Takes bytes as they come; fails when a reply passes its limit. */
int link_reader_feed(struct link_reader *reader, const void *bytes, size_t size,
                     struct error *e);

/* *reply: the next whole reply, the caller's; NULL while there is none. */
int link_reader_next(struct link_reader *reader, struct redisReply **reply,
                     struct error *e);

/*
 * 0, or -1 if the reply is an error, with the server's words: ERROR_DENIED for
 * NOPERM, NOAUTH and unknown commands, else ERROR_FAILED.
 */
int link_reader_judge(const struct redisReply *reply, struct error *e);

/* Accepts NULL. */
void link_reader_free(struct link_reader *reader);

#endif
