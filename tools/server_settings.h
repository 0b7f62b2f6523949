/*
 * server_settings.h - the options that say which server a command judges for:
 * its release and the settings that decide what it does with its files.
 */
#ifndef TOOLS_SERVER_SETTINGS_H
#define TOOLS_SERVER_SETTINGS_H

#include "command.h"
#include "formats/judge.h"

/* For the table of options of a command that takes them. */
/* clang-format off */
#define SERVER_SETTINGS_OPTIONS \
    {"deep", NULL, "look into every value, and for keys twice"}, \
    {"server-version", "RELEASE", "e.g. 7.0.15 or valkey-8.1.1"}, \
    {"appendonly", "yes|no|auto", "the server's setting (auto)"}, \
    {"aof-load-truncated", "yes|no", "the server's setting (yes)"}, \
    {"databases", "N", "the server's setting (16)"}, \
    {"appendfilename", "NAME", "the server's (appendonly.aof)"}, \
    {"appenddirname", "NAME", "the server's (appendonlydir)"}, \
    {"dbfilename", "NAME", "the server's setting (dump.rdb)"}
/* clang-format on */

/* Reads them; what is not given is as the newest server has it by default.
 * Texts are borrowed from in. */
int server_settings_read(struct judge_options *o, const struct invocation *in,
                         struct error *e);

/* What was given of them, for a command to paste: " --deep --databases 4".
 * The caller frees it. */
char *server_settings_words(const struct invocation *in);

#endif
