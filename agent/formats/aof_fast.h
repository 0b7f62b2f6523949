/*
 * aof_fast.h - commands as servers write them, many gigabytes a second.
 * Private to aof.
 */
#ifndef FORMATS_AOF_FAST_H
#define FORMATS_AOF_FAST_H

#include "formats/aof_item.h"

/*
 * Takes the complete commands that lie in the window in their plain form
 * ("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") and stops before anything else: an
 * annotation, a fault, the last bytes of the window.
 */
void aof_fast_commands(struct aof_item_scan *a);

#endif
