/*
 * rdb_members.h - sets and hashes as so many strings: each member or field may
 * come once only, which is looked at with --deep; and fields with an expiry.
 */
#ifndef FORMATS_RDB_MEMBERS_H
#define FORMATS_RDB_MEMBERS_H

#include <stdbool.h>

#include "formats/rdb_read.h"

/* Around the members of a set or sorted set; nothing without --deep. */
void rdb_members_begin(struct rdb_read *r);
void rdb_members_end(struct rdb_read *r);

/* A set (strings is 1) or hash (2). */
bool rdb_members_walk(struct rdb_read *r, unsigned strings);

/* Fields with times of Redis; before 7.4 was final, without a common base. */
bool rdb_members_walk_times(struct rdb_read *r, unsigned has_base);

/* The least expiry, and a listpack. kind: of enum rdb_packed_kind. */
bool rdb_members_walk_packed(struct rdb_read *r, unsigned kind);

/* Fields with times of Valkey: name, value, time. */
bool rdb_members_walk_valkey(struct rdb_read *r, unsigned detail);

#endif
