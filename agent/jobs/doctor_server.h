/*
 * doctor_server.h - the rules on the server, by topic, and what they share; for
 * doctor_server*.c. Each setting is judged by itself.
 */
#ifndef JOBS_DOCTOR_SERVER_H
#define JOBS_DOCTOR_SERVER_H

#include "formats/release.h"
#include "jobs/doctor.h"

/* The finding is about this setting, and CONFIG SET mends it. */
void doctor_server_set(struct doctor_finding *f,
                       const struct doctor_scene *scene, const char *setting,
                       const char *wanted);

/* That, but not by --apply, and why not: now it would do harm. */
void doctor_server_not_now(struct doctor_finding *f, const char *why);

/* The same for one that a server reads only when it starts. */
void doctor_server_restart(struct doctor_finding *f,
                           const struct doctor_scene *scene,
                           const char *setting, const char *wanted);

/* Whether the server has this setting, and it is this. */
bool doctor_server_is(const struct doctor_scene *scene, const char *setting,
                      const char *value);

/* A setting that is a number; -1: not told. */
int64_t doctor_server_number(const struct doctor_scene *scene,
                             const char *setting);

bool doctor_server_release(const struct doctor_scene *scene,
                           struct release *release);

/* Whether it keeps nothing, drops what does not fit, and holds no jobs: a cache
 * alone, that is well so. */
bool doctor_server_is_cache(const struct doctor_scene *scene);

/* Of the servers' program, but without any data; most commands are missing. */
bool doctor_server_is_sentinel(const struct doctor_scene *scene);

/* Whether TCP is listened to beyond loopback; false where it is not told. */
bool doctor_server_is_open(const struct doctor_scene *scene);

/* doctor_server_settings.c: those that are right or wrong by themselves */
doctor_rule doctor_server_settings;

/* doctor_server_data.c: what is on disk after a crash */
void doctor_server_set_aof(struct doctor_finding *f,
                           const struct doctor_scene *scene);
doctor_rule doctor_server_appendonly, doctor_server_save, doctor_server_rewrite,
    doctor_server_shutdown, doctor_server_status, doctor_server_unwritten;

/* doctor_server_memory.c; the maxmemory that is right: three quarters of what
 * there is, and never below 1.5 times what is used. -1: it cannot be told. */
int64_t doctor_server_limit(const struct doctor_scene *scene);
doctor_rule doctor_server_maxmemory, doctor_server_policy,
    doctor_server_headroom, doctor_server_evicted, doctor_server_refused,
    doctor_server_fragmented, doctor_server_big_keys;

/* doctor_server_access.c: who may do what */
doctor_rule doctor_server_password, doctor_server_bind, doctor_server_protected,
    doctor_server_tls, doctor_server_commands, doctor_server_renamed;

/* doctor_server_ties.c: replicas, clients, the release */
doctor_rule doctor_server_sentinel, doctor_server_replicas,
    doctor_server_empty_primary, doctor_server_link, doctor_server_clients,
    doctor_server_timeout, doctor_server_known_bugs;

/* doctor_server_speed.c */
doctor_rule doctor_server_slow_log, doctor_server_fork, doctor_server_fsync;

#endif
