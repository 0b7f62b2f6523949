/*
 * file_json.h - one of files[] of the contract.
 */
#ifndef TOOLS_FILE_JSON_H
#define TOOLS_FILE_JSON_H

#include <jansson.h>

#include "formats/judge.h"

json_t *file_json_make(const struct judge_file *f);

/* "manifest", "aof", "rdb". */
const char *file_json_kind(const struct judge_file *f);

#endif
