#include "repair_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "screen.h"

enum { STEPS_SHOWN = 20, ACTION_COLUMNS = 16, LOSSES_SIZE = 120 };

static void
add_count(char *out, int64_t count, const char *what)
{
    size_t used = strlen(out);
    const char *comma = used > 0 ? ", " : "";

    if (count == -1)
        snprintf(out + used, LOSSES_SIZE - used, "%ssome %ss", comma, what);
    else if (count > 0)
        snprintf(out + used, LOSSES_SIZE - used, "%s%lld %s%s", comma,
                 (long long)count, what, count == 1 ? "" : "s");
}

/* "41 bytes, 1 command", "" where nothing is lost. */
static void
write_losses(char out[LOSSES_SIZE], int64_t bytes, int64_t commands,
             int64_t keys)
{
    char size[TEXT_WORDS_SIZE];

    out[0] = '\0';
    if (bytes > 0) {
        text_write_size(size, (uint64_t)bytes);
        snprintf(out, LOSSES_SIZE, "%s", size);
    } else
        add_count(out, bytes, "byte");
    add_count(out, commands, "command");
    add_count(out, keys, "key");
}

static void
show_step(const struct repair_step *s)
{
    char losses[LOSSES_SIZE], where[40] = "", *line;

    write_losses(losses, s->bytes_lost, s->commands_lost, s->keys_lost);
    if (s->offset >= 0)
        snprintf(where, sizeof where, " at byte %lld", (long long)s->offset);
    if (asprintf(&line, "%-*s%s%s: %s%s%s%s", ACTION_COLUMNS, s->action,
                 s->path, where, s->text, losses[0] != '\0' ? "; lost: " : "",
                 losses,
                 s->guess ? " (a guess: see that it is right)" : "") < 0)
        return;
    screen_print(stdout, ACTION_COLUMNS, line);
    free(line);
}

static void
show_sum(const struct repair *r)
{
    char losses[LOSSES_SIZE], need[TEXT_WORDS_SIZE], has[TEXT_WORDS_SIZE];
    char *line;

    write_losses(losses, r->bytes_lost, r->commands_lost, r->keys_lost);
    printf("lost in all: %s\n", losses[0] != '\0' ? losses : "nothing");
    text_write_size(need, r->bytes_needed);
    text_write_size(has, r->bytes_free);
    if (asprintf(&line,
                 "the originals will be kept beside it, in redkeep-before-TIME;"
                 " %s are needed for that, %s are free",
                 need, has) < 0)
        return;
    screen_print(stdout, 4, line);
    free(line);
}

static void
show_line(const char *before, const char *text)
{
    char *line = text_format("%s%s", before, text);

    screen_print(stdout, 4, line);
    free(line);
}

static void
show_state(const struct repair *r, const struct judge_options *judge)
{
    char release[RELEASE_TEXT_SIZE], *line;

    release_write(release, &judge->release);
    if (asprintf(&line, "%s: %s; %s %s", r->path, verdict_name(r->verdict),
                 release, answer_server_does(r->server)) < 0)
        return;
    screen_print(stdout, 4, line);
    free(line);
}

/* What is not shown one by one. */
static void
show_more(const struct repair *r, size_t shown)
{
    uint64_t together = r->steps_dropped + r->losses_together;
    uint64_t more = r->step_count - shown + together;

    if (shown == r->step_count)
        printf("... and %llu more\n", (unsigned long long)more);
    else if (together == 0)
        printf("... and %llu more (--verbose shows them)\n",
               (unsigned long long)more);
    else
        printf("... and %llu more (--verbose shows the first %llu)\n",
               (unsigned long long)more, (unsigned long long)r->step_count);
}

size_t
repair_words_plan(const struct repair *r, const struct judge_options *judge,
                  const struct invocation *in)
{
    size_t shown = in->verbose || r->step_count <= STEPS_SHOWN ? r->step_count
                                                               : STEPS_SHOWN;

    if (r->step_count == 0 || in->quiet)
        return 0;
    show_state(r, judge);
    for (size_t i = 0; i < shown; i++)
        show_step(&r->steps[i]);
    if (shown < r->step_count || r->steps_dropped > 0)
        show_more(r, shown);
    show_sum(r);
    for (size_t i = 0; i < r->note_count; i++)
        show_line("note: ", r->notes[i]);
    return r->note_count;
}

static void
show_mended(const struct repair *r, const struct invocation *in)
{
    show_line("the originals are in ", r->kept);
    if (in->quiet)
        return;
    /* Not folded: it is there to be pasted. */
    printf("to put them back, while no server runs:\n    %s\n", r->put_back);
    show_line("next: start the server, see that its data is right, then"
              " remove ",
              r->kept);
}

void
repair_words_outcome(const struct repair *r, const struct judge_options *judge,
                     size_t notes_shown, const struct invocation *in)
{
    bool mended = r->kept != NULL;

    if (r->step_count == 0 || mended)
        show_state(r, judge);
    if (mended)
        show_mended(r, in);
    else if (r->step_count > 0)
        puts("dry run: nothing was changed");
    else
        puts(r->well ? "nothing to mend" : "nothing that repair could mend");
    for (size_t i = notes_shown; i < r->note_count; i++)
        show_line("note: ", r->notes[i]);
    if (!r->well && (mended || r->step_count == 0))
        answer_show_findings(&r->report, in->verbose);
}
