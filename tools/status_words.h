/*
 * status_words.h - the commands of a remedy as they have to be typed here: for
 * this configuration, and this server.
 */
#ifndef TOOLS_STATUS_WORDS_H
#define TOOLS_STATUS_WORDS_H

#include "config/config.h"

struct status_words {
    char *redkeep;   /* "redkeep --config /etc/redkeep/cache.conf" */
    char *redis_cli; /* "redis-cli -p 6380" */
};

/* By the file that was read, and the URL of the server. Clear it. */
void status_words_read(struct status_words *w, const struct config *config);
void status_words_clear(struct status_words *w);

/* The remedy with these for its "redkeep" and "redis-cli". Caller frees. */
char *status_words_put(const struct status_words *w, const char *remedy);

#endif
