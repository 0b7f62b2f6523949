/*
 * Settings of which one value is wrong whatever else the server does.
 */
#include "jobs/doctor_server.h"

#include <string.h>

static const struct wrong {
    const char *code, *setting, *value, *wanted;
    enum doctor_severity severity;
    bool at_start; /* CONFIG SET does not take it */
    const char *why;
} wrongs[] = {
    {"appendfsync_no", "appendfsync", "no", "everysec", DOCTOR_WARNING, false,
     "when the machine fails, what was written within the last half minute and"
     " more is lost; everysec loses two seconds at most"},
    {"preamble_off", "aof-use-rdb-preamble", "no", "yes", DOCTOR_WARNING, false,
     "after a rewrite the AOF is text instead of an RDB with what came since:"
     " larger, slower to write, and a restart takes several times as long"},
    {"fsync_off_on_rewrite", "no-appendfsync-on-rewrite", "yes", "no",
     DOCTOR_WARNING, false,
     "while a save or rewrite runs nothing is synced: a machine that fails then"
     " loses all that was written since it began"},
    {"rdbcompression_off", "rdbcompression", "no", "yes", DOCTOR_WARNING, false,
     "dumps are several times as large, on this disk and on the wire to"
     " replicas"},
    {"rdbchecksum_off", "rdbchecksum", "no", "yes", DOCTOR_WARNING, true,
     "a dump that the disk damaged cannot be told from a good one; servers load"
     " it"},
    {"writes_go_on_unsaved", "stop-writes-on-bgsave-error", "no", "yes",
     DOCTOR_WARNING, false,
     "when dumps fail, writes are taken all the same and nobody notices that"
     " none of them is saved"},
    {"load_truncated_off", "aof-load-truncated", "no", "yes", DOCTOR_INFO,
     false,
     "after a power cut the server will not start until somebody mends its AOF"
     " (redkeep guard does before each start)"},
    {"keepalive_off", "tcp-keepalive", "0", "300", DOCTOR_WARNING, false,
     "clients that vanished are never noticed: their connections stay until"
     " maxclients is reached"},
    {"replica_writable", "replica-read-only", "no", "yes", DOCTOR_WARNING,
     false,
     "what is written to a replica is lost with the next full"
     " synchronization"},
    {"slow_log_off", "slowlog-log-slower-than", "-1", "10000", DOCTOR_INFO,
     false,
     "nobody can say afterwards which command it was that stalled the"
     " server"},
};

void
doctor_server_settings(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const struct wrong *w = &wrongs[i];
        struct doctor_finding *f;

        if (!doctor_server_is(scene, w->setting, w->value))
            continue;
        f = doctor_add(all, w->code, w->severity, DOCTOR_SERVER, "%s is %s: %s",
                       w->setting, w->value, w->why);
        if (w->at_start)
            doctor_server_restart(f, scene, w->setting, w->wanted);
        else
            doctor_server_set(f, scene, w->setting, w->wanted);
        if (strcmp(w->code, "writes_go_on_unsaved") == 0 &&
            !scene->info->last_bgsave_ok)
            doctor_server_not_now(f, "the last save failed, and the server"
                                     " would refuse all writes");
    }
}
