#include "daemon/http_head.h"

static void
take_byte(struct http_head *head, char byte)
{
    head->bytes++;
    if (byte != '\n') {
        head->line_bytes += byte != '\r';
        return;
    }
    head->done = head->line_bytes == 0;
    head->line_bytes = 0;
    head->lines++;
}

void
http_head_take(struct http_head *head, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count && !head->done && head->refusal == 0; i++) {
        take_byte(head, bytes[i]);
        if (head->lines == 0 && head->line_bytes > HTTP_HEAD_LINE_MAX)
            head->refusal = 414;
        else if (head->lines > HTTP_HEAD_LINES_MAX ||
                 head->bytes > HTTP_HEAD_MAX)
            head->refusal = 431;
    }
}
