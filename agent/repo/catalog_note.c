#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "repo/catalog.h"

enum { NOTE_MAX = 1024, NAME_SIZE = CATALOG_ID_SIZE + 16 };

/* How lines of a .verified begin that are no plain time. */
#define FAILED "failed "
#define WRONG "wrong "
#define DEEP "deep"

static void
read_line(struct catalog_entry *entry, const char *line)
{
    struct catalog_look *look = &entry->look;
    int64_t ms;

    if (text_time(line, &ms)) {
        entry->verified_ms = look->at_ms = ms;
        look->ok = true;
    } else if (strncmp(line, FAILED, strlen(FAILED)) == 0 &&
               text_time(line + strlen(FAILED), &ms)) {
        entry->failed = true;
        look->at_ms = ms;
        look->ok = false;
    } else if (strcmp(line, DEEP) == 0) {
        look->deep = true;
    } else if (strncmp(line, WRONG, strlen(WRONG)) == 0) {
        line += strlen(WRONG);
        text_quote(look->wrong, sizeof look->wrong, line, strlen(line));
    }
}

int
catalog_note_load(struct catalog_entry *entry, int snapshots_dir,
                  const char *id, struct error *e)
{
    char name[NAME_SIZE], *text, *line, *rest;
    struct file_identity identity;
    size_t size;

    entry->verified_ms = -1;
    entry->failed = false;
    entry->look = (struct catalog_look){.at_ms = -1};
    snprintf(name, sizeof name, "%s.verified", id);
    if (file_identify_at(snapshots_dir, name, &identity, e) != 0)
        return e->kind == ERROR_ABSENT ? 0 : -1;
    if (!S_ISREG(identity.mode) || identity.size_bytes > NOTE_MAX)
        return 0;
    if (file_load(snapshots_dir, name, NOTE_MAX, &text, &size, e) != 0)
        return e->kind == ERROR_ABSENT ? 0 : -1;
    rest = text;
    while ((line = strsep(&rest, "\n")) != NULL)
        read_line(entry, line);
    free(text);
    if (!entry->failed)
        entry->look.wrong[0] = '\0';
    return 0;
}

int64_t
catalog_proven_ms(const struct catalog_entry *entry)
{
    return entry->verified_ms > entry->finished_ms ? entry->verified_ms
                                                   : entry->finished_ms;
}

static void
write_note(char out[NOTE_MAX], int64_t good_ms, const struct catalog_look *look)
{
    char good[TEXT_TIME_SIZE + 1] = "", time[TEXT_TIME_SIZE];
    char bad[NOTE_MAX / 2] = "", wrong[sizeof look->wrong];

    if (good_ms >= 0) {
        text_write_time(time, good_ms);
        snprintf(good, sizeof good, "%s\n", time);
    }
    if (!look->ok) {
        text_write_time(time, look->at_ms);
        text_quote(wrong, sizeof wrong, look->wrong, strlen(look->wrong));
        snprintf(bad, sizeof bad, FAILED "%s\n" WRONG "%s\n", time, wrong);
    }
    snprintf(out, NOTE_MAX, "%s%s%s", good, bad, look->deep ? DEEP "\n" : "");
}

/* prune takes the entry first: behind that nothing else may come. */
static int
find_entry(int dir, const char *id, struct error *e)
{
    struct file_identity identity;
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%s.json", id);
    return file_identify_at(dir, name, &identity, e);
}

int
catalog_note_verified(int snapshots_dir, const char *id,
                      const struct catalog_look *look, struct error *e)
{
    struct catalog_entry before = {0};
    char name[NAME_SIZE], text[NOTE_MAX];
    struct error none = {0};

    if (find_entry(snapshots_dir, id, e) != 0)
        return -1;
    catalog_note_load(&before, snapshots_dir, id, &none);
    if (look->ok && !look->deep && before.failed && before.look.deep)
        return 0;
    write_note(text, look->ok ? look->at_ms : before.verified_ms, look);
    snprintf(name, sizeof name, "%s.verified", id);
    if (file_replace(snapshots_dir, name, text, strlen(text), 0600, e) != 0)
        return -1;
    if (find_entry(snapshots_dir, id, e) == 0 || e->kind != ERROR_ABSENT)
        return 0;
    file_remove(snapshots_dir, name, &none);
    return -1;
}

int
catalog_note_hold(int snapshots_dir, const char *id, bool held, struct error *e)
{
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "%s.hold", id);
    return held ? file_replace(snapshots_dir, name, "", 0, 0600, e)
                : file_remove(snapshots_dir, name, e);
}

bool
catalog_is_held(int snapshots_dir, const char *id)
{
    struct file_identity identity;
    char name[NAME_SIZE];
    struct error e = {0};

    snprintf(name, sizeof name, "%s.hold", id);
    /* One that cannot be looked at holds: prune must not take it for want. */
    return file_identify_at(snapshots_dir, name, &identity, &e) == 0 ||
           e.kind != ERROR_ABSENT;
}
