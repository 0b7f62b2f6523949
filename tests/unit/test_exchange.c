#include "jobs/exchange.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/text.h"
#include "folder.h"

static struct exchange x;
static struct exchange_options options;
static struct url url;
static struct instance_options instance;

/* A data directory that nobody uses, and a server that does not answer. */
static void
begin(void)
{
    folder_begin();
    ck_assert_int_eq(url_read(&url, "unix:///nowhere/socket", &e), 0);
    instance = (struct instance_options){
        .link = {.url = &url,
                 .connect_timeout_ms = 1000,
                 .command_timeout_ms = 1000}};
    options = (struct exchange_options){.instance = &instance,
                                        .target = folder_fd,
                                        .path = folder_path,
                                        .stop_limit_ms = 5000,
                                        .load_limit_ms = 1000};
}

static void
end(void)
{
    exchange_clear(&x);
    url_clear(&url);
    folder_end();
}
