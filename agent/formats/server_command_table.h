/*
 * server_command_table.h - every command of redis 6.0 to 8.8 and valkey 7.2 to 9.1,
 * as the servers themselves tell it. Private to server_command.
 */
#ifndef FORMATS_SERVER_COMMAND_TABLE_H
#define FORMATS_SERVER_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sorted by name; a name has several rows where releases differ in the number
 * of arguments. Releases are 100 * major + minor; 602 is 6.2.
 */
struct server_command_row {
    const char *name; /* lower case; of a subcommand "xgroup|create" */
    short arity;      /* words, the name too; -3: three or more */
    short redis_from, redis_until;   /* from 0: never; until 0: still there */
    short valkey_from, valkey_until; /* until is the first without it */
    bool container;                  /* "xgroup", which has subcommands */
};

extern const struct server_command_row server_command_table[];
extern const size_t server_command_table_count;

#endif
