#include "formats/rdb_function.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "formats/aof_manifest_words.h"
#include "formats/rdb_blob.h"
#include "formats/twins.h"

/* A longer first line is not split. */
enum { LINE_MAX_BYTES = 1 << 16 };

static bool
is_name(const char *name)
{
    if (*name == '\0')
        return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

/* What is wrong with the words, "#!" in front, or NULL and the name. */
static const char *
check_words(char *const words[], size_t count, const char **name)
{
    *name = NULL;
    if (strcasecmp(words[0], "#!lua") != 0)
        return "a library of functions in no language that servers know";
    for (size_t i = 1; i < count; i++) {
        if (strncasecmp(words[i], "name=", 5) != 0 || *name != NULL)
            return "a library of functions says more than its name";
        *name = words[i] + 5;
    }
    if (*name == NULL || !is_name(*name))
        return "a library of functions without a right name";
    return NULL;
}

/* Whether a library of that name was there. */
static bool
is_known(struct rdb_read *r, const char *name)
{
    uint64_t hash = twins_hash(name, strlen(name));

    for (size_t i = 0; i < r->function_count; i++)
        if (r->functions[i] == hash)
            return true;
    if (r->function_count < RDB_READ_FUNCTIONS_MAX)
        r->functions[r->function_count++] = hash;
    return false;
}

static const char *
check_line(struct rdb_read *r, const unsigned char *text, size_t size)
{
    char *line = memory_copy(text, size);
    char **words = memory_new((size / 2 + 2) * sizeof *words);
    const char *wrong, *name;
    size_t count;

    if (!aof_manifest_words_split(line, words, &count))
        wrong = "the first line of a library of functions has an open quote";
    else
        wrong = check_words(words, count, &name);
    if (wrong == NULL && is_known(r, name))
        wrong = "a library of functions comes twice";
    free(words);
    free(line);
    return wrong;
}

static const char *
check(struct rdb_read *r, const struct rdb_blob *b)
{
    const unsigned char *lf = NULL;

    if (b->bytes == NULL && b->size > 0)
        return NULL; /* too large, no server writes it */
    if (b->size < 2 || memcmp(b->bytes, "#!", 2) != 0)
        return "a library of functions does not begin with #!";
    lf = memchr(b->bytes, '\n', b->size);
    if (lf == NULL || memchr(b->bytes, '\0', (size_t)(lf - b->bytes)) != NULL)
        return "a library of functions has no first line";
    /* Of Lua only that: zero bytes are what a disk leaves, not a person. */
    if (memchr(b->bytes, '\0', b->size) != NULL)
        return "a library of functions holds a zero byte";
    if (lf - b->bytes > LINE_MAX_BYTES)
        return NULL;
    return check_line(r, b->bytes, (size_t)(lf - b->bytes));
}

bool
rdb_function_read(struct rdb_read *r, uint64_t offset)
{
    struct rdb_blob b;
    const char *wrong;

    r->result->functions = true;
    if (!rdb_blob_read(r, &b))
        return false;
    wrong = b.broken ? NULL : check(r, &b);
    if (wrong != NULL)
        rdb_read_flawed(r, RDB_BY_ALL, offset, "%s", wrong);
    return true;
}
