/*
 * text.h - text to numbers, sizes, durations and times, and back.
 *
 * Parsers take the whole string or nothing: no blanks around, no sign, no
 * overflow; on false *out is not touched. Times are RFC 3339 in UTC.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_TIME_SIZE = 32, TEXT_WORDS_SIZE = 24 };

/* printf into a new string the caller frees. */
char *text_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* "12" up to max. */
bool text_number(const char *text, uint64_t max, uint64_t *out);

/* "4096", "64KiB", "64MiB", "10GiB", "2TiB": bytes. */
bool text_size(const char *text, uint64_t *bytes);

/* "500ms", "5s", "10m", "1h", "7d"; a bare number is seconds. */
bool text_duration(const char *text, uint64_t *ms);

/* "2026-11-20T11:30:00Z", a fraction of a second allowed: ms since 1970. */
bool text_time(const char *text, int64_t *ms);

/* ms since 1970 as "2026-11-20T11:30:00Z", ".123" only if not zero. */
void text_write_time(char out[TEXT_TIME_SIZE], int64_t ms);

/* bytes for people: "812 B", "1.4 KiB", "12 MiB", "1.2 GiB". */
void text_write_size(char out[TEXT_WORDS_SIZE], uint64_t bytes);

/* ms for people: "85 ms", "1.4 s", "2 min 5 s", "3 h 10 min", "4 d 2 h". */
void text_write_duration(char out[TEXT_WORDS_SIZE], uint64_t ms);

/*
 * Hostile bytes for a message: printable ASCII as it is, the rest as \xHH,
 * "..." when it does not fit. Always ends with NUL; returns out.
 */
char *text_quote(char *out, size_t size, const void *bytes, size_t count);

/* Whether text ends in suffix and has something before it. */
bool text_has_suffix(const char *text, const char *suffix);

/*
 * Text as one word of a shell's command line, without bytes that a terminal
 * obeys; the caller frees it.
 */
char *text_shell_word(const char *text);

/* Whether name is one file name: not empty, ".", "..", and without '/'. */
bool text_is_name(const char *name);

#endif
