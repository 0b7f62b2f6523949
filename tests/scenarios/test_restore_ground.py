"""What a restore stands on: mounts, layers, links and names of a target that
are not as usual. It is refused before anything moves, or it goes through and
can be taken back."""

import os
import shutil
import subprocess

import pytest

from data import fill, one_client, state
from program import STOPPED, tree


@pytest.fixture
def restore(keep, place, serve):
    """restore(to, kind="rdb", exit=4), or restore(to, "--undo")."""
    for home, aof, extra in (("aof", "yes", []), ("rdb", "no", ["--bgsave"])):
        server = serve(home, appendonly=aof)
        fill(one_client(server), jobs=2)
        keep("snapshot", "--redis", server.url, "--instance", home, *extra)
        server.stop()

    def run(to, *args, kind="aof", exit=0):
        words = args or ("latest", "--yes")
        return keep("restore", *words, "--to", to, "--instance", kind,
                    "--redis", f"unix://{place}/nobody", *STOPPED, exit=exit)
    return run


@pytest.fixture
def old(serve):
    """A target with data of its own, at rest."""
    def make(**settings):
        server = serve("target", **{"appendonly": "yes", **settings})
        fill(one_client(server), seed=7, jobs=1)
        server.drain()
        if server.settings["appendonly"] == "no":
            server.client().save()
        server.kill()
        return server
    return make


def data_of(folder):
    """All but what is ours."""
    return {path: what for path, what in tree(folder).items()
            if not path.startswith((".redkeep", "redkeep-before-"))}


def goes_through_and_back(restore, boot, to, kind):
    before = data_of(to)
    restore(to, kind=kind)
    server = boot(to)
    assert server.client().hget("bull:mail:1", "name") == b"send"
    server.kill()
    restore(to, "--undo")
    assert data_of(to) == before


@pytest.mark.need("mount")
@pytest.mark.parametrize("kind", ["aof", "rdb"])
def test_on_an_overlay_with_data_in_its_lower_layer(place, mounts, old,
                                                    restore, boot, kind):
    """Such a file becomes another one when it is linked or moved."""
    server = old()
    layers = place / "layers"
    layers.mkdir()
    mounts("-t", "tmpfs", "tmpfs", layers)
    shutil.copytree(server.data, layers / "lower")
    for name in ("upper", "work"):
        (layers / name).mkdir()
    mounts("-t", "overlay", "-o", ",".join(
        f"{n}dir={layers}/{n}" for n in ("lower", "upper", "work")), "overlay",
        server.data)
    goes_through_and_back(restore, boot, server.data, kind)


@pytest.mark.need("mount")
@pytest.mark.parametrize("kind", ["aof", "rdb"])
@pytest.mark.parametrize("what, how", [
    ("appendonlydir", "tmpfs"), ("appendonlydir", "bind"),
    ("dump.rdb", "bind"), (".redkeep", "tmpfs"), (".redkeep", "bind")])
def test_a_mount_inside(place, mounts, old, restore, boot, what, how, kind):
    """A bind mount is of the same device, and yet nothing can be moved."""
    server = old(appendonly="no" if what == "dump.rdb" else "yes")
    path, copy = server.data / what, place / "copy"
    if what == ".redkeep":
        path.mkdir()
    subprocess.run(["cp", "-a", path, copy], check=True)
    if how == "bind":
        mounts("--bind", copy, path)
    else:
        mounts("-t", "tmpfs", "tmpfs", path)
        subprocess.run(["cp", "-a", f"{copy}/.", path], check=True)
    before = data_of(server.data)
    restore(server.data, kind=kind, exit=4).says("mount of its own")
    assert data_of(server.data) == before
    restore(server.data, "--undo")
    server.start()
    assert server.client().hget("bull:mail:0", "name") == b"send"


def test_a_dump_that_is_a_link_goes_as_one_and_comes_back(place, old, restore):
    server = old(appendonly="no")
    os.rename(server.data / "dump.rdb", place / "elsewhere.rdb")
    (server.data / "dump.rdb").symlink_to(place / "elsewhere.rdb")
    held = (place / "elsewhere.rdb").read_bytes()
    restore(server.data, kind="rdb")
    assert not (server.data / "dump.rdb").is_symlink()
    restore(server.data, "--undo")
    assert (server.data / "dump.rdb").is_symlink()
    assert (place / "elsewhere.rdb").read_bytes() == held


def test_an_aof_folder_that_is_a_link_is_refused(place, old, restore):
    server = old()
    os.rename(server.data / "appendonlydir", place / "elsewhere")
    (server.data / "appendonlydir").symlink_to(place / "elsewhere")
    before = tree(place / "elsewhere")
    for kind in ("aof", "rdb"):
        restore(server.data, kind=kind, exit=4).says("symbolic link")
    assert tree(place / "elsewhere") == before


@pytest.mark.parametrize("name", [".redkeep", ".redkeep/journal.json",
                                  ".redkeep/lock"])
@pytest.mark.parametrize("odd", ["link", "dangling", "fifo"])
def test_what_is_in_the_way_of_our_own(place, old, restore, name, odd):
    server = old()
    path = server.data / name
    path.parent.mkdir(exist_ok=True)
    (place / "theirs").mkdir()
    (place / "theirs" / "file").write_text("the user's")
    if odd == "fifo":
        os.mkfifo(path)
    elif odd == "dangling":
        path.symlink_to(place / "theirs" / "nothing")
    else:
        path.symlink_to(place / "theirs" / ("" if name == ".redkeep" else
                                            "file"))
    before, theirs = data_of(server.data), tree(place / "theirs")
    restore(server.data, exit=3).says(name.split("/")[-1])
    assert data_of(server.data) == before
    assert tree(place / "theirs") == theirs


@pytest.mark.parametrize("name", [" a b", "a\nb", "\x1b[31m", "ä", '"q"', "-x",
                                  "a" * 236])
def test_names_that_are_odd_or_long(place, keep, serve, restore, name):
    server = serve("target", appendonly="yes", appendfilename=name,
                   appenddirname="d" + name, dbfilename="r" + name)
    fill(one_client(server), jobs=2)
    held = state(one_client(server))
    keep("snapshot", "--redis", server.url, "--instance", "odd")
    server.client().set("later", 1)
    server.drain()
    server.kill()
    before = data_of(server.data)
    restore(server.data, kind="odd")
    server.start()
    assert state(one_client(server)) == held
    server.kill()
    restore(server.data, "--undo")
    assert data_of(server.data) == before
