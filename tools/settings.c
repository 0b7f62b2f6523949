#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { PASSWORD_FILE_MAX = 4096 };

/* The first line of the file. */
static int
read_password(struct settings *s, const char *path, struct error *e)
{
    size_t size;

    if (path == NULL || s->url.password != NULL)
        return 0;
    if (file_load_named(path, PASSWORD_FILE_MAX, &s->password, &size, e) != 0) {
        e->kind = ERROR_USAGE;
        return error_in(e, "password_file %s", path);
    }
    s->password[strcspn(s->password, "\r\n")] = '\0';
    return 0;
}

int
settings_read(struct settings *s, const struct invocation *in, struct error *e)
{
    const struct config *c = &in->config;

    memset(s, 0, sizeof *s);
    if (url_read(&s->url, config_text(c, CONFIG_REDIS), e) != 0)
        return error_in(e, "redis");
    if (read_password(s, config_text(c, CONFIG_PASSWORD_FILE), e) != 0)
        return -1;
    s->instance = (struct instance_options){
        .link =
            {
                .url = &s->url,
                .connect_timeout_ms = (unsigned)config_duration_ms(
                    c, CONFIG_CONNECTION_CONNECT_TIMEOUT),
                .command_timeout_ms = (unsigned)config_duration_ms(
                    c, CONFIG_CONNECTION_COMMAND_TIMEOUT),
                .tls_ca = config_text(c, CONFIG_CONNECTION_TLS_CA),
                .tls_cert = config_text(c, CONFIG_CONNECTION_TLS_CERT),
                .tls_key = config_text(c, CONFIG_CONNECTION_TLS_KEY),
                .tls_insecure = !config_flag(c, CONFIG_CONNECTION_TLS_VERIFY),
                .password = s->password,
            },
        .data_dir = config_text(c, CONFIG_DATA_DIR),
        .dbfilename = command_value_of(in, "dbfilename"),
        .appendfilename = command_value_of(in, "appendfilename"),
        .appenddirname = command_value_of(in, "appenddirname"),
    };
    return 0;
}

void
settings_clear(struct settings *s)
{
    url_clear(&s->url);
    free(s->password);
    memset(s, 0, sizeof *s);
}
