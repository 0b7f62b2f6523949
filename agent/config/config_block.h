/*
 * config_block.h - begins sections that have a name; for config_file.c.
 */
#ifndef CONFIG_CONFIG_BLOCK_H
#define CONFIG_CONFIG_BLOCK_H

#include "base/error.h"
#include "config/config.h"

/*
 * Adds "[kind name]" with its presets; borrowed, until the next is added. NULL:
 * ERROR_USAGE, the name is bad, reserved, or taken.
 */
struct config_block *config_block_add(struct config *c, const char *kind,
                                      const char *name, unsigned line,
                                      struct error *e);

#endif
