/*
 * A server's temporary files carry the number of the process that writes them,
 * as that process sees itself: in a container it is another one than ours, or
 * none of ours. So who holds the file is asked too, and one that changed just
 * now is left in peace.
 */
#include "jobs/leftovers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

/* A finished file waits for a busy server to rename it. */
enum { YOUNG_MS = 60 * 1000 };

enum use { USE_NONE, USE_PERHAPS, USE_WRITTEN };

static bool
skip(const char **text, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*text, word, size) != 0)
        return false;
    *text += size;
    return true;
}

static bool
skip_number(const char **text, uint64_t *number)
{
    size_t size = strspn(*text, "0123456789");
    char digits[16];

    if (size == 0 || size >= sizeof digits)
        return false;
    memcpy(digits, *text, size);
    digits[size] = '\0';
    *text += size;
    return text_number(digits, INT64_MAX, number);
}

bool
leftovers_read_name(const char *name, uint64_t *pid)
{
    if (!skip(&name, "temp-"))
        return false;
    if (skip(&name, "rewriteaof-")) {
        skip(&name, "bg-");
        return skip_number(&name, pid) && strcmp(name, ".aof") == 0;
    }
    if (!skip_number(&name, pid))
        return false;
    if (*name == '.' && name[1] >= '0' && name[1] <= '9') {
        name++;
        if (!skip_number(&name, pid))
            return false;
    }
    return strcmp(name, ".rdb") == 0;
}

/*
 * A process of that number that was there when the file was last changed, and
 * works in this directory, as servers and their children do.
 */
static bool
is_alive(uint64_t pid, int dir, const struct file_identity *id,
         struct process_view *process)
{
    struct error none = {0};
    struct file_identity here;

    if (pid == 0 || pid > INT32_MAX ||
        process_look((pid_t)pid, process, &none) != 0 ||
        process->started_ms > id->mtime_ns / 1000000 + 1000)
        return false;
    if (process->cwd_device == 0 && process->cwd_inode == 0)
        return true;
    return file_identify(dir, &here, &none) == 0 &&
           here.device == process->cwd_device &&
           here.inode == process->cwd_inode;
}

static enum use
find_use(int dir, const char *name, const struct file_identity *id,
         int64_t now_ms)
{
    enum file_writer writer = FILE_WRITER_UNKNOWN;
    struct error none = {0};
    int fd = file_open(dir, name, &none);

    if (fd >= 0 && file_find_writer(fd, &writer, &none) != 0)
        writer = FILE_WRITER_UNKNOWN;
    if (fd >= 0)
        close(fd);
    if (writer == FILE_WRITER_SOME)
        return USE_WRITTEN;
    return now_ms - id->mtime_ns / 1000000 < YOUNG_MS ? USE_PERHAPS : USE_NONE;
}

/* "1.4 MiB, changed 3 h 10 min ago". */
static void
describe(char *out, size_t size, const struct file_identity *id, int64_t now_ms)
{
    char bytes[TEXT_WORDS_SIZE], age[TEXT_WORDS_SIZE];
    int64_t age_ms = now_ms - id->mtime_ns / 1000000;

    text_write_size(bytes, id->size_bytes);
    text_write_duration(age, age_ms > 0 ? (uint64_t)age_ms : 0);
    snprintf(out, size, "%s, changed %s ago", bytes, age);
}

static void
tell_dead(const struct leftovers_options *o, const char *path, const char *what,
          const char *who, struct report *report)
{
    char *word = text_shell_word(path), *remedy;

    remedy = o->keep ? text_format("keep it until the data is whole again: "
                                   "what it holds may be of use")
                     : text_format("if no server works in this directory: "
                                   "rm -- %s",
                                   word);
    report_add(report, SEVERITY_WARNING, "temp-file", -1, remedy,
               "a temporary file that no server loads, left by %s (%s)", who,
               what);
    free(remedy);
    free(word);
}

static void
tell(int dir, const struct leftovers_options *o, const char *name,
     const char *path, uint64_t pid, struct report *report)
{
    struct file_identity id;
    struct process_view process;
    struct error none = {0};
    char what[80], who[64] = "a server that died";
    enum use use;

    if (file_identify_at(dir, name, &id, &none) != 0 || !S_ISREG(id.mode))
        return;
    report_about(report, path);
    describe(what, sizeof what, &id, o->now_ms);
    if (is_alive(pid, dir, &id, &process)) {
        report_add(report, SEVERITY_INFO, "temp-file-used", -1, "",
                   "process %" PRIu64 " (%s) is writing it (%s)", pid,
                   process.command, what);
        return;
    }
    use = find_use(dir, name, &id, o->now_ms);
    if (use != USE_NONE) {
        report_add(report, SEVERITY_INFO, "temp-file-used", -1, "",
                   use == USE_WRITTEN
                       ? "a process that cannot be seen here writes it (%s)"
                       : "may be in use: no such process is seen here, but it "
                         "may run in another container (%s)",
                   what);
        return;
    }
    if (pid > 0)
        snprintf(who, sizeof who, "process %" PRIu64 ", not seen here", pid);
    tell_dead(o, path, what, who, report);
}

static const char *
or_usual(const char *name, const char *usual)
{
    return name != NULL ? name : usual;
}

/* The manifest that is written before it takes the old one's name. */
static int
find_manifest(int dir, const struct leftovers_options *o, struct report *report,
              struct error *e)
{
    const char *inner = or_usual(o->names->appenddirname, "appendonlydir");
    char *name =
        text_format("temp-%s.manifest",
                    or_usual(o->names->appendfilename, "appendonly.aof"));
    char *path = text_format("%s/%s/%s", o->folder, inner, name);
    int append_dir = file_open_directory(dir, inner, e), rc = 0;

    if (append_dir >= 0) {
        tell(append_dir, o, name, path, 0, report);
        close(append_dir);
    } else if (e->kind != ERROR_ABSENT) {
        rc = error_in(e, "%s", inner);
    } else {
        *e = (struct error){0};
    }
    free(path);
    free(name);
    return rc;
}

int
leftovers_find(int dir, const struct leftovers_options *options,
               struct report *report, struct error *e)
{
    char **names;
    size_t count;
    uint64_t pid;

    if (file_names(dir, &names, &count, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!leftovers_read_name(names[i], &pid))
            continue;
        char *path = text_format("%s/%s", options->folder, names[i]);
        tell(dir, options, names[i], path, pid, report);
        free(path);
    }
    file_free_names(names, count);
    return find_manifest(dir, options, report, e);
}
