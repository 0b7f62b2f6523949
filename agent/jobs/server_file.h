/*
 * server_file.h - what a server's own configuration file (redis.conf) says of
 * where the server is and where its data lies. "key word..." a line, words
 * perhaps in quotes; what is given twice counts as given last. Files that it
 * includes are not read.
 */
#ifndef JOBS_SERVER_FILE_H
#define JOBS_SERVER_FILE_H

#include <stdbool.h>

#include "base/error.h"

enum { SERVER_FILE_MAX = 1024 * 1024 }; /* bytes */

struct server_file {
    unsigned port, tls_port; /* 0: none */
    char *address;           /* the first it binds; NULL: any */
    char *unix_socket;       /* NULL: none */
    char *dir;               /* NULL: where it was started */
    char *tls_ca, *tls_cert, *tls_key;
    bool has_password; /* requirepass, or users of its own */
    bool sentinel;     /* it is no server of data */
};

/* On failure f is empty. Clear it in any case. */
int server_file_load(struct server_file *f, const char *path, struct error *e);

/* Fills f from text. */
void server_file_read(struct server_file *f, const char *text);

void server_file_clear(struct server_file *f);

#endif
