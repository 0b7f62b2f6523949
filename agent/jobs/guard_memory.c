#include "jobs/guard_memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "formats/release.h"
#include "jobs/guard_folder.h"
#include "jobs/journal.h"
#include "jobs/place.h"
#include "jobs/value.h"
#include "repo/storage_agent.h"

enum {
    FORMAT = 1,
    BYTES_MAX = 1 << 20,
    FILES_MAX = 10000,
    SETTLED_MS = 2000, /* clocks of file systems are that coarse, at most */
};
#define NAME "guard.json"

/* -1 for a name that JSON cannot hold: then there is no key. */
static int
add_identity(struct guard_memory *m, json_t *files, const char *path,
             const struct file_identity *id)
{
    if (id->ctime_ns > m->newest_ns)
        m->newest_ns = id->ctime_ns;
    return json_object_set_new(
        files, path,
        json_pack("[I,I,I,I,I,I]", (json_int_t)id->device,
                  (json_int_t)id->inode, (json_int_t)id->birth_ns,
                  (json_int_t)id->mtime_ns, (json_int_t)id->ctime_ns,
                  (json_int_t)id->size_bytes));
}

static int
add_file(struct guard_memory *m, json_t *files, int dir, const char *name,
         const char *path)
{
    struct file_identity id;
    struct error why = {0};

    if (file_identify_at(dir, name, &id, &why) != 0)
        return why.kind == ERROR_ABSENT ? 0 : -1;
    return add_identity(m, files, path, &id);
}

/* What a server, or the look for its leftovers, minds in the top. */
static bool
matters(const char *name, const struct dataset_names *names)
{
    const char *dump = names->dbfilename, *aof = names->appendfilename;

    return strcmp(name, dump != NULL ? dump : "dump.rdb") == 0 ||
           strcmp(name, aof != NULL ? aof : "appendonly.aof") == 0 ||
           strncmp(name, "temp-", 5) == 0;
}

/* folder NULL: dir is the data directory. */
static int
add_names(struct guard_memory *m, json_t *files, int dir, const char *folder,
          const struct dataset_names *names)
{
    struct error none = {0};
    char **found;
    size_t count;
    int rc = 0;

    if (file_names(dir, &found, &count, &none) != 0)
        return -1;
    for (size_t i = 0; i < count && rc == 0; i++) {
        char *path =
            text_format("%s/%s", folder != NULL ? folder : ".", found[i]);

        if (json_object_size(files) == FILES_MAX)
            rc = -1;
        else if (folder != NULL || matters(found[i], names))
            rc = add_file(m, files, dir, found[i], path);
        free(path);
    }
    file_free_names(found, count);
    return rc;
}

static int
add_folder(struct guard_memory *m, json_t *files, int dir,
           const struct dataset_names *names)
{
    const char *name = names->appenddirname != NULL ? names->appenddirname
                                                    : "appendonlydir";
    struct error why = {0};
    int rc, folder = file_open_directory(dir, name, &why);

    if (folder < 0)
        return why.kind == ERROR_ABSENT ? 0 : -1;
    rc = add_names(m, files, folder, name, names);
    close(folder);
    return rc;
}

static json_t *
settings_json(const struct judge_options *o)
{
    char release[RELEASE_TEXT_SIZE];

    release_write(release, &o->release);
    return json_pack("[s,i,o,o,o,b,I,b]", release, (int)o->names.appendonly,
                     value_string(o->names.dbfilename),
                     value_string(o->names.appendfilename),
                     value_string(o->names.appenddirname), o->refuse_truncated,
                     (json_int_t)o->databases, o->deep);
}

static json_t *
boot_json(void)
{
    struct error none = {0};
    json_t *boot;
    char *text;
    size_t size;

    if (file_load(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, &size,
                  &none) != 0)
        return NULL;
    boot = value_string(text);
    free(text);
    return boot;
}

/* A link is followed: what it leads to is what is run. */
static json_t *
program_json(const char *path)
{
    struct stat st;

    if (path == NULL || stat(path, &st) != 0)
        return json_null();
    return json_pack("[I,I,I,I,I]", (json_int_t)st.st_dev,
                     (json_int_t)st.st_ino, (json_int_t)st.st_size,
                     (json_int_t)st.st_ctim.tv_sec,
                     (json_int_t)st.st_ctim.tv_nsec);
}

static json_t *
look(struct guard_memory *m, int dir)
{
    const struct guard_memory_options *o = m->options;
    const struct dataset_names *names = &m->judge.names;
    json_t *files = json_object(), *boot = boot_json();
    struct file_identity id;
    struct error none = {0};

    m->newest_ns = 0;
    if (boot != NULL && file_identify(dir, &id, &none) == 0 &&
        add_names(m, files, dir, NULL, names) == 0 &&
        add_folder(m, files, dir, names) == 0 &&
        add_file(m, files, dir, PLACE_WORK "/" JOURNAL_NAME, "journal") == 0)
        return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o, s:[o,o], s:o}",
                         "version", REDKEEP_VERSION, "path",
                         value_string(o->path), "boot", boot, "device",
                         (json_int_t)id.device, "inode", (json_int_t)id.inode,
                         "settings", settings_json(&m->judge), "programs",
                         program_json(o->programs[0]),
                         program_json(o->programs[1]), "files", files);
    json_decref(files);
    json_decref(boot);
    return NULL;
}

/* Of the agent; -1: it has none here, or it is not for us to write to. */
static int
open_agent(const char *repo, const char *instance)
{
    struct error none = {0};
    int folder = -1, above = storage_agent_open(repo, instance, false, &none);

    if (above >= 0) {
        if (faccessat(above, "agent", W_OK | X_OK, AT_EACCESS) == 0)
            folder = file_open_inner(above, "agent", &none);
        close(above);
    }
    return folder;
}

void
guard_memory_open(struct guard_memory *m,
                  const struct guard_memory_options *options)
{
    struct error none = {0};
    int dir = file_open_directory(AT_FDCWD, options->path, &none);

    *m = (struct guard_memory){
        .options = options, .judge = *options->judge, .folder = -1};
    if (dir < 0)
        return;
    m->key = look(m, dir);
    m->folder = open_agent(options->repo, options->instance);
    if (m->folder < 0)
        m->folder = guard_folder_open(options->path, false);
    close(dir);
}

/* Nothing else is ever kept. */
static bool
is_well(const json_t *answer)
{
    const char *verdict, *server;
    int starts;

    return json_unpack((json_t *)answer, "{s:s, s:s, s:b}", "verdict", &verdict,
                       "server", &server, "starts", &starts) == 0 &&
           strcmp(verdict, "sound") == 0 && strcmp(server, "loads") == 0 &&
           starts;
}

json_t *
guard_memory_find(const struct guard_memory *m)
{
    struct error none = {0};
    json_t *memory, *key, *answer, *found = NULL;
    char *text;
    size_t size;
    int format;

    if (m->folder < 0 || m->key == NULL ||
        file_load(m->folder, NAME, BYTES_MAX, &text, &size, &none) != 0)
        return NULL;
    memory = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_unpack(memory, "{s:i, s:o, s:o}", "format", &format, "key", &key,
                    "answer", &answer) == 0 &&
        format == FORMAT && json_equal(key, m->key) && is_well(answer))
        found = json_incref(answer);
    json_decref(memory);
    free(text);
    return found;
}

void
guard_memory_keep(struct guard_memory *m, const json_t *answer, int64_t now_ms)
{
    struct error none = {0};
    json_t *before = m->key, *memory = NULL;
    int dir = file_open_directory(AT_FDCWD, m->options->path, &none);
    char *text = NULL;
    size_t size;

    if (dir < 0)
        return;
    m->key = look(m, dir);
    if (!is_well(answer) || m->key == NULL || before == NULL ||
        !json_equal(before, m->key) ||
        m->newest_ns / 1000000 + SETTLED_MS > now_ms)
        goto out;
    if (m->folder < 0)
        m->folder = guard_folder_open(m->options->path, true);
    memory = json_pack("{s:i, s:O, s:O}", "format", FORMAT, "key", m->key,
                       "answer", answer);
    text = value_print(memory, &size);
    if (m->folder >= 0 && size <= BYTES_MAX)
        file_replace(m->folder, NAME, text, size, 0600, &none);

out:
    free(text);
    json_decref(memory);
    json_decref(before);
    close(dir);
}

void
guard_memory_close(struct guard_memory *m)
{
    json_decref(m->key);
    if (m->folder >= 0)
        close(m->folder);
    *m = (struct guard_memory){.folder = -1};
}
