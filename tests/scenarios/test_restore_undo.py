"""A restore is taken back, finished, or forgotten, whenever one wants to."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from data import fill, one_client, state
from program import STOPPED, data, journal, tree
from servers import SYSTEM, binary, wait_for
from test_leftovers import bulky


@pytest.fixture(params=["yes", "no"], ids=["aof", "rdb"])
def done(request, place, keep, serve, boot):
    """A restore over old data that is done."""
    return Done(place, keep, serve, boot, request.param)


class Done:
    def __init__(self, place, keep, serve, boot, aof):
        self.place, self.keep, self.boot, self.aof = place, keep, boot, aof
        server = serve("new", appendonly=aof)
        fill(one_client(server), seed=3)
        self.new = state(one_client(server))
        keep.snapshot(server, *([] if aof == "yes" else ["--bgsave"]))
        server.stop()
        server = serve("old", appendonly=aof)
        fill(one_client(server), seed=4, jobs=9)
        self.old = state(one_client(server))
        server.client().save()
        server.stop()
        self.to = server.data
        self.before = self.files()
        self.kept = self.restore("latest")["kept"]

    def restore(self, *args, **options):
        return self.keep("restore", *args, "--to", self.to, "--redis",
                         f"unix://{self.place}/nobody", "--json", *STOPPED,
                         **options).json

    def files(self, folder=None):
        return {n: w for n, w in tree(folder or self.to).items()
                if not n.startswith((".redkeep", "redkeep-before"))}

    def serve_and_write(self):
        server = self.boot(self.to, appendonly=self.aof)
        assert state(one_client(server)) == self.new
        server.client().set("written", "since")
        if self.aof == "no":
            server.client().save()
        server.drain()
        written = state(one_client(server))
        return server, written

    def holds(self, folder):
        copy = self.place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        one = self.boot(copy, appendonly=self.aof)
        found = state(one_client(one))
        one.kill()
        return found


def test_undo_puts_the_old_set_back_and_keeps_what_was_written(done):
    server, written = done.serve_and_write()
    done.restore("--undo", exit=4)
    assert server.client().get("written") == b"since"
    server.stop()
    before = tree(done.to)
    assert done.restore("--undo", "--dry-run")["plan"]
    assert tree(done.to) == before
    told = done.restore("--undo")
    assert done.files() == done.before
    assert told["journal"] == journal(done.to) == "undone"
    assert told["kept"] != done.kept and not Path(done.kept).exists()
    assert done.holds(told["kept"]) == written
    assert done.holds(done.to) == done.old


def test_where_there_is_nothing_to_do_nothing_is_done(done, place):
    empty = place / "empty"
    empty.mkdir()
    for way in ("--resume", "--undo", "--forget"):
        done.keep("restore", way, "--to", empty).says("nothing to do")
    assert list(empty.iterdir()) == []
    before = tree(done.to)
    done.restore("--resume")
    assert tree(done.to) == before
    done.restore("--undo")
    before = tree(done.to)
    for way in ("--undo", "--resume"):
        done.restore(way)
        assert tree(done.to) == before
    done.keep("restore", "latest", "--undo", "--to", done.to, exit=2)
    done.keep("restore", "--resume", "--undo", "--to", done.to, exit=2)


def test_forget_gives_up_undo_and_removes_nothing_else(done):
    before = done.files()
    told = done.restore("--forget")
    assert told["kept"] == done.kept and done.holds(done.kept) == done.old
    assert journal(done.to) == "none" and done.files() == before
    done.restore("--undo")
    assert done.files() == before


def test_an_empty_folder_is_empty_again(done, place):
    done.to = place / "fresh"
    done.to.mkdir()
    done.restore("latest")
    server, written = done.serve_and_write()
    server.stop()
    told = done.restore("--undo")
    assert done.files() == {}
    assert done.holds(told["kept"]) == written


def test_what_a_server_began_to_use_is_finished_first(done):
    """As after a crash between the last rename and the journal's word."""
    path = done.to / ".redkeep" / "journal.json"
    word = path.read_text()
    path.write_text(word.replace('"placed"', '"placing"'))
    assert path.read_text() != word
    server, written = done.serve_and_write()
    done.keep("snapshot", "--redis", server.url, exit=4).says("--resume")
    done.restore("--resume")
    assert journal(done.to) == "placed"
    done.keep.snapshot(server, "--yes")
    path.write_text(word.replace('"placed"', '"placing"'))
    done.restore("--undo", exit=4)
    assert server.client().get("written") == b"since"
    server.stop()
    path.write_text(word.replace('"placed"', '"placing"'))
    told = done.restore("--undo")
    assert done.files() == done.before
    assert done.holds(told["kept"]) == written


def test_a_kept_set_that_is_not_whole_does_not_come_back(done):
    victim = next(p for p in Path(done.kept).rglob("*") if p.is_file())
    victim.rename(done.place / "victim")
    before = tree(done.to)
    done.keep("restore", "--undo", "--to", done.to, "--redis",
              f"unix://{done.place}/nobody", *STOPPED,
              exit=4).says(victim.name, "not complete")
    assert tree(done.to) == before


def test_a_kept_set_that_a_server_uses_stays_with_it(done):
    server = done.boot(done.kept, appendonly=done.aof)
    done.restore("--undo", exit=4)
    assert state(one_client(server)) == done.old
    assert done.holds(done.to) == done.new
    server.stop()
    done.restore("--undo")
    assert done.holds(done.to) == done.old


def test_what_a_server_added_to_the_kept_set_comes_with_it(done):
    kept = Path(done.kept)
    if done.aof == "yes":
        manifest = kept / "appendonlydir" / "appendonly.aof.manifest"
        added = kept / "appendonlydir" / "appendonly.aof.9.incr.aof"
        added.write_bytes(b"*3\r\n$3\r\nSET\r\n$5\r\nadded\r\n$1\r\n1\r\n")
        with manifest.open("a") as f:
            f.write(f"file {added.name} seq 9 type i\n")
    else:
        server = done.boot(kept, appendonly="no")
        server.client().set("added", 1)
        server.client().save()
        server.stop()
    done.restore("--undo")
    one = done.boot(done.to, appendonly=done.aof)
    assert one.client().get("added") == b"1"


def test_a_restore_that_was_cut_off_is_not_begun_over(place, keep, serve):
    server = serve(appendonly="yes")
    bulky(server, 24, 1)
    keep.snapshot(server)
    server.stop()
    to = place / "to"
    to.mkdir()
    args = ["--to", to, "--redis", f"unix://{place}/nobody"]
    process = keep.begin("restore", "latest", *args)
    wait_for(lambda: list(to.glob(".redkeep/restore-*/*")) or
             process.poll() is not None, "the new set to be built")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    told = keep("restore", "latest", *args, exit=4)
    told.says(f"restore --resume --to {to}", "--undo")
    keep("restore", "--forget", *args, exit=4).says("--undo")
    [found] = keep("check", to, "--json").json["findings"]
    assert found["code"] == "restore-unfinished"
    assert found["severity"] == "warning"
    assert keep("restore", "--resume", *args, "--json").json["keys"] == 240
    assert data(to) == {"appendonlydir"} and journal(to) == "placed"


@pytest.mark.parametrize("way", ["--undo", "--resume"])
def test_one_that_is_killed_while_it_builds_keeps_the_way_back(done, way):
    """Of the restore before it, which was done."""
    slow = done.place / "bin" / "redis-server"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ncase $1 in --version) exec {binary(SYSTEM)} "$1"'
                    "; esac\nexec sleep 100\n")
    slow.chmod(0o755)
    process = done.keep.begin(
        "restore", "latest", "--boot-check", "--to", done.to, "--redis",
        f"unix://{done.place}/nobody", *STOPPED,
        env={"PATH": f"{slow.parent}:{os.environ['PATH']}"})
    wait_for(lambda: list(done.to.glob(".redkeep/boot-*/.redkeep-trial")) or
             process.poll() is not None, "the boot check")
    process.kill()
    process.communicate()
    assert "building" in (done.to / ".redkeep" / "journal.json").read_text()
    told = done.restore(way)
    assert told["journal"] == journal(done.to) == "placed"
    if way == "--undo":
        assert "another --undo" in told["plan"]["advice"][0]
    done.restore("--undo")
    if way == "--resume":
        assert done.holds(done.to) == done.new
        return
    assert done.files() == done.before
    assert journal(done.to) == "undone"


def test_a_hostile_journal_moves_nothing(done):
    path = done.to / ".redkeep" / "journal.json"
    good = json.loads(path.read_text())
    bad = [
        lambda j: j["leaves"].update(folder="../elsewhere"),
        lambda j: j["leaves"]["files"][0].update(path="../x"),
        lambda j: j["names"][0].update(appenddirname=".redkeep"),
        lambda j: j.update(format=2),
        lambda j: j.update(files={}, names=[]),
    ]
    for change in bad:
        text = json.loads(json.dumps(good))
        text["state"] = "placing"
        change(text)
        path.write_text(json.dumps(text))
        before = tree(done.to)
        for way in ("--undo", "--resume", "--forget"):
            result = done.keep("restore", way, "--to", done.to, exit=None)
            assert result.code in (1, 4), result
            assert tree(done.to) == before
