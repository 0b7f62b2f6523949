#include "formats/server_command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "formats/server_command_table.h"

/* The releases at the ends of the table. */
enum { REDIS_FIRST = 600, REDIS_LAST = 808, VALKEY_FIRST = 702 };
enum { VALKEY_LAST = 901 };

/* Lower case and terminated; false: longer than any name. */
static bool
lower(char out[SERVER_COMMAND_NAME_MAX], const char *name, size_t size)
{
    if (size == 0 || size >= SERVER_COMMAND_NAME_MAX ||
        memchr(name, '\0', size) != NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        out[i] =
            (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    out[size] = '\0';
    return true;
}

static struct server_command
find_lower(const char *name)
{
    size_t low = 0, high = server_command_table_count, end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(server_command_table[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < server_command_table_count &&
                    strcmp(server_command_table[end].name, name) == 0;)
        end++;
    if (end == low)
        return (struct server_command){0};
    return (struct server_command){.rows = &server_command_table[low],
                                   .count = end - low};
}

struct server_command
server_command_find(const char *name, size_t size)
{
    char text[SERVER_COMMAND_NAME_MAX];

    if (!lower(text, name, size) || strchr(text, '|') != NULL)
        return (struct server_command){0};
    return find_lower(text);
}

struct server_command
server_command_find_part(const char *name, size_t size, const char *part,
                         size_t part_size)
{
    char text[2 * SERVER_COMMAND_NAME_MAX], *second;

    if (!lower(text, name, size))
        return (struct server_command){0};
    second = text + size + 1;
    if (!lower(second, part, part_size))
        return (struct server_command){0};
    text[size] = '|';
    return find_lower(text);
}

const char *
server_command_name(struct server_command c)
{
    return c.rows == NULL ? "" : c.rows->name;
}

bool
server_command_is_container(struct server_command c)
{
    return c.rows != NULL && c.rows->container;
}

static int
number_of(const struct release *r)
{
    int number = r->major * 100 + r->minor;
    int first = r->valkey ? VALKEY_FIRST : REDIS_FIRST;
    int last = r->valkey ? VALKEY_LAST : REDIS_LAST;

    return number < first ? first : number > last ? last : number;
}

static bool
is_of(const struct server_command_row *row, const struct release *r)
{
    int from, until, number;

    if (r == NULL)
        return true;
    from = r->valkey ? row->valkey_from : row->redis_from;
    until = r->valkey ? row->valkey_until : row->redis_until;
    number = number_of(r);
    return from != 0 && from <= number && (until == 0 || number < until);
}

bool
server_command_words(struct server_command c, const struct release *r,
                     uint64_t *least, uint64_t *most)
{
    bool known = false;

    *least = UINT64_MAX;
    *most = 0;
    for (size_t i = 0; i < c.count; i++) {
        int arity = c.rows[i].arity;
        uint64_t min = (uint64_t)(arity < 0 ? -arity : arity);
        uint64_t max = arity < 0 ? UINT64_MAX : min;

        if (!is_of(&c.rows[i], r))
            continue;
        known = true;
        *least = min < *least ? min : *least;
        *most = max > *most ? max : *most;
    }
    return known;
}

/* "redis 6.0 to before 7.0". The rows of a name follow on each other. */
static int
write_span(char *out, size_t size, const char *product, int from, int until)
{
    char end[32] = "";

    if (until != 0)
        snprintf(end, sizeof end, " to before %d.%d", until / 100, until % 100);
    return snprintf(out, size, "%s %d.%d%s", product, from / 100, from % 100,
                    end);
}

void
server_command_write_releases(char out[SERVER_COMMAND_RELEASES_SIZE],
                              struct server_command c)
{
    int from[2] = {0, 0}, until[2] = {0, 0};
    size_t used = 0;

    for (size_t i = 0; i < c.count; i++) {
        const struct server_command_row *row = &c.rows[i];
        int begin[] = {row->redis_from, row->valkey_from};
        int end[] = {row->redis_until, row->valkey_until};

        for (int p = 0; p < 2; p++) {
            if (begin[p] == 0)
                continue;
            if (from[p] == 0 || end[p] == 0 ||
                (until[p] != 0 && end[p] > until[p]))
                until[p] = end[p];
            if (from[p] == 0 || begin[p] < from[p])
                from[p] = begin[p];
        }
    }
    out[0] = '\0';
    if (from[0] != 0)
        used = (size_t)write_span(out, SERVER_COMMAND_RELEASES_SIZE, "redis",
                                  from[0], until[0]);
    if (from[1] != 0)
        write_span(out + used, SERVER_COMMAND_RELEASES_SIZE - used,
                   used == 0 ? "valkey" : ", valkey", from[1], until[1]);
}

/* Modules put their own name and a dot in front; servers never do. */
bool
server_command_is_of_module(const char *name, size_t size)
{
    const char *dot;

    if (size == 0 || size >= SERVER_COMMAND_NAME_MAX)
        return false;
    dot = memchr(name, '.', size);
    if (dot == NULL || dot - name < 2 || size - (size_t)(dot - name) < 3)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '.' &&
            name[i] != '_' && name[i] != '-')
            return false;
    return true;
}
