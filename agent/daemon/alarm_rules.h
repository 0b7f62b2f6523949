/*
 * alarm_rules.h - one rule for each alarm, in one table. A rule looks at plain
 * views and says on, off, or that it does not know: unknown neither raises nor
 * clears.
 */
#ifndef DAEMON_ALARM_RULES_H
#define DAEMON_ALARM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "daemon/alarm.h"
#include "daemon/alarm_window.h"
#include "daemon/plan.h"
#include "daemon/queue_watch.h"
#include "daemon/repository.h"
#include "daemon/server.h"
#include "daemon/tally.h"
#include "daemon/watch.h"

enum { ALARM_RULES = 25 };

/* What rules remember from one look to the next. */
struct alarm_memory {
    struct alarm_window errors, reconnects, hits, lookups, evictions, keys;
    double keys_before; /* they fell from; 0: they did not */
    int64_t keys_fell_ms;
    char *dir, *dbfilename; /* the server's; NULL: not told yet */
    char *new_dir, *new_dbfilename;
    int64_t settings_changed_ms;
};

/* What rules look at. */
struct alarm_scene {
    const struct config *config;
    const struct server_view *server;
    const struct watch_view *watch;
    const struct repository_view *repository;
    const struct plan_view *snapshot, *verify, *drill;
    const struct queue_watch_view *queues;
    const char *dump_problem;
    const struct tally_view *counters; /* so many sets */
    size_t counter_sets;
    int64_t started_ms, now_ms;
    /* alarm_judge's: */
    struct alarm_memory *memory;
    const struct alarm *before; /* the alarm as it stands */
};

enum alarm_verdict { ALARM_UNKNOWN, ALARM_OFF, ALARM_ON };

struct alarm_finding {
    enum alarm_verdict verdict;
    double value, threshold; /* NAN: none */
    char text[240];
};

typedef void alarm_rule(const struct alarm_scene *scene,
                        struct alarm_finding *found);

extern const struct alarm_rule_name {
    const char *name;
    alarm_rule *judge; /* NULL: what it looks at is not built; never raised */
} alarm_rules[ALARM_RULES];

/* Judges all; alarm_look with views that the caller has filled. */
void alarm_judge(struct alarms *all, const struct alarm_scene *scene);

/* Says on, with what is found. */
void alarm_rules_raise(struct alarm_finding *found, double value,
                       double threshold, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Whether a value has reached its threshold; a raised alarm goes only when it
 * has left it by 2 %, so that one at its edge does not come and go.
 */
bool alarm_rules_reaches(const struct alarm_scene *scene, double value,
                         double threshold);

/*
 * Whether what the server told last is still so: it is connected, and has its
 * data.
 */
bool alarm_rules_is_told(const struct alarm_scene *scene);

/*
 * Whether an alarm that was raised by the process before ours may be cleared
 * by what we know: after so long.
 */
bool alarm_rules_may_clear(const struct alarm_scene *scene, int64_t after_ms);

/* The rules, by what they look at: alarm_server.c, alarm_data.c and so on. */
alarm_rule alarm_server_away, alarm_server_restarted, alarm_server_hit_rate,
    alarm_server_errors, alarm_server_reconnects, alarm_server_memory,
    alarm_server_evictions, alarm_server_fragmentation,
    alarm_server_config_changed;
alarm_rule alarm_data_aof_grown, alarm_data_save_failed,
    alarm_data_rewrite_failed, alarm_data_aof_write_error,
    alarm_data_dump_stale, alarm_data_disk_low, alarm_data_collapsed,
    alarm_data_unproven;
alarm_rule alarm_data_snapshot_overdue, alarm_data_snapshot_failed,
    alarm_data_drill_overdue, alarm_data_drill_failed;
alarm_rule alarm_queue_failed;
alarm_rule alarm_counters;

#endif
