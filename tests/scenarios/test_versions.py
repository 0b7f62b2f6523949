"""Every server's data comes back on the same server; data that is too new
for the server of the target is refused before anything moves."""

import os
import shutil

import pytest

import servers
from data import fill, one_client, state
from program import tree

def path_with(place, name):
    """A PATH in which redis-server and valkey-server are that server."""
    folder = place / "path"
    folder.mkdir(exist_ok=True)
    for program in ("redis-server", "valkey-server"):
        link = folder / program
        link.unlink(missing_ok=True)
        if name and program.startswith(name.split("-")[0]):
            link.symlink_to(servers.binary(name))
    return {"PATH": str(folder)}


EACH = [pytest.param(n, marks=pytest.mark.need(n)) for n in servers.NAMES]


@pytest.mark.parametrize("kind", ["aof", "rdb", "resp"])
@pytest.mark.parametrize("name", EACH)
def test_a_snapshot_comes_back_on_the_same_server(place, keep, serve, boot,
                                                  name, kind):
    aof = "no" if kind == "rdb" else "yes"
    preamble = "no" if kind == "resp" else "yes"
    server = serve(name=name, appendonly=aof, aof_use_rdb_preamble=preamble)
    client = one_client(server)
    # valkey 9.1.2 writes HSETEX lines that it cannot read itself.
    fill(client, name, fields=kind != "resp" or name != "valkey-9.1")
    if aof == "yes":
        server.rewrite()
    client.rpush("after", *range(100))
    before, keys = state(client), sum(state(client)[1].values())
    report = keep.snapshot(server)
    assert report["verdict"] == "sound" and report["bound"] is True
    assert report["keys"] == keys and report["unchanged"] is False
    server.kill()
    shutil.rmtree(server.data)
    keep("verify", report["id"])
    told = keep.restore(place / "to", env=path_with(place, name))
    assert told["id"] == report["id"] and told["keys"] in (keys, None)
    one = boot(place / "to", name, appendonly=aof)
    assert state(one_client(one)) == before


def snapshot_of(keep, serve, name, aof):
    server = serve("source", name, appendonly=aof)
    fill(one_client(server), name)
    if aof == "yes":
        server.rewrite()
    ident = keep.snapshot(server)["id"]
    server.stop()
    return ident


NEWER = [pytest.param(n, marks=pytest.mark.need(n))
         for n in ("redis-8.0", "valkey-8.1", "valkey-9.1")]


@pytest.mark.parametrize("aof", ["yes", "no"])
@pytest.mark.parametrize("name", NEWER)
def test_data_too_new_for_the_server_that_answers_is_refused(
        place, keep, serve, name, aof):
    snapshot_of(keep, serve, name, aof)
    old = serve("target", appendonly=aof)
    fill(one_client(old), jobs=3)
    old.client().execute_command("SAVE" if aof == "no" else "PING")
    other = place / "other"
    shutil.copytree(old.data, other)
    before = tree(other)
    keep("restore", "latest", "--to", other, "--redis", old.url,
         "--server-is-stopped", exit=4).says("7.0.15", "cannot load", "new")
    assert tree(other) == before
    empty = place / "empty"
    keep("restore", "latest", "--to", empty, "--redis", old.url, exit=4)
    assert not empty.exists() or tree(empty) == {}


@pytest.mark.need("redis-8.0")
def test_an_aof_with_commands_too_new_for_the_server(place, keep, serve, boot):
    """There is no RDB in it whose version would tell."""
    new = serve("source", "redis-8.0", appendonly="yes",
                aof_use_rdb_preamble="no")
    new.client().hset("h", "a", 1)
    new.client().execute_command("HPEXPIRE", "h", 10 ** 9, "FIELDS", 1, "a")
    ident = keep.snapshot(new)["id"]
    new.stop()
    old = serve("target", appendonly="yes")
    to = place / "to"
    keep("restore", ident, "--to", to, "--redis", old.url, exit=4).says(
        "hpexpireat", "redis 7.0.15 does not know", "would not start")
    assert not to.exists() or tree(to) == {}
    keep("restore", ident, "--to", to, "--redis", old.url, "--yes").says(
        "does not know 'hpexpireat'")
    refused = boot(to, begin=False).launch()
    assert refused.ended() != 0 and "Unknown command" in refused.log_text()
    assert boot(to, "redis-8.0").client().hget("h", "a") == b"1"
    keep("restore", ident, "--to", place / "its own", "--redis",
         f"unix://{place}/nobody", env=path_with(place, "redis-8.0"))


@pytest.mark.need("redis-8.0")
@pytest.mark.parametrize("name,status", [
    ("redis-7.0", 4), ("redis-8.0", 0), (None, 0)])
def test_without_an_answer_the_server_in_path_is_judged(place, keep, serve,
                                                        name, status):
    snapshot_of(keep, serve, "redis-8.0", "no")
    to = place / "to"
    result = keep("restore", "latest", "--to", to, "--redis",
                  f"unix://{place}/nobody", exit=status,
                  env=path_with(place, name))
    if name is None:
        result.says("not (judged|checked)|no .*server.*PATH|unknown")
    if status == 4:
        result.says("7.0.15")
        assert not to.exists() or tree(to) == {}
    else:
        assert (to / "dump.rdb").exists()


@pytest.mark.need("redis-6.0")
def test_an_old_single_aof_starts_on_a_newer_server(place, keep, serve, boot):
    server = serve(name="redis-6.0", appendonly="yes")
    fill(one_client(server), "redis-6.0")
    digest = state(one_client(server))[1]
    keep.snapshot(server)
    server.kill()
    keep.restore(place / "to")
    assert set(os.listdir(place / "to")) == {"appendonly.aof", ".redkeep"}
    assert state(one_client(boot(place / "to")))[1] == digest
