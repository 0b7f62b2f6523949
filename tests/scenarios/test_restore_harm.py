"""What a restore that is refused, fails, or reads a hostile entry must not do."""

import hashlib
import json
import os
import shutil
import signal
import subprocess

import pytest

from data import fill, one_client, state
from program import data, tree
from servers import wait_for


def big(server, megabytes=24):
    for i in range(megabytes):
        server.client().set(f"big:{i}", os.urandom(1 << 20))
    server.drain()


def begun(keep, place, to, *args):
    """A restore into `to`, held still as soon as it has begun to build."""
    process = keep.begin("restore", "latest", "--to", to, "--redis",
                         f"unix://{place}/nobody", *args)
    wait_for(lambda: list(to.glob(".redkeep/restore-*/*")) or
             process.poll() is not None, "the new set to be built")
    process.send_signal(signal.SIGSTOP)
    assert process.poll() is None
    return process


def ended(process):
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_a_server_that_starts_in_the_new_folder_keeps_its_data(
        place, keep, serve, boot):
    server = serve(appendonly="yes")
    big(server)
    keep.snapshot(server)
    server.stop()
    process = begun(keep, place, place / "to")
    other = boot(place / "to")
    other.client().set("mine", 1)
    other.drain()
    code, text = ended(process)
    assert code == 4, text
    assert data(place / "to") == {"appendonlydir"}
    other.kill()
    assert boot(place / "to").client().get("mine") == b"1"


def test_two_restores_at_once(place, keep, serve, boot):
    server = serve(appendonly="yes")
    big(server)
    held = state(one_client(server))
    keep.snapshot(server)
    server.stop()
    (place / "to").mkdir()
    process = begun(keep, place, place / "to")
    second = keep("restore", "latest", "--to", place / "to", "--redis",
                  f"unix://{place}/nobody", exit=None)
    assert second.code in (4, 5), second
    second.says(f"process {process.pid}")
    code, text = ended(process)
    assert code == 0, text
    assert data(place / "to") == {"appendonlydir"}
    assert state(one_client(boot(place / "to"))) == held


def reseal(path, change):
    """Rewrites an entry as somebody who can write the repository could."""
    entry = json.loads(path.read_text())
    change(entry)
    entry.pop("sha256")
    sealed = json.dumps(entry, sort_keys=True, separators=(",", ":"),
                        ensure_ascii=False)
    entry["sha256"] = hashlib.sha256(sealed.encode()).hexdigest()
    path.write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


def names(**values):
    return lambda entry: entry["names"].update(values)


def nothing(entry):
    entry["files"] = [f for f in entry["files"] if f["role"] == "config"]


HOSTILE = [
    names(dbfilename="../victim"), names(appendfilename="../../victim"),
    names(appenddirname="../victim"), names(appenddirname=None),
    names(dbfilename=None), names(appendfilename=None),
    names(dbfilename="other.rdb"), names(dbfilename=".redkeep"),
    names(dbfilename="redkeep-before-x"), nothing,
    lambda entry: entry.update(dataset="aof-single"),
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_entry_moves_nothing_of_the_users(place, keep, serve,
                                                    number):
    server = serve(appendonly="no")
    fill(one_client(server), jobs=2)
    ident = keep.snapshot(server, "--bgsave")["id"]
    server.stop()
    reseal(keep.entry(ident), HOSTILE[number])
    inner = place / "inner"
    shutil.copytree(server.data, inner / "to")
    (inner / "victim").write_text("the user's")
    before = tree(inner)
    for layout in ("rdb", "aof"):
        result = keep("restore", ident, "--to", inner / "to", "--layout",
                      layout, "--yes", exit=1)
        result.says(ident, "uses itself|is not|files do not")
        assert tree(inner) == before



def test_only_names_of_a_dataset_are_put_in(place, keep, serve):
    """A member in a folder of the user's would take that folder's place."""
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    ident = keep.snapshot(server, "--snapshot-compression", "none")["id"]
    server.stop()
    path = keep.archive(ident)
    out = place / "out"
    out.mkdir()
    subprocess.run(["tar", "-xf", path, "-C", out], check=True)
    os.rename(out / "appendonlydir", out / "photos")
    files = sorted(p for p in (out / "photos").iterdir())
    files += sorted(p for p in out.glob("config/*"))
    subprocess.run(["tar", "-cf", path, "--format=pax", "-C", out,
                    "redkeep.json", *[p.relative_to(out) for p in files]],
                   check=True)

    def change(entry):
        for f in entry["files"]:
            f["path"] = f["path"].replace("appendonlydir/", "photos/")
        entry["log"]["file"] = entry["log"]["file"].replace(
            "appendonlydir/", "photos/")
        entry["archive"]["size"] = path.stat().st_size
        entry["archive"]["sha256"] = hashlib.sha256(
            path.read_bytes()).hexdigest()

    reseal(keep.entry(ident), change)
    to = place / "to"
    (to / "photos").mkdir(parents=True)
    (to / "photos" / "holiday.jpg").write_text("the user's")
    before = tree(to)
    keep("restore", ident, "--to", to, "--yes", exit=1).says(ident)
    assert tree(to) == before
