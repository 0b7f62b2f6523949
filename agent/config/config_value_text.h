/*
 * config_value_text.h - the types of values that stay text: names, addresses,
 * lists, schedules. For config_value.c.
 */
#ifndef CONFIG_CONFIG_VALUE_TEXT_H
#define CONFIG_CONFIG_VALUE_TEXT_H

#include "base/error.h"
#include "config/config_keys.h"

/* Like config_value_read, for the types that have no number; others pass. */
int config_value_text_check(const struct config_key_info *key, const char *text,
                            struct error *e);

#endif
