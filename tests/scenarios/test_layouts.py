"""The files of a server may be anywhere and have any name; and the server
may be away."""

import pytest

from data import Writer, fill, one_client, state
from program import data, tree
from servers import wait_for

ODD = ['my "own" file\'s.aof', "two\nlines \u00e9.aof", "-rf $HOME;*"]


@pytest.mark.parametrize("aof,save", [("yes", False), ("yes", True),
                                      ("no", True)])
def test_what_the_server_would_load_is_kept(place, keep, serve, boot, aof,
                                            save):
    server = serve(appendonly=aof)
    client = one_client(server)
    client.set("only in the dump", 1)
    client.save()
    if aof == "yes":
        client.delete("only in the dump")
        fill(client)
    if not save:
        (server.data / "dump.rdb").unlink()
    before = state(client)
    report = keep.snapshot(server)
    assert report["verdict"] == "sound"
    server.kill()
    keep.restore(place / "to")
    assert (place / "to" / "appendonlydir").exists() == (aof == "yes")
    assert state(one_client(boot(place / "to", appendonly=aof))) == before


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_files_moved_by_settings_are_found(place, keep, serve, boot, aof,
                                           odd):
    names = dict(dbfilename=f"dump of {odd}", appendfilename=odd,
                 appenddirname="own \"aof\" folder")
    data = place / "a folder 'of' \"mine\""
    server = serve(data=data, appendonly=aof, **names)
    fill(one_client(server))
    server.client().bgsave()
    server.rest()
    if aof == "yes":
        server.rewrite()
    before = state(one_client(server))
    assert keep.snapshot(server)["verdict"] == "sound"
    server.kill()
    keep("verify", "--all")
    keep.restore(place / "to")
    one = boot(place / "to", appendonly=aof, **names)
    assert state(one_client(one)) == before


def test_settings_changed_at_run_time_are_followed(place, keep, serve):
    server = serve(appendonly="no", enable_protected_configs="yes")
    fill(one_client(server))
    moved = place / "moved"
    moved.mkdir()
    server.client().config_set("dir", str(moved))
    server.client().config_set("dbfilename", "other.rdb")
    server.client().save()
    keep.snapshot(server)
    keep.restore(place / "to")
    assert data(place / "to") == {"other.rdb"}


def torn(server, cut):
    """The bytes of the last incr, less its last `cut`."""
    server.drain()
    server.kill()
    incr = max(server.data.glob("appendonlydir/*.incr.aof"))
    incr.write_bytes(incr.read_bytes()[:-cut])
    return incr


@pytest.mark.parametrize("cut", [1, 7])
def test_a_torn_tail_without_a_server_is_kept_whole(place, keep, serve, boot,
                                                    cut):
    server = serve(appendonly="yes")
    fill(one_client(server))
    server.client().rpush("list", "one")
    server.client().rpush("list", "two")
    incr = torn(server, cut)
    bytes_there = incr.read_bytes()
    told = keep("snapshot", "--data-dir", server.data, "--redis", server.url,
                "--json", exit=1).json
    assert told["verdict"] == "torn" and told["bound"] is None
    shown = keep.list()[0]
    assert shown["verdict"] == "torn"
    words = ["restore", told["id"], "--to", place / "to"]
    keep(*words, exit=4).says("torn", "--yes")
    assert not (place / "to").exists()
    keep(*words, "--yes")
    kept = place / "to" / "appendonlydir" / incr.name
    assert kept.read_bytes() == bytes_there
    one = boot(place / "to", whole=False, aof_load_truncated="yes")
    assert one.client().lrange("list", 0, -1) == [b"one"]


def test_a_live_servers_unfinished_tail_is_cut(place, keep, serve, boot):
    """Bytes of half a command at the end, as a reader may find them."""
    server = serve(appendonly="yes")
    fill(one_client(server))
    server.drain()
    incr = max(server.data.glob("appendonlydir/*.incr.aof"))
    with open(incr, "ab") as f:
        f.write(b"*3\r\n$3\r\nSET\r\n$4\r\nha")
    told = keep("snapshot", "--redis", server.url, "--json").json
    assert told["verdict"] == "sound"
    keep.restore(place / "to")
    boot(place / "to")


def test_a_stopped_servers_files_are_kept(place, keep, serve, boot):
    for aof in ("yes", "no"):
        server = serve(f"s{aof}", appendonly=aof)
        fill(one_client(server))
        server.client().save()
        before = state(one_client(server))
        server.stop()
        words = ["--data-dir", server.data, "--instance", f"i{aof}",
                 "--redis", server.url]
        told = keep("snapshot", "--json", *words).json
        assert told["verdict"] == "sound" and told["bound"] is None
        to = place / f"to{aof}"
        keep("restore", "latest", "--to", to, "--instance", f"i{aof}",
             "--redis", server.url)
        assert state(one_client(boot(to, appendonly=aof))) == before


def test_an_empty_directory_has_nothing_to_keep(place, keep, serve):
    empty = place / "empty"
    empty.mkdir()
    keep("snapshot", "--data-dir", empty, "--redis", f"unix://{place}/no",
         exit=3).says(str(empty), "no data|nothing|no dataset|empty")
    keep("snapshot", "--data-dir", place / "not there", "--redis",
         f"unix://{place}/no", exit=3).says("not there")


@pytest.mark.parametrize("rounds", [4])
def test_appendonly_being_switched_on_under_load(place, keep, serve, boot,
                                                 rounds):
    server = serve(appendonly="no")
    fill(one_client(server), jobs=300)
    writer = Writer(server, "w")
    writer.start()
    client = server.client()
    taken = []
    for i in range(rounds):
        client.config_set("appendonly", "yes")
        for _ in range(2):
            seen = writer.acknowledged
            result = keep("snapshot", "--redis", server.url, "--json",
                          "--snapshot-max-age", "0", "--full", exit=None)
            assert result.code in (0, 3, 4), result
            if result.code == 0:
                taken.append((seen, result.json))
        wait_for(lambda: not server.persistence()["aof_rewrite_in_progress"],
                 "the rewrite")
        seen = writer.acknowledged
        taken.append((seen, keep.snapshot(server)))
        client.config_set("appendonly", "no")
    writer.stop()
    server.kill()
    whole = 0
    for seen, report in taken:
        assert report["verdict"] == "sound"
        to = place / f"to-{report['id']}"
        keep("restore", report["id"], "--to", to, "--redis",
             f"unix://{place}/nobody")
        aof = "yes" if (to / "appendonlydir").exists() else "no"
        one = boot(to, appendonly=aof)
        writer.check(one.client(), seen if aof == "yes" else 0)
        whole += aof == "yes"
        one.kill()
    assert whole >= rounds


@pytest.mark.parametrize("name", ["redis-6.0", "redis-7.0"])
def test_appendonly_switched_on_again_while_a_dump_is_written(keep, serve,
                                                              boot, place,
                                                              name):
    """The first rewrite then waits, and the AOF on disk is an old one."""
    server = serve("one", name, appendonly="no")
    client = server.client()
    client.config_set("appendonly", "yes")
    client.mset({f"k{i}": i for i in range(200)})
    server.rest()
    client.config_set("appendonly", "no")
    client.config_set("rdb-key-save-delay", "5000")
    client.bgsave()
    client.config_set("rdb-key-save-delay", "0")
    client.config_set("appendonly", "yes")
    assert server.persistence()["aof_rewrite_scheduled"] == 1
    client.set("late", 1)
    report = keep.snapshot(server)
    server.kill()
    to = place / "to"
    keep("restore", report["id"], "--to", to, "--redis",
         f"unix://{place}/nobody")
    one = boot(to, name=name, appendonly="yes").client()
    assert one.get("late") == b"1"
    assert one.dbsize() == 201


def test_gzip_and_none_are_readable_by_their_tools(place, keep, serve, boot):
    import subprocess
    server = serve(appendonly="yes")
    fill(one_client(server))
    before = state(one_client(server))
    for codec, tool in (("gzip", "gzip -dc"), ("none", "cat"),
                        ("zstd", "zstd -dc")):
        told = keep.snapshot(server, "--snapshot-compression", codec)
        to = place / codec
        to.mkdir()
        subprocess.run(f"{tool} {keep.archive(told['id'])} | tar -x -C {to}",
                       shell=True, check=True)
        assert state(one_client(boot(to))) == before
    sizes = [s["bytes_stored"] for s in keep.list()]
    assert len(set(sizes)) == 3
    assert tree(keep.repo)
