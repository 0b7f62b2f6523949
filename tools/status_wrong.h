/*
 * status_wrong.h - what is wrong by the state of /api/status, and what to do
 * about it. Nothing wrong is exit status 0 of redkeep status.
 */
#ifndef TOOLS_STATUS_WRONG_H
#define TOOLS_STATUS_WRONG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct status_wrong {
    char *text;
    char *remedy; /* the next command; NULL: none known */
};

struct status_wrongs {
    struct status_wrong *items;
    size_t count, capacity;
};

/*
 * Looks at a state that status_shape_check found good. What is unknown is not
 * wrong. status_wrong_clear when done.
 */
void status_wrong_look(struct status_wrongs *all, const json_t *state,
                       int64_t now_ms);
void status_wrong_clear(struct status_wrongs *all);

#endif
