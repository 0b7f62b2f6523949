"""What a crash leaves at each step of a rewrite, had from real servers that
are killed there: what the next start does with it, and what check says of it
before. And that nothing is said of a server that is well."""

import shlex
import signal
import subprocess

import pytest

from data import Writer, fill, one_client
from program import tree
from servers import APART, wait_for
from traps import (MANIFEST, NAME, aged, aof, children, cut, hold_rewrite,
                   keys, manifest, parts)

RELEASES = {"redis-7.0": "7.0.15", "redis-8.0": "8.0.2",
            "valkey-8.1": "valkey-8.1.1", "valkey-9.1": "valkey-9.1.0"}


@pytest.fixture
def look(keep):
    """Verdict, server, and the findings by code."""
    def judge(data, verdict="sound", server="loads", release="7.0.15"):
        told = keep("check", data, "--server-version", release, "--json",
                    "--appendonly", "yes", exit=None).json
        assert (told["verdict"], told["server"]) == (verdict, server), told
        return told["findings"]
    return judge


def alarms(findings):
    return sorted(f["code"] for f in findings if f["severity"] != "info")


def notes(findings):
    return sorted(f["code"] for f in findings if f["severity"] == "info")


@pytest.fixture
def server(serve):
    """With a base that was rewritten, and writes behind it."""
    one = serve(appendonly="yes", aof_disable_auto_gc="no")
    one.client().set("base", 1)
    one.rewrite()
    one.client().set("incr", 1)
    one.drain()
    return one


def starts_whole(server, *more):
    """The next start has all, and what it writes is there at the one after."""
    for name in ("again", "and again"):
        server.start()
        assert not server.truncated(), server.truncated()
        assert keys(server.client()) == sorted(["base", "incr", *more])
        server.client().set(name, 1)
        server.drain()
        more = (*more, name)
        server.kill()


def test_a_new_file_that_no_manifest_names_yet(server, look):
    server.kill()
    orphan = aof(server) / f"{NAME}.3.incr.aof"
    orphan.touch()
    found = look(server.data)
    assert alarms(found) == [] and notes(found) == ["aof-beside"]
    assert found[0]["path"] == str(orphan)
    starts_whole(server)


def test_the_manifest_names_both_and_the_child_is_dead_too(server, look):
    hold_rewrite(server)
    [child] = children(server)
    server.client().set("during", 1)
    server.drain()
    server.kill()
    wait_for(lambda: not alive(child), "the end of the child")
    assert manifest(server).count("type i") == 2
    [temporary] = server.data.glob("temp-rewriteaof-*")
    assert notes(look(server.data)) == ["temp-file-used"], "young: left alone"
    aged(temporary)
    found = look(server.data)
    assert alarms(found) == ["temp-file"]
    remedy = found[0]["remedy"]
    subprocess.run(remedy[remedy.index("rm -- "):], shell=True, check=True)
    assert not temporary.exists() and alarms(look(server.data)) == []
    starts_whole(server, "during")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_the_child_was_killed_and_the_server_lives(server, look):
    hold_rewrite(server)
    server.client().config_set("rdb-key-save-delay", 0)
    subprocess.run(["kill", "-9", str(children(server)[0])], check=True)
    server.rest()
    assert not list(server.data.glob("temp-*"))
    assert alarms(look(server.data)) == []
    server.kill()
    assert manifest(server).count("type i") == 2
    assert alarms(look(server.data)) == []
    starts_whole(server)


@pytest.fixture
def finished(server):
    """A server that was killed between its child's end and the new base."""
    server.client().config_set("rdb-key-save-delay", 300_000)
    server.client().bgrewriteaof()
    wait_for(lambda: list(server.data.glob("temp-rewriteaof-*")), "a child")
    server.client().set("during", 1)
    server.drain()
    server.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: list(server.data.glob("temp-rewriteaof-bg-*")),
             "the child's end")
    server.kill()
    return server


def test_a_finished_base_under_its_temporary_name(finished, look):
    [temporary] = finished.data.glob("temp-rewriteaof-bg-*")
    aged(temporary)
    found = look(finished.data)
    assert alarms(found) == ["temp-file"]
    assert shlex.quote(str(temporary)) in shlex.join(
        shlex.split(found[0]["remedy"].split("rm -- ")[1]))
    starts_whole(finished, "during")


def test_a_finished_base_that_no_manifest_names_yet(finished, look):
    [temporary] = finished.data.glob("temp-rewriteaof-bg-*")
    orphan = aof(finished) / f"{NAME}.3.base.rdb"
    temporary.rename(orphan)
    found = look(finished.data)
    assert alarms(found) == [] and notes(found) == ["aof-beside"]
    assert found[0]["path"] == str(orphan)
    inode = orphan.stat().st_ino
    starts_whole(finished, "during")
    finished.start().rewrite()
    assert orphan.stat().st_ino != inode, "written over"


@pytest.fixture
def replaced(serve):
    """Killed when the manifest named the old files as history."""
    one = serve(appendonly="yes", aof_disable_auto_gc="yes")
    one.client().set("base", 1)
    one.rewrite()
    one.client().set("incr", 1)
    one.drain()
    one.kill()
    one.settings["aof-disable-auto-gc"] = "no"
    return one


def test_history_that_is_still_there(replaced, look):
    found = look(replaced.data)
    assert alarms(found) == [] and notes(found) == ["aof-history"] * 2
    for finding in found:
        assert "removes it" in finding["text"]
    starts_whole(replaced)
    assert "type h" not in manifest(replaced)


def test_history_that_is_gone(replaced, look):
    found = look(replaced.data)
    for finding in found:
        (replaced.data / finding["path"]).unlink()
    found = look(replaced.data)
    assert alarms(found) == [] and notes(found) == ["aof-history"] * 2
    starts_whole(replaced)
    assert "type h" not in manifest(replaced)


def test_a_manifest_under_its_temporary_name(server, look):
    server.kill()
    temporary = aof(server) / f"temp-{MANIFEST}"
    temporary.write_text("file x seq")
    assert notes(look(server.data)) == ["temp-file-used"]
    aged(temporary)
    assert alarms(look(server.data)) == ["temp-file"]
    starts_whole(server)


def test_leftovers_are_kept_while_the_data_is_not_whole(server, look):
    server.kill()
    temporary = server.data / "temp-4194304.rdb"
    temporary.write_bytes(b"REDIS")
    aged(temporary)
    cut(parts(server)[-1], 3)
    found = look(server.data, "torn", "truncates")
    [left] = [f for f in found if f["code"] == "temp-file"]
    assert "rm" not in left["remedy"] and "keep" in left["remedy"]


def test_a_crash_while_the_aof_is_switched_on(serve, look):
    server = serve(appendonly="yes")
    server.client().set("old", 1)
    server.drain()
    server.client().config_set("appendonly", "no")
    server.client().set("new", 1)
    server.client().config_set("rdb-key-save-delay", 10_000_000)
    server.client().config_set("appendonly", "yes")
    temporary = aof(server) / f"temp-{NAME}.incr"
    wait_for(temporary.exists, "the switch")
    server.client().set("newest", 1)
    wait_for(lambda: temporary.stat().st_size > 0, "the write")
    assert "aof-switching-on" in alarms(look(server.data))
    [child] = children(server)
    server.kill()
    wait_for(lambda: not alive(child), "the end of the child")
    found = look(server.data, "damaged")
    assert "aof-switching-lost" in alarms(found)
    server.start()
    assert keys(server.client()) == ["old"], "what was acknowledged is gone"


def test_a_crash_while_the_first_aof_is_switched_on(serve, look):
    server = serve()
    server.client().set("a", 1)
    server.client().config_set("rdb-key-save-delay", 10_000_000)
    server.client().config_set("appendonly", "yes")
    temporary = aof(server) / f"temp-{NAME}.incr"
    wait_for(temporary.exists, "the switch")
    server.client().set("b", 1)
    wait_for(lambda: temporary.stat().st_size > 0, "the write")
    [child] = children(server)
    server.kill()
    wait_for(lambda: not alive(child), "the end of the child")
    found = look(server.data, "damaged", "empty")
    assert "aof-switching-lost" in alarms(found)
    server.settings["appendonly"] = "yes"
    server.start()
    assert keys(server.client()) == []


@pytest.mark.parametrize("name", RELEASES)
def test_a_server_that_is_well_gives_no_alarm(serve, look, name):
    """Looked at again and again while it writes, rewrites and saves."""
    server = serve(name=name, appendonly="yes", aof_timestamp_enabled="yes")
    fill(one_client(server), name)
    writer = Writer(server, "list", pairs=True)
    writer.start()
    seen = set()
    for _ in range(3):
        server.client().config_set("rdb-key-save-delay", 200)
        server.client().bgrewriteaof()
        wait_for(lambda: server.persistence()["aof_rewrite_in_progress"],
                 "a rewrite")
        while server.persistence()["aof_rewrite_in_progress"]:
            told = look(server.data, release=RELEASES[name])
            assert alarms(told) == [], told
            seen.update(notes(told))
        server.client().config_set("rdb-key-save-delay", 20)
        server.client().bgsave()
        server.rest()
        told = look(server.data, release=RELEASES[name])
        assert set(alarms(told)) <= {"dump-beside"}
        (server.data / "dump.rdb").unlink()
    writer.stop()
    assert "temp-file-used" in seen, "the child's file was looked at"
    server.stop()
    server.start()
    assert alarms(look(server.data, release=RELEASES[name])) == []


def test_looking_changes_nothing(finished, keep):
    before = tree(finished.data)
    keep("check", finished.data, "--verbose")
    assert tree(finished.data) == before


@pytest.mark.need("root", "unshare")
def test_a_child_in_another_container_is_left_alone(serve, look):
    """Its number there says nothing here; the kernel tells that it writes."""
    server = serve(appendonly="yes", wrap=APART)
    server.client().set("a", "x" * 100)
    hold_rewrite(server)
    [temporary] = server.data.glob("temp-rewriteaof-*")
    aged(temporary)
    found = look(server.data)
    assert alarms(found) == [] and "temp-file-used" in notes(found)
    server.kill()
    wait_for(lambda: alarms(look(server.data)) == ["temp-file"],
             "the end of the child")
