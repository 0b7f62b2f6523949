"""prune that is killed anywhere, and prune beside all others."""

import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from program import leftovers
from servers import wait_for
from test_prune import age, ids, trash


KILLS = int(os.environ.get("REDKEEP_TEST_KILLS", 10))


@pytest.fixture
def server(serve):
    return serve(appendonly="yes")


@pytest.fixture
def made(keep, server):
    """The ids of 20 snapshots; every third one was verified."""
    found = []
    for n in range(20):
        server.client().incr("count")
        found.append(keep.snapshot(server)["id"])
    keep("verify", *found[::3])
    return found


def check_whole(keep, made):
    """Whatever is listed is whole; a snapshot is here or there, not lost."""
    listed = keep("list", "--json").json["snapshots"]
    assert [s for s in listed if "error" in s] == []
    assert made[-1] in ids(listed)
    assert keep("verify", "--all", "--json").json["checked"]
    left = set(ids(listed))
    gone = {re.search(r"_(.*)\.json", n).group(1) for n in trash(keep)
            if n.endswith(".json")}
    assert left | gone == set(made) and not left & gone
    return left


def check_finished(keep, made):
    assert ids(keep.list()) == made[-1:]
    assert leftovers(keep.repo) == []
    names = trash(keep)
    for ident in made[:-1]:
        found = [n.split("_")[1] for n in names if f"_{ident}." in n]
        assert found[:2] == [f"{ident}.json", f"{ident}.tar.zst"], found


def test_killed_anywhere_and_finished_by_the_next(place, keep, server, made):
    """By the next prune, or by the next snapshot. A copy made there is as
    good as what was copied."""
    words = ["prune", "--redis", server.url, "--retention-last", 1, "--json"]
    shutil.copytree(keep.repo, place / "whole")
    rng = random.Random(4)
    begun = time.monotonic()
    keep(*words)
    span = time.monotonic() - begun
    between = n = 0
    # On a busy machine chance may want more.
    while n < KILLS or (between == 0 and n < 20 * KILLS):
        shutil.rmtree(keep.repo)
        shutil.copytree(place / "whole", keep.repo)
        process = keep.begin(*words)
        time.sleep(rng.random() * span)
        process.kill()
        process.communicate()
        left = check_whole(keep, made)
        between += 1 < len(left) < len(made)
        if n % 3 == 0:
            copy = place / "copy"
            shutil.copytree(keep.repo, copy)
            keep("verify", "--all", "--repo", copy)
            shutil.rmtree(copy)
        if n % 2 == 0:
            keep(*words)
            check_finished(keep, made)
        else:
            last = keep.snapshot(server)["id"]
            assert leftovers(keep.repo) == []
            check_whole(keep, made + [last])
        n += 1
    assert between > 0, "it was never killed in between"


def stopped_in(process, path):
    """Stops a process as soon as it has that file open."""
    def has_open():
        assert process.poll() is None, process.communicate()
        folder = f"/proc/{process.pid}/fd"
        for fd in os.listdir(folder):
            try:
                if os.readlink(f"{folder}/{fd}") == str(path):
                    return True
            except FileNotFoundError:
                pass
        return False

    end = time.monotonic() + 20
    while not has_open():
        assert time.monotonic() < end
    process.send_signal(signal.SIGSTOP)
    return process


def is_locked(path):
    """It may be open, and not locked yet."""
    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def finished(process):
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    return out


@pytest.fixture
def large(keep, server):
    """The ids of three snapshots that take a while to read."""
    found = []
    for n in range(3):
        pipe = server.client().pipeline(transaction=False)
        for i in range(60):
            pipe.set(f"{n}:{i}", os.urandom(100_000))
        pipe.execute()
        found.append(keep.snapshot(server)["id"])
    return found


def test_readers_finish_what_prune_takes_from_them(place, keep, server, large):
    """A restore that has its archive open, and a verify that has still to
    open the second one, which is in the trash by then, its hour over."""
    words = ["prune", "--redis", server.url, "--retention-last", 1, "--json"]
    archive = keep.archive(large[0])
    restore = stopped_in(keep.begin(
        "restore", large[0], "--to", place / "to", "--redis",
        f"unix://{place}/nobody", "--json"), archive)
    verify = stopped_in(keep.begin("verify", "--all"), archive)
    assert ids(keep(*words).json["remove"]) == large[:2]
    age(keep, 7200)
    result = keep("prune", "--redis", server.url, "--retention-last", 1)
    result.says("4 files of the trash stay until nobody reads")
    assert len(trash(keep)) == 4
    out = finished(verify)
    assert out.splitlines() == [f"{i}: ok" for i in large]
    assert large[0] in finished(restore)
    assert (place / "to" / "appendonlydir").is_dir()
    assert keep(*words).json["bytes_freed"] > 6_000_000
    assert trash(keep) == []


def test_a_prune_beside_another_finds_the_lock_held(keep, server, made):
    first = keep.begin("prune", "--redis", server.url, "--retention-last", 1)
    lock = keep.repo / "main" / "locks" / "prune"
    stopped_in(first, lock)
    while not is_locked(lock):
        first.send_signal(signal.SIGCONT)
        stopped_in(first, lock)
    result = keep("prune", "--redis", server.url, exit=5)
    result.says("locks?|held", "prune")
    held = keep.begin("hold", made[-1])
    assert finished(first)
    out, err = held.communicate(timeout=20)
    assert held.returncode == 0, err
    assert keep.list()[-1]["held"] is True


def test_snapshots_readers_and_prune_at_once(keep, server, place):
    """None is in another's way, and what is listed at the end is whole."""
    left = {"snapshot": 12, "prune": 12, "verify": 6, "list": 12}
    commands = {
        "snapshot": ["snapshot", "--redis", server.url],
        "prune": ["prune", "--redis", server.url, "--retention-last", "3"],
        "verify": ["verify", "--all"],
        "list": ["list"],
    }
    keep.snapshot(server)
    running = {}
    while running or max(left.values()) > 0:
        for name, words in commands.items():
            # All four to the end: who has done his part goes on.
            if name not in running and max(left.values()) > 0:
                if name == "prune":
                    age(keep, 1800)
                server.client().incr("count")
                running[name] = keep.begin(*words)
            if name in running and running[name].poll() is not None:
                process = running.pop(name)
                out, err = process.communicate()
                assert process.returncode == 0, (name, out, err)
                assert "damaged" not in out, out
                left[name] -= 1
        time.sleep(0.002)
    keep("prune", "--redis", server.url, "--retention-last", "3")
    assert len(keep.list()) == 3
    keep("verify", "--all")
    assert leftovers(keep.repo) == []


def test_stopped_by_a_signal_it_leaves_the_rest_for_the_next(
        keep, server, made):
    words = ["prune", "--redis", server.url, "--retention-last", 1, "--json"]
    process = keep.begin(*words)
    wait_for(lambda: trash(keep), "the first one in the trash")
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert process.returncode in (0, 3), err
    if process.returncode == 3:
        assert "are left for the next run" in err
    check_whole(keep, made)
    keep(*words)
    check_finished(keep, made)


def test_a_copy_made_while_prune_runs(place, keep, server, made):
    """By cp, which copies whatever it finds, in its own time: what is listed
    there as good is whole."""
    process = keep.begin("prune", "--redis", server.url, "--retention-last", 1)
    copy = place / "copy"
    subprocess.run(["cp", "-a", str(keep.repo), str(copy)],
                   stderr=subprocess.DEVNULL)
    assert process.communicate()[1] == ""
    listed = keep("list", "--json", "--repo", copy).json["snapshots"]
    good = [s["id"] for s in listed if "error" not in s]
    assert made[-1] in good
    keep("verify", *good, "--repo", copy)
