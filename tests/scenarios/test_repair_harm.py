"""What a repair must not do, whenever it is refused, fails, or is killed."""

import fcntl
import os
import pty
import random
import select
import shutil
import signal
import subprocess
import termios
import time

import pytest

from program import STOPPED, journal, tree
from repairs import BASE, aof, keys, write  # noqa: F401
from servers import APART, unprivileged, wait_for
from test_leftovers import Killer, seconds_of

NOBODY = unprivileged()


def torn(aof):
    aof.change(aof.incr, lambda b: b[:-5])
    return aof


def words(aof, *args):
    return ["repair", str(aof.data), "--redis", f"unix://{aof.place}/nobody",
            *STOPPED, *args]


def grow(aof, megabytes):
    """An incr that takes a while to salvage and to write, torn."""
    value = os.urandom(1 << 16)
    with open(aof.incr, "ab") as f:
        for i in range(megabytes * 16):
            f.write(b"*3\r\n$3\r\nSET\r\n$%d\r\nbig%d\r\n$%d\r\n%s\r\n" %
                    (3 + len(str(i)), i, len(value), value))
    return torn(aof)


def content(folder):
    """Data alone: what is neither kept nor being worked on."""
    return {n: w[3] for n, w in tree(folder).items()
            if w[3] is not None and not n.startswith(("redkeep-", ".redk"))
            and ".redkeep-new-" not in n}


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_repair_leaves_the_old_or_the_new_set(aof, seed):
    grow(aof, 12)
    origin = aof.place / "origin"
    shutil.copytree(aof.data, origin)
    old = content(aof.data)
    usual = seconds_of(lambda: aof.run("--yes"))
    new = content(aof.data)
    assert new != old
    killer = Killer(seed, usual)
    while killer.kills < 12:
        shutil.rmtree(aof.data)
        shutil.copytree(origin, aof.data)
        killer.kill(aof.keep.begin(*words(aof, "--yes")))
        left = content(aof.data)
        check = aof.keep("check", aof.data, "--json", exit=None).json
        cut = [f for f in check["findings"]
               if f["code"] == "restore-unfinished"]
        if left not in (old, new):
            # Behind a tripwire; a repair now is refused.
            assert cut[0]["severity"] == "error" and \
                check["server"] == "refuses"
            aof.run("--yes", exit=4).says("--undo", "--resume")
            way = killer.rng.choice(["--undo", "--resume"])
            aof.keep("restore", way, "--to", aof.data, "--redis",
                     f"unix://{aof.place}/nobody", *STOPPED)
            assert content(aof.data) == (old if way == "--undo" else new)
        elif cut:
            assert "restore --undo" in cut[0]["remedy"]
            aof.keep("restore", "--undo", "--to", aof.data, "--redis",
                     f"unix://{aof.place}/nobody", *STOPPED)
            assert content(aof.data) == old
        told = aof.run("--yes", "--json").json
        assert told["verdict"] == "sound"
        assert content(aof.data) == new
        assert journal(aof.data) in ("none", "placed", "undone")
        kept = [content(p) for p in aof.data.glob("redkeep-before-*")]
        assert old in kept, "the originals are gone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seed", range(3))
def test_a_stopped_repair_tells_the_truth(aof, number, seed):
    grow(aof, 24)
    before = tree(aof.data)
    rng = random.Random(seed)
    process = aof.keep.begin(*words(aof, "--yes"))
    try:
        process.wait(rng.uniform(0.01, 0.15))
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    early = process.returncode == -number  # before it listens
    if early or "what was there is as it was" in err:
        assert early or process.returncode == 3
        assert tree(aof.data) == before
    else:
        assert "redkeep-before-" in out + err
        kept = next(aof.data.glob("redkeep-before-*"))
        old = {n: w[3] for n, w in before.items()}
        assert all(old[n] == w[3] for n, w in tree(kept).items())


def begun(aof, *args):
    """A repair that is held still as soon as it builds."""
    process = aof.keep.begin(*words(aof, "--yes", *args))
    wait_for(lambda: list(aof.data.glob(".redkeep/repair-*/*")) or
             process.poll() is not None, "the new set to be built")
    process.send_signal(signal.SIGSTOP)
    assert process.poll() is None
    return process


def ended(process):
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_what_is_all_there_is_is_no_leftover(aof):
    """Of a file system that cannot exchange, a job that was cut off leaves
    neither set in its place."""
    swap = aof.data / ".redkeep" / "swap-20261120T100000Z"
    swap.mkdir(parents=True)
    aof.folder.rename(swap / aof.folder.name)
    [note] = aof.run("--yes", "--json", exit=1).json["notes"]
    [kept] = aof.data.glob("redkeep-before-*")
    assert note.endswith(str(kept))
    (kept / aof.folder.name).rename(aof.folder)
    assert aof.start() == aof.all


def test_two_repairs_at_once(aof):
    grow(aof, 24)
    process = begun(aof)
    second = aof.run("--yes", exit=None)
    assert second.code in (4, 5)
    second.says(f"process {process.pid}")
    code, text = ended(process)
    assert code == 0, text


def test_a_server_that_starts_meanwhile_keeps_its_data(aof, boot):
    grow(aof, 24)
    process = begun(aof)
    server = boot(aof.data, whole=False, aof_load_truncated="yes")
    server.client().set("mine", 1)
    server.drain()
    code, text = ended(process)
    assert code == 4, text
    assert not list(aof.data.glob("redkeep-before-*"))
    server.stop()
    assert aof.start()[b"mine"] == b"1"


def test_a_file_that_changes_meanwhile(aof):
    grow(aof, 24)
    process = begun(aof)
    with open(aof.incr, "ab") as f:
        f.write(b"more")
    before = content(aof.data)
    code, text = ended(process)
    assert code in (1, 4), text
    assert content(aof.data) == before
    assert not list(aof.data.glob("redkeep-before-*"))


def test_a_server_that_began_anew_meanwhile(aof, boot):
    grow(aof, 24)
    aof.manifest.unlink()
    process = begun(aof)
    server = boot(aof.data, whole=False)
    server.client().set("mine", 1)
    server.drain()
    server.kill()
    before = content(aof.data)
    code, text = ended(process)
    assert code == 4 and "was written to meanwhile" in text, text
    assert content(aof.data) == before
    assert aof.start() == {b"mine": b"1"}


def test_a_running_server_is_refused(aof, boot):
    torn(aof)
    server = boot(aof.data, whole=False, aof_load_truncated="yes")
    with open(aof.manifest, "ab") as f:
        f.write(b"file of nothing\n")
    before = tree(aof.data)
    aof.run("--yes", exit=4).says(f"process {server.process.pid}", "stop it")
    aof.run("--dry-run", exit=1).says("would be refused")
    assert tree(aof.data) == before


@pytest.mark.need("root", "unshare")
def test_where_it_cannot_be_told_a_word_is_wanted(place, keep, serve, boot):
    server = serve("made", appendonly="no")
    write(server, keys(0, BASE))
    server.client().save()
    server.stop()
    dump = server.data / "dump.rdb"
    dump.write_bytes(dump.read_bytes()[:-20])
    args = ["repair", server.data, "--redis", f"unix://{place}/nobody",
            "--yes"]
    before = tree(server.data)
    keep(*args, user=APART, exit=4).says("--server-is-stopped")
    assert tree(server.data) == before
    keep(*args, "--server-is-stopped", user=APART)


@pytest.mark.need("root", "mount")
def test_a_full_disk(aof, mounts):
    disk = aof.place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=16m", "tmpfs", disk)
    grow(aof, 9)
    shutil.copytree(aof.data, disk / "data")
    aof.data = disk / "data"
    before = tree(aof.data)
    aof.run("--yes", exit=3).says(str(disk), r"MiB are needed", "make room")
    aof.run("--dry-run", exit=1).says("would fail now", "make room")
    assert tree(aof.data) == before


@pytest.mark.need("root", "mount")
def test_a_disk_that_fills_up_meanwhile(aof, mounts):
    disk = aof.place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=60m", "tmpfs", disk)
    grow(aof, 24)
    shutil.copytree(aof.data, disk / "data")
    aof.data = disk / "data"
    aof.folder = aof.data / "appendonlydir"
    before = content(aof.data)
    process = begun(aof)
    try:
        with open(disk / "filler", "wb") as f:
            while True:
                f.write(bytes(1 << 20))
                f.flush()
    except OSError:
        pass
    code, text = ended(process)
    assert code == 3 and "space" in text, text
    assert content(aof.data) == before
    assert journal(aof.data) in ("none", "placed")


@pytest.mark.need("root", "mount")
def test_a_read_only_file_system(aof, mounts):
    torn(aof)
    frozen = aof.place / "frozen"
    frozen.mkdir()
    mounts("--bind", aof.data, frozen)
    mounts("-o", "remount,ro,bind", frozen)
    aof.run("--dry-run", path=frozen, exit=1).says("cut-tail")
    aof.run("--yes", path=frozen, exit=3).says(str(frozen), "read-only")


@pytest.mark.need("root")
def test_a_folder_that_may_not_be_written(aof):
    torn(aof)
    before = tree(aof.data)
    for path in [aof.place, aof.data, *aof.data.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    before = tree(aof.data)
    aof.run("--yes", "--server-is-stopped", user=NOBODY,
            exit=3).says(str(aof.data), "permission")
    assert tree(aof.data) == before
    aof.data.chmod(0o777)
    before = tree(aof.data)
    aof.run("--yes", "--server-is-stopped", user=NOBODY,
            exit=3).says("root or as the owner")
    assert tree(aof.data) == before


def test_links_are_refused(aof):
    torn(aof)
    before = aof.incr.read_bytes()
    link = aof.place / "link.aof"
    link.symlink_to(aof.incr)
    aof.run("--yes", path=link, exit=4).says("symbolic link")
    moved = aof.place / "moved"
    aof.folder.rename(moved)
    aof.folder.symlink_to(moved)
    aof.run("--yes", exit=4).says("symbolic link")
    assert (moved / aof.incr.name).read_bytes() == before


@pytest.mark.parametrize("path,code", [
    ("missing", 3), ("fifo", 3), ("empty", 0)])
def test_paths_that_are_no_data(aof, path, code):
    os.mkfifo(aof.place / "fifo")
    (aof.place / "empty").mkdir()
    before = tree(aof.place)
    aof.run("--yes", path=aof.place / path, exit=code)
    assert tree(aof.place) == before


def talk(process, fd, answer):
    """What was said on the terminal, the answer given at the question."""
    said, asked = b"", False
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if fd in select.select([fd], [], [], 0.1)[0]:
            try:
                said += os.read(fd, 4096)
            except OSError:
                break
        if b"[y/N]" in said and not asked:
            asked = True
            os.write(fd, answer)
        if process.poll() is not None and not select.select([fd], [], [],
                                                            0)[0]:
            break
    return said.decode()


@pytest.mark.parametrize("answer,code", [
    (b"y\n", 0), (b"n\n", 4), (b"\n", 4), (b"\x03", 3)])
def test_on_a_terminal_it_asks(aof, answer, code):
    torn(aof)
    before = tree(aof.data)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        aof.keep.words(words(aof), None), stdin=theirs, stdout=theirs,
        stderr=theirs, env=aof.keep.environment(None), cwd=aof.place,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0))
    os.close(theirs)
    said = talk(process, ours, answer)
    assert process.wait(timeout=30) == code, said
    os.close(ours)
    assert "cut-tail" in said and "[y/N]" in said
    assert max(map(len, said.splitlines())) <= 80 or code == 0
    assert (tree(aof.data) == before) == (code != 0)
