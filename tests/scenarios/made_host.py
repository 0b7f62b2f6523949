"""A /proc and a /sys with which all is well, for doctor to look at instead of
this machine's: files below a folder, to be changed by a scenario."""

GIB = 1 << 30
MOUNT = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"


class MadeHost:
    def __init__(self, root, server):
        self.root, self.pid = root, server.process.pid
        self.environment = {"REDKEEP_TEST_ROOT": str(root)}
        self.put("proc/sys/vm/overcommit_memory", "1\n")
        self.put("proc/sys/net/core/somaxconn", "4096\n")
        self.put("proc/meminfo", f"MemTotal: {64 * GIB >> 10} kB\n"
                 f"MemAvailable: {32 * GIB >> 10} kB\nSwapTotal: 1024 kB\n")
        self.put("proc/self/mountinfo", MOUNT)
        self.put("sys/kernel/mm/transparent_hugepage/enabled",
                 "always [madvise] never\n")
        self.of_server("cgroup", "0::/system.slice/redis-server.service\n")
        self.of_server("limits", "Max open files   10032   65535   files\n")
        self.of_server("mountinfo", MOUNT)
        self.who(0)
        self.put("lib/systemd/system/redis-server.service",
                 "[Service]\nRestart=always\n")

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def of_server(self, name, text):
        return self.put(f"proc/{self.pid}/{name}", text)

    def who(self, uid, capable=0, huge_pages=0):
        """Whom the server runs as."""
        ids = f"{uid}\t{uid}\t{uid}\t{uid}"
        self.of_server("status", f"Uid:\t{ids}\nGid:\t{ids}\nGroups:\t\n"
                       f"CapEff:\t{capable:016x}\n"
                       f"THP_enabled:\t{huge_pages}\n")

    def lies_on(self, kind, root="/", point="/", options="rw", system="rw"):
        """The mount that the server has under its data."""
        self.of_server("mountinfo", MOUNT + f"41 22 0:50 {root} {point} "
                       f"{options} - {kind} {kind} {system}\n")
