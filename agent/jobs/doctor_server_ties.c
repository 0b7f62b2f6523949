#include "jobs/doctor_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    CLIENTS_USUAL = 10000,
    CLIENTS_FULL_PERCENT = 80,
    TIMEOUT_SHORT_SECONDS = 60,
    HUNDRED = 100,
};

static bool
is_primary(const struct doctor_scene *scene)
{
    return strcmp(scene->info->role, "master") == 0;
}

void
doctor_server_sentinel(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (!doctor_server_is_sentinel(scene))
        return;
    f = doctor_add(all, "is_sentinel", DOCTOR_ERROR, DOCTOR_SERVER,
                   "this is a sentinel, which holds no data: have redkeep look"
                   " at the server that it watches (--redis)");
    doctor_remedy(f, "redis-cli SENTINEL MASTERS");
}

void
doctor_server_replicas(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    if (is_primary(scene) && doctor_number(scene, "connected_slaves") == 0)
        doctor_add(all, "no_replica", DOCTOR_INFO, DOCTOR_SERVER,
                   "no replica is connected: when this host fails, the data is"
                   " away until the newest snapshot is restored elsewhere");
}

/*
 * A primary that comes back empty makes its replicas copy that.
 */
void
doctor_server_empty_primary(const struct doctor_scene *scene,
                            struct doctor_findings *all)
{
    int64_t replicas = doctor_number(scene, "connected_slaves");
    struct doctor_finding *f;

    if (!is_primary(scene) || replicas <= 0 ||
        !doctor_server_is(scene, "appendonly", "no") ||
        !doctor_server_is(scene, "save", ""))
        return;
    f = doctor_add(all, "empty_primary", DOCTOR_ERROR, DOCTOR_SERVER,
                   "this primary keeps nothing on disk and has %lld replica%s:"
                   " when it is restarted%s, it comes back empty, and they copy"
                   " that and lose everything too",
                   (long long)replicas, replicas == 1 ? "" : "s",
                   scene->restarts == 1 ? ", as its unit does by itself" : "");
    doctor_server_set_aof(f, scene);
}

void
doctor_server_link(const struct doctor_scene *scene,
                   struct doctor_findings *all)
{
    struct doctor_finding *f;

    if (scene->info->link_up)
        return;
    f = doctor_add(all, "primary_away", DOCTOR_ERROR, DOCTOR_SERVER,
                   "this replica has no link to its primary: what it holds gets"
                   " older, and snapshots of it with it");
    doctor_remedy(f, "redis-cli INFO replication");
}

static int64_t
choose_clients(int64_t most)
{
    return most < CLIENTS_USUAL / 2 ? CLIENTS_USUAL : most * 2;
}

void
doctor_server_clients(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t most = doctor_server_number(scene, "maxclients");
    int64_t now = scene->info->connected_clients;
    int64_t refused = doctor_number(scene, "rejected_connections");
    struct doctor_finding *f;
    char *text;

    if (most <= 0 ||
        (refused <= 0 && (now < most * CLIENTS_FULL_PERCENT / HUNDRED)))
        return;
    f = refused > 0
            ? doctor_add(all, "clients_refused", DOCTOR_WARNING, DOCTOR_SERVER,
                         "%lld connection%s refused since the server started:"
                         " maxclients is %lld",
                         (long long)refused, refused == 1 ? " was" : "s were",
                         (long long)most)
            : doctor_add(all, "clients_many", DOCTOR_WARNING, DOCTOR_SERVER,
                         "%lld of %lld clients are connected: the next ones are"
                         " refused",
                         (long long)now, (long long)most);
    text = text_format("%lld", (long long)choose_clients(most));
    doctor_server_set(f, scene, "maxclients", text);
    free(text);
}

void
doctor_server_timeout(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t seconds = doctor_server_number(scene, "timeout");
    struct doctor_finding *f;

    if (seconds <= 0 || seconds >= TIMEOUT_SHORT_SECONDS)
        return;
    f = doctor_add(all, "timeout_short", DOCTOR_WARNING, DOCTOR_SERVER,
                   "timeout is %lld s: clients that were quiet for so long are"
                   " cut off, and what a pool sends next on such a connection"
                   " fails; tcp-keepalive finds those that are gone",
                   (long long)seconds);
    doctor_server_set(f, scene, "timeout", "0");
}

/* Releases of Redis from the first up to, but without, the second. */
static const struct bug {
    struct release from, fixed;
    const char *what, *notes; /* the release notes of the one that has it */
} bugs[] = {
    {{.major = 0},
     {.major = 6, .minor = 2, .patch = 8},
     "it does not sync the folder when it puts a new dump in place: after a"
     " power cut the one before it may be back",
     "7.0"},
    {{.major = 7},
     {.major = 7, .patch = 3},
     "it does not sync the folder when it puts a new manifest or dump in place:"
     " after a power cut the one before it may be back",
     "7.0"},
    {{.major = 7, .patch = 3},
     {.major = 7, .patch = 5},
     "it does not sync the old AOF when a rewrite begins a new one: after a"
     " power cut what was written just before may be gone",
     "7.0"},
};

static bool
is_before(const struct release *a, const struct release *b)
{
    if (a->major != b->major)
        return a->major < b->major;
    return a->minor != b->minor ? a->minor < b->minor : a->patch < b->patch;
}

static void
judge_bugs(const struct release *r, struct doctor_findings *all)
{
    char name[RELEASE_TEXT_SIZE];
    struct doctor_finding *f;

    release_write(name, r);
    for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
        if (r->valkey || is_before(r, &bugs[i].from) ||
            !is_before(r, &bugs[i].fixed))
            continue;
        f = doctor_add(
            all, "release_loses_data", DOCTOR_WARNING, DOCTOR_SERVER,
            "%s is known to lose data: %s. Update it (release notes:"
            " https://github.com/redis/redis/blob/%s/00-RELEASENOTES)",
            name, bugs[i].what, bugs[i].notes);
        doctor_about(f, "version", name, NULL);
    }
}

/*
 * What all releases with a manifest do to an AOF that a power cut left; the
 * guard looks before they can.
 */
void
doctor_server_known_bugs(const struct doctor_scene *scene,
                         struct doctor_findings *all)
{
    struct doctor_finding *f;
    struct release r;
    char *dir;

    if (!doctor_server_release(scene, &r))
        return;
    judge_bugs(&r, all);
    if (!release_has_manifest(&r) ||
        !doctor_server_is(scene, "appendonly", "yes"))
        return;
    f = doctor_add(all, "release_traps", DOCTOR_INFO, DOCTOR_SERVER,
                   "a server of this release that starts on an AOF that a power"
                   " cut left may drop writes, or come up empty, and say"
                   " little; have redkeep guard look before each start"
                   " (docs/guide/guard.md)");
    dir = text_shell_word(scene->data_dir != NULL ? scene->data_dir : "DIR");
    doctor_remedy(f, "redkeep guard --data-dir %s", dir);
    free(dir);
}
