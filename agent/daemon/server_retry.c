#include "daemon/server_retry.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "config/config_value.h"

enum { RETRY_WORD_SIZE = 32 };

uint64_t
server_retry_delay_ms(const char *delays, unsigned number)
{
    char text[RETRY_WORD_SIZE] = "";
    uint64_t delay_ms = 0;
    const char *word;
    size_t length;

    for (unsigned i = 0; config_value_next(&delays, ',', &word, &length); i++) {
        if (length >= sizeof text)
            continue;
        memcpy(text, word, length);
        text[length] = '\0';
        text_duration(text, &delay_ms);
        if (i == number)
            break;
    }
    return delay_ms;
}

uint64_t
server_retry_jitter_ms(uint64_t delay_ms, uint64_t percent, uint32_t random)
{
    return delay_ms * percent / 100 * random / UINT32_MAX;
}

bool
server_retry_is_told(unsigned attempt)
{
    return attempt <= 5 || attempt % 10 == 0;
}
