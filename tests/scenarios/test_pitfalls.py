"""What goes wrong when files are put before a server by hand: the plan names it,
and what is restored loads, or nothing is touched."""

import re

import pytest

from data import fill, one_client, state
from program import STOPPED, tree
from servers import TOP, free_port, wait_for
from test_restore_plan import conf_of, nobody, source
from traps import keys


def behind(path, more):
    with open(path, "ab") as f:
        f.write(more)


def test_bytes_behind_a_dump_are_no_harm_but_in_a_base(place, keep, serve,
                                                       boot):
    server = serve()
    server.client().set("a", 1)
    server.client().save()
    server.kill()
    behind(server.data / "dump.rdb", b"more")
    keep("snapshot", "--data-dir", server.data, *nobody(place))
    as_base, as_dump = place / "base", place / "dump"
    keep("restore", "latest", "--to", as_base, "--layout", "aof",
         *nobody(place), exit=4).says("4 bytes follow", "--layout rdb")
    assert not as_base.exists()
    keep.restore(as_dump)
    assert keys(boot(as_dump, appendonly="no").client()) == ["a"]
    # By hand:
    aof = as_base / "appendonlydir"
    aof.mkdir(parents=True)
    (aof / "appendonly.aof.1.base.rdb").write_bytes(
        (server.data / "dump.rdb").read_bytes())
    (aof / "appendonly.aof.manifest").write_text(
        "file appendonly.aof.1.base.rdb seq 1 type b\n")
    assert boot(as_base, begin=False).launch().ended() != 0


@pytest.mark.need("redis-6.0")
def test_a_dump_for_an_old_server_with_an_aof(place, keep, serve, boot):
    """It knows no manifest: the RDB becomes its single AOF."""
    server = serve("source", "redis-6.0", appendonly="no")
    fill(one_client(server), "redis-6.0")
    held = state(one_client(server))
    keep.snapshot(server, "--bgsave")
    old = serve("old", "redis-6.0", appendonly="yes")
    old.client().set("old", 1)
    to = old.data
    old.stop()
    keep("restore", "latest", "--to", to, "--redis", server.url,
         *conf_of(place, to, appendonly="yes"), *STOPPED)
    assert (to / "appendonly.aof").read_bytes().startswith(b"REDIS")
    assert not (to / "appendonlydir").exists()
    one = boot(to, "redis-6.0")
    assert state(one_client(one)) == held
    one.client().set("new", 1)
    one.drain()
    one.kill()
    assert boot(to, "redis-6.0").client().get("new") == b"1"


def test_a_command_that_the_servers_file_renames(place, keep, serve, boot):
    held = source(keep, serve, appendonly="yes")
    to = place / "to"
    to.mkdir()
    keep("restore", "latest", "--to", to, *nobody(place),
         *conf_of(place, to, appendonly="yes",
                  rename_command="set hidden")).says(
        "other names", "set is one", "rename-command")
    refused = boot(to, begin=False, rename_command=("set", "hidden")).launch()
    assert refused.ended() != 0 and "Unknown command" in refused.log_text()
    assert state(one_client(boot(to))) == held


def test_what_a_primary_has_its_replicas_get(place, keep, serve):
    source(keep, serve, appendonly="yes")
    port = str(free_port())
    primary = serve("primary", appendonly="yes", port=port)
    replica = serve("replica", replicaof=("127.0.0.1", port))
    wait_for(lambda: replica.client().info("replication")[
        "master_link_status"] == "up", "the replica")
    before = tree(primary.data)
    keep("restore", "latest", "--dry-run", "--to", primary.data, "--redis",
         primary.url).says("1 replica", "takes the place of what is there")
    assert tree(primary.data) == before


def test_each_pitfall_of_the_page_is_played():
    page = (TOP / "docs" / "design" / "pitfalls.md").read_text()
    named = re.findall(r"`([a-z_]+)::([a-z_0-9]+)`", page)
    assert len(named) > 40
    for file, name in named:
        text = (TOP / "tests" / "scenarios" / f"test_{file}.py").read_text()
        assert f"\ndef test_{name}(" in text, f"{file}: {name}"
