"""A repository that somebody else can write: whatever its archives and entries
are, nothing outside the target is touched, the target stays as it was, and
the command ends soon, in little memory, with a reason."""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

import forgery
from data import fill, one_client
from forgery import END, header, member
from program import STOPPED, Program, tree
from servers import Server

SECONDS, MEMORY = 5, 256 << 20

# A member's own name in the snapshot below.
BASE = "appendonlydir/appendonly.aof.1.base.rdb"
INCR = "appendonlydir/appendonly.aof.1.incr.aof"


class Place:
    """A snapshot, a target with other data, and a victim beside it."""

    def __init__(self, place, keep, seed):
        self.keep, self.place, self.id = keep, place, seed[0]
        shutil.copytree(seed[1] / "repo", keep.repo)
        self.entry, self.archive = keep.entry(self.id), keep.archive(self.id)
        self.parts = forgery.untouched(self.archive)
        self.outside = place / "outside"
        self.to = self.outside / "to"
        shutil.copytree(seed[1] / "server" / "data", self.to)
        (self.outside / "victim").write_text("the user's")
        (self.to / "notes").write_text("the user's")

    def put(self, *parts, end=END, change=lambda entry: None):
        forgery.put(self.archive, self.entry, b"".join(parts) + end, change)

    def whole(self, *but):
        return [p for name, p in self.parts.items() if name not in but]

    def run(self, *words, exit):
        """Its status is one of these; bounded, readable."""
        def bound():
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))

        process = self.keep.begin(*words, preexec_fn=bound)
        said = "".join(process.communicate(timeout=60 * SECONDS))
        assert process.returncode in exit, (words, process.returncode, said)
        assert said.strip()
        assert all(c.isprintable() or c == "\n" for c in said), repr(said)
        return said

    def refuse(self, *words, exit=(1,)):
        """By verify and restore, whether the target is there or not."""
        before = tree(self.outside)
        said = self.run("verify", self.id, exit=exit)
        said += self.run("restore", self.id, "--to", self.to, "--yes",
                         "--redis", f"unix://{self.place}/nobody", *STOPPED,
                         exit=exit)
        new = self.outside / "new"
        self.run("restore", self.id, "--to", new, "--yes", "--redis",
                 f"unix://{self.place}/nobody", *STOPPED, exit=exit)
        assert tree(self.outside) == before
        for word in words:
            assert word in said, said

    def live_on(self):
        """Those that do not read archives live with it."""
        self.run("list", exit=(0, 1))
        self.run("prune", "--dry-run", "--redis",
                 f"unix://{self.place}/nobody", exit=(0, 1, 4))


@pytest.fixture(scope="module")
def seed():
    """One snapshot for all, its server gone."""
    place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    server = Server(place / "server", appendonly="yes")
    try:
        fill(one_client(server.start()), jobs=2)
        ident = Program(place).snapshot(server, "--snapshot-compression",
                                        "none")["id"]
        server.stop()
        yield ident, place
    finally:
        server.kill()
        shutil.rmtree(place)


@pytest.fixture
def forged(place, keep, seed):
    return Place(place, keep, seed)


def test_as_it_was_it_is_taken(forged):
    """What the others do differs in one thing from this."""
    forged.put(*forged.whole())
    forged.run("verify", forged.id, exit=(0,))
    forged.run("restore", forged.id, "--to", forged.to, "--redis",
               f"unix://{forged.place}/nobody", *STOPPED, exit=(0,))


LONG = "a" * 200
NAMES = {
    "out": "../victim", "out of a folder": "appendonlydir/../../victim",
    "absolute": "/tmp/victim", "a folder's": ".redkeep/journal.json",
    "kept": "redkeep-before-x/dump.rdb", "of another": "notes",
    "dot": "./notes", "empty": "", "slash": "/",
    "double": "appendonlydir//x", "config out": "config/../../victim",
    "escape": "\x1b]0;title\a\x1b[31m", "line": "a\nb",
    "not text": "\udcff\udcfe", "deep": "a/" * 45 + "b",
}


@pytest.mark.parametrize("case", NAMES)
def test_a_member_of_another_name(forged, case):
    forged.put(*forged.whole(), member(NAMES[case], b"x"))
    forged.refuse("member")


PAX = {
    "path": [("path", b"../victim")],
    "absolute path": [("path", b"/tmp/victim")],
    "path with a zero": [("path", BASE.encode() + b"\0/../../victim")],
    "path of 1 MB": [("path", b"a/" * 500000)],
    "link": [("linkpath", b"../victim")],
    "size": [("size", b"1")],
    "size of 2^62": [("size", b"4611686018427387904")],
    "size below 0": [("size", b"-1")],
    "size that is none": [("size", b"x")],
    "sparse": [("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"),
               ("GNU.sparse.realsize", b"1099511627776"),
               ("GNU.sparse.name", b"../victim")],
    "sparse by a map": [("GNU.sparse.size", b"1099511627776"),
                        ("GNU.sparse.numblocks", b"1"),
                        ("GNU.sparse.map", b"1099511627775,1")],
    "a million records": [("comment", b"x")] * 50000,
    "5 MB": [("comment", b"x" * 5000000)],
    "a charset": [("hdrcharset", b"BINARY"), ("path", b"\xff/../victim")],
    "xattrs": [("LIBARCHIVE.xattr.user.x", b"eA=="),
               ("SCHILY.acl.access", b"user::rwx")],
}


# What is no file's, or too long to be taken for one's.
IGNORED = {"a million records", "xattrs", "a charset", "link", "path of 1 MB"}


@pytest.mark.parametrize("case", PAX)
def test_a_pax_header_that_says_otherwise(forged, case):
    data = forged.parts[INCR][512:]
    size = next(f["size"] for f in json.loads(
        forged.entry.read_text())["files"] if f["path"] == INCR)
    forged.put(*forged.whole(INCR),
               header(INCR, size, pax=PAX[case]) + data)
    if case in IGNORED:
        forged.run("verify", forged.id, exit=(0, 1))
    else:
        forged.refuse()


def test_headers_without_end(forged):
    forged.put(*forged.whole(INCR),
               header("pax", 8, b"x") + forgery.padded(b"8 a=bcd\n") * 100000)
    forged.refuse()
    one = header("pax", 8, b"g") + forgery.padded(b"8 a=bcd\n")
    forged.put(one * 100000, *forged.whole())
    forged.refuse()


KINDS = {"hard link": b"1", "symbolic link": b"2", "character device": b"3",
         "block device": b"4", "folder": b"5", "fifo": b"6", "contiguous": b"7",
         "GNU sparse": b"S", "GNU long name": b"L", "volume": b"V",
         "unknown": b"Z"}


@pytest.mark.parametrize("case", KINDS)
def test_a_member_that_is_no_file(forged, case):
    forged.put(header(INCR, 0, KINDS[case], link="../../victim"),
               *forged.whole(INCR))
    forged.refuse()


def test_a_link_and_then_a_file_behind_it(forged):
    for to in ("..", "../victim", str(forged.outside)):
        forged.put(header("appendonlydir", 0, b"2", link=to), *forged.whole())
        forged.refuse("link")
        forged.put(*forged.whole(INCR), header(INCR, 0, b"1", link=to))
        forged.refuse("link")


def test_members_that_are_missing_listed_twice_or_changed(forged):
    whole = forged.whole()
    forged.put(*forged.whole(INCR))
    forged.refuse(INCR)
    forged.put(*whole, forged.parts[BASE])
    forged.refuse(BASE)
    forged.put(*whole, forged.parts["redkeep.json"])
    forged.refuse("redkeep.json")
    for data in (b"", b"x", b"x" * 100000):
        forged.put(*forged.whole(INCR), member(INCR, data))
        forged.refuse(INCR)
    size = len(forged.parts[INCR]) - 512
    entry = json.loads(forged.entry.read_text())
    size = next(f["size"] for f in entry["files"] if f["path"] == INCR)
    forged.put(*forged.whole(INCR), member(INCR, b"#" * size))
    forged.refuse("sha256")
    forged.put(*forged.whole()[::-1])
    forged.run("verify", forged.id, exit=(0, 1))


def test_a_drill_of_such(forged):
    """It unpacks as restore does, and says the same."""
    before = tree(forged.outside)
    for part in (header("appendonlydir", 0, b"2", link=str(forged.outside)),
                 member("../victim", b"x"), member(".redkeep/x", b"x")):
        forged.put(part, *forged.whole())
        said = forged.run("drill", forged.id, "--redis",
                          f"unix://{forged.place}/nobody", exit=(1,))
        assert "member" in said
    assert tree(forged.outside) == before


def test_what_follows_the_end(forged):
    forged.put(*forged.whole(), end=END + member("../victim", b"x") + END)
    forged.refuse()
    forged.put(*forged.whole(), end=END + b"x" * 9000)
    forged.refuse()
    forged.put(*forged.whole(), end=b"")
    forged.refuse()


def test_modes_and_owners_that_are_not_a_data_files(forged):
    """Neither the archive's nor the entry's are worth more than a file's."""
    data = forged.parts[BASE][512:]
    size = next(f["size"] for f in json.loads(
        forged.entry.read_text())["files"] if f["path"] == BASE)

    def change(entry):
        for f in entry["files"]:
            f["mode"] = "7777"

    forged.put(*forged.whole(BASE), header(BASE, size, mode=0o7777, uid=0) +
               data, change=change)
    forged.run("restore", forged.id, "--to", forged.to, "--redis",
               f"unix://{forged.place}/nobody", *STOPPED, exit=(0, 1))
    for path in forged.to.rglob("*"):
        assert path.stat().st_mode & 0o7000 == 0, path
        assert path.stat().st_mode & 0o002 == 0, path


# Bombs.

def compressed(forged, codec, change=lambda entry: None):
    """The archive's name and codec in the entry."""
    suffix = {"zstd": ".zst", "gzip": ".gz"}[codec]
    new = forged.archive.with_name(f"{forged.id}.tar{suffix}")
    if new != forged.archive:
        forged.archive.rename(new)
        forged.archive = new

    def both(entry):
        entry["archive"]["codec"] = codec
        entry["archive"]["name"] = new.name
        change(entry)
    return both


def pack(codec, data):
    return forgery.zstd(data) if codec == "zstd" else forgery.gzip(data)


GIB = 1 << 30


@pytest.fixture(scope="module")
def tebibyte():
    """Of zeros, as frames of 64 MiB."""
    return forgery.zstd(bytes(64 << 20)) * (16 << 10)


@pytest.mark.parametrize("where", ["a member", "the padding", "a label",
                                   "a strange member"])
def test_a_bomb_of_a_tebibyte(forged, tebibyte, where):
    change = compressed(forged, "zstd")
    whole = b"".join(forged.whole())
    size = 1024 * GIB
    data = {
        "a member": pack("zstd", header(INCR, size)) + tebibyte,
        "the padding": pack("zstd", whole + END) + tebibyte,
        "a label": pack("zstd", header("redkeep.json", size)) + tebibyte,
        "a strange member": pack("zstd", header("x", size)) + tebibyte,
    }[where]
    forgery.put(forged.archive, forged.entry, data, change)
    forged.refuse()


def test_a_bomb_that_its_entry_announces(forged, tebibyte):
    """It fits nowhere: the space is looked at first."""
    def huge(entry):
        for f in entry["files"]:
            if f["path"] == INCR:
                f["size"] = f["length"] = 1024 * GIB

    change = compressed(forged, "zstd", huge)
    forgery.put(forged.archive, forged.entry, pack("zstd", header(
        INCR, 1024 * GIB)) + tebibyte, change)
    before = tree(forged.outside)
    said = forged.run("restore", forged.id, "--to", forged.to, "--yes",
                      "--redis", f"unix://{forged.place}/nobody", *STOPPED,
                      exit=(1, 3))
    assert "needed" in said
    assert tree(forged.outside) == before


def test_a_bomb_of_gzip(forged):
    change = compressed(forged, "gzip")
    bomb = forgery.gzip(bytes(64 << 20))
    whole = b"".join(forged.whole()) + END
    for data in pack("gzip", header("x", GIB)), pack("gzip", whole):
        forgery.put(forged.archive, forged.entry, data + bomb * 1000, change)
        forged.refuse()


def test_a_frame_that_wants_two_gibibytes_of_memory(forged):
    data = subprocess.run(
        ["zstd", "--ultra", "--long=31", "-c", "-q"],
        input=b"".join(forged.whole()) + END, stdout=subprocess.PIPE,
        check=True).stdout
    # A frame of an unknown size with the largest window there is.
    data = b"\x28\xb5\x2f\xfd\x00\xa8" + data[6:]
    change = compressed(forged, "zstd")
    forgery.put(forged.archive, forged.entry, data, change)
    forged.refuse("too much memory")


# Entries.

def file(**values):
    return lambda entry: entry["files"][1].update(values)


def top(**values):
    return lambda entry: entry.update(values)


def server(**values):
    return lambda entry: entry["server"].update(values)


def twice(entry):
    entry["files"].append(dict(entry["files"][1]))


ENTRIES = {
    "a name that leads out": file(path="../victim"),
    "a name that leads out of the folder": file(path="appendonlydir/../../v"),
    "an absolute name": file(path="/tmp/victim"),
    "our own folder": file(path=".redkeep/journal.json"),
    "a kept folder": file(path="redkeep-before-x/dump.rdb"),
    "a name with an escape": file(path="appendonlydir/%1B]0;t%07"),
    "a name with a zero": file(path="appendonlydir/a%00b"),
    "a name of 4 KiB": file(path="appendonlydir/" + "a" * 4000),
    "a name of many folders": file(path="appendonlydir/" + "a/" * 1000 + "b"),
    "a file twice": twice,
    "a size below 0": file(size=-1),
    "a size of 2^63-1": file(size=2 ** 63 - 1),
    "a length of another size": file(length=2 ** 62),
    "an owner below 0": file(uid=-1),
    "an owner of 2^32-1": file(uid=2 ** 32 - 1),
    "a mode of five digits": file(mode="10777"),
    "an archive elsewhere": lambda e: e["archive"].update(name="../../victim"),
    "an archive of another": lambda e: e["archive"].update(
        name="20200101T000000Z.tar"),
    "no product": server(product=None),
    "no version": server(version=None),
    "a version with an escape": server(version="7.0%1B[31m"),
    "an id of another": top(id="20200101T000000Z"),
    "an id that is a path": top(id="../../victim"),
    "a parent that is a path": top(kind="incremental", parent="../../x"),
    "an instance that is a path": top(instance="../.."),
    "names that are ours": lambda e: e["names"].update(appenddirname=".redkeep"),
    "a format of later": top(format=2),
    "a text of megabytes": top(instance="x" * (5 << 20)),
    "no files": top(files=[]),
    "files that are none": top(files=[None, 1, "x", []]),
    "a number for all": top(files=1, server=1, names=1, archive=1),
}

# These may be restored: what is wrong with them is of no use.
HARMLESS = {"a version with an escape", "a length of another size"}


@pytest.mark.parametrize("case", ENTRIES)
def test_an_entry(forged, case):
    forgery.seal(forged.entry, ENTRIES[case])
    if case in HARMLESS:
        forged.run("verify", forged.id, exit=(0, 1))
        forged.run("restore", forged.id, "--to", forged.to, "--redis",
                   f"unix://{forged.place}/nobody", "--yes", *STOPPED,
                   exit=(0, 1))
        forged.run("list", exit=(0, 1))
        assert (forged.outside / "victim").read_text() == "the user's"
    else:
        forged.refuse(exit=(1, 3, 4))
        forged.live_on()


def with_files(entry, count):
    """So many parts of the set, each of which is there, and empty."""
    empty = hashlib.sha256(b"").hexdigest()
    like = entry["files"][-1]
    for n in range(count):
        path = f"appendonlydir/appendonly.aof.{n + 10}.incr.aof"
        entry["files"].append(dict(like, path=path, seq=n + 10, size=0,
                                   length=0, cut=None, sha256=empty))


def test_thousands_of_files_in_the_wrong_order(forged):
    names = [f"appendonlydir/appendonly.aof.{n + 10}.incr.aof"
             for n in range(4000)]
    forged.put(*forged.whole(), *[member(n) for n in names[::-1]],
               change=lambda e: with_files(e, len(names)))
    forged.run("verify", forged.id, exit=(0, 1))
    forged.run("list", exit=(0, 1))


TEXTS = {
    "100 MB": b'{"format": 1, "x": "' + b"a" * 100000000 + b'"}',
    "15 MB of numbers": b'{"format": 1, "x": [' + b"0," * 7800000 + b"0]}",
    "15 MB of lists": b'{"format": 1, "x": [' + b"[]," * 5200000 + b"0]}",
    "15 MB of depth": b"[" * 15000000,
    "15 MB of names": b"{" + b",".join(
        b'"%x":0' % n for n in range(1500000)) + b"}",
    "zeros": bytes(1000000), "nothing": b"", "null": b"null",
}


@pytest.mark.parametrize("case", TEXTS)
def test_the_text_of_an_entry(forged, case):
    forged.entry.write_bytes(TEXTS[case])
    forged.refuse(exit=(1, 3))
    forged.live_on()


def fifo(path):
    os.mkfifo(path)


def zero(path):
    os.symlink("/dev/zero", path)


def loop(path):
    os.symlink(path.name, path)


def victim(path):
    os.symlink("../../../outside/victim", path)


def folder(path):
    path.mkdir()


def device(path):
    os.mknod(path, 0o20666, os.makedev(1, 5))


ODD = [fifo, zero, loop, victim, folder, device]


@pytest.mark.need("root")
@pytest.mark.parametrize("what", ["archive", "entry", "verified", "accepted",
                                  "instance"])
@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_file_in_the_repository(forged, what, odd):
    path = {"archive": forged.archive, "entry": forged.entry,
            "verified": forged.entry.with_suffix(".verified"),
            "accepted": forged.keep.repo / "main" / "accepted",
            "instance": forged.keep.repo / "main" / "instance.json"}[what]
    path.unlink(missing_ok=True)
    odd(path)
    if what in ("verified", "accepted"):
        forged.run("list", exit=(0, 1))
        forged.run("verify", forged.id, exit=(0, 1, 3))
        assert (forged.outside / "victim").read_text() == "the user's"
        return
    before = tree(forged.outside)
    forged.run("verify", forged.id, exit=(1, 3))
    forged.run("restore", forged.id, "--to", forged.to, "--yes", "--redis",
               f"unix://{forged.place}/nobody", *STOPPED, exit=(1, 3))
    forged.run("list", exit=(0, 1, 3))
    assert tree(forged.outside) == before
