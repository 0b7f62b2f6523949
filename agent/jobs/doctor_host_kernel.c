#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "jobs/doctor_host_rules.h"
#include "jobs/doctor_server.h"

enum {
    OWN_FILES = 32,        /* that a server wants besides its clients' */
    USUAL_CLIENTS = 10000, /* maxclients, where nobody set it */
    NUMBER_SIZE = 24,
};

static void
write_number(char out[NUMBER_SIZE], int64_t number)
{
    snprintf(out, NUMBER_SIZE, "%lld", (long long)number);
}

/* What sysctl(8) prints is what sysctl.d(5) reads. */
#define LASTING \
    "; to last, put '| tee -a /etc/sysctl.d/90-redis.conf' behind it"

static void
set_kernel(struct doctor_finding *f, const char *name, int64_t is,
           int64_t wanted)
{
    char value[NUMBER_SIZE], better[NUMBER_SIZE];

    write_number(value, is);
    write_number(better, wanted);
    doctor_about(f, name, value, better);
    doctor_remedy(f, "sysctl -w %s=%s", name, better);
}

void
doctor_host_overcommit(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;

    if (h == NULL || (h->overcommit != 0 && h->overcommit != 2))
        return;
    set_kernel(doctor_add(all, "overcommit_memory", DOCTOR_WARNING, DOCTOR_HOST,
                          "vm.overcommit_memory is %lld: the kernel may refuse "
                          "the fork for a save or a rewrite although there is "
                          "memory" LASTING,
                          (long long)h->overcommit),
               "vm.overcommit_memory", h->overcommit, 1);
}

/* Servers since 6.2 take themselves out, if they may. */
static bool
is_out(const struct doctor_scene *scene)
{
    const char *out = doctor_setting(scene, "disable-thp");

    if (scene->host->process.huge_pages >= 0)
        return scene->host->process.huge_pages == 0;
    return out != NULL && strcmp(out, "yes") == 0;
}

void
doctor_host_huge_pages(const struct doctor_scene *scene,
                       struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    struct doctor_finding *f;

    if (h == NULL || h->huge_pages == NULL ||
        strcmp(h->huge_pages, "always") != 0 || is_out(scene))
        return;
    f = doctor_add(
        all, "transparent_huge_pages", DOCTOR_WARNING, DOCTOR_HOST,
        "huge pages are always given: while the server saves, each "
        "write copies 2 MiB, which takes time and memory; to last: transparent_hugepage=madvise on the "
        "kernel's command line; counts for what starts after it");
    doctor_about(f, "transparent_hugepage", h->huge_pages, "madvise");
    doctor_remedy(f,
                  "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
}

void
doctor_host_somaxconn(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    int64_t backlog = doctor_server_number(scene, "tcp-backlog");

    if (h == NULL || h->somaxconn < 0 || h->somaxconn >= backlog)
        return;
    set_kernel(
        doctor_add(all, "somaxconn_low", DOCTOR_WARNING, DOCTOR_HOST,
                   "net.core.somaxconn is %lld, and cuts the server's "
                   "tcp-backlog of %lld: clients that come all at once are "
                   "refused; counts when the server starts next" LASTING,
                   (long long)h->somaxconn, (long long)backlog),
        "net.core.somaxconn", h->somaxconn, backlog);
}

/*
 * A server that may not have enough at its start lowers maxclients to what it
 * has; one that has less later fails at accept.
 */
void
doctor_host_files(const struct doctor_scene *scene, struct doctor_findings *all)
{
    const struct doctor_host *h = scene->host;
    int64_t clients = doctor_server_number(scene, "maxclients"), wanted;
    char value[NUMBER_SIZE], better[NUMBER_SIZE];
    struct doctor_finding *f;
    bool cut;

    if (h == NULL || h->files_soft < 0 || clients < 0 || clients > INT32_MAX)
        return;
    cut = clients < USUAL_CLIENTS && h->files_soft == h->files_hard &&
          clients == h->files_hard - OWN_FILES;
    wanted = (cut ? USUAL_CLIENTS : clients) + OWN_FILES;
    if (h->files_soft >= wanted)
        return;
    f = doctor_add(all, "open_files_low", DOCTOR_WARNING, DOCTOR_HOST,
                   "the server may open %lld files, %s; to last: "
                   "LimitNOFILE=%lld in its unit",
                   (long long)h->files_soft,
                   cut ? "and has cut its maxclients to that"
                       : "maxclients and its own files are more",
                   (long long)wanted);
    write_number(value, h->files_soft);
    write_number(better, wanted);
    doctor_about(f, "nofile", value, better);
    doctor_remedy(f, "prlimit --pid %lld --nofile=%lld:%lld%s",
                  (long long)scene->pid, (long long)wanted, (long long)wanted,
                  cut ? " && redis-cli CONFIG SET maxclients 10000" : "");
}

void
doctor_host_maxmemory(const struct doctor_scene *scene,
                      struct doctor_findings *all)
{
    int64_t most = scene->info->maxmemory, good = doctor_server_limit(scene);
    char limit[TEXT_WORDS_SIZE], memory[TEXT_WORDS_SIZE];
    char value[NUMBER_SIZE], better[NUMBER_SIZE];
    struct doctor_finding *f;

    if (most <= 0 || scene->memory_bytes <= 0 ||
        most <= scene->memory_bytes / 5 * 4)
        return;
    text_write_size(limit, (uint64_t)most);
    text_write_size(memory, (uint64_t)scene->memory_bytes);
    f = doctor_add(all, "maxmemory_too_large", DOCTOR_WARNING, DOCTOR_HOST,
                   "maxmemory is %s of %s: copies of pages while it saves, "
                   "and buffers, come on top, and the kernel ends what takes "
                   "too much",
                   limit, memory);
    write_number(value, most);
    write_number(better, good);
    if (good > 0 && good < most)
        doctor_server_set(f, scene, "maxmemory", better);
    doctor_about(f, "maxmemory", value, good > 0 ? better : NULL);
}

void
doctor_host_swap(const struct doctor_scene *scene, struct doctor_findings *all)
{
    if (scene->host == NULL || scene->host->swap_bytes != 0)
        return;
    doctor_remedy(
        doctor_add(all, "swap_off", DOCTOR_INFO, DOCTOR_HOST,
                   "without swap the kernel ends the server when memory is "
                   "short, where it would be slow else"),
        "fallocate -l 4G /swapfile && chmod 600 /swapfile && mkswap /swapfile "
        "&& swapon /swapfile");
}
