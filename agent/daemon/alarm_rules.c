#include "daemon/alarm_rules.h"

#include <stdarg.h>
#include <stdio.h>

const struct alarm_rule_name alarm_rules[ALARM_RULES] = {
    {"server_away", alarm_server_away},
    {"server_restarted", alarm_server_restarted},
    {"hit_rate", alarm_server_hit_rate},
    {"errors", alarm_server_errors},
    {"reconnects", alarm_server_reconnects},
    {"memory", alarm_server_memory},
    {"evictions", alarm_server_evictions},
    {"fragmentation", alarm_server_fragmentation},
    {"aof_grown", alarm_data_aof_grown},
    {"save_failed", alarm_data_save_failed},
    {"rewrite_failed", alarm_data_rewrite_failed},
    {"aof_write_error", alarm_data_aof_write_error},
    {"dump_stale", alarm_data_dump_stale},
    {"disk_low", alarm_data_disk_low},
    {"log_behind", NULL},
    {"log_gap", NULL},
    {"snapshot_overdue", alarm_data_snapshot_overdue},
    {"snapshot_failed", alarm_data_snapshot_failed},
    {"drill_overdue", alarm_data_drill_overdue},
    {"drill_failed", alarm_data_drill_failed},
    {"dataset_collapsed", alarm_data_collapsed},
    {"directory_unproven", alarm_data_unproven},
    {"server_config_changed", alarm_server_config_changed},
    {"queue_failed", alarm_queue_failed},
    {"counters", alarm_counters},
};

void
alarm_rules_raise(struct alarm_finding *found, double value, double threshold,
                  const char *format, ...)
{
    va_list arguments;

    found->verdict = ALARM_ON;
    found->value = value;
    found->threshold = threshold;
    va_start(arguments, format);
    vsnprintf(found->text, sizeof found->text, format, arguments);
    va_end(arguments);
}

bool
alarm_rules_reaches(const struct alarm_scene *scene, double value,
                    double threshold)
{
    return value >= (scene->before->raised ? threshold * 0.98 : threshold);
}

bool
alarm_rules_is_told(const struct alarm_scene *scene)
{
    const struct server_view *server = scene->server;

    return server->state == SERVER_CONNECTED && server->info_ms >= 0 &&
           !server->info.loading;
}

bool
alarm_rules_may_clear(const struct alarm_scene *scene, int64_t after_ms)
{
    return scene->before->since_ms >= scene->started_ms ||
           scene->now_ms - scene->started_ms >= after_ms;
}
