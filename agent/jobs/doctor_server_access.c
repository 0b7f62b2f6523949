#include "jobs/doctor_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { PASSWORD_MIN = 16 };

/*
 * Whether the server turns away those from elsewhere while it has no password.
 * Before 7.0 a bind line switched that off (networking.c of 6.2 and 7.0).
 */
static bool
is_protected(const struct doctor_scene *scene)
{
    struct release r;

    if (!doctor_server_is(scene, "protected-mode", "yes") ||
        !doctor_server_release(scene, &r))
        return false;
    return r.valkey || release_at_least(&r, 7, 0) ||
           doctor_server_is(scene, "bind", "");
}

static bool
has_password(const struct doctor_scene *scene)
{
    const char *password = doctor_setting(scene, "requirepass");

    return password != NULL && *password != '\0' &&
           scene->stranger == SURVEY_STRANGER_NOTHING;
}

static bool
needs_none(const struct doctor_scene *scene)
{
    return scene->stranger == SURVEY_STRANGER_SOME ||
           scene->stranger == SURVEY_STRANGER_ALL;
}

/* A certificate that the server asks for is as good as a password. */
static bool
is_defenceless(const struct doctor_scene *scene)
{
    return needs_none(scene) && doctor_server_is_open(scene) &&
           !is_protected(scene) &&
           !(doctor_server_number(scene, "port") == 0 &&
             doctor_server_is(scene, "tls-auth-clients", "yes"));
}

/* Who pastes it must have it afterwards: the server tells it to nobody. */
static void
remedy_password(struct doctor_finding *f)
{
    doctor_about(f, "requirepass", NULL, NULL);
    doctor_remedy(f, "(umask 077 && openssl rand -hex 24 >redis.password) &&"
                     " redis-cli CONFIG SET requirepass"
                     " \"$(cat redis.password)\"");
}

static void
judge_length(const struct doctor_scene *scene, struct doctor_findings *all)
{
    const char *password = doctor_setting(scene, "requirepass");
    struct doctor_finding *f;

    if (password == NULL || *password == '\0' ||
        strlen(password) >= PASSWORD_MIN)
        return;
    f = doctor_add(all, "password_short", DOCTOR_WARNING, DOCTOR_SERVER,
                   "the password of the server is shorter than %d characters:"
                   " who reaches it can try a hundred thousand a second",
                   PASSWORD_MIN);
    remedy_password(f);
}

void
doctor_server_password(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    struct doctor_finding *f;

    judge_length(scene, all);
    if (!needs_none(scene))
        return;
    if (is_defenceless(scene))
        f = doctor_add(all, "no_password", DOCTOR_ERROR, DOCTOR_SERVER,
                       "the server wants no password and listens beyond this"
                       " host: whoever reaches its port can read, change and"
                       " delete everything, and write files as its user");
    else
        f = doctor_add(all, "no_password", DOCTOR_INFO, DOCTOR_SERVER,
                       "the server wants no password: every user and every"
                       " program of its host can read and delete everything;"
                       " with one, clients must be given it");
    remedy_password(f);
}

void
doctor_server_protected(const struct doctor_scene *scene,
                        struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (!doctor_server_is(scene, "protected-mode", "no"))
        return;
    f = doctor_add(all, "protected_mode_off",
                   scene->stranger == SURVEY_STRANGER_NOTHING ? DOCTOR_INFO
                                                              : DOCTOR_WARNING,
                   DOCTOR_SERVER,
                   "protected-mode is no: without a password the server would"
                   " serve other hosts too");
    doctor_server_set(f, scene, "protected-mode", "yes");
    /* It goes by the default user alone, be all others' passwords good. */
    if (doctor_server_is_open(scene) && !has_password(scene))
        doctor_server_not_now(f, "while the default user has no password,"
                                 " clients from other hosts would be turned"
                                 " away");
}

void
doctor_server_bind(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    const char *bind = doctor_setting(scene, "bind");
    struct doctor_finding *f;

    if (!doctor_server_is_open(scene) ||
        !(*bind == '\0' || strchr(bind, '*') || strstr(bind, "0.0.0.0")))
        return;
    f = doctor_add(all, "bind_all",
                   needs_none(scene) ? DOCTOR_WARNING : DOCTOR_INFO,
                   DOCTOR_SERVER,
                   "the server listens at all addresses of its host, also those"
                   " that come later; name those that clients use");
    /* Not to be pasted as it is: that would turn all others away. */
    doctor_about(f, "bind", bind, NULL);
    doctor_remedy(f, "redis-cli CONFIG SET bind '127.0.0.1 -::1 ADDRESS'");
}

void
doctor_server_tls(const struct doctor_scene *scene, struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (!doctor_server_is_open(scene) ||
        doctor_server_number(scene, "port") <= 0)
        return;
    f = doctor_add(all, "tls_off", DOCTOR_INFO, DOCTOR_SERVER,
                   "port %lld is not encrypted and can be reached from other"
                   " hosts: passwords and data cross the network as they are",
                   (long long)doctor_server_number(scene, "port"));
    doctor_about(f, "tls-port", doctor_setting(scene, "tls-port"), NULL);
}

/* Since 7.0; "local" is for those who come by loopback or a unix socket. */
void
doctor_server_commands(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    static const struct {
        const char *setting, *means;
    } doors[] = {
        {"enable-protected-configs",
         "whoever may CONFIG SET can have it write files anywhere, which has"
         " been used to take over hosts"},
        {"enable-module-command",
         "whoever may MODULE LOAD can have it run any program code"},
        {"enable-debug-command", "whoever may DEBUG can crash or stop it"},
    };

    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
        struct doctor_finding *f;

        if (!doctor_server_is(scene, doors[i].setting, "yes"))
            continue;
        f = doctor_add(
            all, "dangerous_command",
            doctor_server_is_open(scene) ? DOCTOR_WARNING : DOCTOR_INFO,
            DOCTOR_SERVER, "%s is yes: %s", doors[i].setting, doors[i].means);
        doctor_server_restart(f, scene, doors[i].setting, "no");
    }
}

void
doctor_server_renamed(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (scene->gone == NULL || scene->gone[0] == '\0' ||
        doctor_server_is_sentinel(scene))
        return;
    f = doctor_add(all, "commands_renamed", DOCTOR_INFO, DOCTOR_SERVER,
                   "renamed or gone:%s; what is renamed and writes is in the"
                   " AOF by its new name, and no other server loads that; ACLs"
                   " do it better",
                   scene->gone);
    doctor_about(f, "rename-command", NULL, NULL);
    doctor_remedy(f, "redis-cli ACL CAT dangerous");
}
