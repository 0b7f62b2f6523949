/* Any text of /proc is read or is nothing; what is found is in the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "jobs/doctor_proc.h"
#include "jobs/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
expect_mount(const char *text, const char *path)
{
    struct doctor_mount m;

    if (doctor_proc_find_mount(&m, text, path) &&
        (m.kind == NULL || m.root == NULL || m.device == NULL ||
         m.source == NULL || m.point[0] != '/' ||
         strncmp(path, m.point, strlen(m.point)) != 0))
        abort();
    doctor_proc_clear_mount(&m);
}

static void
expect_process(const char *text)
{
    struct file_identity id = {.uid = 1, .gid = 2, .mode = 0640};
    struct doctor_process p;
    int may;

    doctor_proc_read_status(&p, text);
    may = doctor_proc_may(&p, &id, R_OK);
    if (p.group_count > DOCTOR_GROUPS_MAX || may < -1 || may > 1 || p.uid < -1)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = memory_copy(bytes, size), *word;

    expect_mount(text, "/");
    expect_mount(text, "/var/lib/redis");
    expect_process(text);
    if (doctor_proc_limit(text, "Max open files", false) < -1 ||
        doctor_proc_limit(text, "Max open files", true) < -1 ||
        doctor_proc_bytes(text, "SwapTotal:") < -1)
        abort();
    word = doctor_proc_choice(text);
    free(word);
    word = doctor_proc_type(text);
    if (word != NULL && (word[0] == '\0' || strchr(word, ':') != NULL))
        abort();
    free(word);
    word = unit_of_groups(text);
    if (word != NULL && (strchr(word, '/') != NULL || strlen(word) < 8))
        abort();
    free(word);
    free(text);
    return 0;
}
