#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/repair_work.h"

void
repair_work_note(struct repair *r, const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int n;

    va_start(list, format);
    n = vasprintf(&text, format, list);
    va_end(list);
    if (n < 0)
        return;
    r->notes = memory_resize(r->notes, r->note_count + 1, sizeof *r->notes);
    r->notes[r->note_count++] = text;
}

static void
add(int64_t *sum, int64_t n)
{
    *sum = *sum == -1 || n == -1 ? -1 : *sum + n;
}

void
repair_work_step(struct repair *r, struct repair_step step)
{
    add(&r->bytes_lost, step.bytes_lost);
    add(&r->commands_lost, step.commands_lost);
    add(&r->keys_lost, step.keys_lost);
    if (r->step_count == REPAIR_STEPS_MAX) {
        r->steps_dropped++;
        free(step.path);
        free(step.name);
        free(step.text);
        return;
    }
    r->steps = memory_resize(r->steps, r->step_count + 1, sizeof *r->steps);
    r->steps[r->step_count++] = step;
}

bool
repair_work_has_step(const struct repair *r, const char *path)
{
    for (size_t i = 0; i < r->step_count; i++)
        if (strcmp(r->steps[i].path, path) == 0)
            return true;
    return false;
}

void
repair_work_set_steps(struct repair_work *w)
{
    for (size_t i = 0; i < w->set.step_count; i++) {
        const struct mend_step *s = &w->set.steps[i];

        repair_work_step(w->r, (struct repair_step){
                                   .action = s->action,
                                   .path = memory_dup(s->path),
                                   .offset = s->offset,
                                   .bytes_lost = s->bytes_lost,
                                   .commands_lost = s->commands_lost,
                                   .keys_lost = s->keys_lost,
                                   .text = memory_dup(s->text),
                                   .guess = s->guess,
                               });
    }
}

static const char *
action_of(const struct repair_file *f, uint64_t size,
          const struct mend_loss *loss)
{
    bool named = loss->name != NULL;

    /* Only an RDB's checksum is wrong without a byte being lost. */
    if (f->role == DATASET_ROLE_DUMP || loss->keys != 0 ||
        loss->size_bytes == 0)
        return named ? "drop-key" : "salvage-rdb";
    if (named)
        return "drop-command";
    return loss->offset + loss->size_bytes == size ? "cut-tail" : "cut-hole";
}

/* "; written between A and B", where annotations tell. */
static char *
time_of(const struct mend_loss *loss)
{
    char after[TEXT_TIME_SIZE], before[TEXT_TIME_SIZE];

    if (loss->after_s >= 0)
        text_write_time(after, loss->after_s * 1000);
    if (loss->before_s >= 0)
        text_write_time(before, loss->before_s * 1000);
    if (loss->after_s >= 0 && loss->before_s >= 0)
        return text_format("; written between %s and %s", after, before);
    if (loss->after_s >= 0)
        return text_format("; written after %s", after);
    if (loss->before_s >= 0)
        return text_format("; written before %s", before);
    return memory_dup("");
}

static void
add_loss(struct repair_work *w, const struct repair_file *f, uint64_t size,
         struct mend_loss *loss)
{
    char *when = time_of(loss);

    repair_work_step(w->r,
                     (struct repair_step){
                         .action = action_of(f, size, loss),
                         .path = memory_dup(f->from),
                         .offset = (int64_t)loss->offset,
                         .bytes_lost = (int64_t)loss->size_bytes,
                         .commands_lost = loss->commands,
                         .keys_lost = loss->keys,
                         .text = text_format(
                             "%s%s%s%s", loss->name != NULL ? loss->name : "",
                             loss->name != NULL ? ": " : "", loss->why, when),
                         .name = loss->name,
                     });
    loss->name = NULL;
    free(when);
}

/* What m counted and did not list. */
static void
add_rest(struct repair_work *w, const struct repair_file *f,
         const struct mend *m)
{
    int64_t bytes = (int64_t)m->bytes_lost;
    int64_t commands = m->commands_lost, keys = m->keys_lost;

    for (size_t i = 0; i < m->count; i++) {
        bytes -= (int64_t)m->losses[i].size_bytes;
        commands -= commands == -1 ? 0 : m->losses[i].commands;
        keys -= keys == -1 ? 0 : m->losses[i].keys;
    }
    w->r->losses_together += m->dropped - 1;
    repair_work_step(
        w->r,
        (struct repair_step){
            .action = f->role == DATASET_ROLE_DUMP ? "salvage-rdb" : "cut-hole",
            .path = memory_dup(f->from),
            .offset = -1,
            .bytes_lost = bytes,
            .commands_lost = commands,
            .keys_lost = keys,
            .text =
                text_format("%llu more losses", (unsigned long long)m->dropped),
        });
}

void
repair_work_steps(struct repair_work *w, const struct repair_file *f,
                  uint64_t size, struct mend *m)
{
    bool aof = f->role != DATASET_ROLE_DUMP && m->commands > 0;

    for (size_t i = 0; i < m->count; i++)
        add_loss(w, f, size, &m->losses[i]);
    if (m->dropped > 0)
        add_rest(w, f, m);
    if (m->commands == 0 && m->keys == 0)
        repair_work_note(w->r,
                         "no key and no command of %s can be read: a snapshot"
                         " may hold more (redkeep restore)",
                         f->from);
    if (m->count > 0)
        return;
    repair_work_step(
        w->r,
        (struct repair_step){
            .action = aof ? "rewrite-command" : "salvage-rdb",
            .path = memory_dup(f->from),
            .offset = -1,
            .text = memory_dup(
                aof ? "all commands can be read; those whose numbers or line "
                      "ends are odd are written as a server writes them"
                    : "all keys can be read; the file is written anew, with "
                      "a right end and checksum"),
        });
}
