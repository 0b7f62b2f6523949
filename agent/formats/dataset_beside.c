#include "formats/dataset_beside.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* What a name of an AOF file tells. */
struct name {
    enum dataset_beside_kind kind;
    int64_t seq;
};

static const struct {
    const char *suffix;
    enum dataset_beside_kind kind;
} suffixes[] = {
    {".base.rdb", DATASET_BESIDE_BASE},
    {".base.aof", DATASET_BESIDE_BASE},
    {".incr.aof", DATASET_BESIDE_INCR},
};

/*
 * The number between the dots; 0 where no server writes it so, as its own name
 * has no zeros in front; INT64_MAX for one too long.
 */
static int64_t
read_seq(const char *digits, size_t size)
{
    int64_t seq = 0;

    if (*digits == '0')
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (seq > (INT64_MAX - 9) / 10)
            return INT64_MAX;
        seq = seq * 10 + (digits[i] - '0');
    }
    return seq;
}

static bool
read_name(const char *name, const char *appendfilename, struct name *out)
{
    size_t size = strlen(appendfilename), digits;

    *out = (struct name){.kind = DATASET_BESIDE_OLD};
    if (strncmp(name, appendfilename, size) != 0)
        return false;
    name += size;
    if (*name == '\0')
        return true;
    if (*name++ != '.')
        return false;
    digits = strspn(name, "0123456789");
    for (size_t i = 0; digits > 0 && i < sizeof suffixes / sizeof *suffixes;
         i++) {
        if (strcmp(name + digits, suffixes[i].suffix) != 0)
            continue;
        out->kind = suffixes[i].kind;
        out->seq = read_seq(name, digits);
        return true;
    }
    return false;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in m, sorted: both lists may be long. */
static const char **
sort_named(const struct aof_manifest *m)
{
    const char **named = memory_resize(NULL, m->count + 1, sizeof *named);

    for (size_t i = 0; i < m->count; i++)
        named[i] = m->parts[i].name;
    qsort(named, m->count, sizeof *named, compare_names);
    return named;
}

const char **
dataset_beside_orphans(const struct aof_manifest *m, char **names, size_t count,
                       const char *appendfilename, size_t *found)
{
    const char **orphans = NULL, **named = sort_named(m);
    size_t capacity = 0;
    struct name ignored;

    *found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!read_name(names[i], appendfilename, &ignored) ||
            bsearch(&names[i], named, m->count, sizeof *named, compare_names))
            continue;
        orphans = memory_grow(orphans, *found, &capacity, sizeof *orphans);
        orphans[(*found)++] = names[i];
    }
    free(named);
    return orphans;
}

/* Room for one more; NULL beyond DATASET_BESIDE_MAX. */
static struct dataset_beside *
add(struct dataset *d)
{
    if (d->beside_count == DATASET_BESIDE_MAX) {
        d->beside_more++;
        return NULL;
    }
    d->beside =
        memory_resize(d->beside, d->beside_count + 1, sizeof *d->beside);
    return &d->beside[d->beside_count++];
}

/* name is found in dir, and is called path in the data directory. */
static void
add_file(struct dataset *d, int dir, const char *name, char *path,
         const struct name *told)
{
    struct dataset_beside *b = add(d);
    struct file_identity id = {0};
    struct error e = {0};

    if (b == NULL) {
        free(path);
        return;
    }
    *b = (struct dataset_beside){
        .path = path, .kind = told->kind, .seq = told->seq};
    if (dir < 0 || file_identify_at(dir, name, &id, &e) != 0)
        b->missing = dir < 0 || e.kind == ERROR_ABSENT;
    b->size_bytes = id.size_bytes;
}

void
dataset_beside_add_orphan(struct dataset *d, int dir,
                          const struct dataset_names *names, const char *name)
{
    struct name told;

    if (read_name(name, names->appendfilename, &told))
        add_file(d, dir, name, text_format("%s/%s", names->appenddirname, name),
                 &told);
}

void
dataset_beside_add(struct dataset *d, int dir, const char *path,
                   enum dataset_beside_kind kind)
{
    add_file(d, dir, path, memory_dup(path), &(struct name){.kind = kind});
}

bool
dataset_beside_is_newer(const struct dataset *d, int dir, const char *dump)
{
    struct file_identity id;
    struct error none = {0};

    if (file_identify_at(dir, dump, &id, &none) != 0)
        return false;
    for (size_t i = 0; i < d->count; i++)
        if (d->files[i].id.mtime_ns >= id.mtime_ns)
            return false;
    return true;
}

void
dataset_beside_switch(struct dataset *d, int dir,
                      const struct dataset_names *names)
{
    char *name = text_format("temp-%s.incr", names->appendfilename);
    enum file_writer writer;
    struct file_identity id;
    struct error e = {0};
    int fd = file_open(dir, name, &e);

    d->switching_on = fd >= 0 || e.kind != ERROR_ABSENT;
    if (fd >= 0 && file_identify(fd, &id, &e) == 0 &&
        file_find_writer(fd, &writer, &e) == 0)
        d->switching_lost = id.size_bytes > 0 && writer == FILE_WRITER_NONE;
    if (fd >= 0)
        close(fd);
    free(name);
}

void
dataset_beside_add_history(struct dataset *d, int dir,
                           const struct dataset_names *names)
{
    for (size_t i = 0; i < d->manifest.count; i++) {
        const struct aof_part *part = &d->manifest.parts[i];

        if (part->type == AOF_HISTORY)
            add_file(d, dir, part->name,
                     text_format("%s/%s", names->appenddirname, part->name),
                     &(struct name){DATASET_BESIDE_HISTORY, part->seq});
    }
}
