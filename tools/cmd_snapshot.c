#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include "jobs/snapshot.h"
#include "jobs/value.h"
#include "meter.h"
#include "settings.h"

static bool
includes(const struct invocation *in, const char *what)
{
    return config_lists(&in->config, CONFIG_SNAPSHOT_INCLUDE, what);
}

static int
read_options(struct snapshot_options *o, const struct invocation *in,
             const struct settings *s, struct error *e)
{
    const struct config *c = &in->config;
    const char *codec = config_text(c, CONFIG_SNAPSHOT_COMPRESSION);

    *o = (struct snapshot_options){
        .instance = s->instance,
        .repo = config_text(c, CONFIG_REPO),
        .name = config_text(c, CONFIG_INSTANCE),
        .full = command_has(in, "full"),
        .bgsave = command_has(in, "bgsave"),
        .adopt = command_has(in, "yes"),
        .existing = command_has(in, "existing"),
        .include_acl = includes(in, "acl"),
        .include_nodes = includes(in, "nodes"),
        .include_config = includes(in, "config"),
        .max_age_ms = config_duration_ms(c, CONFIG_SNAPSHOT_MAX_AGE),
        .read_rate = config_size(c, CONFIG_SNAPSHOT_READ_RATE),
        .level = (int)config_number(c, CONFIG_SNAPSHOT_LEVEL),
        .progress = &in->progress,
    };
    if (!codec_find(codec, &o->codec))
        return error_set(e, ERROR_USAGE, "snapshot compression '%s'", codec);
    return 0;
}

static json_t *
bound_json(enum catalog_bound bound)
{
    return bound == CATALOG_NO_SERVER ? json_null()
                                      : json_boolean(bound == CATALOG_BOUND);
}

static json_t *
to_json(const struct snapshot *s)
{
    const struct catalog_entry *n = &s->entry;

    return json_pack(
        "{s:s, s:s, s:o, s:b, s:I, s:I, s:f, s:s, s:o, s:o, s:o, s:o}", "id",
        n->id, "kind", n->kind == CATALOG_FULL ? "full" : "incremental",
        "parent", value_string(n->parent), "unchanged", s->unchanged,
        "bytes_source", (json_int_t)n->bytes_source, "bytes_stored",
        (json_int_t)(s->unchanged ? 0 : n->bytes_stored), "seconds",
        (double)s->took_ms / 1000.0, "verdict", verdict_name(n->verdict),
        "bound", bound_json(n->bound), "keys", value_number(n->keys),
        "state_time", value_time(n->state_time_ms), "findings",
        answer_findings(&n->report));
}

static void
show(const struct snapshot *s, const struct invocation *in)
{
    const struct catalog_entry *n = &s->entry;
    char source[TEXT_WORDS_SIZE], stored[TEXT_WORDS_SIZE];
    char took[TEXT_WORDS_SIZE], when[TEXT_TIME_SIZE];

    text_write_size(source, n->bytes_source);
    text_write_size(stored, n->bytes_stored);
    text_write_duration(took, s->took_ms);
    text_write_time(when, n->state_time_ms);
    answer_show_findings(&n->report, in->verbose);
    if (s->unchanged)
        printf("unchanged: snapshot %s holds this dump already\n"
               "data as of %s\n",
               n->id, when);
    else
        printf("snapshot %s: %s, data as of %s\n"
               "%s stored for %s of data in %s\n",
               n->id, verdict_name(n->verdict), when, stored, source, took);
    if (n->keys >= 0 && !in->quiet)
        printf("%lld key%s\n", (long long)n->keys, n->keys == 1 ? "" : "s");
}

/* Whose data it is, where that is not certain. */
static void
warn_about(const struct snapshot *s, const char *url)
{
    if (s->entry.bound == CATALOG_UNBOUND)
        log_line(LOG_LEVEL_WARNING,
                 "nothing proves that this data is that of the server at %s:"
                 " it is kept, but does not count as protecting it",
                 url);
    if (s->server != NULL)
        log_line(LOG_LEVEL_WARNING, "%s", s->server);
}

static int
run(struct invocation *in, struct error *e)
{
    struct snapshot_options options;
    struct snapshot snapshot = {0};
    struct settings settings;
    char *url;
    int rc = -1;

    if (settings_read(&settings, in, e) != 0 ||
        read_options(&options, in, &settings, e) != 0)
        goto out;
    if (snapshot_take(&snapshot, &options, e) != 0)
        goto out;
    meter_end();
    url = url_write(&settings.reach.url);
    warn_about(&snapshot, url);
    free(url);
    rc = snapshot.entry.verdict == VERDICT_SOUND ? 0 : 1;
    if (!in->json)
        show(&snapshot, in);
    else if (answer_print(to_json(&snapshot), e) != 0)
        rc = -1;

out:
    snapshot_clear(&snapshot);
    settings_clear(&settings);
    return rc;
}

const struct command cmd_snapshot = {
    .name = "snapshot",
    .words = "",
    .summary = "take a snapshot of the server's data now",
    .details =
        "Reads what is on disk while the server runs: no fork for an AOF, no\n"
        "setting changed. Without a server, --data-dir DIR takes what is there.\n"
        "Exit status 1: it was kept, but the data is torn or damaged.\n",
    .options =
        {
            {"full", NULL, "store a dump anew that is there already"},
            {"bgsave", NULL, "have the server write a fresh RDB first"},
            {"existing", NULL, "make no repository: it must be there"},
            {"yes", NULL, "take over the instance of another directory"},
            {"dbfilename", "NAME", "where the server does not tell"},
            {"appendfilename", "NAME", "where the server does not tell"},
            {"appenddirname", "NAME", "where the server does not tell"},
        },
    .settings =
        {
            {"snapshot-max-age", "DURATION", "an older dump is made anew"},
            {"snapshot-compression", "NAME", "zstd, gzip or none"},
            {"snapshot-level", "N", "of the compression"},
            {"snapshot-read-rate", "SIZE", "at most so much a second; 0: any"},
            {"snapshot-include", "LIST", "kept beside the data"},
            {"connection-tls-ca", "FILE", "who signs (the system's)"},
            {"connection-tls-cert", "FILE", "our certificate"},
            {"connection-tls-key", "FILE", "its key"},
            {"connection-tls-verify", "yes|no", "the server's certificate"},
        },
    .run = run,
};
