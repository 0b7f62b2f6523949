#include "jobs/persist_host.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"

enum { PROC_MAX_BYTES = 65536 };

/* "MemTotal:       16307984 kB" */
static int64_t
find_figure(const char *meminfo, const char *name)
{
    const char *at = meminfo;
    size_t length = strlen(name);

    while (strncmp(at, name, length) != 0 || at[length] != ':') {
        at = strchr(at, '\n');
        if (at == NULL)
            return -1;
        at++;
    }
    return strtoll(at + length + 1, NULL, 10) * 1024;
}

void
persist_host_read(struct persist_host *host, const char *meminfo)
{
    int64_t total = find_figure(meminfo, "MemTotal");
    int64_t swap = find_figure(meminfo, "SwapTotal");
    int64_t limit = find_figure(meminfo, "CommitLimit");
    int64_t committed = find_figure(meminfo, "Committed_AS");

    host->memory_available = find_figure(meminfo, "MemAvailable");
    host->memory_total = total < 0 || swap < 0 ? -1 : total + swap;
    host->commit_left = limit < 0 || committed < 0 ? -1
                        : limit > committed        ? limit - committed
                                                   : 0;
}

static char *
load(const char *path)
{
    struct error e;
    char *text;
    size_t size;

    if (file_load(AT_FDCWD, path, PROC_MAX_BYTES, &text, &size, &e) != 0)
        return NULL;
    return text;
}

/* It tells its process by number: who has that number here may be another. */
static bool
is_here(const struct info *info, int dir)
{
    struct process_view process;
    struct file_identity id;
    struct error e;

    if (info->process_id <= 0 || info->process_id > INT32_MAX ||
        process_look((pid_t)info->process_id, &process, &e) != 0 ||
        file_identify(dir, &id, &e) != 0)
        return false;
    if (process.cwd_inode != 0)
        return process.cwd_inode == id.inode && process.cwd_device == id.device;
    return strncmp(process.command, "redis", 5) == 0 ||
           strncmp(process.command, "valkey", 6) == 0;
}

static void
look_at_memory(struct persist_host *host)
{
    char *meminfo = load("/proc/meminfo");
    char *overcommit = load("/proc/sys/vm/overcommit_memory");

    if (meminfo != NULL)
        persist_host_read(host, meminfo);
    if (overcommit != NULL)
        host->overcommit = atoi(overcommit);
    free(meminfo);
    free(overcommit);
}

static void
look_at_disk(struct persist_host *host, int dir,
             const struct info_settings *settings)
{
    struct file_identity dump;
    struct error e;
    uint64_t bytes;

    if (file_free_bytes(dir, &bytes, &e) == 0)
        host->disk_free = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    if (settings->dbfilename != NULL &&
        file_identify_at(dir, settings->dbfilename, &dump, &e) == 0)
        host->dump_size = (int64_t)dump.size_bytes;
}

void
persist_host_look(struct persist_host *host, const struct info *info,
                  const struct info_settings *settings)
{
    struct error e;
    int dir;

    *host = (struct persist_host)PERSIST_HOST_UNKNOWN;
    if (settings->dir == NULL || settings->dir[0] != '/')
        return;
    dir = file_open_directory(AT_FDCWD, settings->dir, &e);
    if (dir < 0)
        return;
    if (is_here(info, dir)) {
        look_at_memory(host);
        look_at_disk(host, dir, settings);
    }
    close(dir);
}
