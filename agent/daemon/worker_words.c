#include "daemon/worker_words.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

/* A child that floods us shall not flood the log. */
enum { LINES_MAX = 1000, STATUS_COULD_NOT = 3 };

static const struct {
    const char *word;
    enum log_level level;
} levels[] = {
    {" error ", LOG_LEVEL_ERROR},
    {" warning ", LOG_LEVEL_WARNING},
    {" info ", LOG_LEVEL_INFO},
    {" debug ", LOG_LEVEL_DEBUG},
};

/* The sentence of a line of our log, and its level; else all of it, a warning.
 */
static const char *
find_sentence(const char *line, enum log_level *level)
{
    const char *blank = strchr(line, ' ');
    char when[TEXT_TIME_SIZE];
    int64_t ms;

    *level = LOG_LEVEL_WARNING;
    if (blank == NULL || (size_t)(blank - line) >= sizeof when)
        return line;
    snprintf(when, sizeof when, "%.*s", (int)(blank - line), line);
    if (!text_time(when, &ms))
        return line;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strncmp(blank, levels[i].word, strlen(levels[i].word)) == 0) {
            *level = levels[i].level;
            return blank + strlen(levels[i].word);
        }
    return line;
}

static void
end_line(struct worker_words *w, pid_t pid)
{
    enum log_level level;
    const char *sentence;

    w->line[w->used] = '\0';
    if (w->used > 0 && w->line[w->used - 1] == '\r')
        w->line[w->used - 1] = '\0';
    w->used = 0;
    w->cut = false;
    if (w->line[0] == '\0')
        return;
    sentence = find_sentence(w->line, &level);
    snprintf(w->last, sizeof w->last, "%s", sentence);
    if (w->passed++ < LINES_MAX)
        log_line(level, "%s pid=%ld", sentence, (long)pid);
    else if (w->passed == LINES_MAX + 1)
        log_line(LOG_LEVEL_WARNING,
                 "a job has written more than %d lines: the rest is left out "
                 "pid=%ld",
                 (int)LINES_MAX, (long)pid);
}

void
worker_words_take(struct worker_words *w, const char *bytes, size_t count,
                  pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n')
            end_line(w, pid);
        else if (bytes[i] != '\0' && w->used < sizeof w->line - 1)
            w->line[w->used++] = bytes[i];
    }
}

void
worker_words_end(struct worker_words *w, pid_t pid)
{
    if (w->used > 0)
        end_line(w, pid);
}

static const char *
find_error(const json_t *report)
{
    return json_string_value(json_object_get(report, "error"));
}

/* In our own words (base/memory), zstd's, libarchive's and the system's. */
static bool
ran_out_of_memory(int status, const char *said)
{
    static const char *const words[] = {
        "out of memory",
        "not enough memory",
        "annot allocate memory",
        "Can't allocate",
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (status == STATUS_COULD_NOT && strstr(said, words[i]) != NULL)
            return true;
    return false;
}

void
worker_words_judge(struct worker_outcome *o, const struct worker_words *w,
                   uint64_t memory_bytes, uint64_t time_limit_ms,
                   const char *bad_report)
{
    char limit[TEXT_WORDS_SIZE];
    const char *said = find_error(o->report);

    if (said == NULL)
        said = w->last;
    if (o->timed_out) {
        text_write_duration(limit, time_limit_ms);
        snprintf(o->text, sizeof o->text, "time limit of %s reached", limit);
    } else if (o->cancelled && (o->signal != 0 || o->exit_status != 0)) {
        snprintf(o->text, sizeof o->text, "cancelled");
    } else if (o->signal != 0) {
        snprintf(o->text, sizeof o->text, "ended by signal %d (%s)%s%.300s",
                 o->signal, strsignal(o->signal), *w->last != '\0' ? ": " : "",
                 w->last);
    } else if (memory_bytes != 0 && ran_out_of_memory(o->exit_status, said)) {
        text_write_size(limit, memory_bytes);
        snprintf(o->text, sizeof o->text,
                 "memory limit of %s ([jobs] memory_limit) reached: %.400s",
                 limit, said);
    } else if (o->exit_status != 0 && *said != '\0') {
        snprintf(o->text, sizeof o->text, "%.470s", said);
    } else if (bad_report != NULL) {
        snprintf(o->text, sizeof o->text, "exit status %d: %s", o->exit_status,
                 bad_report);
    } else if (o->exit_status != 0 && o->exit_status != 1) {
        snprintf(o->text, sizeof o->text, "exit status %d", o->exit_status);
    }
}
