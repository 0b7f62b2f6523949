"""A journal in a data directory is written by whoever can write there: root
follows none out of it, and runs nothing for it."""

import json
import os

import pytest

from data import fill, one_client
from program import STOPPED, tree

pytestmark = pytest.mark.need("root")

KEPT = "redkeep-before-20200101T000000Z"
BUILT = ".redkeep/restore-20200101T000000Z"


@pytest.fixture
def theirs(place, keep, serve):
    """A data directory of another user with a journal, and what is outside."""
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=2)
    keep.snapshot(server)
    server.kill()
    outside = place / "outside"
    (outside / "appendonlydir").mkdir(parents=True)
    for name in ("victim", "dump.rdb", "appendonlydir/appendonly.aof.manifest",
                 "appendonlydir/appendonly.aof.1.incr.aof"):
        (outside / name).write_text("the user's")
    keep("restore", "latest", "--to", server.data, "--redis",
         f"unix://{place}/nobody", *STOPPED)
    return server.data


def ways(keep, place, data):
    """All that looks at a journal; each ends of its own accord."""
    for words in (["--resume"], ["--undo"], ["--forget"], ["latest", "--yes"]):
        keep("restore", *words, "--to", data, "--redis",
             f"unix://{place}/nobody", *STOPPED, exit=None)
    keep("check", data, exit=None)
    keep("repair", data, "--yes", "--redis", f"unix://{place}/nobody",
         *STOPPED, exit=None)


def give(data, uid=65533):
    for path in [data, *data.rglob("*")]:
        os.lchown(path, uid, uid)


def file_out(path):
    def change(journal):
        for part in ("leaves", "comes"):
            journal[part]["files"][0]["path"] = path
    return change


def folder_out(path):
    def change(journal):
        for part in ("leaves", "comes"):
            journal[part]["folder"] = path
    return change


def names_out(**names):
    return lambda journal: journal["names"][0].update(names)


def commands(journal):
    journal.update(service=None, stop_command="touch pwned",
                   start_command="touch pwned")


CASES = {
    "a file above": file_out("../victim"),
    "a file by its path": file_out("/etc/passwd"),
    "a file of a folder above": file_out("appendonlydir/../../outside/victim"),
    "a folder above": folder_out("../outside"),
    "a folder by its path": folder_out("/tmp"),
    "a folder above our own": folder_out(".redkeep/../../outside"),
    "a kept one's above": folder_out("redkeep-before-x/../../outside"),
    "a name above": names_out(appenddirname="../outside"),
    "a name of ours": names_out(appenddirname=".redkeep"),
    "commands": commands,
    "a repository of theirs": lambda j: j.update(repo="../outside"),
    "an id that is a path": lambda j: j.update(id="../../outside/victim"),
    "no names": lambda j: j.update(names=[]),
    "many files": lambda j: j["comes"]["files"].extend(
        j["comes"]["files"] * 4000),
    "nothing": lambda j: j.clear(),
}


STATES = [(case, "placing") for case in CASES] + [
    (case, state) for state in ("building", "placed")
    for case in ("commands", "a repository of theirs", "a folder above")]


@pytest.mark.parametrize("case, state", STATES, ids=map(" ".join, STATES))
def test_a_journal_that_leads_out(keep, place, theirs, case, state):
    path = theirs / ".redkeep" / "journal.json"
    journal = json.loads(path.read_text())
    journal["state"] = state
    CASES[case](journal)
    path.write_text(json.dumps(journal))
    give(theirs)
    before = tree(place / "outside")
    ways(keep, place, theirs)
    assert tree(place / "outside") == before
    assert not (place / "pwned").exists()


@pytest.mark.parametrize("state", ["placing", "placed"])
@pytest.mark.parametrize("link", [KEPT, BUILT, f"{KEPT}/appendonlydir",
                                  f"{BUILT}/appendonlydir", "appendonlydir"])
def test_folders_of_a_journal_that_are_links(keep, place, theirs, link, state):
    path = theirs / ".redkeep" / "journal.json"
    journal = json.loads(path.read_text())
    journal["state"] = state
    journal["leaves"]["folder"], journal["comes"]["folder"] = KEPT, BUILT
    for part in ("leaves", "comes"):
        for f in journal[part]["files"]:
            there = place / "outside" / f["path"]
            if there.exists():
                f["id"]["inode"] = str(there.stat().st_ino)
    path.write_text(json.dumps(journal))
    at = theirs / link
    at.parent.mkdir(parents=True, exist_ok=True)
    if at.is_dir():
        at.rename(theirs / "away")
    inner = "appendonlydir" if link.endswith("appendonlydir") else ""
    at.symlink_to(place / "outside" / inner)
    give(theirs)
    before = tree(place / "outside")
    ways(keep, place, theirs)
    assert tree(place / "outside") == before
