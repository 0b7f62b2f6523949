#include "formats/mend_set_tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/mend_set_stand.h"

enum { NAME_TEXT_SIZE = 100, NAMES_TEXT_SIZE = 240 };

static const struct mend_step nothing_lost = {.offset = -1};
static const struct mend_step unknown_lost = {
    .offset = -1, .bytes_lost = -1, .commands_lost = -1, .keys_lost = -1};

static void
quote(char out[NAME_TEXT_SIZE], const char *name)
{
    text_quote(out, NAME_TEXT_SIZE, name, strlen(name));
}

typedef bool is_told(const struct mend_set_file *f);

/* "a", "a and b", "a to z (9 files)"; the first one, or NULL. */
static const struct mend_set_file *
list_names(char out[NAMES_TEXT_SIZE], const struct mend_set_files *v,
           is_told *is_so)
{
    const struct mend_set_file *first = NULL, *last = NULL;
    char a[NAME_TEXT_SIZE], b[NAME_TEXT_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++) {
        if (!is_so(&v->files[i]))
            continue;
        first = first == NULL ? &v->files[i] : first;
        last = &v->files[i];
        count++;
    }
    if (first == NULL)
        return NULL;
    quote(a, first->name);
    quote(b, last->name);
    if (count == 1)
        snprintf(out, NAMES_TEXT_SIZE, "%s", a);
    else if (count == 2)
        snprintf(out, NAMES_TEXT_SIZE, "%s and %s", a, b);
    else
        snprintf(out, NAMES_TEXT_SIZE, "%s to %s (%zu files)", a, b, count);
    return first;
}

static bool
is_gone(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_GONE;
}

static bool
is_contained(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_CONTAINED;
}

static bool
is_adopted(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_AS_INCR && f->listed == 0;
}

static bool
is_strange(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_STRANGE;
}

static bool
is_passed_over(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_LEFT && f->kind == MEND_SET_INCR &&
           f->listed == 0 && f->content.size_bytes > 0;
}

static bool
is_incr(const struct mend_set_file *f)
{
    return f->fate == MEND_SET_AS_INCR;
}

static char *
path_of(const struct mend_set_files *v, const char *name)
{
    return text_format("%s/%s", v->appenddirname, name);
}

/* One step about some files, at the path of the first. */
static void
tell(struct mend_set *set, const struct mend_set_files *v, const char *action,
     const struct mend_step *losses, const struct mend_set_file *first,
     const char *text)
{
    struct mend_step step = *losses;
    char *path = path_of(v, first->name);

    step.action = action;
    step.guess = first->guess;
    mend_set_step(set, &step, path, "%s", text);
    free(path);
}

void
mend_set_tell_gone(struct mend_set *set, const struct mend_set_files *v)
{
    const struct mend_set_file *first;
    char names[NAMES_TEXT_SIZE], text[480];

    first = list_names(names, v, is_gone);
    if (first == NULL)
        return;
    snprintf(text, sizeof text,
             "the manifest names %s, and no such file is there: what was in "
             "it is lost, if it cannot be put back",
             names);
    tell(set, v, "drop-entry", &unknown_lost, first, text);
}

static const char *
why_base(const struct mend_set_order *order)
{
    switch (order->reason) {
    case MEND_SET_BY_TIMES:
        return "the times of the incr files show that the last whole rewrite "
               "ended with it";
    case MEND_SET_BY_NUMBERS:
        return "numbers and times of the incr files say that the last rewrite "
               "ended with it; nothing proves it";
    case MEND_SET_BY_WHOLE:
        return "it is whole and the other damaged";
    case MEND_SET_BY_AGE:
        return "it is the older one, and all incr files since go with it; "
               "whether the newer one holds them already cannot be told";
    default:
        return "the manifest says that a rewrite replaced what is older";
    }
}

/* Both candidates, each time that one was passed over. */
static void
tell_rivals(struct mend_set *set, const struct mend_set_files *v,
            const struct mend_set_order *order)
{
    char taken[NAME_TEXT_SIZE], other[NAME_TEXT_SIZE], text[480];

    if (order->base == NULL)
        return;
    quote(taken, order->base->name);
    for (size_t i = 0; i < v->count; i++) {
        const struct mend_set_file *f = &v->files[i];
        struct mend_step step = order->base->guess ? unknown_lost
                                                   : nothing_lost;
        char *path;

        if (f->fate != MEND_SET_RIVAL ||
            (order->reason == MEND_SET_BY_LINE && f->listed == 0))
            continue;
        quote(other, f->name);
        snprintf(text, sizeof text, "the base is %s and not %s: %s", taken,
                 other, why_base(order));
        path = path_of(v, f->name);
        step.action = f->listed != 0 ? "drop-base" : "set-aside";
        step.guess = order->base->guess;
        mend_set_step(set, &step, path, "%s", text);
        free(path);
    }
}

static void
tell_base(struct mend_set *set, const struct mend_set_files *v,
          const struct mend_set_order *order)
{
    const struct mend_set_file *base = order->base;
    char name[NAME_TEXT_SIZE], text[480];

    if (base == NULL)
        return;
    quote(name, base->name);
    if (base->kind == MEND_SET_INCR)
        snprintf(text, sizeof text,
                 "%s has the name of an incr file and holds an RDB: as no "
                 "other base is there, it becomes the base",
                 name);
    else if (order->history)
        snprintf(text, sizeof text,
                 "the base is gone; %s, which a rewrite had replaced, is "
                 "still there and is taken with its incr files",
                 name);
    else if (order->base_gone && base->listed == 0)
        snprintf(text, sizeof text,
                 "the base that the manifest names is gone or empty; %s, "
                 "which it does not name, is taken for it",
                 name);
    else
        return;
    tell(set, v, "adopt", &nothing_lost, base, text);
}

static void
tell_exchanged(struct mend_set *set, const struct mend_set_files *v,
               const struct mend_set_order *order)
{
    char name[NAME_TEXT_SIZE], other[NAME_TEXT_SIZE], text[480];
    const char *slash;

    if (!order->exchanged || order->base == NULL)
        return;
    slash = strrchr(order->base->content.from, '/');
    quote(name, order->base->name);
    quote(other, slash == NULL ? order->base->content.from : slash + 1);
    snprintf(text, sizeof text,
             "%s holds commands and %s an RDB: their names were exchanged, "
             "and are exchanged back",
             name, other);
    tell(set, v, "reorder", &nothing_lost, order->base, text);
}

static void
tell_incrs(struct mend_set *set, const struct mend_set_files *v,
           const struct mend_set_order *order)
{
    const struct mend_set_file *first;
    char names[NAMES_TEXT_SIZE], base[NAME_TEXT_SIZE] = "", text[480];

    if (order->base != NULL)
        quote(base, order->base->name);
    first = list_names(names, v, is_contained);
    if (first != NULL) {
        snprintf(text, sizeof text,
                 "%s ended%s before the base %s was made, which holds their "
                 "writes already: loaded again they would count twice",
                 names, first->guess ? ", as far as can be told," : "", base);
        tell(set, v, "set-aside", first->guess ? &unknown_lost : &nothing_lost,
             first, text);
    }
    first = list_names(names, v, is_strange);
    if (first != NULL) {
        snprintf(text, sizeof text,
                 "an RDB lies under the name of an incr file, in %s: it is "
                 "not taken, for what it belongs to cannot be told",
                 names);
        tell(set, v, "set-aside", &unknown_lost, first, text);
    }
    first = list_names(names, v, is_passed_over);
    if (first != NULL) {
        snprintf(text, sizeof text,
                 "the manifest does not name %s, and nothing shows that it "
                 "belongs to what it names: not taken",
                 names);
        tell(set, v, "set-aside", &unknown_lost, first, text);
    }
    first = list_names(names, v, is_adopted);
    if (first == NULL)
        return;
    snprintf(text, sizeof text,
             "no readable line names %s: taken by number, content and time",
             names);
    tell(set, v, "adopt", &nothing_lost, first, text);
}

/* Whether the manifest had the incrs in another order. */
static void
tell_order(struct mend_set *set, const struct mend_set_files *v,
           const struct mend_set_order *order)
{
    const struct mend_set_file *before = NULL;
    char a[NAME_TEXT_SIZE], b[NAME_TEXT_SIZE], text[480];

    for (size_t i = 0; i < order->incr_count; i++) {
        const struct mend_set_file *f = order->incrs[i];

        if (f->listed == 0)
            continue;
        if (before != NULL && f->order < before->order) {
            quote(a, before->name);
            quote(b, f->name);
            snprintf(text, sizeof text,
                     "the manifest names %s behind %s: incr files are put in "
                     "the order of their numbers",
                     a, b);
            tell(set, v, "reorder", &nothing_lost, f, text);
            return;
        }
        before = f;
    }
}

static void
tell_empty(struct mend_set *set, const struct mend_set_files *v,
           const struct mend_set_order *order)
{
    char name[NAME_TEXT_SIZE], text[480];

    for (size_t i = 0; i < v->count; i++) {
        if (v->files[i].fate != MEND_SET_EMPTY)
            continue;
        quote(name, v->files[i].name);
        snprintf(text, sizeof text,
                 "the base %s has no bytes, and no server writes one like "
                 "that: what it held is lost%s",
                 name,
                 order->base == NULL ? "; what the incr files hold is kept"
                                     : "");
        tell(set, v, "drop-base", &unknown_lost, &v->files[i], text);
    }
}

void
mend_set_tell(struct mend_set *set, const struct mend_set_files *v,
              const struct mend_set_order *order)
{
    mend_set_tell_gone(set, v);
    tell_empty(set, v, order);
    tell_rivals(set, v, order);
    tell_base(set, v, order);
    tell_exchanged(set, v, order);
    tell_incrs(set, v, order);
    tell_order(set, v, order);
}

static void
describe_fault(char *out, size_t size, const struct mend_set_files *v,
               const struct dataset *d)
{
    char name[NAME_TEXT_SIZE];

    quote(name, v->appendfilename);
    if (v->strict && mend_set_stand_twice(&d->manifest))
        snprintf(out, size, "it names a file twice");
    else if (v->strict)
        snprintf(out, size, "it did not fit the files");
    else if (v->temporary)
        snprintf(out, size,
                 "it says nothing; temp-%s.manifest, which was never put in "
                 "its place, names files",
                 name);
    else if (d->manifest_error.kind != ERROR_NONE)
        snprintf(out, size, "%.180s", d->manifest_error.text);
    else
        snprintf(out, size, "there is none");
}

void
mend_set_tell_manifest(struct mend_set *set, const struct mend_set_files *v,
                       const struct dataset *d, const char *rest)
{
    const struct aof_part *base = aof_manifest_base(&set->manifest);
    char names[NAMES_TEXT_SIZE] = "", fault[220], name[NAME_TEXT_SIZE] = "none";
    struct mend_step step = nothing_lost;
    char *path =
        text_format("%s/%s.manifest", v->appenddirname, v->appendfilename);
    bool incrs = aof_manifest_last_incr(&set->manifest) != NULL &&
                 list_names(names, v, is_incr) != NULL;

    describe_fault(fault, sizeof fault, v, d);
    if (base != NULL)
        quote(name, base->name);
    step.action = "write-manifest";
    for (size_t i = 0; i < set->step_count; i++)
        step.guess = step.guess || set->steps[i].guess;
    mend_set_step(set, &step, path, "written anew (%s): base %s%s%s%s", fault,
                  name, incrs ? ", then " : "", names, rest);
    free(path);
}
