"""Whether the wrappers see every change of the disk: what the kernel was asked
for, as strace tells it, against what they wrote down."""

import re
from collections import Counter

import judge
import loops
from world import Bad

# What each call that changes a disk is in the trace; None: it must not be used,
# as no wrapper stands before it.
CALLS = {
    "openat": "create", "write": "write", "copy_file_range": "write",
    "renameat2": "rename", "renameat": "rename", "linkat": "link", "unlinkat": "unlink",
    "mkdirat": "mkdir", "ftruncate": "truncate", "fsync": "sync",
    "fchmod": "mode", "fchown": "owner",
    **dict.fromkeys("""open creat writev pwrite64 pwritev pwritev2 sendfile
    splice rename link symlink symlinkat unlink rmdir mkdir mknod
    mknodat truncate fallocate chmod fchmodat chown lchown fchownat utimensat
    utime utimes futimesat setxattr fsetxattr lsetxattr fdatasync sync
    syncfs msync mmap""".split())}
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (\d+)")


def changes(line):
    """Opening and mapping may be for reading alone."""
    call, arguments = LINE.match(line).groups()[:2]
    if call in ("open", "openat"):
        return re.search("O_CREAT|O_TMPFILE|O_TRUNC", arguments)
    if call == "mmap":
        return "PROT_WRITE" in arguments and "MAP_SHARED" in arguments
    return True


class Seen:
    def __init__(self, job, start, top):
        self.job, self.world = job, loops.begin(job, start, top)
        self.points, self.bad = 0, []

    def run(self, sample, rng):
        del sample, rng
        log = self.world.top.with_suffix(".strace")
        self.job.run(self.world, trace=True, exit=0, under=[
            "strace", "-f", "-y", "-s", "1", "-o", log, "-e",
            f"trace={','.join(CALLS)}"])
        inside = re.compile(re.escape(str(self.world.top)) + '[/>"]')
        asked = [line for line in log.read_text().splitlines()
                 if inside.search(line) and LINE.match(line)
                 and changes(line)]
        try:
            self.compare(asked)
        except Bad as e:
            self.bad.append(f"{self.job.name}: {e}")
        return self

    def compare(self, asked):
        judge.need(asked, "strace saw nothing")
        names = Counter(CALLS[LINE.match(line)[1]] for line in asked)
        judge.need(None not in names, "a change that no wrapper sees",
                   *[line for line in asked if not CALLS[LINE.match(line)[1]]])
        told = Counter(line.split(" ")[0] for line in
                       self.world.trace.read_text().splitlines())
        judge.need(names == told, f"asked {names}, told {told}")
