"""restore --boot-check: a private server loads the new set before anything is
moved, and the set is the same afterwards."""

import re

import pytest

from data import fill, fill_many, state
from program import STOPPED, tree
from servers import NAMES, path_of


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", ["rdb", "aof"])
def test_what_a_server_loads_is_put_in_as_it_was_built(keep, serve, boot, name,
                                                       kept):
    server = serve(name=name, appendonly="yes" if kept == "aof" else "no")
    fill(server.client(), name)
    server.client().save() if kept == "rdb" else server.rewrite()
    server.client().set("after", "the base")
    if kept == "rdb":
        server.client().save()
    server.drain()
    expected = state(server.client())
    keep.snapshot(server)
    server.stop()
    env = path_of(keep.place, name)
    plain, tried = keep.place / "plain", keep.place / "tried"
    nobody = f"unix://{keep.place}/nobody"
    for to, more in ((plain, []), (tried, ["--boot-check"])):
        result = keep("restore", "--to", to, "--redis", nobody, "--layout",
                      "aof", *more, env=env)
    result.says(r"boot check: a private \S+ \S+ loaded it in .* ms, \d+ keys")
    # All but the journal, which has the time.
    keys = {k for k in tree(plain) if not k.startswith(".redkeep")}
    assert {k: tree(tried)[k] for k in keys} == \
        {k: tree(plain)[k] for k in keys}
    assert not list((tried / ".redkeep").glob("boot-*"))
    again = boot(tried, name)
    assert state(again.client()) == expected


def test_what_a_server_does_not_load_is_not_put_in(keep, serve):
    server = serve(appendonly="yes")
    server.client().mset({f"k:{i}": i for i in range(100)})
    server.drain()
    server.kill()
    incr = next((server.data / "appendonlydir").glob("*.incr.aof"))
    incr.write_bytes(incr.read_bytes() + b"*2\r\n$3\r\nSET\r\n$1")
    nobody = f"unix://{keep.place}/nobody"
    ident = keep("snapshot", "--data-dir", server.data, "--redis", nobody,
                 "--json", exit=1).json["id"]
    before = tree(server.data)
    refused = keep("restore", ident, "--to", server.data, "--redis", nobody,
                   "--yes", "--boot-check", *STOPPED, exit=1)
    refused.says("nothing was changed", "redis 7.0.15 does not load it",
                 "Unexpected end of file")
    assert tree(server.data) == before


def test_more_databases_than_servers_have_by_default(keep, serve, boot):
    server = serve(databases="64")
    client = server.client(db=40)
    client.set("far", "away")
    client.save()
    keep.snapshot(server)
    server.stop()
    to = keep.place / "to"
    keep("restore", "--to", to, "--redis", f"unix://{keep.place}/nobody",
         "--boot-check").says("boot check: .* 1 key")
    again = boot(to, appendonly="no", databases="64")
    assert again.client(db=40).get("far") == b"away"


def test_without_memory_it_is_skipped_and_told(keep, serve, boot, group):
    server = serve()
    fill_many(server.client(), 300000)
    server.client().save()
    keep.snapshot(server)
    server.stop()
    inside = ["sh", "-c", f"echo $$ > {group}; exec \"$@\"", "sh"]
    to = keep.place / "to"
    result = keep("restore", "--to", to, "--redis",
                  f"unix://{keep.place}/nobody", "--boot-check", user=inside)
    result.says("boot check skipped: not enough memory: .* in control group")
    assert re.search("restored ", result.out)
    assert boot(to, appendonly="no").client().dbsize() == 300000
