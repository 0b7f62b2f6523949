#include "jobs/doctor_server.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Can be multiplied by a little. */
#define NUMBER_MAX (INT64_MAX / 1024)

void
doctor_server_set(struct doctor_finding *f, const struct doctor_scene *scene,
                  const char *setting, const char *wanted)
{
    char *word = text_shell_word(wanted);

    doctor_about(f, setting, doctor_setting(scene, setting), wanted);
    doctor_remedy(f, "redis-cli CONFIG SET %s %s", setting, word);
    f->runtime = true;
    free(word);
}

void
doctor_server_not_now(struct doctor_finding *f, const char *why)
{
    char *longer = text_format("%s; --apply does not: %s", f->text, why);

    free(f->text);
    f->text = longer;
    f->runtime = false;
}

void
doctor_server_restart(struct doctor_finding *f,
                      const struct doctor_scene *scene, const char *setting,
                      const char *wanted)
{
    const char *file = scene->info->config_file;
    char *word;

    doctor_about(f, setting, doctor_setting(scene, setting), wanted);
    if (file[0] == '\0') {
        doctor_remedy(f, "start the server with --%s %s", setting, wanted);
        return;
    }
    word = text_shell_word(file);
    doctor_remedy(f, "echo '%s %s' >> %s # then restart the server", setting,
                  wanted, word);
    free(word);
}

bool
doctor_server_is(const struct doctor_scene *scene, const char *setting,
                 const char *value)
{
    const char *told = doctor_setting(scene, setting);

    return told != NULL && strcmp(told, value) == 0;
}

int64_t
doctor_server_number(const struct doctor_scene *scene, const char *setting)
{
    const char *told = doctor_setting(scene, setting);
    uint64_t number;

    if (told == NULL || !text_number(told, NUMBER_MAX, &number))
        return -1;
    return (int64_t)number;
}

bool
doctor_server_release(const struct doctor_scene *scene, struct release *release)
{
    if (!release_read(release, scene->info->version))
        return false;
    release->valkey = scene->info->valkey;
    return true;
}

bool
doctor_server_is_sentinel(const struct doctor_scene *scene)
{
    return scene->info_text != NULL &&
           strstr(scene->info_text, "redis_mode:sentinel\r") != NULL;
}

bool
doctor_server_is_cache(const struct doctor_scene *scene)
{
    const char *policy = doctor_setting(scene, "maxmemory-policy");

    return policy != NULL && strncmp(policy, "allkeys-", 8) == 0 &&
           doctor_server_is(scene, "save", "") &&
           doctor_server_is(scene, "appendonly", "no") &&
           doctor_server_number(scene, "maxmemory") > 0 &&
           doctor_number(scene, "connected_slaves") <= 0 && !scene->jobs_found;
}

/* An address of the setting bind; one with "-" before it may be missing. */
static bool
is_loopback(const char *address)
{
    address += *address == '-';
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
           strcmp(address, "localhost") == 0;
}

bool
doctor_server_is_open(const struct doctor_scene *scene)
{
    const char *bind = doctor_setting(scene, "bind");
    char *all, *rest, *word;
    bool open;

    if (bind == NULL || (doctor_server_number(scene, "port") <= 0 &&
                         doctor_server_number(scene, "tls-port") <= 0))
        return false;
    rest = all = memory_dup(bind);
    open = *bind == '\0';
    while ((word = strsep(&rest, " ")) != NULL)
        open = open || (*word != '\0' && !is_loopback(word));
    free(all);
    return open;
}

doctor_rule *const doctor_rules_server[] = {
    doctor_server_sentinel,
    doctor_server_appendonly,
    doctor_server_save,
    doctor_server_settings,
    doctor_server_rewrite,
    doctor_server_shutdown,
    doctor_server_status,
    doctor_server_unwritten,
    doctor_server_maxmemory,
    doctor_server_policy,
    doctor_server_headroom,
    doctor_server_evicted,
    doctor_server_refused,
    doctor_server_fragmented,
    doctor_server_big_keys,
    doctor_server_password,
    doctor_server_protected,
    doctor_server_bind,
    doctor_server_tls,
    doctor_server_commands,
    doctor_server_renamed,
    doctor_server_empty_primary,
    doctor_server_replicas,
    doctor_server_link,
    doctor_server_clients,
    doctor_server_timeout,
    doctor_server_known_bugs,
    doctor_server_slow_log,
    doctor_server_fork,
    doctor_server_fsync,
    NULL,
};
