/*
 * server_command.h - which commands servers know, with how many words, and since
 * which release. For commands of modules and renamed ones nobody can know.
 */
#ifndef FORMATS_SERVER_COMMAND_H
#define FORMATS_SERVER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/release.h"

/* Commands of one name; none: rows is NULL. */
struct server_command {
    const struct server_command_row *rows;
    size_t count;
};

/* The longest name that any server has, a subcommand's included. */
enum { SERVER_COMMAND_NAME_MAX = 48 };

/*
 * Finds a command in any case. name need not be terminated; of a size from
 * SERVER_COMMAND_NAME_MAX on, not a byte is read.
 */
struct server_command server_command_find(const char *name, size_t size);

/* Finds "xgroup|create", in the same way. */
struct server_command server_command_find_part(const char *name, size_t size,
                                               const char *part,
                                               size_t part_size);

/* The name in lower case; "" if there is none. */
const char *server_command_name(struct server_command c);

/* Whether it has subcommands, and is none without. */
bool server_command_is_container(struct server_command c);

/*
 * How many words a command of that release may have, its name included; r NULL:
 * of any release. false: that release does not know it. Releases outside the
 * table are taken for the nearest in it.
 */
bool server_command_words(struct server_command c, const struct release *r,
                          uint64_t *least, uint64_t *most);

/* Which releases know it: "redis 6.2, valkey 7.2". */
enum { SERVER_COMMAND_RELEASES_SIZE = 80 };
void server_command_write_releases(char out[SERVER_COMMAND_RELEASES_SIZE],
                                   struct server_command c);

/* Whether it looks like a module's: "JSON.SET". */
bool server_command_is_of_module(const char *name, size_t size);

#endif
