#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "command.h"
#include "jobs/repair.h"
#include "jobs/value.h"
#include "meter.h"
#include "question.h"
#include "repair_words.h"
#include "server_settings.h"
#include "settings.h"

static int
read_options(struct repair_options *o, const struct invocation *in,
             const struct settings *s, struct error *e)
{
    *o = (struct repair_options){
        .instance = s->instance,
        .server_stopped = command_has(in, "server-is-stopped"),
        .progress = &in->progress,
    };
    if (server_settings_read(&o->judge, in, e) != 0)
        return -1;
    o->judge.own_commands = command_has(in, "own-commands");
    return 0;
}

static json_t *
step_json(const struct repair_step *s)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "action", s->action, "path",
        value_string(s->path), "offset", value_number(s->offset), "bytes_lost",
        value_number(s->bytes_lost), "commands_lost",
        value_number(s->commands_lost), "keys_lost", value_number(s->keys_lost),
        "text", value_string(s->text), "guess", s->guess);
}

static json_t *
to_json(const struct repair *r)
{
    json_t *plan = json_array(), *lost = json_array(), *notes = json_array();

    for (size_t i = 0; i < r->step_count; i++) {
        json_array_append_new(plan, step_json(&r->steps[i]));
        if (r->steps[i].name != NULL)
            json_array_append_new(lost, value_string(r->steps[i].name));
    }
    for (size_t i = 0; i < r->note_count; i++)
        json_array_append_new(notes, value_string(r->notes[i]));
    return json_pack(
        "{s:o, s:o, s:I, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "path",
        value_string(r->path), "plan", plan, "plan_dropped",
        (json_int_t)r->steps_dropped, "lost", lost, "kept",
        value_string(r->kept), "put_back", value_string(r->put_back), "verdict",
        verdict_name(r->verdict), "server", judge_server_name(r->server),
        "notes", notes, "findings", answer_findings(&r->report));
}

static int
mend(struct invocation *in, struct repair *r, struct error *e)
{
    if (r->step_count > 0 &&
        (repair_check_ready(r, e) != 0 || question_ask(in, "mend it?", e) != 0))
        return -1;
    return repair_mend(r, e);
}

static int
run(struct invocation *in, struct error *e)
{
    bool dry_run = command_has(in, "dry-run");
    struct repair_options options;
    struct settings settings;
    struct repair r = {0};
    size_t notes_shown = 0;
    char *given;
    int rc = -1;

    if (settings_read(&settings, in, e) != 0 ||
        read_options(&options, in, &settings, e) != 0 ||
        repair_plan(&r, in->words[0], &options, e) != 0)
        goto out;
    meter_end();
    if (!in->json)
        notes_shown = repair_words_plan(&r, &options.judge, in);
    if (dry_run)
        repair_note_ready(&r);
    else if (mend(in, &r, e) != 0)
        goto out;
    meter_end();
    given = server_settings_words(in);
    report_fill_options(&r.report, given);
    free(given);
    rc = r.well && !(dry_run && r.step_count > 0) ? 0 : 1;
    if (!in->json)
        repair_words_outcome(&r, &options.judge, notes_shown, in);
    else if (answer_print(to_json(&r), e) != 0)
        rc = -1;

out:
    repair_clear(&r);
    settings_clear(&settings);
    return rc;
}

const struct command cmd_repair = {
    .name = "repair",
    .words = "PATH",
    .summary = "mend a damaged file, set or data directory",
    .details =
        "Says first what would be done and lost, and asks. What can be read\n"
        "becomes a new set; what was there is moved aside to\n"
        "redkeep-before-TIME/. A directory that a server uses is refused.\n"
        "Exit status 0: sound now, or there was nothing to mend; 1: something\n"
        "stays wrong, or --dry-run found something to mend.\n",
    .words_min = 1,
    .words_max = 1,
    .options =
        {
            {"dry-run", NULL, "say what would be done, change nothing"},
            {"yes", NULL, "do not ask (needed without a terminal)"},
            {"server-is-stopped", NULL, "your word, where it cannot be told"},
            {"own-commands", NULL, "keep commands that we do not know"},
            SERVER_SETTINGS_OPTIONS,
        },
    .run = run,
};
