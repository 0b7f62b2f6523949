/*
 * A command is "*COUNT\r\n" and COUNT times "$SIZE\r\n...\r\n"; a line that
 * begins with '#' is an annotation. The files were judged before: what is not
 * of this form is odd, and nothing is concluded from it.
 */
#include "jobs/drill_touch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/source.h"

enum {
    SLOTS = 8192, /* some times the sample */
    LINE_MAX = 32,
    NAME_MAX_SIZE = RDB_KEY_NAME_MAX,
};

struct touch {
    struct source s;
    struct drill_pass_key *slots[SLOTS];
    bool sizes[NAME_MAX_SIZE + 1]; /* that names of the sample have */
};

/* Commands that change keys which they do not name. */
static const char *const blind[] = {
    "FLUSHALL", "FLUSHDB", "SWAPDB", "EVAL", "EVALSHA", "FCALL",
};

static uint32_t
hash(const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

/* Where a key of that name is, or would be. Databases are not told apart. */
static struct drill_pass_key **
find(struct touch *t, const void *name, size_t size, uint32_t *at)
{
    for (;; *at = (*at + 1) % SLOTS) {
        struct drill_pass_key *key = t->slots[*at];

        if (key == NULL || (key->name_size == size && key->name != NULL &&
                            memcmp(key->name, name, size) == 0))
            return &t->slots[*at];
    }
}

static void
fill(struct touch *t, struct drill_pass *p)
{
    for (int type = 0; type < DRILL_PASS_TYPES; type++)
        for (int i = 0; i < DRILL_PASS_EACH; i++) {
            struct drill_pass_key *key = &p->sample[type][i];
            uint32_t at;

            if (key->name == NULL)
                continue;
            at = hash(key->name, key->name_size) % SLOTS;
            while (t->slots[at] != NULL)
                at = (at + 1) % SLOTS;
            t->slots[at] = key;
            t->sizes[key->name_size] = true;
        }
}

static void
remove_key(struct drill_pass_key *key)
{
    free(key->name);
    key->name = NULL;
}

static void
remove_all(struct drill_pass *p)
{
    for (int type = 0; type < DRILL_PASS_TYPES; type++)
        for (int i = 0; i < DRILL_PASS_EACH; i++)
            remove_key(&p->sample[type][i]);
}

/* Keys of that name, in whatever database. */
static void
touch_name(struct touch *t, const void *name, size_t size)
{
    uint32_t at = hash(name, size) % SLOTS;
    struct drill_pass_key **found;

    while (*(found = find(t, name, size, &at)) != NULL)
        remove_key(*found);
}

/* "*12\r\n": the number. */
static bool
read_number(struct source *s, char mark, uint64_t *number)
{
    const unsigned char *p;
    int i = 1;

    source_want(s, LINE_MAX); /* else there is no more */
    p = s->at;
    if (s->at == s->end || *p != (unsigned char)mark)
        return false;
    *number = 0;
    for (; i < LINE_MAX && p + i < s->end && p[i] >= '0' && p[i] <= '9'; i++)
        *number = *number * 10 + (uint64_t)(p[i] - '0');
    if (i == 1 || i > 19 || s->end - p < i + 2 || p[i] != '\r' ||
        p[i + 1] != '\n')
        return false;
    s->at += i + 2;
    return true;
}

static bool
is_blind(const unsigned char *word, uint64_t size)
{
    for (size_t i = 0; i < sizeof blind / sizeof *blind; i++)
        if (strlen(blind[i]) == size &&
            strncasecmp((const char *)word, blind[i], size) == 0)
            return true;
    return false;
}

static bool
read_word(struct touch *t, bool first)
{
    struct source *s = &t->s;
    uint64_t size;

    if (!read_number(s, '$', &size))
        return false;
    if (size > NAME_MAX_SIZE)
        return !first && source_skip(s, size + 2);
    if (!source_want(s, size + 2) || (first && is_blind(s->at, size)))
        return false;
    if (!first && t->sizes[size])
        touch_name(t, s->at, size);
    s->at += size + 2;
    return true;
}

static bool
skip_line(struct source *s)
{
    while (source_want(s, 1))
        if (*s->at++ == '\n')
            return true;
    return false;
}

/* False: it ends, or is not as a server writes it. */
static bool
read_command(struct touch *t)
{
    uint64_t words;

    if (*t->s.at == '#')
        return skip_line(&t->s);
    if (!read_number(&t->s, '*', &words) || words == 0)
        return false;
    for (uint64_t i = 0; i < words; i++)
        if (!read_word(t, i == 0))
            return false;
    return true;
}

int
drill_touch_remove(struct drill_pass *p, int fd, uint64_t from, uint64_t size,
                   const struct progress *progress, struct error *e)
{
    struct progress_file file = {.progress = progress,
                                 .path = "looking at its commands",
                                 .size_bytes = size};
    struct touch t = {0};
    int rc = 0;

    if (source_of_file(&t.s, fd, size, e) != 0)
        return -1;
    t.s.moved = progress_moved;
    t.s.moved_context = &file;
    fill(&t, p);
    source_skip(&t.s, from);
    while (source_want(&t.s, 1))
        if (!read_command(&t)) {
            remove_all(p);
            break;
        }
    if (t.s.error.kind != ERROR_NONE) {
        *e = t.s.error;
        rc = -1;
    }
    source_close(&t.s);
    return rc;
}
