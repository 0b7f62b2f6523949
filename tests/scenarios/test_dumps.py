"""Servers without an append-only file: when a fresh dump is asked for, when
nothing new is to be kept, and what is said when a dump fails."""

import os
import subprocess
import time

import pytest

from data import fill, one_client, state
from program import tree
from servers import unprivileged, wait_for


@pytest.fixture
def server(serve):
    server = serve(appendonly="no", rdbchecksum="no")
    fill(one_client(server), jobs=5)
    return server


def saves(server):
    return server.persistence()["rdb_saves"]


def aged(server, seconds):
    """Saves while the clock of the dump is in the past: its ctime field is
    rewritten, which a server without checksums does not notice."""
    server.client().save()
    path = server.data / "dump.rdb"
    blob = path.read_bytes()
    at = blob.index(b"\xfa\x05ctime\xc2") + 8
    then = int.from_bytes(blob[at:at + 4], "little") - seconds
    path.write_bytes(blob[:at] + then.to_bytes(4, "little") + blob[at + 4:])
    os.utime(path, (then, then))
    return then


def test_no_dump_at_all_asks_for_one(keep, server):
    assert not (server.data / "dump.rdb").exists()
    told = keep.snapshot(server)
    assert told["verdict"] == "sound" and saves(server) == 1
    assert told["keys"] == sum(state(one_client(server))[1].values())


def test_an_old_dump_with_unsaved_changes_asks_for_a_new_one(keep, server):
    aged(server, 3700)
    server.client().set("unsaved", 1)
    before = saves(server)
    told = keep.snapshot(server)
    assert saves(server) == before + 1 and told["unchanged"] is False
    assert state_seconds(told) > time.time() - 60
    keep.restore(server.home / "to")


def state_seconds(told):
    from datetime import datetime
    return datetime.fromisoformat(
        told["state_time"].replace("Z", "+00:00")).timestamp()


def test_an_old_dump_without_changes_is_kept_as_it_is(keep, server):
    then = aged(server, 7300)
    before = saves(server)
    told = keep.snapshot(server)
    assert saves(server) == before
    assert abs(state_seconds(told) - then) < 1  # when it was made


def test_a_fresh_dump_with_unsaved_changes_is_kept_as_it_is(keep, server):
    server.client().save()
    server.client().set("unsaved", 1)
    before = saves(server)
    first = keep.snapshot(server)
    assert saves(server) == before
    again = keep.snapshot(server)
    assert again["unchanged"] is True and again["id"] == first["id"]
    keep.snapshot(server, "--snapshot-max-age", "0")
    assert saves(server) == before


def test_max_age_is_an_option(keep, server):
    aged(server, 100)
    server.client().set("unsaved", 1)
    before = saves(server)
    keep.snapshot(server, "--snapshot-max-age", "1d")
    assert saves(server) == before
    keep.snapshot(server, "--snapshot-max-age", "60s")
    assert saves(server) == before + 1


def test_a_dump_whose_snapshot_rots_is_stored_anew(keep, server):
    server.client().save()
    first = keep.snapshot(server)["id"]
    archive = keep.archive(first)
    archive.write_bytes(archive.read_bytes()[:-9] + b"rotten it")
    keep("verify", exit=1)
    told = keep.snapshot(server)
    assert told["unchanged"] is False and told["id"] != first
    keep("verify")
    assert keep.snapshot(server)["unchanged"] is True


def test_an_unchanged_dump_makes_no_new_entry(place, keep, server):
    first = keep.snapshot(server)
    assert first["unchanged"] is False
    before = tree(keep.folder())
    again = keep.snapshot(server)
    assert again["unchanged"] is True and again["id"] == first["id"]
    assert again["bytes_stored"] == 0
    assert tree(keep.folder()) == before
    full = keep.snapshot(server, "--full")
    assert full["unchanged"] is False and full["id"] != first["id"]
    server.client().set("new", 1)
    new = keep.snapshot(server, "--bgsave")
    assert new["unchanged"] is False
    assert len(keep.list()) == 3
    keep.restore(place / "to")


def test_bgsave_makes_a_fresh_dump_beside_an_aof_too(place, keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server))
    before = saves(server)
    keep.snapshot(server, "--bgsave")
    assert saves(server) == before + 1
    keep.restore(place / "to")


def test_bgsave_waits_for_children_that_run(keep, serve, boot, place):
    server = serve(appendonly="yes", rdb_key_save_delay="3000")
    fill(one_client(server), jobs=40)
    server.client().bgsave()
    server.client().set("after the fork", 1)
    keep.snapshot(server, "--bgsave", seconds=60)
    assert server.persistence()["rdb_saves"] == 2
    server.client().bgrewriteaof()
    server.client().set("later", 1)
    keep.snapshot(server, "--bgsave", seconds=60)
    assert server.persistence()["rdb_saves"] == 3


def test_what_was_written_before_is_in_the_dump(place, keep, serve, boot):
    server = serve(appendonly="no", rdb_key_save_delay="2000")
    fill(one_client(server), jobs=20)
    server.client().bgsave()
    server.client().set("before the command", 1)
    keep.snapshot(server, "--bgsave")
    keep.restore(place / "to")
    one = boot(place / "to", appendonly="no")
    assert one.client().get("before the command") == b"1"


@pytest.mark.need("root")
def test_a_dump_that_fails_is_told_in_words(place, keep, serve):
    data = place / "closed"
    data.mkdir()
    home = place / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    os.chown(data, 65534, 65534)
    server = serve("home", data=data, wrap=unprivileged(), appendonly="no")
    fill(one_client(server), jobs=5)
    os.chown(data, 0, 0)
    result = keep("snapshot", "--redis", server.url, exit=3)
    result.says("BGSAVE|save", "fail|err", "log|director|permission|space")
    assert not keep.folder().exists() or not any(keep.folder().iterdir())
    os.chown(data, 65534, 65534)
    keep.snapshot(server, "--bgsave")
    os.chown(data, 0, 0)
    keep("snapshot", "--redis", server.url, "--bgsave", exit=3).says("save")
    assert len(keep.list()) == 1


def test_a_loading_server_is_told_so(place, keep, serve):
    server = serve(appendonly="no", key_load_delay="0")
    client = one_client(server)
    pipe = client.pipeline(transaction=False)
    for i in range(3000):
        pipe.set(f"k{i}", "x" * 1000)
    pipe.execute()
    client.save()
    server.stop()
    server.settings["key-load-delay"] = "3000"
    server.settings["loading-process-events-interval-bytes"] = "1024"
    server.launch()

    def loading():
        import redis
        try:
            return server.client().info("persistence")["loading"]
        except redis.exceptions.RedisError:
            return False
    wait_for(loading, "the server to load")
    keep("snapshot", "--redis", server.url, "--bgsave",
         exit=3).says("load")


def test_a_dump_changed_in_place_is_news(keep, server):
    """Same inode, size and mtime: only the kernel's ctime tells."""
    server.client().save()
    first = keep.snapshot(server)
    path = server.data / "dump.rdb"
    was = path.stat()
    with open(path, "r+b") as dump:
        dump.seek(was.st_size - 9)  # the end, before the checksum
        dump.write(b"\x00")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_ino == was.st_ino
    again = keep.snapshot(server, exit=1)
    assert again["unchanged"] is False and again["id"] != first["id"]
    assert again["verdict"] == "damaged"


def test_an_unchanged_dump_that_is_stale_is_told(place, keep, serve):
    server = serve("mute", appendonly="no", rename_command=("BGSAVE", ""))
    server.client().set("a", 1)
    server.client().save()
    path = server.data / "dump.rdb"
    old = path.stat().st_mtime - 7200
    os.utime(path, (old, old))
    first = keep.snapshot(server)
    assert first["findings"] == []
    server.client().set("b", 2)
    told = keep.snapshot(server)
    assert told["unchanged"] is True and told["id"] == first["id"]
    assert "dump-stale" in [f["code"] for f in told["findings"]]
    keep("snapshot", "--redis", server.url).says("unsaved changes")


def test_an_aof_switched_off_meanwhile_is_not_taken_for_the_data(
        place, keep, serve):
    """What lies in its folder then is as old as its last moment."""
    server = serve("switching", appendonly="yes")
    client = server.client()
    client.set("old", 1)
    server.drain()
    client.config_set("appendonly", "no")
    client.set("new", 1)
    client.config_set("rdb-key-save-delay", 3000000)
    client.config_set("appendonly", "yes")
    process = keep.begin("snapshot", "--redis", server.url, "--json")
    with pytest.raises(subprocess.TimeoutExpired):  # it waits for the rewrite
        process.wait(timeout=0.7)
    client.config_set("rdb-key-save-delay", 0)
    client.config_set("appendonly", "no")
    process.communicate(timeout=20)
    assert process.returncode == 0
    keep.restore(place / "to", "--layout", "rdb")
    one = serve("restored", data=place / "to", appendonly="no")
    assert one.client().get("new") == b"1"
