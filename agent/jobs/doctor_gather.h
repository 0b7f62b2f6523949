/*
 * doctor_gather.h - makes the scene that doctor's rules judge: asks the server,
 * looks for its process, opens the repository. Nothing is changed.
 */
#ifndef JOBS_DOCTOR_GATHER_H
#define JOBS_DOCTOR_GATHER_H

#include <stdbool.h>

#include "base/error.h"
#include "jobs/doctor.h"
#include "jobs/doctor_host.h"
#include "jobs/doctor_repository.h"
#include "redis/link.h"

struct doctor_gather_options {
    const struct config *config;
    const struct link_options *link;
    const char *root; /* before /proc and /sys; "" but in tests */
    int64_t now_ms;
};

struct doctor_gathering {
    struct doctor_scene scene; /* borrows from here and from the options */
    struct link *link;         /* NULL: no server answers */
    struct error why;          /* why none does */
    struct info info;
    char *info_text, *gone, *data_dir;
    struct survey_settings *settings;
    struct conf conf;
    struct doctor_host host;
    struct doctor_repository repository;
    struct storage storage;
    struct catalog catalog;
    struct error repository_why;
};

/*
 * Gathers. What could not be told is added to all, as findings; a server that
 * is away is one. -1 only when asked to stop. doctor_gather_clear in any case.
 */
int doctor_gather(struct doctor_gathering *g,
                  const struct doctor_gather_options *options,
                  struct doctor_findings *all, struct error *e);

void doctor_gather_clear(struct doctor_gathering *g);

#endif
