/*
 * report.h - what a check found. A damaged file is a successful check with a
 * bad finding, not an error.
 *
 * A finding's code is stable ("rdb-checksum"); scripts may rely on it.
 */
#ifndef FORMATS_REPORT_H
#define FORMATS_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "formats/verdict.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
    const char *code; /* a constant */
    enum severity severity;
    char *path;
    int64_t offset; /* -1: of the file as a whole */
    char *text;
    char *remedy; /* what to do; may be "" */
};

/*
 * For remedies: PATH and DIR stand for what was judged and its data directory,
 * until report_fill.
 */
#define REPORT_RESTORE "restore a snapshot: redkeep restore latest --to DIR"
#define REPORT_REPAIR "redkeep repair PATH"
#define REPORT_MEND "mend it: " REPORT_REPAIR "; or " REPORT_RESTORE

enum { REPORT_FINDINGS_MAX = 1000 };

struct report {
    struct finding *findings;
    size_t count, capacity;
    uint64_t dropped; /* found beyond REPORT_FINDINGS_MAX */
    char *path;       /* of the file being looked at; owned */
};

/* Findings from now on are about path (copied). */
void report_about(struct report *r, const char *path);

/* Adds a finding about the present path; r may be NULL. */
void report_add(struct report *r, enum severity severity, const char *code,
                int64_t offset, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/*
 * Puts the path that was judged, and its data directory (NULL: not known), into
 * the remedies of the findings from first on, as words for a shell.
 */
void report_fill(struct report *r, size_t first, const char *path,
                 const char *directory);

/*
 * Puts options (" --deep", each with a blank before it) into the commands that
 * repair, as whoever types them means what was judged.
 */
void report_fill_options(struct report *r, const char *options);

/* Gives back what the report holds and empties it. */
void report_clear(struct report *r);

/* "info", "warning", "error". */
const char *report_severity_name(enum severity s);

#endif
