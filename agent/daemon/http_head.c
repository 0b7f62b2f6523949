#include "daemon/http_head.h"

#include <string.h>

static bool
has_good_version(const struct http_head *head)
{
    return memcmp(head->version, " HTTP/1.0", sizeof head->version) == 0 ||
           memcmp(head->version, " HTTP/1.1", sizeof head->version) == 0;
}

static void
keep_last(struct http_head *head, char byte)
{
    size_t last = sizeof head->version - 1;

    memmove(head->version, head->version + 1, last);
    head->version[last] = byte;
}

static void
end_line(struct http_head *head)
{
    if (head->lines == 0 && !has_good_version(head))
        head->refusal = 400;
    head->done = head->line_bytes == 0;
    head->line_bytes = 0;
    head->lines++;
}

/*
 * Bytes that no head may hold are refused, above all NUL: to evhttp the line
 * would end there, and to us not.
 */
static void
take_byte(struct http_head *head, char byte)
{
    bool is_control = (unsigned char)byte < ' ' && byte != '\t';

    head->bytes++;
    if (byte == '\n') {
        end_line(head);
    } else if (head->carriage_return || (is_control && byte != '\r')) {
        head->refusal = 400;
    } else if (byte != '\r') {
        head->line_bytes++;
        if (head->lines == 0)
            keep_last(head, byte);
    }
    head->carriage_return = byte == '\r';
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
