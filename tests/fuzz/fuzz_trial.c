/*
 * What a private server says, and the commands of an AOF whose keys a drill
 * looks for: whatever the bytes are, the words are text, the same however they
 * arrive, and no key is found that was not there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "jobs/drill_touch.h"
#include "jobs/trial_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
hear(const char *bytes, size_t size, size_t cut)
{
    struct trial_log whole = {0}, pieces = {0};

    trial_log_take(&whole, bytes, size);
    trial_log_end(&whole);
    trial_log_take(&pieces, bytes, cut);
    trial_log_take(&pieces, bytes + cut, size - cut);
    trial_log_end(&pieces);
    for (const char *p = whole.words; *p != '\0'; p++)
        if (*p < ' ' || *p > '~')
            abort();
    if (strcmp(whole.words, pieces.words) != 0 || whole.lossy != pieces.lossy ||
        whole.empty_keys != pieces.empty_keys)
        abort();
}

static void
touch(const uint8_t *bytes, size_t size)
{
    struct error e = {0};
    struct drill_pass p = {0};
    int fd = file_memory("commands", bytes, size, &e);
    size_t left = 0;

    for (int i = 0; i < DRILL_PASS_EACH; i++) {
        p.sample[i % 3][i].name = memory_copy("abcdefgh", 1 + (size_t)i % 8);
        p.sample[i % 3][i].name_size = 1 + (uint32_t)i % 8;
    }
    if (fd < 0 || drill_touch_remove(&p, fd, 0, size, NULL, &e) != 0)
        abort();
    for (int i = 0; i < DRILL_PASS_EACH; i++)
        left += p.sample[i % 3][i].name != NULL;
    if (size == 0 && left != DRILL_PASS_EACH)
        abort();
    drill_pass_clear(&p);
    close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    hear((const char *)bytes, size, size > 0 ? bytes[0] % size : 0);
    touch(bytes, size);
    return 0;
}
