#include "jobs/doctor_host.h"

#include <string.h>

#include "base/text.h"
#include "jobs/doctor_host_rules.h"

void
doctor_host_path(char out[DOCTOR_HOST_PATH_SIZE], const char *path)
{
    text_quote(out, DOCTOR_HOST_PATH_SIZE, path, strlen(path));
}

doctor_rule *const doctor_rules_host[] = {
    doctor_host_dir_denied, doctor_host_file_denied, doctor_host_read_only,
    doctor_host_selinux,    doctor_host_volume,      doctor_host_neighbour,
    doctor_host_dir_open,   doctor_host_space,       doctor_host_maxmemory,
    doctor_host_overcommit, doctor_host_huge_pages,  doctor_host_files,
    doctor_host_somaxconn,  doctor_host_swap,        NULL,
};
