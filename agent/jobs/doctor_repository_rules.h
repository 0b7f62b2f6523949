/*
 * doctor_repository_rules.h - the rules on the repository, by topic; for
 * doctor_repository*.c.
 */
#ifndef JOBS_DOCTOR_REPOSITORY_RULES_H
#define JOBS_DOCTOR_REPOSITORY_RULES_H

#include "jobs/doctor.h"
#include "jobs/doctor_repository.h"

/* doctor_repository_place.c: the folder and what it lies on. */
doctor_rule doctor_repository_there, doctor_repository_inside,
    doctor_repository_disk, doctor_repository_volume, doctor_repository_space,
    doctor_repository_open, doctor_repository_owner, doctor_repository_other;

/* doctor_repository_content.c: what is in it, and what becomes of it. */
doctor_rule doctor_repository_newest, doctor_repository_age,
    doctor_repository_broken, doctor_repository_unbound,
    doctor_repository_drill, doctor_repository_retention,
    doctor_repository_frozen;

#endif
