/* Any redis.conf is read; ports stay ports, and what is kept are real texts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/server_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size);
    struct server_file f;

    server_file_read(&f, text);
    if (f.port > 65535 || f.tls_port > 65535)
        abort();
    if ((f.address != NULL && f.address[0] == '\0') ||
        (f.unix_socket != NULL && f.unix_socket[0] == '\0') ||
        (f.dir != NULL && strlen(f.dir) > size))
        abort();
    server_file_clear(&f);
    free(text);
    return 0;
}
