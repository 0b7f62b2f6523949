#include "jobs/doctor_proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum {
    DAC_OVERRIDE = 1, /* linux/capability.h */
    MOUNT_WORDS = 6,  /* before those that may be missing */
};

/* Blanks, line ends and backslashes are three octal digits there. */
static void
unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; to++) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
            at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
            *to = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + at[3] - '0');
            at += 4;
        } else {
            *to = *at++;
        }
    }
    *to = '\0';
}

static bool
has_option(const char *list, const char *option)
{
    size_t length = strlen(option);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, option, length) == 0 &&
            (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

/* "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/sda1 rw" */
static bool
read_mount(struct doctor_mount *m, char *line)
{
    char *words[MOUNT_WORDS], *kind, *source;

    for (int i = 0; i < MOUNT_WORDS; i++)
        if ((words[i] = strsep(&line, " ")) == NULL)
            return false;
    if (line == NULL)
        return false;
    if (strncmp(line, "- ", 2) == 0)
        line += 2;
    else if ((line = strstr(line, " - ")) != NULL)
        line += 3;
    kind = strsep(&line, " ");
    source = strsep(&line, " ");
    if (source == NULL || words[4][0] != '/')
        return false;
    unescape(words[3]);
    unescape(words[4]);
    unescape(source);
    *m = (struct doctor_mount){
        .device = words[2],
        .root = words[3],
        .point = words[4],
        .kind = kind,
        .source = source,
        .read_only = has_option(words[5], "ro"),
        .system_read_only = has_option(line, "ro"),
    };
    return true;
}

/* Whether path is the folder or lies below it. */
static bool
covers(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    if (strcmp(folder, "/") == 0)
        return path[0] == '/';
    return strncmp(folder, path, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

/* Of several on one folder the last is on top. */
bool
doctor_proc_find_mount(struct doctor_mount *m, const char *mountinfo,
                       const char *path)
{
    char *all = memory_dup(mountinfo), *rest = all, *line;
    struct doctor_mount best = {0}, one;

    while ((line = strsep(&rest, "\n")) != NULL)
        if (read_mount(&one, line) && covers(one.point, path) &&
            (best.point == NULL || strlen(one.point) >= strlen(best.point)))
            best = one;
    *m = best;
    m->device = memory_dup(best.device);
    m->root = memory_dup(best.root);
    m->point = memory_dup(best.point);
    m->kind = memory_dup(best.kind);
    m->source = memory_dup(best.source);
    free(all);
    return m->point != NULL;
}

void
doctor_proc_clear_mount(struct doctor_mount *m)
{
    free(m->device);
    free(m->root);
    free(m->point);
    free(m->kind);
    free(m->source);
    *m = (struct doctor_mount){0};
}

/* What is behind a word at the head of a line; NULL: there is no such line. */
static const char *
find_line(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, word, length) == 0)
            return at + length;
    }
    return NULL;
}

/* The n-th number of such a line, of those in base 10 or 16; -1: none. */
static int64_t
find_number(const char *text, const char *word, int n, int base)
{
    const char *at = find_line(text, word);
    char *end;
    long long number = -1;

    for (int i = 0; at != NULL && i <= n; i++) {
        at += strspn(at, " \t");
        if (*at == '\n')
            return -1;
        errno = 0;
        number = strtoll(at, &end, base);
        if (end == at || number < 0 || (base == 10 && errno != 0))
            return -1;
        at = end;
    }
    return number;
}

int64_t
doctor_proc_bytes(const char *text, const char *name)
{
    int64_t kib = find_number(text, name, 0, 10);

    return kib < 0 || kib > INT64_MAX / 1024 ? -1 : kib * 1024;
}

static void
read_groups(struct doctor_process *p, const char *status)
{
    const char *at = find_line(status, "Groups:");
    char *end;

    p->all_groups = at != NULL;
    while (at != NULL) {
        unsigned long group;

        at += strspn(at, " \t");
        group = strtoul(at, &end, 10);
        if (end == at || *at == '\n')
            return;
        p->all_groups = p->group_count < DOCTOR_GROUPS_MAX;
        if (!p->all_groups)
            return;
        p->groups[p->group_count++] = (gid_t)group;
        at = end;
    }
}

void
doctor_proc_read_status(struct doctor_process *p, const char *status)
{
    int64_t capable = find_number(status, "CapEff:", 0, 16);

    *p = (struct doctor_process){
        .uid = find_number(status, "Uid:", 3, 10),
        .gid = find_number(status, "Gid:", 3, 10),
        .overrides = capable < 0 ? -1 : (int)(capable >> DAC_OVERRIDE & 1),
        .huge_pages = (int)find_number(status, "THP_enabled:", 0, 10),
    };
    read_groups(p, status);
}

/* 1, 0; -1: there may be others. */
static int
is_member(const struct doctor_process *p, gid_t group)
{
    if (p->gid == (int64_t)group)
        return 1;
    for (size_t i = 0; i < p->group_count; i++)
        if (p->groups[i] == group)
            return 1;
    return p->all_groups ? 0 : -1;
}

int
doctor_proc_may(const struct doctor_process *p, const struct file_identity *id,
                int want)
{
    unsigned bits = id->mode;
    int member;

    if (p->uid < 0 || p->gid < 0)
        return -1;
    /* A container's root may lack the right to everything. */
    if (p->overrides == 1 || (p->overrides < 0 && p->uid == 0))
        return 1;
    member = is_member(p, id->gid);
    if (p->uid == (int64_t)id->uid)
        bits >>= 6;
    else if (member < 0)
        return -1;
    else if (member == 1)
        bits >>= 3;
    return (bits & (unsigned)want) == (unsigned)want;
}

int64_t
doctor_proc_limit(const char *limits, const char *name, bool hard)
{
    const char *at = find_line(limits, name);
    char word[32];
    uint64_t number;

    for (int i = 0; at != NULL && i <= hard; i++) {
        size_t length;

        at += strspn(at, " ");
        length = strcspn(at, " \n");
        if (length == 0 || length >= sizeof word)
            return -1;
        memcpy(word, at, length);
        word[length] = '\0';
        at += length;
    }
    if (at == NULL)
        return -1;
    if (strcmp(word, "unlimited") == 0)
        return INT64_MAX;
    return text_number(word, INT64_MAX, &number) ? (int64_t)number : -1;
}

char *
doctor_proc_choice(const char *text)
{
    const char *begin = strchr(text, '['), *end;

    if (begin == NULL || (end = strchr(begin, ']')) == NULL)
        return NULL;
    return memory_copy(begin + 1, (size_t)(end - begin - 1));
}

char *
doctor_proc_type(const char *label)
{
    size_t length;

    for (int i = 0; i < 2; i++) {
        label = strchr(label, ':');
        if (label == NULL)
            return NULL;
        label++;
    }
    length = strcspn(label, ":\n");
    return length > 0 ? memory_copy(label, length) : NULL;
}
