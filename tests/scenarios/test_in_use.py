"""Who uses a data directory: servers wherever they are and whatever they do
are found, and what is no server is not taken for one."""

import os
import signal
import subprocess

import pytest

from data import fill, one_client, state
from program import STOPPED, tree
from servers import APART, Server, unprivileged, wait_for


@pytest.fixture
def kept(keep, serve):
    """A snapshot of each kind, and their servers gone."""
    for home, aof, extra in (("aof", "yes", []), ("rdb", "no", ["--bgsave"])):
        server = serve(home, appendonly=aof)
        fill(one_client(server), jobs=2)
        keep("snapshot", "--redis", server.url, "--instance", home, *extra)
        server.stop()


@pytest.fixture
def restore(keep, place, kept):
    """restore(to, exit=4): no server is asked, the target tells itself."""
    def run(to, *args, kind="aof", **options):
        return keep("restore", "latest", "--to", to, "--instance", kind,
                    "--redis", f"unix://{place}/nobody", *args, **options)
    return run


def names(folder):
    """All but the files of a child, which come and go."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*")
            if not p.name.startswith("temp-")}


def refused(restore, server, *args, **options):
    before = names(server.data)
    result = restore(server.data, *args, exit=4, **options)
    assert names(server.data) == before
    return result


def named(restore, server, *args, **options):
    """Refused by its number, whatever word is given."""
    result = refused(restore, server, "--server-is-stopped", "--yes", *args,
                     **options)
    result.says(r"process \d+ \(redis-server\) uses")
    return result


# A mount namespace of its own too, where the data has another path.
ELSEWHERE = [*APART[:-3],
             'mount --make-private /proc && mount -t proc proc /proc && '
             'mount --make-private -t tmpfs tmpfs /mnt && mkdir /mnt/data && '
             'mount --bind "$0" /mnt/data && exec "$@"']


@pytest.mark.need("root", "unshare", "mount")
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_in_namespaces_of_its_own_at_another_path(place, serve, restore, aof):
    data = place / "target" / "data"
    data.mkdir(parents=True)
    wrap = ["unshare", "-m", "-p", "-f", "--kill-child", "sh", "-c",
            ELSEWHERE[-1], str(data)]
    server = serve("target", wrap=wrap, appendonly=aof, dir="/mnt/data")
    fill(one_client(server), jobs=2)
    server.client().save()
    named(restore, server)
    if aof == "yes":  # and from a side where it cannot be seen at all
        refused(restore, server, "--server-is-stopped", user=APART).says(
            "open for writing")
    else:
        refused(restore, server, user=APART).says("--server-is-stopped")


def slow_save(server):
    server.client().config_set("rdb-key-save-delay", "20000")
    server.client().bgsave()
    wait_for(lambda: [*server.data.glob("temp-*.rdb")], "a dump being made")


@pytest.mark.need("root", "unshare")
def test_while_it_makes_a_dump_it_shows_in_any_container(serve, restore):
    server = serve("target")
    fill(one_client(server), jobs=30)
    slow_save(server)
    refused(restore, server, "--server-is-stopped", user=APART).says(
        "temp-.*open for writing")


def test_only_its_child_lives_on_and_will_put_its_dump_there(serve, restore):
    server = serve("target")
    fill(one_client(server), jobs=30)
    slow_save(server)
    child = int(next(server.data.glob("temp-*.rdb")).name.split("-")[1][:-4])
    os.kill(child, signal.SIGSTOP)  # it would notice
    server.kill()
    try:
        result = named(restore, server)
        assert str(child) in result.err
    finally:
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{child}/cwd"), "its end")


def test_a_directory_it_was_sent_to_and_the_one_it_left(place, serve, restore):
    server = serve("target", appendonly="yes",
                   enable_protected_configs="yes")
    fill(one_client(server), jobs=2)
    old, new = server.data, place / "new"
    new.mkdir()
    server.client().config_set("dir", str(new))
    server.client().save()
    named(restore, server)
    server.data = new
    named(restore, server, kind="rdb")
    server.data = old


def test_one_that_is_stopped_with_its_hands_on_it(keep, serve, restore):
    server = serve("target")
    fill(one_client(server), jobs=2)
    server.client().save()
    server.process.send_signal(signal.SIGSTOP)
    named(restore, server)


def test_one_that_still_loads(serve, restore):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=30)
    server.rewrite()
    server.stop()
    server.settings["key-load-delay"] = "20000"
    server.launch()
    wait_for(lambda: "Reading RDB base" in server.log_text(), "the loading")
    named(restore, server)


@pytest.mark.parametrize("saved", [True, False])
def test_its_aof_was_switched_off(serve, restore, saved):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    server.client().config_set("appendonly", "no")
    if saved:
        server.client().save()
    named(restore, server)


def test_its_directory_was_removed_and_made_anew(serve, restore, place):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    os.rename(server.data, place / "gone")
    subprocess.run(["rm", "-r", place / "gone"], check=True)
    server.data.mkdir()
    # It has the name gone now; another is removed under its own name.
    other = serve("other", data=server.data)
    subprocess.run(["rm", "-r", server.data], check=True)
    server.data.mkdir()
    result = named(restore, server)
    assert str(other.process.pid) in result.err


@pytest.mark.need("root")
def test_of_another_user_and_closed_to_us(keep, place, serve, restore):
    """A dump is open nowhere: only its command shows that it is a server."""
    home = place / "target"
    (home / "data").mkdir(parents=True)
    for path in (home, home / "data"):
        os.chown(path, 65533, 65533)
    server = serve("target", wrap=unprivileged(65533, 65533))
    fill(one_client(server), jobs=2)
    server.client().save()
    (home / "data").chmod(0o777)
    for path in [keep.repo, *keep.repo.rglob("*")]:
        os.chown(path, 65534, 65534)
    refused(restore, server, user=unprivileged()).says(
        r"cannot tell whether process \d+ \(redis-server\)",
        "--server-is-stopped", "root")
    named(restore, server)  # to root it is open


def begin(place, script, *files):
    """A program that is no server, and has these open."""
    process = subprocess.Popen(
        ["python3", "-c", "import sys, os, time\n" + script +
         "\nprint(flush=True)\ntime.sleep(600)", *map(str, files)],
        cwd=place, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_what_is_no_server_is_no_hindrance(place, serve, restore, boot):
    """A shell, a pager, an editor's own file and a log kept by a pipe."""
    server = serve("target", appendonly="yes")
    fill(one_client(server), seed=7, jobs=2)
    server.kill()
    incr = next(server.data.glob("appendonlydir/*.incr.aof"))
    others = [
        begin(server.data, ""),
        begin(server.data, "f = open(sys.argv[1])", incr),
        begin(server.data, "f = open(sys.argv[1], 'w')",
              server.data / ".redis.conf.swp"),
        begin(server.data, "f = open(sys.argv[1], 'w')",
              server.data / "redis.log")]
    try:
        restore(server.data, *STOPPED)
    finally:
        for process in others:
            process.kill()
            process.wait()
    assert boot(server.data).client().hget("bull:mail:1", "name") == b"send"


def test_a_sentinel_is_no_hindrance(place, serve, restore):
    """Debian's works where the data is."""
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    server.kill()
    sentinel = Server(place / "sentinel", data=server.data)
    sentinel.settings = {"dir": str(server.data), "port": "0", "unixsocket":
                         str(sentinel.socket), "unixsocketperm": "777",
                         "logfile": str(sentinel.log)}
    sentinel.wrap = ["sh", "-c", 'exec "$@" --sentinel', "sh"]
    sentinel.launch()
    try:
        wait_for(lambda: "Sentinel ID" in sentinel.log_text(), "the sentinel")
        restore(server.data, *STOPPED)
    finally:
        sentinel.kill()


def test_a_server_in_a_folder_below_is_no_hindrance(serve, restore):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    server.kill()
    (server.data / "second").mkdir()
    second = serve("second", "redis-6.0", data=server.data / "second",
                   appendonly="yes")
    one_client(second).set("mine", 1)
    restore(server.data, *STOPPED)
    assert one_client(second).get("mine") == b"1"
    server.data = second.data
    named(restore, server)


def test_an_agent_that_watches_is_no_hindrance(serve, agent, restore):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    watcher = agent(server)
    server.kill()
    restore(server.data, *STOPPED)
    watcher.stop()


def test_beside_a_snapshot_that_reads(place, keep, serve, restore, boot):
    """It has the old set's files open: it gets them whole, or says not."""
    server = serve("target", appendonly="yes")
    for i in range(24):
        server.client().set(f"big:{i}", os.urandom(1 << 20))
    fill(one_client(server), seed=5, jobs=2)
    server.drain()
    held = state(one_client(server))
    server.kill()
    reader = keep.begin("snapshot", "--data-dir", server.data, "--instance",
                        "read", "--redis", f"unix://{place}/nobody",
                        "--snapshot-compression", "none")
    wait_for(lambda: [p for p in keep.repo.glob("read/snapshots/*")
                      if p.stat().st_size > 1 << 20] or
             reader.poll() is not None or has_open(reader.pid, ".aof"),
             "the reading")
    reader.send_signal(signal.SIGSTOP)
    restore(server.data, *STOPPED)
    reader.send_signal(signal.SIGCONT)
    out, err = reader.communicate(timeout=60)
    assert reader.returncode in (0, 1, 3), err
    again = boot(server.data)
    assert again.client().hget("bull:mail:1", "name") == b"send"
    again.stop()
    if reader.returncode == 0:
        restore(place / "back", kind="read")
        assert state(one_client(boot(place / "back"))) == held


def has_open(pid, suffix):
    for link in os.scandir(f"/proc/{pid}/fd"):
        try:
            if os.readlink(link.path).endswith(suffix):
                return True
        except OSError:
            pass
    return False


def test_beside_a_repair_that_asks(place, keep, serve, restore, terminal,
                                   boot):
    """What it looked at is gone when the answer comes."""
    server = serve("target", appendonly="yes")
    fill(one_client(server), seed=5, jobs=2)
    server.kill()
    incr = next(server.data.glob("appendonlydir/*.incr.aof"))
    with open(incr, "ab") as f:
        f.write(b"*3\r\n$3\r\nSET\r\n$1")
    shown = []

    def asked(text):
        if b"[y/N]" in text and not shown:
            restore(server.data, *STOPPED)
            shown.append(tree(server.data))
        return bool(shown)

    terminal("repair", server.data, "--redis", f"unix://{place}/nobody",
             *STOPPED, exit=4, typed=b"y\n", when=asked)
    assert tree(server.data) == shown[0]
    assert boot(server.data).client().hget("bull:mail:1", "name") == b"send"
