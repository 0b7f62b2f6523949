#include "doctor_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "hint.h"
#include "jobs/value.h"
#include "screen.h"

enum { INDENT = 4 };

void
doctor_words_read(struct status_words *words, const struct config *config)
{
    char *options = hint_options(config), *whole;

    status_words_read(words, config);
    whole = text_format("%s%s", words->redkeep, options);
    free(options);
    free(words->redkeep);
    words->redkeep = whole;
}

static char *
fit(const struct doctor_finding *f, const struct status_words *words)
{
    return f->remedy == NULL ? NULL : status_words_put(words, f->remedy);
}

json_t *
doctor_words_findings(const struct doctor_findings *all,
                      const struct status_words *words)
{
    json_t *list = json_array();

    for (size_t i = 0; i < all->count; i++) {
        const struct doctor_finding *f = &all->items[i];
        char *remedy = fit(f, words);

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
                      "code", f->code, "severity",
                      doctor_severity_names[f->severity], "scope",
                      doctor_scope_names[f->scope], "setting",
                      value_string(f->setting), "value", value_string(f->value),
                      "wanted", value_string(f->wanted), "text",
                      value_string(f->text), "remedy", value_string(remedy),
                      "runtime", f->runtime, "applied", f->applied));
        free(remedy);
    }
    return list;
}

json_t *
doctor_words_changes(const struct doctor_changes *changes)
{
    json_t *list = json_array();

    for (size_t i = 0; i < changes->count; i++) {
        const struct doctor_change *c = &changes->items[i];

        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:b, s:o}", "setting",
                            value_string(c->setting), "before",
                            value_string(c->before), "wanted",
                            value_string(c->wanted), "done", c->done, "error",
                            value_string(c->refused)));
    }
    return list;
}

static void
show_one(const struct doctor_finding *f, const struct status_words *words)
{
    char *line = text_format(
        "  %s: %s [%s]", doctor_severity_names[f->severity], f->text, f->code);
    char *remedy = fit(f, words);

    screen_print(stdout, INDENT, line);
    free(line);
    if (remedy != NULL)
        printf("%*s%s\n", 2 * INDENT, "", screen_tame(remedy));
    free(remedy);
}

void
doctor_words_show(const struct doctor_findings *all,
                  const struct status_words *words, bool quiet)
{
    const struct doctor_finding *before = NULL;

    for (size_t i = 0; i < all->count; i++) {
        const struct doctor_finding *f = &all->items[i];

        if (quiet && f->severity == DOCTOR_INFO)
            continue;
        if (before == NULL || before->scope != f->scope)
            printf("%s%s\n", before == NULL ? "" : "\n",
                   doctor_scope_names[f->scope]);
        show_one(f, words);
        before = f;
    }
}

void
doctor_words_plan(const struct doctor_changes *changes, bool has_file)
{
    fprintf(stderr, "\nthe server would be told:\n");
    for (size_t i = 0; i < changes->count; i++) {
        const struct doctor_change *c = &changes->items[i];
        char *word = text_shell_word(c->wanted);
        char *line = text_format("  CONFIG SET %s %s", c->setting, word);

        fprintf(stderr, "%s\n", screen_tame(line));
        free(line);
        free(word);
    }
    if (has_file)
        fprintf(stderr, "  CONFIG REWRITE\n");
}

static size_t
count_done(const struct doctor_changes *changes)
{
    size_t done = 0;

    for (size_t i = 0; i < changes->count; i++)
        done += changes->items[i].done;
    return done;
}

void
doctor_words_changed(const struct doctor_changes *changes)
{
    size_t done = count_done(changes);
    char *line;

    if (changes->count == 0)
        return;
    if (changes->not_so != NULL)
        line = text_format("%zu of %zu settings set; they last until the"
                           " server restarts: %s",
                           done, changes->count, changes->not_so);
    else
        line = text_format("%zu of %zu settings set%s", done, changes->count,
                           changes->lasting ? ", and written to its file" : "");
    screen_print(stderr, INDENT, line);
    free(line);
}

void
doctor_words_end(const struct doctor_findings *all, bool applied)
{
    size_t counts[DOCTOR_ERROR + 1] = {0}, runtime = 0;
    char *line;

    for (size_t i = 0; i < all->count; i++) {
        counts[all->items[i].severity]++;
        runtime += all->items[i].runtime;
    }
    line = text_format(
        "%zu error%s, %zu warning%s, %zu info", counts[DOCTOR_ERROR],
        counts[DOCTOR_ERROR] == 1 ? "" : "s", counts[DOCTOR_WARNING],
        counts[DOCTOR_WARNING] == 1 ? "" : "s", counts[DOCTOR_INFO]);
    putchar('\n');
    screen_print(stdout, INDENT, line);
    free(line);
    if (runtime > 0 && !applied)
        printf("add --apply to have the server set %zu of them\n", runtime);
    else if (counts[DOCTOR_ERROR] + counts[DOCTOR_WARNING] == 0)
        puts("nothing that counts; how the data is kept: redkeep status");
}
