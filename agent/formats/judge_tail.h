/*
 * judge_tail.h - the findings about a file's unfinished tail. Private to judge.
 */
#ifndef FORMATS_JUDGE_TAIL_H
#define FORMATS_JUDGE_TAIL_H

#include "formats/report.h"

/* Removes them for one path; report may be NULL. */
void judge_tail_take_back(struct report *report, const char *path);

#endif
