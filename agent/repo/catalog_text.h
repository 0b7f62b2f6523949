/*
 * catalog_text.h - bytes and nanoseconds as text in JSON.
 *
 * JSON holds UTF-8 only, names of files any bytes. So '%', control characters
 * and every byte that is not part of well-formed UTF-8 are written as '%' and
 * two capital hex digits, all else as it is. Reading takes any %XX but %00.
 */
#ifndef REPO_CATALOG_TEXT_H
#define REPO_CATALOG_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Both return a new string; decode gives NULL for a malformed %. */
char *catalog_text_encode(const char *bytes);
char *catalog_text_decode(const char *text);

/* "2026-11-20T11:30:00.123456789Z", the fraction only if not zero. */
enum { CATALOG_TEXT_TIME_SIZE = 48 };
void catalog_text_write_ns(char out[CATALOG_TEXT_TIME_SIZE], int64_t ns);
bool catalog_text_read_ns(const char *text, int64_t *ns);

#endif
