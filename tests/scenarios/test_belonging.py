"""Whose files are these: the directory is proven to be the server's, or said
not to be proven, or refused."""

import re
import shutil

import pytest

from data import Writer, fill, one_client
from servers import APART, NAMES, wait_for


def unseen(serve, home, **settings):
    """A server in a process namespace of its own: its pid says nothing."""
    return serve(home, wrap=APART, **settings)


def blind(keep, server, *args):
    """A snapshot by a redkeep that sees no process but itself."""
    return keep("snapshot", "--redis", server.url, "--json", *args,
                user=APART).json


@pytest.mark.need("root", "unshare")
def test_a_server_in_a_container_is_bound_by_its_process(keep, serve):
    server = unseen(serve, "a", appendonly="yes")
    assert keep.snapshot(server)["bound"] is True


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_the_directory_of_another_server_is_refused(keep, serve, aof):
    a = serve("a", appendonly=aof)
    b = serve("b", appendonly=aof)
    for server, seed in ((a, 1), (b, 2)):
        fill(one_client(server), seed=seed, jobs=seed * 5)
        server.client().save()
    keep("snapshot", "--redis", a.url, "--data-dir", b.data,
         exit=4).says(str(b.data), "another|not the|does not|belong")
    assert not keep.folder().exists() or not any(keep.folder().iterdir())
    assert keep.snapshot(a, "--data-dir", a.data)["bound"] is True


@pytest.mark.need("root", "unshare")
def test_an_unseen_server_is_bound_by_the_sizes_of_its_aof(keep, serve):
    server = serve("a", appendonly="yes")
    fill(one_client(server))
    server.drain()
    assert blind(keep, server)["bound"] is True
    server.rewrite()
    one_client(server).set("after", 1)
    server.drain()
    assert blind(keep, server)["bound"] is True


@pytest.mark.need("root", "unshare")
@pytest.mark.parametrize("name", [
    pytest.param(n, marks=pytest.mark.need(n)) for n in NAMES])
def test_an_unseen_server_is_bound_after_a_rewrite_under_load(keep, serve,
                                                              name):
    """Its aof_base_size then counts more than the base file, until it is
    started again."""
    server = serve("a", appendonly="yes", name=name)
    writer = Writer(server, "w")
    writer.start()
    for _ in range(2):
        wait_for(lambda: writer.acknowledged > 200, "writes")
        server.rewrite()
        assert blind(keep, server)["bound"] is True
    writer.stop()
    server.drain()
    assert blind(keep, server)["bound"] is True
    server.stop()
    server.start()
    assert blind(keep, server)["bound"] is True


@pytest.mark.need("root", "unshare")
def test_an_unseen_server_is_bound_by_the_time_of_its_dump(keep, serve):
    server = serve("a", appendonly="no")
    fill(one_client(server))
    server.client().bgsave()
    server.rest()
    assert blind(keep, server)["bound"] is True


@pytest.mark.need("root", "unshare")
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_what_contradicts_an_unseen_server_is_refused(keep, serve, aof):
    a = unseen(serve, "a", appendonly=aof)
    b = serve("b", appendonly=aof)
    fill(one_client(b), jobs=20)
    b.client().save()
    b.rewrite() if aof == "yes" else None
    fill(one_client(a), jobs=5)
    if aof == "no":  # a dump made at another second than the one it has
        def another_second():
            a.client().save()
            return a.client().lastsave() != b.client().lastsave()
        wait_for(another_second, "another second")
    result = keep("snapshot", "--redis", a.url, "--data-dir", b.data,
                  "--json", exit=None)
    assert result.code in (0, 4), result
    if result.code == 4:
        result.says(re.escape(str(b.data)))
    else:
        assert result.json["bound"] is False


@pytest.mark.need("root", "unshare")
def test_what_nothing_proves_is_unbound_and_said_so(place, keep, serve):
    maker = serve("maker", appendonly="no")
    fill(one_client(maker), jobs=5)
    maker.client().save()
    maker.stop()
    data = place / "given"
    data.mkdir()
    shutil.copy(maker.data / "dump.rdb", data)
    server = serve("a", appendonly="no", data=data)
    result = keep("snapshot", "--redis", server.url, "--data-dir", data,
                  "--json", user=APART)
    assert result.json["bound"] is False
    result.says("nothing proves|not proven|unbound")
    assert [s["bound"] for s in keep.list()] == [False]


def test_without_a_server_nothing_is_bound_and_said_so(place, keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server))
    server.stop()
    result = keep("snapshot", "--data-dir", server.data, "--redis",
                  f"unix://{place}/nobody", "--json")
    assert result.json["bound"] is None and result.json["keys"] is None
    assert result.json["verdict"] == "sound"
    result.says("no server|without a server|not answer|none answers")
