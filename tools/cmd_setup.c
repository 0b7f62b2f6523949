#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "command.h"
#include "jobs/discover.h"
#include "jobs/setup_text.h"
#include "jobs/value.h"
#include "screen.h"
#include "settings.h"

enum { TIMEOUT_MS = 2000, FIRST_PORT = 9736 };

struct run {
    const struct invocation *in;
    struct settings settings;
    struct discover found;
    const char *output; /* NULL: standard output */
    FILE *to;           /* where what is told goes */
    char *text;
};

static void say(const struct run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const struct run *r, const char *format, ...)
{
    char line[2048];
    va_list arguments;

    if (r->in->json || r->in->quiet)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    screen_print(r->to, 4, line);
}

/* Whether it was said by whoever runs us, and not in a file that an earlier
 * setup wrote. */
static bool
is_said(const struct invocation *in, enum config_key key)
{
    return in->config.values[key].origin > CONFIG_FROM_FILE;
}

static int
find(struct run *r, struct error *e)
{
    const struct config *c = &r->in->config;
    struct discover_options options = {.timeout_ms = TIMEOUT_MS};

    if (is_said(r->in, CONFIG_REDIS)) {
        if (settings_read(&r->settings, r->in, e) != 0)
            return -1;
        options.url = config_text(c, CONFIG_REDIS);
        options.password = r->settings.reach.url.password != NULL
                               ? r->settings.reach.url.password
                               : r->settings.reach.password;
    }
    if (discover_find(&r->found, &options, e) != 0)
        return -1;
    if (r->found.count == 0)
        return error_set(e, ERROR_FAILED,
                         "no server was found: no process, no configuration"
                         " file, no socket, and nobody at 127.0.0.1:6379; name"
                         " it with --redis URL");
    return 0;
}

static int
compose(struct run *r, struct error *e)
{
    const struct config *c = &r->in->config;
    struct setup_text_options options = {
        .server = &r->found.servers[0],
        .instance = config_text(c, CONFIG_INSTANCE),
        .repo = config_text(c, CONFIG_REPO),
        .listen = config_text(c, CONFIG_HTTP_LISTEN),
        .password_file = is_said(r->in, CONFIG_PASSWORD_FILE)
                             ? config_text(c, CONFIG_PASSWORD_FILE)
                             : NULL,
        .has_password = r->settings.reach.url.password != NULL,
        .now_ms = clock_wall_ms(),
    };

    r->text = setup_text_write(&options, e);
    return r->text == NULL ? -1 : 0;
}

/* Never over what is there. */
static int
write_output(const struct run *r, struct error *e)
{
    const char *slash = strrchr(r->output, '/');
    const char *name = slash == NULL ? r->output : slash + 1;
    char *folder = text_format("%.*s", (int)(name - r->output), r->output);
    struct file_draft draft;
    int dir, rc = -1;

    dir = file_open_directory(AT_FDCWD, slash == NULL ? "." : folder, e);
    free(folder);
    if (dir < 0)
        return -1;
    if (file_draft_begin(&draft, dir, 0640, e) == 0) {
        if (file_write(draft.fd, r->text, strlen(r->text), e) == 0)
            rc = file_draft_publish(&draft, name, e);
        else
            file_draft_abandon(&draft);
    }
    close(dir);
    return rc == 0 ? 0 : error_in(e, "%s", r->output);
}

static json_t *
server_json(const struct discover_server *s)
{
    const struct info *i = &s->info;
    bool is = s->answers;

    return json_pack(
        "{s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "url", value_string(s->url), "found_by", value_string(s->found_by),
        "answers", is, "wants_password", s->wants_password, "error",
        is ? json_null() : value_string(s->why.text), "product",
        is ? json_string(i->valkey ? "valkey" : "redis") : json_null(),
        "version", is ? value_string(i->version) : json_null(), "role",
        is ? value_string(i->role) : json_null(), "appendonly",
        is ? json_boolean(i->aof_enabled) : json_null(), "keys",
        value_number(is ? i->keys : -1), "pid",
        value_number(s->pid > 0 ? s->pid : -1), "data_dir",
        value_string(s->data_dir), "config_file", value_string(s->config_file));
}

static int
print_json(const struct run *r, struct error *e)
{
    json_t *servers = json_array();

    for (size_t i = 0; i < r->found.count; i++)
        json_array_append_new(servers, server_json(&r->found.servers[i]));
    return answer_print(json_pack("{s:o, s:s, s:o, s:o}", "servers", servers,
                                  "instance",
                                  config_text(&r->in->config, CONFIG_INSTANCE),
                                  "output", value_string(r->output),
                                  "configuration", value_string(r->text)),
                        e);
}

static void
tell_server(const struct run *r, const struct discover_server *s)
{
    const char *dir = s->data_dir == NULL ? "a directory it does not tell"
                                          : s->data_dir;

    if (s->answers)
        say(r, "%s: %s %s, %s, %lld key%s, data in %s (%s)", s->url,
            s->info.valkey ? "Valkey" : "Redis", s->info.version,
            strcmp(s->info.role, "slave") == 0 ? "replica" : "primary",
            (long long)s->info.keys, s->info.keys == 1 ? "" : "s", dir,
            s->found_by);
    else if (s->wants_password)
        say(r, "%s: a server that wants a password, data in %s (%s)", s->url,
            dir, s->found_by);
    else
        say(r, "%s: does not answer: %s (%s)", s->url, s->why.text,
            s->found_by);
}

/* The instance of the nth: its name, and a number where others have it too. */
static char *
name_other(const struct run *r, size_t n)
{
    char *name = setup_text_name(&r->found.servers[n]), *longer;
    bool taken = strcmp(name, config_text(&r->in->config, CONFIG_INSTANCE)) ==
                 0;

    for (size_t i = 1; i < n && !taken; i++) {
        char *other = setup_text_name(&r->found.servers[i]);

        taken = strcmp(name, other) == 0;
        free(other);
    }
    if (!taken)
        return name;
    longer = text_format("%.30s-%zu", name, n + 1);
    free(name);
    return longer;
}

/* Each of the others wants a file, an instance and a port of its own. */
static void
tell_others(const struct run *r)
{
    for (size_t i = 1; i < r->found.count; i++) {
        const char *server = r->found.servers[i].url;
        char *name = name_other(r, i), *url = text_shell_word(server);

        say(r,
            "for %s: redkeep setup --redis %s --instance %s --http-listen"
            " 127.0.0.1:%d --output /etc/redkeep/%s.conf",
            server, url, name, FIRST_PORT + (int)i, name);
        free(name);
        free(url);
    }
}

static void
tell(const struct run *r)
{
    const struct discover_server *s = &r->found.servers[0];

    for (size_t i = 0; i < r->found.count; i++)
        tell_server(r, &r->found.servers[i]);
    if (r->output == NULL)
        say(r, "the configuration for %s follows; --output FILE writes it",
            s->url);
    else
        say(r, "written for %s: %s", s->url, r->output);
    tell_others(r);
    if (s->wants_password)
        say(r, "put the server's password into the file that password_file"
               " names; it is in no file that setup writes");
    say(r, "read it, then judge it: redkeepd -n -c %s",
        r->output == NULL ? "FILE" : r->output);
}

static int
run(struct invocation *in, struct error *e)
{
    struct run r = {.in = in, .output = command_value_of(in, "output")};
    int rc = -1;

    r.to = r.output == NULL ? stderr : stdout;
    if (find(&r, e) == 0 && compose(&r, e) == 0 &&
        (r.output == NULL || write_output(&r, e) == 0)) {
        rc = 0;
        tell(&r);
        if (in->json)
            rc = print_json(&r, e);
        else if (r.output == NULL)
            fputs(r.text, stdout);
    }
    free(r.text);
    discover_clear(&r.found);
    settings_clear(&r.settings);
    return rc;
}

const struct command cmd_setup = {
    .name = "setup",
    .words = "",
    .summary = "look for local servers, write a configuration",
    .details =
        "Looks at processes, at the servers' own configuration files and at\n"
        "sockets, asks each server what it is, and writes a configuration for\n"
        "one of them as text to review. Nothing else is changed.\n",
    .options =
        {
            {"output", "FILE", "write it there (standard output)"},
        },
    .settings =
        {
            {"http-listen", "HOST:PORT", "where the agent is to listen"},
        },
    .run = run,
};
