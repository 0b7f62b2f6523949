#include "daemon/http_token.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/memory.h"

enum { FILE_MAX = 4096, TOKEN_MIN = 16, TOKEN_MAX = 256 };

static int
load_file(const char *path, char **token, struct error *e)
{
    size_t size, length;
    char *bytes;

    if (file_load_named(path, FILE_MAX, &bytes, &size, e) != 0) {
        e->kind = ERROR_USAGE;
        return -1;
    }
    bytes[strcspn(bytes, "\r\n")] = '\0';
    length = strlen(bytes);
    for (const char *c = bytes; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f)
            length = 0;
    if (length < TOKEN_MIN || length > TOKEN_MAX) {
        memset(bytes, 0, size);
        free(bytes);
        return error_set(e, ERROR_USAGE,
                         "%s: its first line is not 16 to 256 visible "
                         "characters",
                         path);
    }
    *token = bytes;
    return 0;
}

int
http_token_load(const struct config *config, char **token, struct error *e)
{
    const char *path = config_text(config, CONFIG_HTTP_TOKEN_FILE);

    *token = NULL;
    if (path == NULL) {
        *token = memory_dup(config_text(config, CONFIG_HTTP_TOKEN));
        return 0;
    }
    if (load_file(path, token, e) != 0)
        return error_in(e, "[http] token_file");
    return 0;
}

bool
http_token_matches(const char *token, const char *authorization)
{
    size_t length = strlen(token), given;
    volatile unsigned char differs = 0;

    if (authorization == NULL || strncasecmp(authorization, "Bearer ", 7) != 0)
        return false;
    authorization += 7;
    authorization += strspn(authorization, " ");
    given = strlen(authorization);
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(token[i] ^
                                   authorization[given > 0 ? i % given : 0]);
    return differs == 0 && given == length;
}
