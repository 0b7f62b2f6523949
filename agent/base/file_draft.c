#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file_call.h"

/* Drafts that one process has open in one folder at once, and then some. */
enum { ASIDE_TRIES = 1000 };

/* Whether O_TMPFILE is not to be had there, as against a real failure. */
static bool
has_no_tmpfile(int number)
{
    return number == EOPNOTSUPP || number == EISDIR || number == EINVAL ||
           number == ENOSYS;
}

static int
begin_open(struct file_draft *draft, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(draft->dir, ".", &base);

    if (folder < 0) {
        error_sys(e, "open the folder of a new file");
        file_draft_abandon(draft);
        return -1;
    }
    rc = file_call_inherit(draft->fd, folder);
    if (rc != 0) {
        error_sys(e, "give a new file to the owner of its folder");
        file_draft_abandon(draft);
    }
    close(folder);
    return rc;
}

int
file_draft_begin_aside(struct file_draft *draft, int dir, mode_t mode,
                       struct error *e)
{
    *draft = (struct file_draft){.fd = -1, .dir = dir};
    for (int n = 0; n < ASIDE_TRIES && draft->fd < 0; n++) {
        snprintf(draft->aside, sizeof draft->aside, "%s%ld-%d", FILE_CALL_ASIDE,
                 (long)getpid(), n);
        draft->fd = file_call_open(
            dir, draft->aside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        if (draft->fd < 0 && errno != EEXIST)
            break;
    }
    if (draft->fd < 0) {
        error_sys(e, "create a file");
        draft->aside[0] = '\0';
        return -1;
    }
    /* For file_sweep of a process in another container: it sees no pid. */
    flock(draft->fd, LOCK_EX | LOCK_NB);
    return begin_open(draft, e);
}

int
file_draft_begin(struct file_draft *draft, int dir, mode_t mode,
                 struct error *e)
{
    *draft = (struct file_draft){.fd = -1, .dir = dir};
    draft->fd = file_call_open(dir, ".", O_RDWR | O_TMPFILE, mode);
    if (draft->fd >= 0)
        return begin_open(draft, e);
    if (has_no_tmpfile(errno))
        return file_draft_begin_aside(draft, dir, mode, e);
    return error_sys(e, "create a file");
}

static int
put_at_name(struct file_draft *draft, int folder, const char *base)
{
    int rc;

    if (draft->aside[0] == '\0')
        return file_call_link_open(draft->fd, folder, base);
    rc = file_call_rename_new(draft->dir, draft->aside, folder, base);
    if (rc == 0)
        draft->aside[0] = '\0';
    return rc;
}

static int
publish_in(struct file_draft *draft, int folder, const char *base,
           struct error *e)
{
    if (file_sync(draft->fd, e) != 0)
        return -1;
    if (put_at_name(draft, folder, base) == 0)
        return file_sync_directory(folder, e);
    if (errno == EEXIST)
        return error_set(e, ERROR_REFUSED, "there is already such a file");
    if (errno == ENOENT && draft->aside[0] == '\0')
        return error_set(e, ERROR_FAILED,
                         "cannot name a new file: is /proc mounted?");
    return error_sys(e, "name a new file");
}

int
file_draft_publish(struct file_draft *draft, const char *name, struct error *e)
{
    const char *base;
    int rc, folder = file_call_parent(draft->dir, name, &base);

    if (folder < 0) {
        rc = error_sys(e, "open the folder of %s", name);
    } else {
        rc = publish_in(draft, folder, base, e);
        close(folder);
        if (rc != 0)
            error_in(e, "write %s", name);
    }
    file_draft_abandon(draft);
    return rc;
}

void
file_draft_abandon(struct file_draft *draft)
{
    if (draft->fd < 0)
        return;
    if (draft->aside[0] != '\0')
        file_call_remove(draft->dir, draft->aside, 0);
    draft->aside[0] = '\0';
    close(draft->fd);
    draft->fd = -1;
}
