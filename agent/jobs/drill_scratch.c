#include "jobs/drill_scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define LOCK_NAME "lock"
#define DATA_NAME "data"

static int
make_data(struct drill_scratch *s, uid_t uid, gid_t gid, struct error *e)
{
    if (file_remove_tree(s->dir, DATA_NAME, e) != 0 ||
        file_make_directory(s->dir, DATA_NAME, 0700, NULL, e) != 0)
        return -1;
    s->data = file_open_inner(s->dir, DATA_NAME, e);
    if (s->data < 0)
        return -1;
    return geteuid() == 0 ? file_give(s->data, uid, gid, e) : 0;
}

/* Where all may write somebody may have made it first: he could put other files
 * under the server that is to prove ours. */
static int
check_owner(const struct drill_scratch *s, const char *base, struct error *e)
{
    struct file_identity dir, above;

    if (file_identify(s->dir, &dir, e) != 0 ||
        file_identify(s->base, &above, e) != 0)
        return -1;
    if (dir.uid == geteuid() || dir.uid == above.uid)
        return 0;
    return error_set(e, ERROR_REFUSED,
                     "%s/%s belongs to another user (%u): remove it, or give"
                     " another folder with --scratch DIR",
                     base, s->name, (unsigned)dir.uid);
}

int
drill_scratch_open(struct drill_scratch *s, const char *base, const char *name,
                   uid_t uid, gid_t gid, struct error *e)
{
    char *absolute = realpath(base, NULL);

    if (absolute == NULL) {
        error_sys(e, "%s", base);
        e->kind = ERROR_FAILED;
        return -1;
    }
    s->path = text_format("%s/%s/" DATA_NAME, absolute, name);
    s->name = memory_dup(name);
    s->base = file_open_directory(AT_FDCWD, absolute, e);
    free(absolute);
    if (s->base < 0 || file_make_directory(s->base, name, 0700, NULL, e) != 0)
        return -1;
    s->dir = file_open_inner(s->base, name, e);
    if (s->dir < 0 || check_owner(s, base, e) != 0 ||
        lock_take(&s->lock, s->dir, LOCK_NAME, e) != 0)
        return -1;
    return make_data(s, uid, gid, e);
}

void
drill_scratch_close(struct drill_scratch *s)
{
    struct error e = {0};

    if (s->data >= 0)
        close(s->data);
    if (s->lock.fd >= 0) {
        if (file_remove_tree(s->dir, DATA_NAME, &e) != 0 ||
            file_remove(s->dir, LOCK_NAME, &e) != 0)
            log_line(LOG_LEVEL_WARNING,
                     "a drill's folder stays until the next path=%s"
                     " error=\"%s\"",
                     s->path, e.text);
        lock_release(&s->lock);
        file_remove_empty(s->base, s->name, &e);
    }
    if (s->dir >= 0)
        close(s->dir);
    if (s->base >= 0)
        close(s->base);
    free(s->path);
    free(s->name);
    *s = (struct drill_scratch)DRILL_SCRATCH_NONE;
}
