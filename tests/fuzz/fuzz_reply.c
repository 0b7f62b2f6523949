/* Whatever a server answers is a reply within limits, a counter, or told. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "redis/counter.h"
#include "redis/link_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
judge(struct redisReply *reply)
{
    struct error why = {0}, e = {0};
    bool refused = link_reader_judge(reply, &why) != 0;
    enum counter_state state;
    int64_t number;

    if (refused != (reply->type == REDIS_REPLY_ERROR) ||
        refused != (why.text[0] != '\0'))
        abort();
    if (counter_judge(refused ? NULL : reply, &why, &state, &number, &e) != 0) {
        if (e.text[0] == '\0')
            abort();
        return;
    }
    if (state == COUNTER_RAISED || state == COUNTER_MADE ||
        (state != COUNTER_NUMBER && number != 0))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct link_reader *reader = link_reader_new();
    struct redisReply *reply = NULL;
    struct error e = {0};
    int rc = 0;

    for (size_t at = 0, n, step = 1; at < size && rc == 0; at += n) {
        n = step < size - at ? step : size - at;
        step = step % 41 + 1;
        rc = link_reader_feed(reader, bytes + at, n, &e);
        while (rc == 0) {
            rc = link_reader_next(reader, &reply, &e);
            if (reply == NULL)
                break;
            judge(reply);
            link_reply_free(reply);
        }
    }
    if (rc != 0 && e.text[0] == '\0')
        abort();
    link_reader_free(reader);
    return 0;
}
