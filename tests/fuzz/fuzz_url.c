/* A URL that is read is shown as one that reads to the same place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int
same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size), *shown;
    struct url one, two;
    struct error e = {0};

    if (url_read(&one, text, &e) == 0) {
        shown = url_write(&one);
        /* What is shown may be longer than what is read: %XX. */
        if (strlen(shown) <= 4096 && url_read(&two, shown, &e) == 0) {
            if (!same(one.host, two.host) || !same(one.path, two.path) ||
                !same(one.user, two.user) || one.port != two.port ||
                one.db != two.db || one.tls != two.tls ||
                (one.password == NULL) != (two.password == NULL))
                abort();
            url_clear(&two);
        } else if (strlen(shown) <= 4096) {
            abort();
        }
        free(shown);
        url_clear(&one);
    } else if (e.kind != ERROR_USAGE || e.text[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
