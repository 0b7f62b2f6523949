#include "daemon/agent_words.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/agent.h"

void
agent_words_problem(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

void
agent_words_log_level(const struct config *config)
{
    /* In the order of log_level's words. */
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
                                            LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};

    log_set_level(levels[config_number(config, CONFIG_LOG_LEVEL)]);
}

void
agent_words_reloaded(struct agent *a, const struct error *why)
{
    int64_t now = clock_wall_ms();

    snprintf(a->config_error, sizeof a->config_error, "%s",
             why != NULL ? why->text : "");
    if (why != NULL) {
        log_line(LOG_LEVEL_ERROR,
                 "the configuration is bad, the old one stays in force"
                 " error=\"%s\"",
                 why->text);
        notice_tell(a->notices, now, "reload",
                    json_pack("{s:b, s:s}", "ok", 0, "error", why->text),
                    "the configuration is bad, the old one stays in force: %s",
                    why->text);
        return;
    }
    a->config_loaded_ms = now;
    log_line(LOG_LEVEL_INFO, "the configuration was read again");
    notice_tell(a->notices, now, "reload", json_pack("{s:b}", "ok", 1),
                "the configuration was read again");
}

void
agent_words_dump(struct agent *a, const char *problem)
{
    const char *path = watch_view(a->watch)->rdb_path;
    bool sound = *problem == '\0';

    if (sound)
        log_line(LOG_LEVEL_INFO, "a new dump is sound path=%s",
                 path != NULL ? path : "");
    else
        log_line(LOG_LEVEL_ERROR, "a new dump is damaged path=%s error=\"%s\"",
                 path != NULL ? path : "", problem);
    snprintf(a->dump_problem, sizeof a->dump_problem, "%s", problem);
    notice_tell(a->notices, clock_wall_ms(), "watch",
                json_pack("{s:s, s:b}", "file", "rdb", "sound", sound),
                sound ? "a new dump is sound" : "a new dump is damaged: %s",
                problem);
}

void
agent_words_service(const struct agent *a)
{
    const struct repository_view *r = repository_view(a->repository);
    char line[160], until[TEXT_TIME_SIZE] = "nothing yet";
    size_t count, raised = 0;
    const struct alarm *alarms = alarm_list(a->alarms, &count);

    for (size_t i = 0; i < count; i++)
        raised += alarms[i].raised;
    if (r->protected_ms >= 0)
        text_write_time(until, r->protected_ms);
    snprintf(line, sizeof line, "server %s; protected until %s; %zu alarm%s",
             server_state_name(server_view(a->server)->state), until, raised,
             raised == 1 ? "" : "s");
    service_status(a->service, line);
}
