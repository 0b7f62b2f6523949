#include "jobs/journal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/journal_text.h"
#include "jobs/place.h"

static const char *const states[] = {
    [JOURNAL_NONE] = "none",       [JOURNAL_BUILDING] = "building",
    [JOURNAL_PLACING] = "placing", [JOURNAL_PLACED] = "placed",
    [JOURNAL_UNDONE] = "undone",
};

const char *
journal_state_name(enum journal_state state)
{
    return states[state];
}

bool
journal_is_unfinished(const struct journal *j)
{
    return j->state == JOURNAL_BUILDING || j->state == JOURNAL_PLACING;
}

static void
drop(char **text)
{
    free(*text);
    *text = NULL;
}

/* How the server is stopped and started, as options of restore. */
static char *
options_of(const struct journal *j)
{
    char *first, *second, *options;

    if (j->service == NULL && j->stop_command == NULL)
        return NULL;
    first = text_shell_word(j->service != NULL ? j->service : j->stop_command);
    second = text_shell_word(j->start_command != NULL ? j->start_command : "");
    options = j->service != NULL
                  ? text_format("--service %s", first)
                  : text_format("--stop-command %s --start-command %s", first,
                                second);
    free(first);
    free(second);
    return options;
}

/*
 * Whoever can write to the data directory can write a journal: of what leads
 * out of the directory only the word of root and our own counts.
 */
static void
check_trust(struct journal *j, const struct file_identity *id)
{
    j->trusted = id->uid == 0 || id->uid == geteuid();
    if (j->trusted)
        return;
    j->foreign = options_of(j);
    drop(&j->service);
    drop(&j->stop_command);
    drop(&j->start_command);
    drop(&j->repo);
    drop(&j->instance);
}

static int
load_open(struct journal *j, int fd, struct error *e)
{
    struct file_identity id;
    size_t size;
    char *text;
    int rc;

    if (file_identify(fd, &id, e) != 0)
        return -1;
    if (id.size_bytes > JOURNAL_BYTES_MAX)
        return error_set(e, ERROR_DAMAGED, "larger than %d MiB",
                         JOURNAL_BYTES_MAX >> 20);
    text = memory_new((size_t)id.size_bytes + 1);
    rc = file_read_at(fd, text, (size_t)id.size_bytes, 0, &size, e);
    if (rc == 0)
        rc = journal_read(j, text, size, e);
    free(text);
    if (rc == 0)
        check_trust(j, &id);
    return rc;
}

/* What is read and whose it is are asked of one open file: the name may be
 * given to another in between. */
static int
load_from(struct journal *j, int work, const char *name, struct error *e)
{
    int rc, fd = file_open(work, name, e);

    if (fd < 0)
        return -1;
    rc = load_open(j, fd, e);
    close(fd);
    return rc;
}

static int
load(struct journal *j, int target, const char *name, struct error *e)
{
    int rc = -1, work = file_open_inner(target, PLACE_WORK, e);

    *j = (struct journal){.began_ms = -1};
    if (work >= 0) {
        rc = load_from(j, work, name, e);
        close(work);
    }
    if (rc == 0)
        return 0;
    journal_clear(j);
    if (e->kind != ERROR_ABSENT)
        return error_in(e, "the journal %s/%s", PLACE_WORK, name);
    memset(e, 0, sizeof *e);
    return 0;
}

int
journal_load(struct journal *j, int target, struct error *e)
{
    return load(j, target, JOURNAL_NAME, e);
}

/* Not given to the owner of the folder: see check_trust. */
static int
write_aside(int work, const char *text, size_t size, struct error *e)
{
    int rc = -1, fd;

    if (file_remove(work, JOURNAL_ASIDE, e) != 0)
        return -1;
    fd = file_create(work, JOURNAL_ASIDE, 0644, e);
    if (fd < 0)
        return -1;
    if (file_give(fd, geteuid(), getegid(), e) == 0 &&
        file_write(fd, text, size, e) == 0)
        rc = file_sync(fd, e);
    close(fd);
    return rc;
}

static int
save(const struct journal *j, int target, const char *name, struct error *e)
{
    int rc = -1, work = file_open_inner(target, PLACE_WORK, e);
    struct error none = {0};
    size_t size;
    char *text;

    if (work < 0)
        return error_in(e, "the journal");
    text = journal_text_write(j, &size);
    if (write_aside(work, text, size, e) == 0 &&
        file_rename(work, JOURNAL_ASIDE, work, name, e) == 0)
        rc = file_sync_directory(work, e);
    if (rc != 0)
        file_remove(work, JOURNAL_ASIDE, &none);
    free(text);
    close(work);
    return rc == 0 ? 0
                   : error_in(e, "write the journal %s/%s", PLACE_WORK, name);
}

int
journal_save(const struct journal *j, int target, struct error *e)
{
    return save(j, target, JOURNAL_NAME, e);
}

int
journal_save_before(const struct journal *j, int target, struct error *e)
{
    struct journal wordless = *j;

    wordless.service = wordless.stop_command = wordless.start_command = NULL;
    return save(&wordless, target, JOURNAL_BEFORE, e);
}

int
journal_remove(int target, struct error *e)
{
    return file_remove(target, PLACE_WORK "/" JOURNAL_NAME, e);
}

/* By one rename: what was being built is given up then, or is not. */
int
journal_revert(struct journal *j, int target, struct error *e)
{
    struct journal before;
    int rc, work;

    if (load(&before, target, JOURNAL_BEFORE, e) != 0)
        return -1;
    journal_clear(j);
    *j = before;
    if (j->state == JOURNAL_NONE)
        return journal_remove(target, e);
    work = file_open_inner(target, PLACE_WORK, e);
    if (work < 0)
        return -1;
    rc = file_rename(work, JOURNAL_BEFORE, work, JOURNAL_NAME, e);
    if (rc == 0)
        rc = file_sync_directory(work, e);
    close(work);
    return rc;
}

void
journal_add_file(struct journal_set *set, const char *path, bool entry,
                 const struct file_identity *id)
{
    set->files = memory_resize(set->files, set->count + 1, sizeof *set->files);
    set->files[set->count++] = (struct journal_file){
        .path = memory_dup(path), .entry = entry, .id = *id};
}

void
journal_set_clear(struct journal_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->files[i].path);
    free(set->files);
    free(set->folder);
    *set = (struct journal_set){0};
}

void
journal_clear(struct journal *j)
{
    journal_set_clear(&j->leaves);
    journal_set_clear(&j->comes);
    for (size_t i = 0; i < j->name_count; i++) {
        free(j->names[i].dbfilename);
        free(j->names[i].appendfilename);
        free(j->names[i].appenddirname);
    }
    free(j->job);
    free(j->id);
    free(j->service);
    free(j->stop_command);
    free(j->start_command);
    free(j->foreign);
    free(j->repo);
    free(j->instance);
    free(j->layout);
    *j = (struct journal){.began_ms = -1};
}
