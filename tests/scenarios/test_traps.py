"""Every trap of loading an AOF: what a real server does with it, at the first
start and at the second, and that check foretells it and never calls it sound
where data is lost."""

import shutil

import pytest

from servers import wait_for
from traps import (aged, answers, aof, command, cut, hold_rewrite, keys,
                   manifest, parts, put)

SET_A = command("SET", "a", 1)
SET_B = command("SET", "b", 2)
MULTI, EXEC = command("MULTI"), command("EXEC")
BASE = ("1.base.aof", 1, "b")
INCR = ("1.incr.aof", 1, "i")
INCR2 = ("2.incr.aof", 2, "i")


@pytest.fixture
def foretell(keep):
    """What check says of a directory must be this, and these its findings."""
    def look(data, verdict, server, *codes, appendonly="yes"):
        told = keep("check", data, "--server-version", "7.0.15",
                    "--appendonly", appendonly, "--json", exit=None).json
        assert (told["verdict"], told["server"]) == (verdict, server), told
        found = [f["code"] for f in told["findings"]
                 if f["severity"] != "info"]
        assert set(found) == set(codes), told["findings"]
        return {f["code"]: f for f in told["findings"]}
    return look


@pytest.fixture
def start(serve):
    """start(data) is a server that answers, or None where it ended."""
    count = [0]

    def begin(data, **settings):
        count[0] += 1
        settings.setdefault("appendonly", "yes")
        server = serve(f"start{count[0]}", data=data, begin=False, **settings)
        server.launch()
        return server if answers(server) else None
    return begin


@pytest.fixture
def data(place):
    folder = place / "data"
    folder.mkdir()
    return folder


def two_files(serve):
    """A server that died while a rewrite ran, with writes in both files."""
    server = serve(appendonly="yes")
    client = server.client()
    client.set("first", 1)
    client.set("lost", 1)
    hold_rewrite(server)
    client.set("second", 1)
    server.drain()
    server.kill()
    assert manifest(server).count("type i") == 2
    return server


def test_a_torn_file_before_the_last_is_cut_before_the_refusal(
        serve, foretell, start):
    server = two_files(serve)
    first, second = parts(server)
    cut(first, 3)
    size = first.stat().st_size
    found = foretell(server.data, "damaged", "refuses", "aof-torn-middle")
    good = found["aof-torn-middle"]["offset"]
    assert start(server.data) is None
    assert first.stat().st_size == good < size, "cut on disk"
    again = start(server.data)
    assert keys(again.client()) == ["first", "second"], "a hole, in silence"


def test_a_torn_file_before_an_empty_last_one_is_refused(
        serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().set("first", 1)
    server.client().set("lost", 1)
    hold_rewrite(server)
    server.kill()
    first, second = parts(server)
    assert second.stat().st_size == 0
    cut(first, 3)
    foretell(server.data, "damaged", "refuses", "aof-torn-middle")
    assert start(server.data) is None
    assert keys(start(server.data).client()) == ["first"]


@pytest.mark.parametrize("torn", [b"", SET_B[:-3]])
def test_an_open_multi_before_the_last_file_is_cut_before_the_refusal(
        data, foretell, start, torn):
    put(data, {"1.incr.aof": SET_A + MULTI + SET_B + torn,
               "2.incr.aof": command("SET", "c", 3)}, [INCR, INCR2])
    foretell(data, "damaged", "refuses", "aof-torn-middle")
    assert start(data) is None


def test_a_tail_torn_inside_a_multi_swallows_what_is_written_next(
        serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().set("before", 1)
    pipe = server.client().pipeline(transaction=True)
    pipe.set("one", 1).set("two", 2).execute()
    server.drain()
    server.kill()
    incr = parts(server)[-1]
    whole = incr.read_bytes()
    incr.write_bytes(whole[:whole.index(b"two") + 1])
    found = foretell(server.data, "torn", "truncates", "aof-torn",
                     "aof-multi-open")
    copy = server.home / "mended"
    shutil.copytree(server.data, copy)
    again = start(server.data)
    assert keys(again.client()) == ["before"]
    for key in ("x", "y", "z"):
        again.client().set(key, 1)
    again.kill()
    foretell(server.data, "torn", "truncates", "aof-multi-open")
    assert keys(start(server.data).client()) == ["before"], "x y z are gone"
    # Cut where check says, nothing is swallowed.
    incr = copy / "appendonlydir" / incr.name
    incr.write_bytes(whole[:found["aof-multi-open"]["offset"]])
    foretell(copy, "sound", "loads")
    again = start(copy)
    again.client().set("x", 1)
    again.kill()
    assert keys(start(copy).client()) == ["before", "x"]


def test_half_an_annotation_poisons_the_next_start(serve, foretell, start):
    server = serve(appendonly="yes", aof_timestamp_enabled="yes")
    server.client().set("a", 1)
    server.drain()
    server.kill()
    incr = parts(server)[-1]
    incr.write_bytes(incr.read_bytes() + b"#TS:17000")
    foretell(server.data, "torn", "loads", "aof-annotation-torn")
    again = start(server.data)
    again.client().set("b", 1)
    again.kill()
    foretell(server.data, "damaged", "refuses", "aof-format")
    assert start(server.data) is None


def test_an_open_multi_at_the_end_is_cut(data, foretell, start):
    put(data, {"1.incr.aof": SET_A + MULTI + SET_B}, [INCR])
    foretell(data, "torn", "truncates", "aof-multi-open")
    assert keys(start(data).client()) == ["a"]


def test_a_command_cut_behind_an_rdb_costs_the_rdb(serve, foretell, start):
    """The single file of a server before 7.0, or a base that is the last."""
    server = serve(appendonly="yes", save="")
    server.client().set("precious", 1)
    server.rewrite()
    server.kill()
    base = parts(server, "base")[0]
    data = server.home / "single"
    data.mkdir()
    (data / "appendonly.aof").write_bytes(base.read_bytes() + SET_A[:9])
    foretell(data, "torn", "truncates", "aof-torn", "aof-torn-front")
    again = start(data)
    assert keys(again.client()) == ["precious"]
    again.kill()
    again = start(data)
    assert again is None or keys(again.client()) == []


RESP = {
    "no CR LF behind an argument": (
        b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1xx" + SET_B,
        "damaged", "loads", ["aof-crlf"], ["a", "b"]),
    "no argument": (SET_A + b"*0\r\n" + SET_B,
                    "damaged", "refuses", ["aof-count"], None),
    "an inline command": (SET_A + b"SET b 2\r\n",
                          "damaged", "refuses", ["aof-format"], None),
    "zero bytes behind the end": (SET_A + bytes(64),
                                  "damaged", "refuses", ["aof-format"], None),
    "garbage between commands": (SET_A + b"!!!" + SET_B,
                                 "damaged", "refuses", ["aof-format"], None),
    "an annotation longer than a line": (
        SET_A + b"#" + b"x" * 1100 + b"\r\n" + SET_B,
        "damaged", "refuses", ["aof-format"], None),
    "a command that no server has": (
        SET_A + command("bla"), "damaged", "refuses",
        ["aof-command-unknown"], None),
    "EXEC without MULTI": (SET_A + EXEC + SET_B, "sound", "loads",
                           ["aof-exec-alone"], ["a", "b"]),
    "a database that is not there": (
        SET_A + command("SELECT", 16) + SET_B, "damaged", "loads",
        ["databases-needed"], ["a", "b"]),
}


@pytest.mark.parametrize("name", RESP)
def test_what_servers_load_and_refuse(data, foretell, start, name):
    content, verdict, server, codes, loaded = RESP[name]
    put(data, {"1.incr.aof": content}, [INCR])
    foretell(data, verdict, server, *codes)
    one = start(data)
    assert (one and keys(one.client())) == loaded


def test_a_missing_manifest_starts_empty_and_the_files_are_taken(
        serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().set("a", 1)
    server.drain()
    server.kill()
    (aof(server) / "appendonly.aof.manifest").unlink()
    foretell(server.data, "damaged", "empty", "manifest-missing")
    incr = parts(server)[-1]
    assert b"SET" in incr.read_bytes()
    again = start(server.data)
    assert keys(again.client()) == []


def test_a_manifest_of_comments_starts_empty(serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().set("a", 1)
    server.drain()
    server.kill()
    (aof(server) / "appendonly.aof.manifest").write_text("# nothing\n")
    foretell(server.data, "damaged", "empty", "aof-ignored")
    assert keys(start(server.data).client()) == []


def test_a_dump_under_appendonly_yes_is_ignored_and_overwritten(
        serve, foretell, start):
    server = serve()
    server.client().set("a", 1)
    server.client().save()
    server.kill()
    dump = server.data / "dump.rdb"
    before = dump.read_bytes()
    foretell(server.data, "damaged", "empty", "dump-ignored")
    again = start(server.data)
    assert keys(again.client()) == []
    again.client().save()
    assert dump.read_bytes() != before, "the only copy is gone"


def test_an_aof_that_was_switched_off_is_loaded_old_as_it_is(
        serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().set("old", 1)
    server.drain()
    server.client().config_set("appendonly", "no")
    server.client().set("new", 1)
    server.client().save()
    server.kill()
    found = foretell(server.data, "sound", "loads", "dump-beside")
    assert "newer" in found["dump-beside"]["text"]
    foretell(server.data, "sound", "loads", "aof-beside", appendonly="no")
    assert keys(start(server.data).client()) == ["old"]


def test_a_first_file_that_no_manifest_names_joins_the_set(
        data, foretell, start):
    put(data, {"1.base.aof": SET_A, "1.incr.aof": command("FLUSHALL")},
        [BASE])
    foretell(data, "damaged", "loads", "aof-beside-joins")
    one = start(data)
    assert keys(one.client()) == ["a"]
    one.kill()
    assert keys(start(data).client()) == [], "what nobody named was loaded"


def test_a_file_named_as_history_too_is_removed_by_its_server(
        data, foretell, start):
    put(data, {"1.incr.aof": SET_A},
        [("1.incr.aof", 1, "h"), ("1.incr.aof", 1, "i")])
    foretell(data, "damaged", "loads", "aof-history-used")
    one = start(data)
    one.client().set("b", 1)
    one.kill()
    assert start(data) is None


def test_a_file_named_twice_is_loaded_twice(data, foretell, start):
    put(data, {"1.incr.aof": command("INCR", "n")},
        [("1.incr.aof", 1, "i"), ("1.incr.aof", 2, "i")])
    foretell(data, "damaged", "loads", "aof-twice")
    assert start(data).client().get("n") == b"2"


def test_a_rewrite_empties_what_has_the_next_name(data, foretell, start):
    folder = put(data, {"1.base.aof": SET_A, "1.incr.aof": SET_B,
                        "2.incr.aof": command("SET", "c", 3)}, [BASE, INCR])
    stale = folder / "appendonly.aof.2.incr.aof"
    found = foretell(data, "sound", "loads", "aof-beside")
    assert found["aof-beside"]["path"] == str(stale)
    assert "next rewrite empties it" in found["aof-beside"]["text"]
    one = start(data)
    one.rewrite()
    assert stale.stat().st_size == 0


def test_a_gap_is_loaded_and_told(data, foretell, start):
    put(data, {"1.incr.aof": SET_A, "3.incr.aof": SET_B},
        [INCR, ("3.incr.aof", 3, "i")])
    foretell(data, "sound", "loads", "aof-gap")
    assert keys(start(data).client()) == ["a", "b"]


def test_exchanged_files_are_told(serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().rpush("list", 1)
    server.rewrite()
    server.client().rpush("list", 2)
    server.drain()
    server.kill()
    base, incr = parts(server, "base")[0], parts(server)[0]
    aside = aof(server) / "aside"
    base.rename(aside)
    incr.rename(base)
    aside.rename(incr)
    foretell(server.data, "damaged", "refuses", "aof-exchanged",
             "aof-rdb-behind")
    assert start(server.data) is None, "list is in both: it crashes"


def test_an_incr_from_before_its_base_is_told(serve, foretell, start):
    server = serve(appendonly="yes")
    server.client().incr("n")
    server.drain()
    server.kill()
    old = parts(server)[0].read_bytes()
    server.start()
    server.rewrite()
    server.kill()
    newest = parts(server)[-1]
    newest.write_bytes(old)
    aged(newest)
    foretell(server.data, "sound", "loads", "aof-before-base")
    assert start(server.data).client().get("n") == b"2", "counted twice"


def test_a_history_of_the_next_name_takes_the_new_file_with_it(
        data, foretell, start):
    put(data, {"1.base.aof": SET_A}, [BASE, ("1.incr.aof", 1, "h")])
    foretell(data, "damaged", "loads", "aof-history-used")
    server = start(data)
    server.client().set("new", 1)
    server.drain()
    wait_for(lambda: not (aof(server) / "appendonly.aof.1.incr.aof").exists(),
             "the removal of what is written to")
    server.stop()
    assert start(data) is None


def test_a_broken_manifest_keeps_a_server_from_its_dump(
        serve, foretell, start):
    server = serve()
    server.client().set("a", 1)
    server.client().save()
    server.stop()
    put(server.data, {"1.incr.aof": SET_B}, [INCR])
    path = server.data / "appendonlydir" / "appendonly.aof.manifest"
    path.write_text(path.read_text().rstrip())
    foretell(server.data, "damaged", "refuses", "aof-manifest", "aof-beside",
             appendonly="no")
    assert start(server.data, appendonly="no") is None
