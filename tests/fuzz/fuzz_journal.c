/* Any bytes as the journal of a data directory; what can be read is written
 * again and is the same. */
#include "jobs/journal.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/journal_text.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* Nothing in it leaves the data directory. */
static void
check_set(const struct journal_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->files[i].path[0] == '/' || set->files[i].path[0] == '\0' ||
            strstr(set->files[i].path, "../") != NULL)
            abort();
    if (set->folder != NULL &&
        (set->folder[0] == '/' || strstr(set->folder, "..") == set->folder))
        abort();
}

int
LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    struct journal j, again;
    struct error e = {0};
    char *text, *twice;
    size_t length, twice_length;

    if (journal_read(&j, (const char *)bytes, size, &e) != 0)
        return 0;
    check_set(&j.leaves);
    check_set(&j.comes);
    text = journal_text_write(&j, &length);
    if (journal_read(&again, text, length, &e) != 0)
        abort();
    twice = journal_text_write(&again, &twice_length);
    if (length != twice_length || memcmp(text, twice, length) != 0)
        abort();
    free(text);
    free(twice);
    journal_clear(&j);
    journal_clear(&again);
    return 0;
}
