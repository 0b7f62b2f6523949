/*
 * pin.h - a live dataset held still: its files open, the length of the growing
 * one taken once, whose they are proven. No fork is asked for an AOF and no
 * setting is changed; a rewrite may run meanwhile.
 */
#ifndef JOBS_PIN_H
#define JOBS_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "formats/dataset.h"
#include "formats/report.h"
#include "jobs/instance.h"
#include "jobs/progress.h"
#include "repo/catalog.h"

struct pin_options {
    struct dataset_names names;
    bool bgsave;         /* ask for a fresh RDB in any case */
    uint64_t max_age_ms; /* an older dump with unsaved changes asks too; 0 no */
    const struct progress *progress;
};

struct pin {
    struct dataset dataset;
    enum catalog_bound bound;
    uint64_t *lengths; /* of dataset.files: what was there */
    uint64_t *cuts;    /* of dataset.files: what is to be kept */
    int64_t taken_ms;  /* when the lengths were taken */
    struct info info;  /* as of then; meaningless without a server */
    bool has_info;
    struct error stale; /* why the fresh RDB by max_age could not be had */
};

/*
 * Pins the dataset of i. What was acknowledged before the call is within the
 * lengths. Findings: an unsettled buffer, a dump that could not be refreshed.
 * ERROR_CHANGED: files or server changed too often; begin again.
 */
int pin_open(struct pin *p, struct instance *i,
             const struct pin_options *options, struct report *report,
             struct error *e);

void pin_close(struct pin *p);

#endif
