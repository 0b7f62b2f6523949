#include "jobs/restore_change.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* What fits into a message, with a path; a command that is cut is no help. */
enum { FOREIGN_MAX = 160 };

static int
look_again(void *context, struct error *e)
{
    struct restore_change *c = context;

    for (size_t i = 0; i < c->use_count; i++)
        if (in_use_again(&c->uses[i], e) != 0)
            return -1;
    return 0;
}

int
restore_change_open(struct restore_change *c, struct restore *r,
                    const struct restore_options *options, struct error *e)
{
    memset(r, 0, sizeof *r);
    r->point_ms = r->keys = -1;
    *c = (struct restore_change){
        .r = r, .options = options, .stage = STAGE_NONE, .dir = -1};
    c->server.dir = -1;
    r->target = realpath(options->target, NULL);
    if (r->target == NULL)
        return error_sys(e, "%s", options->target);
    c->dir = file_open_directory(AT_FDCWD, r->target, e);
    if (c->dir < 0 || stage_take(&c->stage, c->dir, e) != 0)
        return error_in(e, "%s", r->target);
    r->state = c->stage.journal.state;
    if (c->stage.journal.id != NULL)
        snprintf(r->id, sizeof r->id, "%s", c->stage.journal.id);
    c->place = (struct place_options){.target = c->dir,
                                      .path = r->target,
                                      .check_unused = look_again,
                                      .context = c};
    return 0;
}

int
restore_change_close(struct restore_change *c, int rc)
{
    struct error none = {0};

    c->r->state = c->stage.journal.state;
    restore_exchange_end(&c->exchange);
    while (c->use_count > 0)
        in_use_end(&c->uses[--c->use_count]);
    if (!c->options->dry_run && c->r->state != JOURNAL_BUILDING)
        stage_sweep(&c->stage, restore_tell_rescued, c->r, &none);
    stage_close(&c->stage);
    instance_close(&c->server);
    if (c->dir >= 0)
        close(c->dir);
    return rc;
}

int
restore_change_check(struct restore_change *c, struct error *e)
{
    const struct journal *j = &c->stage.journal;
    struct error none = {0};
    bool stopped = c->options->server_stopped || c->options->stopped_by_us ||
                   c->exchange.wanted;

    if (c->exchange.wanted && c->options->dry_run)
        return 0;
    if (instance_connect(&c->server, &c->options->instance, e) != 0)
        return -1;
    if (c->server.settings_known && c->server.settings.dir != NULL)
        c->server.dir =
            file_open_directory(AT_FDCWD, c->server.settings.dir, &none);
    for (size_t i = 0; i < j->name_count; i++) {
        const struct dataset_names names = {
            .dbfilename = j->names[i].dbfilename,
            .appendfilename = j->names[i].appendfilename,
            .appenddirname = j->names[i].appenddirname,
        };
        const struct in_use_options options = {
            .server = &c->server,
            .dir = c->dir,
            .names = &names,
            .path = c->r->target,
            .stopped = stopped,
        };

        if (in_use_begin(&c->uses[c->use_count++], &options, e) != 0)
            return -1;
    }
    return 0;
}

int
restore_change_check_words(const struct restore_change *c, struct error *e)
{
    const char *words = c->stage.journal.foreign;
    char *folder, *text;

    if (words == NULL || c->options->server_stopped ||
        restore_exchange_asked(c->options))
        return 0;
    folder = text_shell_word(c->r->target);
    if (strlen(words) > FOREIGN_MAX)
        words = "' and the commands that .redkeep/journal.json has there, '";
    text = text_format("the server may be stopped: another user's %s was to"
                       " start it, and his commands are not run. If they are"
                       " right, type 'redkeep restore --%s --to %s %s'; else"
                       " start it yourself, and add --server-is-stopped",
                       c->stage.journal.job, c->undo ? "undo" : "resume",
                       folder, words);
    error_set(e, ERROR_REFUSED, "%s", text);
    free(folder);
    free(text);
    return -1;
}
