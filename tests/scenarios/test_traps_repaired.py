"""After `redkeep repair` no trap is left: the server starts whole, with what
can be had, and what it writes then is there at its next start."""

import pytest

from traps import command, keys, put

SET_A = command("SET", "a", 1)
SET_B = command("SET", "b", 2)
SET_C = command("SET", "c", 3)
MULTI = command("MULTI")
BASE = ("1.base.aof", 1, "b")
INCR = ("1.incr.aof", 1, "i")
INCR2 = ("2.incr.aof", 2, "i")
TWO = [INCR, INCR2]

# Files, manifest (None: none), and the keys that are there afterwards.
TRAPS = {
    "torn before the last": (
        {"1.incr.aof": SET_A + SET_B[:-3], "2.incr.aof": SET_C}, TWO, "ac"),
    "torn before an empty last": (
        {"1.incr.aof": SET_A + SET_B[:-3], "2.incr.aof": b""}, TWO, "a"),
    "an open MULTI before the last": (
        {"1.incr.aof": SET_A + MULTI + SET_B, "2.incr.aof": SET_C}, TWO,
        "ac"),
    "torn inside a MULTI": (
        {"1.incr.aof": SET_A + MULTI + SET_B + SET_C[:-3]}, [INCR], "a"),
    "an open MULTI": ({"1.incr.aof": SET_A + MULTI + SET_B}, [INCR], "a"),
    "half an annotation": ({"1.incr.aof": SET_A + b"#TS:17000"}, [INCR], "a"),
    "no CR LF": (
        {"1.incr.aof": SET_A[:-2] + b"xx" + SET_B}, [INCR], "ab"),
    "no argument": ({"1.incr.aof": SET_A + b"*0\r\n" + SET_B}, [INCR], "ab"),
    "zero bytes": ({"1.incr.aof": SET_A + bytes(64)}, [INCR], "a"),
    "garbage": ({"1.incr.aof": SET_A + b"!!!" + SET_B}, [INCR], "ab"),
    "an unknown command": (
        {"1.incr.aof": SET_A + command("bla") + SET_B}, [INCR], "ab"),
    "no manifest": ({"1.base.aof": SET_A, "1.incr.aof": SET_B}, None, "ab"),
    "a manifest of nothing": (
        {"1.base.aof": SET_A, "1.incr.aof": SET_B}, [], "ab"),
    "history that is used": (
        {"1.incr.aof": SET_A}, [("1.incr.aof", 1, "h"), INCR], "a"),
    "history of the next name": (
        {"1.base.aof": SET_A}, [BASE, ("1.incr.aof", 1, "h")], "a"),
}


def starts_whole(boot, data, expected):
    server = boot(data)
    assert keys(server.client()) == expected
    server.client().set("later", 1)
    server.kill()
    server = boot(data)
    assert keys(server.client()) == sorted([*expected, "later"])
    return server


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_gone(place, keep, boot, name):
    files, listed, left = TRAPS[name]
    data = place / "data"
    put(data, files, listed)
    keep("check", data, "--appendonly", "yes", exit=1)
    keep("repair", data, "--appendonly", "yes", "--yes", exit=None)
    told = keep("check", data, "--appendonly", "yes", "--json").json
    assert (told["verdict"], told["server"]) == ("sound", "loads"), told
    starts_whole(boot, data, sorted(left))


def test_a_file_named_twice_counts_once(place, keep, boot):
    data = place / "data"
    put(data, {"1.incr.aof": command("INCR", "n")},
        [("1.incr.aof", 1, "i"), ("1.incr.aof", 2, "i")])
    keep("repair", data, "--appendonly", "yes", "--yes", exit=None)
    assert starts_whole(boot, data, ["n"]).client().get("n") == b"1"


def test_a_first_file_that_no_manifest_names_is_decided(place, keep, boot):
    """In or out, but not one thing now and another at the next start."""
    data = place / "data"
    put(data, {"1.base.aof": SET_A, "1.incr.aof": SET_B}, [BASE])
    keep("repair", data, "--appendonly", "yes", "--yes", exit=None)
    first = boot(data)
    loaded = keys(first.client())
    first.kill()
    assert keys(boot(data).client()) == loaded


def test_a_dump_that_would_be_ignored_is_loaded(place, keep, serve, boot):
    server = serve()
    server.client().set("a", 1)
    server.client().save()
    server.kill()
    keep("repair", server.data, "--appendonly", "yes", "--yes", exit=None)
    starts_whole(boot, server.data, ["a"])
