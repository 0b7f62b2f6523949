#include "jobs/place_steps.h"

#include <string.h>
#include <unistd.h>

#include "jobs/place_folder.h"

/* A run through the steps. */
struct run {
    struct place_work work;
    struct journal *journal;
    bool come; /* an entry file has come: a server may be using the set */
};

typedef int place_step(struct run *r, const struct place_slot *slot,
                       const struct place_sight *sight, struct error *e);

static int
each(struct run *r, bool entries, place_step *step, struct error *e)
{
    struct place_work *w = &r->work;

    for (size_t i = 0; i < w->count; i++) {
        struct place_sight sight;

        if (w->slots[i].entry != entries)
            continue;
        if (place_work_look(w, &w->slots[i], &sight, e) != 0 ||
            step(r, &w->slots[i], &sight, e) != 0)
            return -1;
    }
    return 0;
}

static int
at(const struct run *r, const struct place_slot *slot, enum place_where where)
{
    return r->work.folders[slot->folder].fd[where];
}

/* What a server writes beside the set that it has loaded is no concern of ours. */
static int
refuse_other(const struct run *r, const struct place_slot *slot,
             struct error *e)
{
    if (r->come)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s is a file that was not there before: did a server"
                     " write it? move it away",
                     r->work.path, slot->path);
}

static int
see_come(struct run *r, const struct place_slot *slot,
         const struct place_sight *sight, struct error *e)
{
    (void)e;
    r->come |= slot->comes != NULL && sight->comes && !sight->built;
    return 0;
}

/* What has come, and a server has removed since: it rewrote its AOF. An entry
 * file is replaced, never removed, and not by a tripwire. */
static bool
is_used_up(const struct run *r, const struct place_slot *slot,
           const struct place_sight *sight)
{
    return r->come && !slot->entry && !sight->comes && !sight->built;
}

/* Before anything moves: all that comes is there, nothing is in its way. */
static int
check_slot(struct run *r, const struct place_slot *slot,
           const struct place_sight *sight, struct error *e)
{
    if (sight->other && refuse_other(r, slot, e) != 0)
        return -1;
    if (sight->leaves && sight->kept_other)
        return error_set(e, ERROR_REFUSED,
                         "%s/%s/%s is in the way of what is to be kept there:"
                         " move it away",
                         r->work.path, r->work.roots[PLACE_KEPT], slot->path);
    if (slot->comes != NULL && !sight->comes && !sight->built &&
        !is_used_up(r, slot, sight))
        return error_set(e, ERROR_REFUSED, "%s/%s/%s is not there any more",
                         r->work.path, r->work.roots[PLACE_BUILT], slot->path);
    return 0;
}

/* The journal knows the copy before it has a name: what else is there by that
 * name is somebody's. */
static int
copy_to(struct run *r, int from, int to, const struct place_slot *slot,
        struct error *e)
{
    struct file_draft draft;
    struct file_identity id;

    if (file_identify(from, &id, e) != 0 ||
        file_draft_begin(&draft, to, 0600, e) != 0)
        return -1;
    if (file_copy(from, draft.fd, id.size_bytes, NULL, NULL, e) != 0 ||
        (geteuid() == 0 && file_give(draft.fd, id.uid, id.gid, e) != 0) ||
        file_set_mode(draft.fd, id.mode, e) != 0 ||
        file_identify(draft.fd, &slot->leaves->copy, e) != 0) {
        file_draft_abandon(&draft);
        return -1;
    }
    slot->leaves->copy.links = 1;
    if (journal_save(r->journal, r->work.target, e) == 0)
        return file_draft_publish(&draft, slot->base, e);
    file_draft_abandon(&draft);
    return -1;
}

static int
copy_entry(struct run *r, const struct place_slot *slot, int to,
           struct error *e)
{
    int rc, from = file_open(at(r, slot, PLACE_HERE), slot->base, e);

    if (from < 0)
        return -1;
    rc = copy_to(r, from, to, slot, e);
    close(from);
    return rc;
}

/* Step 2. */
static int
keep_entry(struct run *r, const struct place_slot *slot,
           const struct place_sight *sight, struct error *e)
{
    int to;

    if (!sight->leaves || sight->kept)
        return 0;
    to = place_folder_of(&r->work, slot, PLACE_KEPT, e);
    if (to < 0)
        return -1;
    if (file_link(at(r, slot, PLACE_HERE), slot->base, to, slot->base, e) == 0)
        return 0;
    if (e->kind != ERROR_DENIED)
        return -1;
    memset(e, 0, sizeof *e);
    return copy_entry(r, slot, to, e);
}

/* Step 3. */
static int
put_tripwire(struct run *r, const struct place_slot *slot,
             const struct place_sight *sight, struct error *e)
{
    /* A server calls an empty manifest so; an empty AOF it would load. */
    const char *text = slot->folder == 0 ? PLACE_TRIPWIRE : "";
    struct file_draft draft;
    int here;

    if (sight->other)
        return refuse_other(r, slot, e);
    if (sight->comes || sight->tripwire)
        return 0;
    here = place_folder_of(&r->work, slot, PLACE_HERE, e);
    if (here < 0)
        return -1;
    if (sight->leaves)
        return file_replace(here, slot->base, text, strlen(text), 0644, e);
    if (file_draft_begin(&draft, here, 0644, e) != 0)
        return -1;
    if (file_write(draft.fd, text, strlen(text), e) == 0)
        return file_draft_publish(&draft, slot->base, e);
    file_draft_abandon(&draft);
    return -1;
}

/* Step 5. */
static int
move_away(struct run *r, const struct place_slot *slot,
          const struct place_sight *sight, struct error *e)
{
    int to;

    if (sight->other)
        return refuse_other(r, slot, e);
    if (!sight->leaves)
        return 0;
    if (sight->kept)
        return file_remove(at(r, slot, PLACE_HERE), slot->base, e);
    to = place_folder_of(&r->work, slot, PLACE_KEPT, e);
    return to < 0 ? -1
                  : file_rename_new(at(r, slot, PLACE_HERE), slot->base, to,
                                    slot->base, e);
}

/* Step 6. */
static int
move_in(struct run *r, const struct place_slot *slot,
        const struct place_sight *sight, struct error *e)
{
    int to;

    if (slot->comes == NULL || is_used_up(r, slot, sight))
        return 0;
    if (sight->comes)
        return sight->built
                   ? file_remove(at(r, slot, PLACE_BUILT), slot->base, e)
                   : 0;
    to = place_folder_of(&r->work, slot, PLACE_HERE, e);
    return to < 0 ? -1
                  : file_rename_new(at(r, slot, PLACE_BUILT), slot->base, to,
                                    slot->base, e);
}

/* Step 7. */
static int
put_entry(struct run *r, const struct place_slot *slot,
          const struct place_sight *sight, struct error *e)
{
    if (slot->comes == NULL)
        return 0;
    if (!sight->tripwire)
        return move_in(r, slot, sight, e);
    return file_rename(at(r, slot, PLACE_BUILT), slot->base,
                       at(r, slot, PLACE_HERE), slot->base, e);
}

static int
remove_tripwire(struct run *r, const struct place_slot *slot,
                const struct place_sight *sight, struct error *e)
{
    if (sight->other)
        return refuse_other(r, slot, e);
    if (!sight->tripwire)
        return 0;
    return file_remove(at(r, slot, PLACE_HERE), slot->base, e);
}

static int
begin(struct run *r, struct error *e)
{
    struct place_work *w = &r->work;

    place_folder_sweep(w);
    if (each(r, true, keep_entry, e) != 0 ||
        place_folder_sync(w, PLACE_KEPT, e) != 0)
        return -1;
    if (each(r, true, put_tripwire, e) != 0)
        return -1;
    return place_folder_sync(w, PLACE_HERE, e);
}

static int
finish(struct run *r, struct error *e)
{
    struct place_work *w = &r->work;

    if (each(r, false, move_away, e) != 0 ||
        place_folder_sync(w, PLACE_KEPT, e) != 0 ||
        place_folder_sync(w, PLACE_HERE, e) != 0 ||
        each(r, false, move_in, e) != 0 ||
        place_folder_sync(w, PLACE_HERE, e) != 0 ||
        each(r, true, put_entry, e) != 0 ||
        place_folder_sync(w, PLACE_HERE, e) != 0 ||
        each(r, true, remove_tripwire, e) != 0 ||
        place_folder_sync(w, PLACE_HERE, e) != 0)
        return -1;
    return place_folder_sync(w, PLACE_BUILT, e);
}

/* All that has to be true before anything is changed. */
static int
look(struct run *r, struct error *e)
{
    if (each(r, true, see_come, e) != 0 || each(r, true, check_slot, e) != 0)
        return -1;
    return each(r, false, check_slot, e);
}

int
place_steps(struct journal *j, bool back, const struct place_options *options,
            bool *touched, struct error *e)
{
    struct run r = {.journal = j};
    int rc = place_work_open(&r.work, j, back, options, e);

    if (rc == 0)
        rc = look(&r, e);
    *touched = rc == 0;
    if (rc == 0 && !r.come) {
        rc = begin(&r, e);
        if (rc == 0 && options->check_unused != NULL)
            rc = options->check_unused(options->context, e);
    }
    if (rc == 0)
        rc = finish(&r, e);
    if (rc == 0)
        place_folder_clean(&r.work);
    place_work_close(&r.work);
    return rc;
}

int
place_steps_look(struct journal *j, const struct place_options *options,
                 bool *come, struct error *e)
{
    struct run r = {.journal = j};
    int rc = place_work_open(&r.work, j, false, options, e);

    if (rc == 0)
        rc = each(&r, true, see_come, e);
    *come = r.come;
    place_work_close(&r.work);
    return rc;
}
