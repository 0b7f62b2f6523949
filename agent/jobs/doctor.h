/*
 * doctor.h - the production checklist: what is judged, and what is found.
 *
 * A scene is gathered once (doctor_gather); rules only look at it. What could
 * not be told is unknown and never a finding; that it could not is told once,
 * by the gathering, as a finding of severity info.
 */
#ifndef JOBS_DOCTOR_H
#define JOBS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "jobs/conf.h"
#include "redis/info.h"
#include "redis/survey.h"
#include "repo/catalog.h"
#include "repo/storage.h"

enum doctor_severity { DOCTOR_INFO, DOCTOR_WARNING, DOCTOR_ERROR };
enum doctor_scope { DOCTOR_SERVER, DOCTOR_HOST, DOCTOR_REPOSITORY };

/* Texts are the list's. */
struct doctor_finding {
    const char *code; /* "appendonly_off"; one rule, one code; static */
    enum doctor_severity severity;
    enum doctor_scope scope;
    char *setting; /* of the server or the kernel, by its own name; or NULL */
    char *value, *wanted; /* as the setting is written; or NULL */
    char *text;           /* what was found, and why it matters */
    char *remedy;         /* the exact command; or NULL */
    bool runtime;         /* --apply can do it: CONFIG SET setting wanted */
    bool applied;
};

struct doctor_findings {
    struct doctor_finding *items;
    size_t count;
};

/* What is known; a member that is not known is NULL, -1 or "". */
struct doctor_scene {
    /* The server. */
    const struct info *info; /* all of it unknown where it is away */
    const char *info_text; /* of INFO everything, for what struct info lacks */
    const struct survey_settings *settings; /* CONFIG GET * */
    enum survey_stranger stranger;
    bool jobs_found;  /* queues of BullMQ, Sidekiq, Celery or RQ are in it */
    const char *jobs; /* of which of them; NULL where nobody looked */
    bool local;       /* it runs on this host: its host rules apply */
    int64_t memory_bytes;    /* of its host or control group, the least; -1 */
    int64_t slow_commands;   /* in its slow log; -1 */
    const struct conf *conf; /* its file, as it is now */
    int restarts;     /* a supervisor starts it again by itself: 1, 0; -1 */
    const char *gone; /* commands it does not have, " FLUSHALL KEYS"; NULL */
    /* The host. */
    const char *root; /* before /proc and /sys; "" but in tests */
    int64_t pid;      /* the server's process here; -1 */
    const char *data_dir;
    bool dir_known; /* that is the folder as we see it, whoever sees another */
    const struct doctor_host *host; /* NULL: nothing is known of it */
    /* The repository. */
    const struct doctor_repository *repository; /* NULL: not looked for */
    const struct storage *storage;              /* NULL: there is none yet */
    const struct catalog *catalog;
    const char *repo;       /* as configured */
    const char *repo_error; /* why storage is NULL */
    int64_t now_ms;
    const struct config *config;
};

/* A setting of CONFIG GET, as the server writes it; NULL: not told. */
const char *doctor_setting(const struct doctor_scene *scene, const char *name);

/* A number of INFO ("latest_fork_usec"); -1: not told. */
int64_t doctor_number(const struct doctor_scene *scene, const char *name);

/* Adds a finding; texts are copied, text is a format. */
struct doctor_finding *doctor_add(struct doctor_findings *all, const char *code,
                                  enum doctor_severity severity,
                                  enum doctor_scope scope, const char *format,
                                  ...) __attribute__((format(printf, 5, 6)));

/* What it is about: any may be NULL; the text of remedy is a format. */
void doctor_about(struct doctor_finding *found, const char *setting,
                  const char *value, const char *wanted);
void doctor_remedy(struct doctor_finding *found, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Texts are the caller's to print; by number. */
extern const char *const doctor_severity_names[]; /* "error" */
extern const char *const doctor_scope_names[];    /* "server" */

/* All rules: adds to what is there; by scope, the worst first. */
void doctor_judge(const struct doctor_scene *scene,
                  struct doctor_findings *all);

void doctor_clear(struct doctor_findings *all);

typedef void doctor_rule(const struct doctor_scene *scene,
                         struct doctor_findings *all);

/* The rules of a scope, NULL-terminated: doctor_server*.c and so on. */
extern doctor_rule *const doctor_rules_server[];
extern doctor_rule *const doctor_rules_host[];
extern doctor_rule *const doctor_rules_repository[];

#endif
