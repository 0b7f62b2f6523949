"""doctor on hosts and repositories: what is planted in a made /proc and /sys,
or done to real folders, mounts and groups, is found, and nothing else."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import servers
from made_host import GIB, MadeHost

GOOD = {
    "appendonly": "yes", "maxmemory": "256mb", "maxmemory_policy": "noeviction",
    "auto_aof_rewrite_percentage": "100", "enable_debug_command": "no",
    "save": [("3600", "1"), ("300", "100"), ("60", "10000")],
}
# What any repository of a test has: it lies beside the data.
BESIDE = "repository_same_disk"
ID = "0123456789abcdef" * 4


class Visit:
    """A good server with a snapshot, on a host that is made, or on this one."""

    def __init__(self, keep, serve, place):
        self.keep, self.serve, self.place = keep, serve, place
        self.environment = {}

    def begin(self, home="server", snapshot=True, **settings):
        self.server = self.serve(home, **{**GOOD, **settings})
        self.server.client().set("a", "b")
        self.common = ["--redis", self.server.url]
        if snapshot:
            self.keep("snapshot", *self.common, exit=0)
        return self.server

    def make(self):
        self.host = MadeHost(self.place / "root", self.server)
        self.environment = self.host.environment
        return self.host

    def __call__(self, *args):
        """What is found of host and repository, by code."""
        answer = self.keep("doctor", "--json", *self.common, *args, exit=None,
                           env=self.environment).json
        found = {f["code"]: f for f in answer["findings"]
                 if f["scope"] != "server"}
        assert all(f["text"] and len(f["text"]) < 1000
                   for f in found.values())
        found.pop(BESIDE, None)
        return found

    def finds(self, code, severity="warning", *args):
        found = self(*args)
        assert set(found) == {code}, found
        assert found[code]["severity"] == severity
        return found[code]

    def mends(self, finding):
        """The remedy, as somebody types it, on the folders that are real."""
        path = f"{self.keep.path.parent}:{os.environ['PATH']}"
        repo = {"REDKEEP_REPO": str(self.keep.repo),
                "REDKEEP_REDIS": self.server.url}
        subprocess.run(finding["remedy"], shell=True, check=True,
                       env=self.keep.environment({"PATH": path, **repo}),
                       stdout=subprocess.DEVNULL)
        assert finding["code"] not in self()


@pytest.fixture
def visit(keep, serve, place):
    return Visit(keep, serve, place)


@pytest.fixture
def made(visit):
    visit.begin()
    visit.make()
    return visit


def test_a_good_host_and_repository_have_nothing_to_say(made):
    answer = made.keep("doctor", "--json", *made.common, env=made.environment,
                       exit=0).json
    assert answer["status"] == "ok"
    assert {f["code"] for f in answer["findings"]
            if f["scope"] != "server"} == {BESIDE}


# What is planted, the code it must have, its severity, and its exact remedy.
PLANTED = [
    (lambda h: h.put("proc/sys/vm/overcommit_memory", "0\n"),
     "overcommit_memory", "warning", "sysctl -w vm.overcommit_memory=1"),
    (lambda h: h.put("proc/sys/net/core/somaxconn", "128\n"),
     "somaxconn_low", "warning", "sysctl -w net.core.somaxconn=511"),
    (lambda h: (h.put("sys/kernel/mm/transparent_hugepage/enabled",
                      "[always] madvise never\n"), h.who(0, huge_pages=1)),
     "transparent_huge_pages", "warning",
     "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled"),
    (lambda h: h.of_server("limits", "Max open files  1024  4096  files\n"),
     "open_files_low", "warning", "prlimit --pid [0-9]+ --nofile=10032:10032"),
    (lambda h: h.put("proc/meminfo", "MemTotal: 262144 kB\n"
                     "MemAvailable: 1 kB\nSwapTotal: 1 kB\n"),
     "maxmemory_too_large", "warning", "redis-cli .*maxmemory 201326592"),
    (lambda h: h.put("proc/meminfo", f"MemTotal: {GIB} kB\n"
                     "MemAvailable: 1 kB\nSwapTotal: 0 kB\n"),
     "swap_off", "info", "fallocate .*swapon /swapfile"),
    (lambda h: h.lies_on("tmpfs", system="ro"),
     "data_dir_read_only data_dir_in_memory", "error", "mount -o remount,rw /"),
    (lambda h: h.lies_on("tmpfs"),
     "data_dir_in_memory", "error", "redkeep .*restore latest --to .*"),
    (lambda h: h.lies_on("overlay"),
     "data_dir_in_layer", "error", "docker volume create redis-data"),
    (lambda h: h.lies_on("ext4", f"/var/lib/docker/volumes/{ID}/_data"),
     "data_dir_anonymous", "warning", "docker volume create redis-data"),
    (lambda h: h.lies_on("ext4", "/pods/1/volumes/kubernetes.io~empty-dir/d"),
     "data_dir_of_pod", "error", None),
    (lambda h: h.of_server("mountinfo",
                           "41 22 8:1 / / ro - ext4 /dev/sda1 rw\n"),
     "data_dir_protected", "error",
     "mkdir -p .*ReadWritePaths=.*systemctl daemon-reload"),
]


def test_what_is_planted_in_a_host_is_found(made):
    for plant, codes, severity, remedy in PLANTED:
        plant(made.make())
        found = made()
        assert set(found) == set(codes.split()), found
        first = found[codes.split()[0]]
        assert first["scope"] == "host" and first["severity"] == severity
        assert (first["remedy"] is None if remedy is None else
                re.fullmatch(remedy, first["remedy"])), first
        assert first["runtime"] == (codes == "maxmemory_too_large")
    made.make()
    assert made() == {}


def test_where_nothing_can_be_seen_nothing_is_found(made):
    shutil.rmtree(made.host.root)
    made.host.root.mkdir()
    assert made() == {}


def test_what_the_kernel_says_may_be_anything(made):
    for name in ("status", "limits", "cgroup", "mountinfo"):
        made.host.of_server(name, "\0\xff 1\n" * 1000)
    for name in ("meminfo", "sys/vm/overcommit_memory", "self/mountinfo",
                 "sys/net/core/somaxconn"):
        made.host.put(f"proc/{name}", "-" * 100000)
    assert made() == {}


def test_a_limit_of_the_group_counts(made):
    made.host.of_server("cgroup", "0::/box\n")
    made.host.put("proc/self/mountinfo", "30 22 0:26 / "
                  f"{made.host.root}/sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
    made.host.put("sys/fs/cgroup/box/memory.max", f"{256 << 20}\n")
    made.host.put("sys/fs/cgroup/box/memory.current", "1\n")
    made.mends(made.finds("maxmemory_too_large"))


def test_a_unit_that_is_not_started_again_is_known(made):
    """For the danger of an empty primary: doctor's rule on the server."""
    client = made.server.client()
    client.config_set("save", "")
    client.config_set("appendonly", "no")
    answer = made.keep("doctor", "--json", *made.common,
                       env=made.environment, exit=1).json
    assert {"save_off", "appendonly_off"} <= {f["code"] for f in
                                             answer["findings"]}


# Real ones.

@pytest.mark.need("root")
def test_a_server_that_may_not_write_is_told_why(visit, place):
    data = place / "owned"
    data.mkdir(mode=0o700)
    shutil.chown(data, 65534, 65534)
    (place / "server").mkdir()
    (place / "server").chmod(0o777)
    visit.begin(data=data, wrap=servers.unprivileged(), logfile="")
    visit.environment = {"REDKEEP_TEST_ROOT": ""}
    assert not {c for c in visit() if c.startswith("data_")}
    shutil.chown(data, 0, 0)
    data.chmod(0o755)
    client = visit.server.client()
    client.bgsave()
    visit.server.rest()
    assert client.info("persistence")["rdb_last_bgsave_status"] == "err"
    found = visit()["data_dir_denied"]
    assert "uid 65534" in found["text"] and "MISCONF" in found["text"]
    visit.mends(found)
    client.bgsave()
    visit.server.rest()
    assert client.info("persistence")["rdb_last_bgsave_status"] == "ok"
    incr = next((data / "appendonlydir").glob("*.incr.aof"))
    shutil.chown(incr, 0, 0)
    incr.chmod(0o600)
    visit.mends(visit()["data_file_denied"])


@pytest.mark.need("root")
def test_a_folder_for_everybody_is_told(visit):
    visit.begin()
    visit.server.data.chmod(0o777)
    visit.mends(visit()["data_dir_open"])


@pytest.mark.need("mount")
def test_a_real_memory_disk_is_told(visit, mounts, place):
    data = place / "data"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=64m", "tmpfs", data)
    visit.begin(data=data)
    assert visit()["data_dir_in_memory"]["severity"] == "error"


@pytest.mark.need("mount")
def test_a_real_overlay_is_told(visit, mounts, place):
    for name in ("lower", "upper", "work", "merged"):
        (place / name).mkdir()
    mounts("-t", "overlay", "-o", f"lowerdir={place}/lower,"
           f"upperdir={place}/upper,workdir={place}/work", "overlay",
           place / "merged")
    visit.begin(data=place / "merged" / "data")
    found = visit()
    assert found["data_dir_in_layer"]["severity"] == "error"
    assert "repository_volatile" not in found
    # A volume in it is none of its layer.
    (place / "volume").mkdir()
    (place / "merged" / "volume").mkdir()
    mounts("--bind", place / "volume", place / "merged" / "volume")
    visit.server.stop()
    visit.begin("second", data=place / "merged" / "volume", snapshot=False)
    assert "data_dir_in_layer" not in visit()


@pytest.mark.need("mount", "unshare")
def test_what_the_server_sees_read_only_is_told(visit, place):
    data = place / "data"
    data.mkdir()
    # No file is open to write: the mount would stay as it is.
    visit.begin(data=data, appendonly="no", wrap=[
        "unshare", "-m", "sh", "-c", f"mount --bind {data} {data} && "
        f"cd {data} && exec \"$@\"", "sh"])
    assert not {c for c in visit() if c.startswith("data_")}
    subprocess.run(["nsenter", "-m", "-t", str(visit.server.process.pid),
                    "mount", "-o", "remount,ro,bind", data], check=True)
    found = visit()["data_dir_read_only"]
    assert "for the server" in found["text"]


@pytest.mark.need("mount", "unshare")
def test_a_container_is_judged_by_its_own_mounts(visit, place):
    """Where we have a folder of that name too, which is none of it."""
    data = place / "data"
    data.mkdir(mode=0o777)
    data.chmod(0o777)
    visit.begin(data=data, snapshot=False, wrap=[
        *servers.APART, "sh", "-c", f"mount -t tmpfs tmpfs {data} && "
        f"chmod 700 {data} && cd {data} && exec \"$@\"", "sh"])
    found = visit()
    assert "data_dir_in_memory" in found and "data_dir_open" not in found
    server = visit.server
    subprocess.run(["nsenter", "-m", "-t", str(inner(server)), "chmod", "777",
                    data], check=True)
    open_ = visit()["data_dir_open"]
    assert f"/proc/{inner(server)}/root{data}" in open_["remedy"]
    visit.mends(open_)


@pytest.mark.need("mount", "unshare")
def test_beside_a_server_in_another_container_the_volume_is_judged(
        visit, mounts, place):
    """Neither its process nor its address is ours, but the data directory: it is
    given, or the last snapshot has proven it."""
    data = place / "data"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=64m", "tmpfs", data)
    port = servers.free_port()
    visit.begin(data=data, port=str(port), bind="127.0.0.1", snapshot=False)
    words = ["--redis", f"redis://0.0.0.0:{port}"]

    def codes(*more):
        answer = visit.keep("doctor", "--json", *words, *more,
                            user=servers.APART, exit=None)
        return {f["code"] for f in answer.json["findings"]}
    assert "data_dir_in_memory" in codes("--data-dir", data)
    assert "data_dir_in_memory" not in codes()
    visit.keep("snapshot", *words, user=servers.APART, exit=0)
    found = codes()
    assert "data_dir_in_memory" in found and "data_dir_read_only" not in found
    visit.server.kill()
    visit.server.start()
    assert "data_dir_in_memory" not in codes()


@pytest.mark.need("mount", "unshare")
def test_one_of_two_containers_is_not_taken_for_the_other(visit, place):
    """They began together, each server has the same number there, and works in
    a folder of the same name."""
    data = place / "data"
    data.mkdir()

    def apart(kind):
        (place / kind).mkdir(exist_ok=True)
        mount = {"disk": f"--bind {place}/disk",
                 "memory": "-t tmpfs tmpfs"}[kind]
        return [*servers.APART, "sh", "-c",
                f"mount {mount} {data} && cd {data} && exec \"$@\"", "sh"]
    visit.begin(data=data, snapshot=False, wrap=apart("disk"))
    assert "data_dir_in_memory" not in visit()
    visit.serve("second", data=data, wrap=apart("memory"))
    assert "data_dir_in_memory" not in visit()
    visit.server.kill()
    visit.common = ["--redis", f"unix://{place}/second/s"]
    assert "data_dir_in_memory" in visit()


def inner(server):
    """The server's process, below what made its namespace."""
    pid = str(server.process.pid)
    while True:
        text = (Path("/proc") / pid / "task" / pid / "children").read_text()
        if not text.split():
            return int(pid)
        pid = text.split()[0]


def test_a_server_that_cut_its_clients_is_told(visit):
    visit.begin(wrap=["prlimit", "--nofile=100:100"])
    found = visit()["open_files_low"]
    assert found["value"] == "100" and found["wanted"] == "10032"
    assert "cut its maxclients" in found["text"]


def test_a_real_group_is_the_memory_there_is(visit, group):
    visit.begin()
    assert "maxmemory_too_large" not in visit()
    group.write_text(str(visit.server.process.pid))
    found = visit()["maxmemory_too_large"]
    assert found["wanted"] == str(36 << 20)
    visit.mends(found)
    visit.server.kill()


def test_two_servers_in_one_folder_are_told(visit):
    visit.begin()
    assert "data_dir_shared" not in visit()
    visit.serve("second", data=visit.server.data)
    found = visit()["data_dir_shared"]
    assert "second" in subprocess.run(found["remedy"], shell=True, text=True,
                                      capture_output=True).stdout


@pytest.mark.need("mount")
def test_a_full_disk_is_told(visit, mounts, place):
    data = place / "data"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=8m", "tmpfs", data)
    visit.begin(data=data)
    (data / "ballast").write_bytes(bytes(7800 << 10))
    found = visit()["disk_space_low"]
    assert found["severity"] == "error"
    listing = subprocess.run(found["remedy"], shell=True, text=True,
                             capture_output=True).stdout
    assert str(data) in listing


@pytest.mark.need("mount")
def test_a_disk_that_takes_no_more_files_is_told(visit, mounts, place):
    data = place / "data"
    data.mkdir()
    mounts("-t", "tmpfs", "-o", "size=64m,nr_inodes=20", "tmpfs", data)
    visit.begin(data=data)
    assert "disk_inodes_out" not in visit()
    with pytest.raises(OSError):
        for n in range(20):
            (data / f"f{n}").touch()
    found = visit()["disk_inodes_out"]
    visit.server.client().bgsave()
    visit.server.rest()
    status = visit.server.persistence()["rdb_last_bgsave_status"]
    assert (found["severity"], status) == ("error", "err")


# The repository.

def test_no_repository_is_an_error_until_the_first_snapshot(visit):
    visit.begin(snapshot=False)
    visit.make()
    visit.mends(visit.finds("repository_missing", "error"))
    assert visit() == {}


def test_a_repository_that_cannot_be_read_is_no_missing_one(made):
    catalog = made.keep.repo / "main" / "instance.json"
    catalog.write_text("garbage")
    found = made.finds("repository_unreadable", "error")
    assert "instance.json" in found["text"]


def test_a_snapshot_that_is_late_is_told(made):
    alarm = ("--alarms-snapshot-overdue", "1ms")
    found = made.finds("snapshot_overdue", "warning", *alarm)
    made.mends(found)


def test_a_dump_that_nothing_changed_is_not_late(visit):
    visit.begin(appendonly="no", snapshot=False)
    visit.server.client().save()
    visit.keep("snapshot", *visit.common, exit=0)
    visit.make()
    alarm = ("--alarms-snapshot-overdue", "1ms")
    assert visit(*alarm) == {}
    visit.server.client().set("c", "d")
    visit.finds("snapshot_overdue", "warning", *alarm)


def test_a_drill_that_is_late_is_told(made):
    late = ("--alarms-drill-overdue", "1ms")
    made.mends(made.finds("drill_overdue", "warning", *late))
    made.finds("drill_overdue", "warning", *late)
    assert made() == {}


def archive_of(visit, n=-1):
    return sorted((visit.keep.repo / "main" / "snapshots").glob("*.tar.*"))[n]


def test_a_drill_that_failed_is_told(made):
    made.keep("drill", exit=0, env=made.environment)
    note = next((made.keep.repo / "main" / "snapshots").glob("*.drilled"))
    note.write_text(note.read_text().replace(" ok ", " failed "))
    made.mends(made.finds("drill_failed", "error"))


def test_a_newest_that_is_not_what_was_stored_is_told(made):
    path = archive_of(made)
    bytes_ = bytearray(path.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    path.write_bytes(bytes_)
    made.keep("verify", exit=1)
    found = made()
    assert set(found) == {"snapshot_damaged", "snapshot_missing"}
    assert all(f["severity"] == "error" for f in found.values())
    made.server.client().set("c", "d")
    made.mends(found["snapshot_damaged"])
    made.finds("snapshot_broken")


def test_a_collapse_is_told_with_the_words_that_accept_it(made):
    client = made.server.client()
    for i in range(100):
        client.set(f"k{i}", i)
    made.keep("snapshot", *made.common, exit=0)
    client.flushall()
    made.keep("snapshot", *made.common, exit=0)
    made.mends(made.finds("retention_frozen", "error"))




@pytest.mark.need("root", "unshare")
def test_a_snapshot_without_proof_is_told(visit, place):
    """In a container the server is not seen, and its dump is another's."""
    maker = visit.begin("maker", appendonly="no", snapshot=False)
    maker.client().save()
    (place / "given").mkdir()
    shutil.copy(maker.data / "dump.rdb", place / "given")
    maker.stop()
    visit.begin(appendonly="no", data=place / "given", snapshot=False)
    visit.server.client().delete("a")
    visit.keep("snapshot", *visit.common, "--data-dir", visit.server.data,
               user=servers.APART, exit=0)
    visit.make()
    assert "snapshot_unbound" in visit()


def test_a_repository_for_everybody_is_told(made):
    main = made.keep.repo / "main"
    made.keep.repo.chmod(0o755)
    main.chmod(0o755)
    made.mends(made.finds("repository_open"))
    main.chmod(0o757)
    made.mends(made.finds("repository_open", "error"))


@pytest.mark.need("root")
def test_a_repository_of_a_stranger_is_told(made):
    main = made.keep.repo / "main"
    shutil.chown(main, 4242, 4242)
    made.mends(made.finds("repository_owner"))


def test_a_repository_in_the_data_is_told(visit):
    visit.server = visit.serve("server", **GOOD)
    visit.keep.repo = visit.server.data / "backup"
    visit.begin()
    visit.make()
    visit.finds("repository_inside", "error")


@pytest.mark.need("mount")
def test_a_repository_in_memory_or_short_of_room_is_told(visit, mounts):
    visit.keep.repo.mkdir()
    mounts("-t", "tmpfs", "-o", "size=2m", "tmpfs", visit.keep.repo)
    visit.begin()
    visit.environment = {"REDKEEP_TEST_ROOT": ""}
    found = visit()
    assert found["repository_volatile"]["severity"] == "warning"
    assert "repository_space_low" not in found
    (visit.keep.repo / "ballast").write_bytes(bytes(1900 << 10))
    assert visit()["repository_space_low"]["severity"] == "warning"


def test_a_server_that_moved_is_told(visit, place):
    visit.begin(appendonly="no", enable_protected_configs="yes")
    visit.make()
    (place / "elsewhere").mkdir()
    client = visit.server.client()
    client.config_set("dir", str(place / "elsewhere"))
    client.save()
    visit.mends(visit.finds("repository_other", "error"))
    assert visit() == {}


RULES = [
    (["--schedule-prune", "off"], "prune_off"),
    (["--retention-last", "1"], "retention_short"),
    (["--retention-last", "0"], "retention_off"),
]


def test_retention_that_keeps_all_or_nothing_is_told(made):
    for options, code in RULES:
        found = made.finds(code, "warning", *options)
        assert found["remedy"].startswith("redkeep")
