/*
 * stats_json.h - what check --stats counted, as JSON. The fields are listed in
 * redkeep(1).
 */
#ifndef TOOLS_STATS_JSON_H
#define TOOLS_STATS_JSON_H

#include <jansson.h>

#include "formats/judge_stats.h"

/* One file's; NULL gives null. */
json_t *stats_json(const struct judge_stats *s);

/* What it says of the RDB in it. */
json_t *stats_json_rdb(const struct judge_stats *s);

#endif
