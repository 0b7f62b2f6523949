#include "base/file.h"

#include <errno.h>
#include <fcntl.h>

int
file_find_writer(int fd, enum file_writer *writer, struct error *e)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
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
    return fcntl(fd, F_SETLEASE, F_WRLCK) == 0 &&
           fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}
