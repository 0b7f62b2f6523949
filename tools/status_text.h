/*
 * status_text.h - the state of /api/status as one screen of 80 columns.
 */
#ifndef TOOLS_STATUS_TEXT_H
#define TOOLS_STATUS_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "status_wrong.h"

/*
 * Prints on standard output a state that status_shape_check found good, and
 * what is wrong with it. Colour only underlines what the words say.
 */
void status_text_print(const json_t *state, const struct status_wrongs *wrongs,
                       int64_t now_ms, bool colour);

/* Only what is wrong, and nothing if all is well. */
void status_text_print_wrongs(const struct status_wrongs *wrongs, bool colour);

#endif
