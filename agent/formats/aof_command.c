#include "formats/aof_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

/* Findings of one kind; more of them say nothing new. */
enum { TOLD_MAX = 8 };

/* A slot tells names apart by their first and last eight bytes. */
enum { SLOT_NAME_MAX = 16 };

enum { NAME_TEXT = 80 };

#define UNKNOWN_REMEDY                                                       \
    "if the server renames commands or has modules, start it with the same " \
    "settings; a renamed command cannot be told from a damaged one. If not, " REPORT_MEND

/*
 * What redis 6.0, 7.0.15 and 8.0 were seen to do with the name alone: nearly
 * all crash, and these go on. With more words, but too few, they read what
 * happens to lie there: most go on, and these crashed on two of the three.
 */
static const char alone_go_on[] =
    " blpop brpop bzpopmax bzpopmin del exists geoadd hmset hset mget mset "
    "msetnx sunion touch unlink watch xadd xpending xread xreadgroup zadd "
    "zincrby ";
static const char few_crash[] =
    " append copy eval eval_ro expireat function|delete function|restore georadius "
    "georadius_ro getbit getset hscan hsetnx incrbyfloat lcs pexpire "
    "pexpireat pfdebug psetex rename renamenx replicaof restore "
    "restore-asking sadd sdiffstore set setex setnx setrange sinterstore "
    "slaveof sscan xautoclaim xrange xrevrange xsetid zcount zlexcount "
    "zrangebylex zrangebyscore zrangestore zremrangebylex zremrangebyscore "
    "zrevrangebylex zrevrangebyscore zscan ";

static bool
is_among(const char *list, struct server_command c)
{
    char word[SERVER_COMMAND_NAME_MAX + 2];

    snprintf(word, sizeof word, " %s ", server_command_name(c));
    return strstr(list, word) != NULL;
}

static bool
crashes(struct server_command c, uint64_t count)
{
    return count == 1 ? !is_among(alone_go_on, c) : is_among(few_crash, c);
}

static bool
checks_words(const struct release *r)
{
    return r != NULL && r->valkey && release_at_least(r, 8, 1);
}

static bool
checks_parts(const struct release *r)
{
    return r == NULL || release_has_manifest(r);
}

/* Whether one more finding of that kind is to be told. */
static bool
tell(uint32_t *told)
{
    if (*told == TOLD_MAX)
        return false;
    ++*told;
    return true;
}

static size_t
kept(uint64_t size)
{
    return size < AOF_COMMAND_KEPT ? (size_t)size : AOF_COMMAND_KEPT;
}

/* "XGROUP", or "XGROUP CREATE". */
static void
write_name(char out[NAME_TEXT], const struct aof_command_words *w, bool part)
{
    size_t used;

    text_quote(out, NAME_TEXT / 2, w->word[0], kept(w->size[0]));
    if (!part)
        return;
    used = strlen(out);
    out[used++] = ' ';
    text_quote(out + used, NAME_TEXT - used, w->word[1], kept(w->size[1]));
}

/* What the server wrote itself, and will read again. */
static enum aof_command_verdict
tell_own(struct aof_command_judge *j, const struct aof_command_words *w,
         uint32_t *told)
{
    char name[NAME_TEXT];

    write_name(name, w, false);
    if (tell(told))
        report_add(j->report, SEVERITY_WARNING, "aof-command-own",
                   (int64_t)w->offset,
                   "load it with a server of that release and configuration "
                   "only",
                   "the server writes '%s' with %" PRIu64 " words, which we do "
                   "not know: renamed there, or of a newer release",
                   name, w->count);
    return AOF_COMMAND_FINE;
}

static enum aof_command_verdict
tell_unknown(struct aof_command_judge *j, const struct aof_command_words *w,
             bool part)
{
    bool refused = !part || checks_parts(j->release);
    char name[NAME_TEXT];

    if (j->own_commands)
        return tell_own(j, w, &j->unknown);
    write_name(name, w, part);
    if (tell(&j->unknown))
        report_add(j->report, SEVERITY_ERROR, "aof-command-unknown",
                   (int64_t)w->offset, UNKNOWN_REMEDY,
                   "no server has the command '%s': %s", name,
                   refused ? "a server refuses the file at this place"
                           : "this server logs an error and goes on");
    return refused ? AOF_COMMAND_DAMAGED_REFUSED : AOF_COMMAND_DAMAGED;
}

static enum aof_command_verdict
tell_newer(struct aof_command_judge *j, const struct aof_command_words *w,
           struct server_command c, bool part)
{
    char name[NAME_TEXT], server[RELEASE_TEXT_SIZE];
    char releases[SERVER_COMMAND_RELEASES_SIZE];

    if (!tell(&j->newer))
        return AOF_COMMAND_REFUSED;
    write_name(name, w, part);
    release_write(server, j->release);
    server_command_write_releases(releases, c);
    report_add(j->report, SEVERITY_ERROR, "aof-command-version",
               (int64_t)w->offset, "start it with a server that has it",
               "%s does not have the command '%s' (%s has): it refuses the "
               "file at this place",
               server, name, releases);
    return AOF_COMMAND_REFUSED;
}

static enum aof_command_verdict
tell_module(struct aof_command_judge *j, const struct aof_command_words *w)
{
    char name[NAME_TEXT];

    write_name(name, w, false);
    j->module_commands++;
    if (j->modules++ == 0)
        report_add(j->report, SEVERITY_ERROR, "modules-needed",
                   (int64_t)w->offset,
                   "start the server with the modules that wrote it: "
                   "loadmodule in its configuration",
                   "holds commands of modules, the first is '%s'; a server "
                   "without them refuses it",
                   name);
    return AOF_COMMAND_REFUSED;
}

static const char *
words_outcome(const struct aof_command_judge *j, bool few, bool refused)
{
    if (checks_words(j->release))
        return "this server refuses it";
    if (!few)
        return "servers ignore the rest or log an error, and go on";
    return refused ? "a loading server crashes"
                   : "servers read beyond them, and may crash";
}

static enum aof_command_verdict
tell_words(struct aof_command_judge *j, const struct aof_command_words *w,
           struct server_command c, const uint64_t range[2], bool part)
{
    bool few = w->count < range[0];
    bool refused = checks_words(j->release) || (few && crashes(c, w->count));
    uint64_t least, most;
    bool other;
    char name[NAME_TEXT];

    if (j->own_commands)
        return tell_own(j, w, &j->words);
    server_command_words(c, NULL, &least, &most);
    other = w->count >= least && w->count <= most;
    write_name(name, w, part);
    if (tell(&j->words))
        report_add(
            j->report, SEVERITY_ERROR, few ? "aof-words-few" : "aof-words-many",
            (int64_t)w->offset,
            other
                ? "start it with the release that wrote it"
                : "compare what the server loads with a snapshot; " REPORT_MEND,
            "'%s' with %" PRIu64 " words, %s %" PRIu64 " are taken: %s", name,
            w->count, few ? "at least" : "at most", few ? range[0] : range[1],
            words_outcome(j, few, refused));
    if (other && refused)
        return AOF_COMMAND_REFUSED;
    return refused ? AOF_COMMAND_DAMAGED_REFUSED : AOF_COMMAND_DAMAGED;
}

/* SELECT goes wrong softly: the server logs an error and stays where it is. */
static enum aof_command_verdict
judge_select(struct aof_command_judge *j, const struct aof_command_words *w)
{
    char digits[12];
    uint64_t index = 0;
    bool right = w->size[1] < sizeof digits;

    if (right) {
        memcpy(digits, w->word[1], w->size[1]);
        digits[w->size[1]] = '\0';
        right = text_number(digits, INT32_MAX, &index);
    }
    if (right && index >= j->databases)
        j->databases = index + 1;
    if (right) {
        j->selected = index;
        return AOF_COMMAND_FINE;
    }
    if (tell(&j->words))
        report_add(j->report, SEVERITY_ERROR, "aof-select", (int64_t)w->offset,
                   REPORT_MEND,
                   "SELECT of no number: servers log an error, and what "
                   "follows lands in another database");
    return AOF_COMMAND_DAMAGED;
}

/* It is queued, and run by the EXEC that still walks what it gives back. */
static enum aof_command_verdict
tell_discard(struct aof_command_judge *j, const struct aof_command_words *w)
{
    if (tell(&j->words))
        report_add(j->report, SEVERITY_ERROR, "aof-discard", (int64_t)w->offset,
                   REPORT_MEND,
                   "DISCARD inside a MULTI: a loading server crashes");
    return AOF_COMMAND_DAMAGED_REFUSED;
}

static void
compare_target(struct aof_command_judge *j, struct server_command c)
{
    uint64_t least, most;

    if (j->target != NULL && j->foreign[0] == '\0' &&
        !server_command_words(c, j->target, &least, &most))
        snprintf(j->foreign, sizeof j->foreign, "%s", server_command_name(c));
}

/* A command that this release has. */
static enum aof_command_verdict
judge_known(struct aof_command_judge *j, const struct aof_command_words *w,
            struct server_command c, bool part)
{
    uint64_t range[2];

    server_command_words(c, j->release, &range[0], &range[1]);
    if (w->count < range[0] || w->count > range[1])
        return tell_words(j, w, c, range, part);
    if (strcmp(server_command_name(c), "select") == 0)
        return judge_select(j, w);
    if (w->in_multi && strcmp(server_command_name(c), "discard") == 0)
        return tell_discard(j, w);
    return AOF_COMMAND_FINE;
}

enum aof_command_verdict
aof_command_judge_words(struct aof_command_judge *j,
                        const struct aof_command_words *w)
{
    struct server_command c = server_command_find(w->word[0],
                                                  (size_t)w->size[0]),
                          part;
    uint64_t least, most;

    if (c.rows == NULL)
        return server_command_is_of_module(w->word[0], (size_t)w->size[0])
                   ? tell_module(j, w)
                   : tell_unknown(j, w, false);
    compare_target(j, c);
    if (!server_command_words(c, j->release, &least, &most))
        return tell_newer(j, w, c, false);
    if (w->count == 1 || !server_command_is_container(c))
        return judge_known(j, w, c, false);
    part = server_command_find_part(w->word[0], (size_t)w->size[0], w->word[1],
                                    (size_t)w->size[1]);
    if (part.rows == NULL)
        return tell_unknown(j, w, true);
    if (checks_parts(j->target))
        compare_target(j, part);
    if (!checks_parts(j->release))
        return judge_known(j, w, c, false);
    if (!server_command_words(part, j->release, &least, &most))
        return tell_newer(j, w, part, true);
    return judge_known(j, w, part, true);
}

bool
aof_command_admit(struct aof_command_judge *j, const char *name, uint32_t size,
                  uint64_t count)
{
    struct server_command c = server_command_find(name, size);
    struct aof_command_slot *slot;
    uint64_t least, most, tail;

    if (c.rows == NULL || server_command_is_container(c) ||
        size > SLOT_NAME_MAX || strcmp(server_command_name(c), "select") == 0 ||
        strcmp(server_command_name(c), "discard") == 0 ||
        !server_command_words(c, j->release, &least, &most))
        return false;
    if (count < least || count > most)
        return false;
    compare_target(j, c);
    memcpy(&tail, name + size - 8, sizeof tail);
    slot = &j->slots[aof_command_slot(tail)];
    *slot = (struct aof_command_slot){
        .tail = tail, .least = least, .span = most - least, .size = size};
    memcpy(&slot->head, name, sizeof slot->head);
    return true;
}
