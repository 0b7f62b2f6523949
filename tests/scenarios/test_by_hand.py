"""Nothing is locked in: the commands that docs/design/repository.md shows
restore a snapshot with tar, zstd and coreutils alone."""

import json
import re
import subprocess

import pytest
import redis

from data import fill, one_client, state
from servers import TOP, wait_for

PAGE = TOP / "docs" / "design" / "repository.md"


@pytest.fixture(params=["yes", "no"])
def kept(request, keep, serve):
    server = serve(appendonly=request.param)
    fill(one_client(server))
    held = state(one_client(server))
    ident = keep.snapshot(server)["id"]
    server.stop()
    return ident, held, request.param


def sh(script, folder, **env):
    done = subprocess.run(["sh", "-euc", script], cwd=folder, text=True,
                          timeout=60,
                          capture_output=True,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                               "LC_ALL": "C", **env})
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_tar_and_zstd_suffice(place, keep, kept, boot):
    ident, held, aof = kept
    to = place / "to"
    to.mkdir()
    sh(f"zstd -dc {keep.folder()}/{ident}.tar.zst | tar -x", to)
    assert json.loads((to / "redkeep.json").read_text())["id"] == ident
    assert state(one_client(boot(to, appendonly=aof))) == held


def test_checksums_are_those_of_sha256sum(place, keep, kept):
    ident, _, _ = kept
    entry = json.loads(keep.entry(ident).read_text())
    to = place / "to"
    to.mkdir()
    sh(f"zstd -dc {keep.folder()}/{ident}.tar.zst | tar -x", to)
    for file in entry["files"]:
        assert sh(f"sha256sum < {file['path']}", to).split()[0] == \
            file["sha256"]
        assert (to / file["path"]).stat().st_size == file["size"]
    assert sh(f"sha256sum < {entry['archive']['name']}",
              keep.folder()).split()[0] == entry["archive"]["sha256"]
    own = sh(f"jq -cS 'del(.sha256)' {ident}.json | tr -d '\\n' | sha256sum",
             keep.folder()).split()[0]
    assert own == entry["sha256"]
    listed = sh(f"zstd -dc {ident}.tar.zst | tar -t", keep.folder()).split()
    assert listed[0] == "redkeep.json"
    assert {f["path"] for f in entry["files"]} <= set(listed)


def page_commands():
    """The sh blocks of the part that restores by hand."""
    assert PAGE.exists(), f"{PAGE} is missing"
    part = re.search(r"^#+ [^\n]*by hand.*?(?=^## |\Z)", PAGE.read_text(),
                     re.S | re.M | re.I)
    assert part, f"{PAGE} has no part about restoring by hand"
    blocks = re.findall(r"^```sh\n(.*?)^```", part.group(0), re.S | re.M)
    assert blocks, f"{PAGE} shows no commands"
    return "".join(blocks)


def test_the_commands_of_the_page_restore(place, keep, kept, boot):
    """As written: they end with a server that is running."""
    _, held, aof = kept
    target = place / "data"
    client = redis.Redis(unix_socket_path=str(target / "redis.sock"))
    try:
        shown = sh(page_commands(), place, REPO=str(keep.repo),
                   INSTANCE="main", TARGET=str(target))
        assert "OK" in shown and "restoring" in shown
        wait_for(lambda: client.info("persistence")["loading"] == 0, "loading")
        assert client.dbsize() > 0
    finally:
        if (target / "redis.sock").exists():
            client.shutdown(nosave=True)
    assert state(one_client(boot(target, appendonly=aof))) == held
