/*
 * What a child of the agent reports of its counters may be anything, for it
 * reads what others print: what is taken is of the expected form, and what is
 * unclear is explained.
 */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/tally_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
judge(const struct tally_report *r)
{
    bool unclear = r->state == TALLY_UNCLEAR;

    if (!json_is_array(r->items) || !json_is_array(r->warnings) ||
        !json_is_array(r->behind))
        abort();
    if (unclear != (r->checked < 0) || unclear != (r->inconsistent < 0))
        abort();
    if (unclear && (*r->text == '\0' || json_array_size(r->warnings) == 0))
        abort();
}

/* The first byte is the exit status. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct worker_outcome outcome = {0};
    struct tally_report r;

    if (size == 0)
        return 0;
    outcome.exit_status = bytes[0] % 5;
    outcome.report = json_loadb((const char *)bytes + 1, size - 1,
                                JSON_REJECT_DUPLICATES, NULL);
    tally_report_read(&r, "a", &outcome);
    judge(&r);
    tally_report_clear(&r);
    json_decref(outcome.report);
    return 0;
}
