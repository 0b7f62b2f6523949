"""Directories and disks that cannot be read or written: told with the user,
the path and what to do; and nothing half done stays there."""

import os
import re

import pytest

from data import fill, one_client
from program import STOPPED, leftovers, tree
from servers import unprivileged

pytestmark = pytest.mark.need("root")
NOBODY = unprivileged()


def fill_more(server, megabytes):
    """Data that does not compress."""
    pipe = server.client().pipeline(transaction=False)
    for i in range(megabytes * 10):
        pipe.set(f"bulk:{i}", os.urandom(100000))
    pipe.execute()
    server.drain()


@pytest.fixture
def server(serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=5)
    return server


@pytest.fixture
def nobodys(place):
    """A folder of the unprivileged user."""
    folder = place / "theirs"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    return folder


def test_a_data_directory_that_may_not_be_read(keep, server, nobodys):
    for path in (next(server.data.glob("appendonlydir/*.incr.aof")),
                 server.data / "appendonlydir", server.data):
        path.chmod(0o700 if path.is_dir() else 0o600)
        result = keep("snapshot", "--redis", server.url, "--repo",
                      nobodys / "r", user=NOBODY, exit=3)
        result.says(re.escape(str(server.data)), "permission", "run|user|"
                    "group|owner|root")
        assert leftovers(nobodys / "r") == [] or not any(
            (nobodys / "r").glob("main/snapshots/*"))
        path.chmod(0o755 if path.is_dir() else 0o644)
    keep("snapshot", "--redis", server.url, "--repo", nobodys / "r",
         user=NOBODY)


def test_a_repository_that_may_not_be_written_or_read(place, keep, server):
    keep.snapshot(server)
    keep("snapshot", "--redis", server.url, user=NOBODY, exit=3).says(
        str(keep.repo), "permission|may not")
    keep("list", user=NOBODY, exit=3).says(str(keep.repo),
                                           "permission|may not")
    closed = place / "closed"
    closed.mkdir(mode=0o755)
    keep("snapshot", "--redis", server.url, "--repo", closed / "r",
         user=NOBODY, exit=3).says(str(closed), "permission|may not")
    assert list(closed.iterdir()) == []
    assert len(keep.list()) == 1


def test_a_target_that_may_not_be_written(place, keep, server, nobodys):
    keep("snapshot", "--redis", server.url, "--repo", nobodys / "r",
         user=NOBODY)
    closed = place / "closed"
    closed.mkdir(mode=0o755)
    for to in (closed, closed / "deeper"):
        keep("restore", "latest", "--to", to, "--repo", nobodys / "r",
             user=NOBODY, exit=3).says(str(closed), "permission|may not")
    assert list(closed.iterdir()) == []


@pytest.mark.need("mount")
def test_a_full_disk_under_the_repository(place, keep, server, mounts):
    disk = place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=6m", "tmpfs", disk)
    keep("snapshot", "--redis", server.url, "--repo", disk / "r")
    good = tree(disk / "r" / "main" / "snapshots")
    fill_more(server, 12)
    keep("snapshot", "--redis", server.url, "--repo", disk / "r",
         exit=3).says(str(disk), "space", "make room|--repo")
    assert tree(disk / "r" / "main" / "snapshots") == good
    assert leftovers(disk / "r") == []
    keep("verify", "--all", "--repo", disk / "r")
    free = os.statvfs(disk)
    assert free.f_bavail * free.f_bsize > 5 << 20
    assert server.client().ping() and server.client().set("still", 1)


@pytest.mark.need("mount")
@pytest.mark.parametrize("old", [False, True])
def test_a_full_disk_under_the_target(place, keep, server, mounts, old):
    fill_more(server, 12)
    keep.snapshot(server)
    disk = place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=6m", "tmpfs", disk)
    if old:
        (disk / "dump.rdb").write_bytes(b"REDIS0009\xff" + bytes(8))
    before = tree(disk)
    keep("restore", "latest", "--to", disk, *STOPPED, exit=3).says(
        str(disk), r"MiB are needed|space", r"MiB are free|\d")
    assert tree(disk) == before


@pytest.mark.need("mount")
def test_a_read_only_repository_can_be_read(place, keep, server, mounts):
    ident = keep.snapshot(server)["id"]
    frozen = place / "frozen"
    frozen.mkdir()
    mounts("--bind", keep.repo, frozen)
    mounts("-o", "remount,ro,bind", frozen)
    before = tree(frozen)
    shown = keep("list", "--json", "--repo", frozen).json["snapshots"]
    assert [s["id"] for s in shown] == [ident]
    keep("verify", "--repo", frozen)
    keep("verify", "--all", "--repo", frozen)
    keep("restore", "latest", "--to", place / "to", "--repo", frozen)
    assert (place / "to" / "appendonlydir").is_dir()
    keep("snapshot", "--redis", server.url, "--repo", frozen,
         exit=3).says(str(frozen), "read-only")
    assert tree(frozen) == before
    keep("restore", "latest", "--to", frozen / "x", exit=3).says(
        str(frozen), "read-only")


def test_readable_files_suffice(place, keep, server, nobodys):
    for user in (NOBODY, unprivileged(65533, 65533)):
        os.chown(nobodys, int(user[1].split("=")[1]), 65534)
        told = keep("snapshot", "--redis", server.url, "--repo",
                    nobodys / user[1][-5:], "--json", user=user).json
        assert told["verdict"] == "sound"
        assert told["bound"] is True  # by sizes: its /proc is closed to us
    result = keep("check", server.data, "--json", user=NOBODY)
    assert result.json["verdict"] == "sound"


def test_what_root_creates_belongs_to_the_repositorys_owner(
        keep, server, nobodys):
    keep("snapshot", "--redis", server.url, "--repo", nobodys)
    keep("snapshot", "--redis", server.url, "--repo", nobodys / "new")
    for path in nobodys.rglob("*"):
        assert path.stat().st_uid == 65534, path
        if path.parent.name == "locks":
            continue  # in a folder that is closed itself
        assert path.stat().st_mode & 0o077 == 0, path
    keep("verify", "--repo", nobodys, user=NOBODY)
    keep("snapshot", "--redis", server.url, "--repo", nobodys, user=NOBODY)
