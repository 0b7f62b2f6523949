#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/vfs.h>

/* statfs(2) and linux/magic.h: those that are served to several machines, and
 * FUSE, of which nobody knows. */
static const unsigned long shared_types[] = {
    0x6969,     /* NFS */
    0xFF534D42, /* CIFS */
    0xFE534D42, /* SMB2 */
    0x517B,     /* SMB */
    0x65735546, /* FUSE, with virtiofs */
    0x01021997, /* 9P */
    0x00C36400, /* Ceph */
    0x01161970, /* GFS2 */
    0x7461636F, /* OCFS2 */
    0x0BD00BD0, /* Lustre */
    0x47504653, /* GPFS */
    0x5346414F, /* AFS */
    0x786F4256, /* VirtualBox */
};

/* One who opens the file while we have a lease waits, and we get a signal,
 * which would end us if it were SIGIO. */
static bool
lease(int fd, int kind)
{
    return fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, kind) == 0;
}

int
file_find_writer(int fd, enum file_writer *writer, struct error *e)
{
    if (lease(fd, F_RDLCK)) {
        *writer = FILE_WRITER_NONE;
        if (fcntl(fd, F_SETLEASE, F_UNLCK) != 0)
            return error_sys(e, "give back a lease");
        return 0;
    }
    *writer = errno == EAGAIN ? FILE_WRITER_SOME : FILE_WRITER_UNKNOWN;
    return 0;
}

bool
file_is_only_ours(int fd)
{
    return lease(fd, F_WRLCK) && fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

bool
file_type_is_shared(unsigned long type)
{
    for (size_t i = 0; i < sizeof shared_types / sizeof *shared_types; i++)
        if (shared_types[i] == (type & 0xFFFFFFFF))
            return true;
    return false;
}

bool
file_is_shared(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) != 0 ||
           file_type_is_shared((unsigned long)fs.f_type);
}
