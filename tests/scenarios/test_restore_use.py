"""A target that a server uses is refused, whichever server --redis names,
and nothing of it is touched."""

import os

import pytest

from data import Writer, fill, one_client, state
from servers import APART, free_port, unprivileged, wait_for


@pytest.fixture
def kept(keep, serve):
    server = serve("source", appendonly="yes")
    fill(one_client(server), jobs=3)
    keep.snapshot(server)
    dump = serve("source2", appendonly="no")
    fill(one_client(dump), jobs=3)
    keep("snapshot", "--redis", dump.url, "--instance", "dumps")
    server.stop()
    dump.stop()


def refused(keep, server, *args, to=None, user=None):
    """Status 4, a reason, and a server that never notices."""
    before = state(one_client(server))
    names = sorted(os.listdir(server.data))
    result = keep("restore", "latest", "--to", to or server.data, *args,
                  exit=4, user=user)
    result.says("server|in use|uses|running", "stop|--service|"
                "--server-is-stopped")
    assert sorted(os.listdir(server.data)) == names
    assert state(one_client(server)) == before
    return result


@pytest.mark.parametrize("instance", ["main", "dumps"])
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_the_server_that_is_asked(keep, kept, serve, aof, instance):
    server = serve("target", appendonly=aof)
    fill(one_client(server), jobs=3)
    server.client().save()
    refused(keep, server, "--redis", server.url, "--instance", instance)


@pytest.mark.parametrize("aof", ["yes", "no"])
def test_a_server_that_nobody_named(place, keep, kept, serve, aof):
    server = serve("target", appendonly=aof)
    fill(one_client(server), jobs=3)
    server.client().save()
    result = refused(keep, server, "--redis", f"unix://{place}/nobody")
    assert str(server.process.pid) in result.err
    refused(keep, server, "--redis", f"unix://{place}/nobody", "--yes")


def test_by_another_name(place, keep, kept, serve):
    server = serve("target", appendonly="yes")
    fill(one_client(server), jobs=3)
    link = place / "alias"
    link.symlink_to(server.data)
    for to in (link, f"{server.data}/../data", f"{server.data}/"):
        refused(keep, server, "--redis", f"unix://{place}/nobody", to=to)


def test_another_server_answers(keep, kept, serve):
    server = serve("target", appendonly="yes")
    other = serve("other", appendonly="yes")
    fill(one_client(server), jobs=3)
    refused(keep, server, "--redis", other.url)


@pytest.mark.need("root")
def test_a_server_of_another_user(place, keep, kept, serve):
    """Its /proc is closed to us: the kernel or growth must tell."""
    home = place / "target"
    home.mkdir()
    os.chown(home, 65533, 65533)
    (home / "data").mkdir()
    os.chown(home / "data", 65533, 65533)
    server = serve("target", appendonly="yes",
                   wrap=unprivileged(65533, 65533))
    fill(one_client(server), jobs=3)
    refused(keep, server, "--redis", f"unix://{place}/nobody")
    repo = place / "theirs"
    os.rename(keep.repo, repo)
    for path in [repo, *repo.rglob("*")]:
        os.chown(path, 65534, 65534)
    (home / "data").chmod(0o777)
    (home / "data" / "appendonlydir").chmod(0o777)
    refused(keep, server, "--redis", f"unix://{place}/nobody", "--repo",
            repo, user=unprivileged())


@pytest.mark.need("root", "unshare")
def test_a_server_in_another_process_namespace(place, keep, kept, serve):
    port = free_port()
    server = serve("target", appendonly="yes", wrap=APART, port=str(port))
    fill(one_client(server), jobs=3)
    refused(keep, server, "--redis", f"unix://{place}/nobody")
    refused(keep, server, "--redis", f"redis://127.0.0.1:{port}")


@pytest.mark.need("root", "unshare")
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_when_this_side_is_in_a_namespace(place, keep, kept, serve, aof):
    """As from a container: no /proc of the server, only the kernel's word."""
    server = serve("target", appendonly=aof)
    fill(one_client(server), jobs=3)
    server.client().save()
    result = refused(keep, server, "--redis", f"unix://{place}/nobody",
                     user=APART)
    if aof == "no":  # nothing can tell: asked to be told
        result.says("--server-is-stopped")
        server.stop()
        keep("restore", "latest", "--to", server.data, "--redis",
             f"unix://{place}/nobody", "--server-is-stopped", user=APART)


@pytest.mark.need("root", "unshare")
def test_a_folder_without_a_dataset_needs_no_word(place, keep, kept):
    (place / "empty").mkdir()
    for to in (place / "empty", place / "new"):
        keep("restore", "latest", "--to", to, "--redis",
             f"unix://{place}/nobody", user=APART)


def test_a_server_that_writes_meanwhile(place, keep, kept, serve):
    server = serve("target", appendonly="yes")
    writer = Writer(server, "w")
    writer.start()
    wait_for(lambda: writer.acknowledged, "a write")
    keep("restore", "latest", "--to", server.data, "--redis",
         f"unix://{place}/nobody", exit=4)
    writer.stop()
    writer.check(server.client(), writer.acknowledged)


def test_a_stopped_server_is_no_hindrance(place, keep, kept, serve, boot):
    server = serve("target", appendonly="yes")
    fill(one_client(server), seed=9)
    server.kill()
    keep.restore(server.data)
    assert boot(server.data).client().hget("bull:mail:1", "name") == b"send"


def test_the_source_server_may_run_on(place, keep, serve, boot):
    server = serve(appendonly="yes")
    fill(one_client(server))
    keep.snapshot(server)
    keep("restore", "latest", "--to", place / "to", "--redis", server.url)
    assert state(one_client(boot(place / "to"))) == state(one_client(server))


@pytest.mark.need("root", "unshare")
@pytest.mark.parametrize("how", ["switched off", "loading"])
def test_an_aof_that_its_server_does_not_write(place, keep, kept, serve, how):
    """That nobody writes it does not say that nobody uses the folder."""
    server = serve("target", appendonly="yes")
    pipe = server.client().pipeline(transaction=False)
    for i in range(20000):
        pipe.set(f"k{i}", i)
    pipe.execute()
    server.drain()
    if how == "switched off":
        server.client().config_set("appendonly", "no")
        server.client().save()
    else:
        server.stop()
        server.settings["key-load-delay"] = "500"
        server.launch()
        wait_for(lambda: "Reading RDB base" in server.log_text() or
                 "DB loaded from incr" not in server.log_text() and
                 server.socket.exists(), "the loading")
    apart = APART
    names = sorted(os.listdir(server.data))
    keep("restore", "latest", "--to", server.data, "--redis",
         f"unix://{place}/nobody", exit=4,
         user=apart).says("--server-is-stopped")
    assert sorted(os.listdir(server.data)) == names
