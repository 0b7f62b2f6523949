/* The text of INFO: numbers are numbers, texts end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "redis/info.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
check_text(const char *text, size_t size)
{
    if (memchr(text, '\0', size) == NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size);
    struct info i;

    info_read(&i, text);
    check_text(i.version, sizeof i.version);
    check_text(i.run_id, sizeof i.run_id);
    check_text(i.config_file, sizeof i.config_file);
    check_text(i.role, sizeof i.role);
    check_text(i.replication_id, sizeof i.replication_id);
    check_text(i.maxmemory_policy, sizeof i.maxmemory_policy);
    check_text(i.used_memory_human, sizeof i.used_memory_human);
    if (i.keys < 0 || i.expires < 0)
        abort();
    free(text);
    return 0;
}
