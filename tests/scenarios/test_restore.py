"""Restoring: what is put where, what was there is kept, and for whom."""

import os
import re
import shutil

import pytest

from data import fill, one_client, state
from program import STOPPED, data, journal, tree
from servers import unprivileged


@pytest.fixture
def kept(keep, serve):
    """A snapshot of an AOF server that is gone, and what it held."""
    server = serve(appendonly="yes")
    fill(one_client(server))
    server.rewrite()
    server.client().set("after", 1)
    held = state(one_client(server))
    keep.snapshot(server)
    server.stop()
    return held


def older(serve, aof="yes"):
    """A folder with an older dataset of another server."""
    server = serve("older", appendonly=aof)
    fill(one_client(server), seed=7, jobs=9)
    server.client().save()
    held = state(one_client(server))
    server.stop()
    return server.data, held


@pytest.mark.parametrize("deep", ["to", "a/b/to"])
def test_a_new_folder(place, keep, kept, boot, deep):
    (place / deep).parent.mkdir(parents=True, exist_ok=True)
    told = keep.restore(place / deep)
    assert told["to"] == str(place / deep) and told["seconds"] >= 0
    assert told["kept"] is None
    assert data(place / deep) == {"appendonlydir"}
    assert state(one_client(boot(place / deep))) == kept


def test_an_empty_folder(place, keep, kept, boot):
    (place / "to").mkdir()
    (place / "to" / "lost+found").mkdir()
    keep.restore(place / "to")
    assert state(one_client(boot(place / "to"))) == kept


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_an_old_dataset_is_moved_aside_and_readable(place, keep, kept, serve,
                                                    boot, aof):
    to, held = older(serve, aof)
    (to / "users.acl").write_text("user default on nopass ~* &* +@all\n")
    before = tree(to)
    told = keep.restore(to, *STOPPED)
    assert re.match(rf"{re.escape(str(to))}/redkeep-before-", told["kept"])
    assert (to / "users.acl").exists()
    aside = tree(told["kept"])
    assert {k: v for k, v in before.items() if k != "users.acl"} == {
        k: v for k, v in aside.items() if k != "users.acl"}
    copy = place / "copy"
    shutil.copytree(told["kept"], copy)
    assert state(one_client(boot(copy, appendonly=aof))) == held
    assert state(one_client(boot(to))) == kept
    assert journal(to) in ("none", "placed")


def test_twice_keeps_both(keep, kept, serve):
    to, _ = older(serve)
    first = keep.restore(to)["kept"]
    second = keep.restore(to)["kept"]
    assert first != second
    assert os.path.isdir(first) and os.path.isdir(second)
    assert not [p for p in os.listdir(second) if p.startswith("redkeep-")]


def test_foreign_files_are_a_reason_to_ask(place, keep, kept, boot):
    to = place / "to"
    to.mkdir()
    (to / "thesis.tex").write_text("x")
    keep("restore", "latest", "--to", to, exit=4).says("thesis.tex|other",
                                                       "--yes")
    assert [p.name for p in to.iterdir()] == ["thesis.tex"]
    keep("restore", "latest", "--to", to, "--yes")
    assert (to / "thesis.tex").read_text() == "x"
    assert state(one_client(boot(to))) == kept


def test_a_target_that_is_no_folder(place, keep, kept):
    keep("restore", "latest", "--to", place / "no" / "to", exit=3).says(
        str(place / "no"))
    (place / "file").write_text("x")
    keep("restore", "latest", "--to", place / "file", exit=3).says("file")
    (place / "link").symlink_to(place / "elsewhere")
    keep("restore", "latest", "--to", place / "link", exit=None).says("link")
    assert (place / "file").read_text() == "x"


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_a_dump_for_a_server_with_an_aof(place, keep, serve, boot, aof):
    server = serve(appendonly="no")
    fill(one_client(server))
    held = state(one_client(server))
    keep.snapshot(server)
    server.stop()
    to = place / "to"
    keep.restore(to, "--layout", "aof" if aof == "yes" else "rdb")
    assert (to / "dump.rdb").exists() == (aof == "no")
    one = boot(to, appendonly=aof)
    assert state(one_client(one)) == held
    one.client().set("new", 1)
    one.drain()
    one.kill()
    if aof == "yes":
        again = boot(to)
        assert again.client().get("new") == b"1"


def test_a_dump_for_the_aof_server_that_was_there(keep, serve, boot):
    """--layout auto looks at what the target held."""
    server = serve(appendonly="no")
    fill(one_client(server))
    held = state(one_client(server))
    keep.snapshot(server)
    server.stop()
    to, _ = older(serve, "yes")
    keep.restore(to)
    assert state(one_client(boot(to))) == held


def test_an_aof_for_a_server_without_one_is_warned_of(place, keep, kept,
                                                      serve):
    """It would start empty, and save that over what is there later."""
    to, _ = older(serve, "no")
    keep("restore", "latest", "--to", to, *STOPPED).says("appendonly yes")
    server = serve("other", appendonly="no")
    keep("restore", "latest", "--to", place / "to", "--redis",
         server.url).says("appendonly yes")


def test_an_aof_cannot_become_a_dump_by_copying(place, keep, kept):
    result = keep("restore", "latest", "--to", place / "to", "--layout",
                  "rdb", exit=None)
    assert result.code in (2, 3, 4), result
    result.says("rdb")
    assert not (place / "to").exists() or tree(place / "to") == {}


def test_a_dry_run_touches_nothing(place, keep, kept, serve):
    to, _ = older(serve)
    before = tree(to)
    result = keep("restore", "latest", "--to", to, "--dry-run", "--redis",
                  f"unix://{place}/nobody")
    assert "redkeep-before" in result.out + result.err
    assert tree(to) == before
    keep("restore", "latest", "--to", place / "new", "--dry-run")
    assert not (place / "new").exists()


def test_files_of_config_are_never_restored(place, keep, serve):
    acl = place / "users.acl"
    acl.write_text("user default on nopass ~* &* +@all\n")
    server = serve(appendonly="yes", aclfile=str(acl))
    fill(one_client(server))
    keep.snapshot(server)
    keep.restore(place / "to")
    assert data(place / "to") == {"appendonlydir"}
    keep("verify")


def owners(folder):
    paths = [p for p in (folder, *folder.rglob("*"))
             if ".redkeep/" not in str(p)]
    return {(p.stat().st_uid, p.stat().st_gid) for p in paths}


@pytest.mark.need("root")
def test_roots_restore_belongs_to_the_old_datasets_owner(keep, kept, serve):
    to, _ = older(serve)
    for path in [*to.rglob("*")]:
        os.chown(path, 65533, 65532)
    told = keep.restore(to, *STOPPED)
    new = to / "appendonlydir"
    assert owners(new) == {(65533, 65532)}
    assert told["kept"] and os.stat(to).st_uid == 0


@pytest.mark.need("root")
def test_else_to_the_owner_of_the_directory(place, keep, kept, boot):
    to = place / "to"
    to.mkdir()
    os.chown(to, 65533, 65532)
    to.chmod(0o750)
    keep.restore(to)
    assert owners(to) == {(65533, 65532)}
    assert to.stat().st_mode & 0o777 == 0o750
    for path in to.rglob("*"):
        assert path.stat().st_mode & 0o7002 == 0, path


@pytest.mark.need("root")
def test_else_a_new_folder_belongs_to_the_snapshots_own(place, keep, serve):
    home = place / "home"
    home.mkdir()
    os.chown(home, 65533, 65532)
    (home / "data").mkdir()
    os.chown(home / "data", 65533, 65532)
    server = serve("home", appendonly="yes",
                   wrap=unprivileged(65533, 65532))
    fill(one_client(server), jobs=3)
    keep.snapshot(server)
    server.stop()
    keep.restore(place / "to")
    assert owners(place / "to") == {(65533, 65532)}
    modes = {p.name: p.stat().st_mode & 0o777
             for p in server.data.rglob("*") if p.is_file()}
    for path in (place / "to").rglob("*"):
        if path.is_file() and path.name in modes:
            assert path.stat().st_mode & 0o777 == modes[path.name]


@pytest.mark.need("root")
def test_an_ordinary_user_restores_for_itself(place, keep, kept):
    theirs = place / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    shutil.copytree(keep.repo, theirs / "r")
    for path in [theirs / "r", *(theirs / "r").rglob("*")]:
        os.chown(path, 65534, 65534)
    keep("restore", "latest", "--to", theirs / "to", "--repo", theirs / "r",
         user=unprivileged())
    assert owners(theirs / "to") == {(65534, 65534)}
