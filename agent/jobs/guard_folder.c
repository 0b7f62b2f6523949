#include "jobs/guard_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "jobs/place.h"

int
guard_folder_open(const char *directory, bool make)
{
    struct error none = {0};
    struct file_identity id;
    int dir = file_open_directory(AT_FDCWD, directory, &none), folder = -1;
    bool made = false;

    if (dir < 0)
        return -1;
    if (!make || file_make_directory(dir, PLACE_WORK, 0700, &made, &none) == 0)
        folder = file_open_inner(dir, PLACE_WORK, &none);
    if (made && folder >= 0 && geteuid() == 0 &&
        file_identify(dir, &id, &none) == 0)
        file_give(folder, id.uid, id.gid, &none);
    close(dir);
    return folder;
}
