"""One flipped byte anywhere, a missing tail, a missing file: verify says so,
names the snapshot, and ends with 1."""

import random
import shutil

import pytest

from data import fill, one_client
from program import tree


@pytest.fixture
def two(keep, serve):
    """Two small snapshots of two states; the older one is meant."""
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    server.rewrite()
    first = keep.snapshot(server)["id"]
    fill(one_client(server), seed=2, jobs=3)
    second = keep.snapshot(server)["id"]
    keep("verify", "--all")
    return first, second


def found(keep, ident):
    """verify of that snapshot ends with 1 and names it, in both manners."""
    result = keep("verify", ident, exit=1)
    assert ident in result.out + result.err, result
    return result


def told(keep, ident):
    checked = keep("verify", ident, "--json", exit=1).json["checked"]
    assert [c["id"] for c in checked] == [ident]
    assert checked[0]["ok"] is False and checked[0]["findings"]
    return checked[0]["findings"]


def flips(size, count, seed):
    """First, last, and seeded places, each with a change of its own."""
    rng = random.Random(seed)
    offsets = [0, 1, 2, 3, size - 1, size - 2, size // 2]
    offsets += [rng.randrange(size) for _ in range(count)]
    return [(at, rng.randrange(1, 256)) for at in offsets]


def flip(path, original, at, change):
    path.write_bytes(original[:at] + bytes([original[at] ^ change]) +
                     original[at + 1:])


def test_a_good_verification_is_noted_with_its_time(keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    fresh = keep.snapshot(server)["id"]
    assert keep.list()[-1]["verified"] is None
    keep("verify", fresh)
    then = {s["id"]: s["verified"] for s in keep.list()}
    assert then[fresh] is not None
    path = keep.archive(fresh)
    original = path.read_bytes()
    flip(path, original, len(original) // 2, 1)
    found(keep, fresh)
    assert {s["id"]: s["verified"] for s in keep.list(exit=1)} == then


@pytest.mark.parametrize("codec", ["zstd", "gzip", "none"])
def test_a_flipped_byte_of_an_archive_is_found(keep, serve, codec):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    server.rewrite()
    first = keep.snapshot(server, "--snapshot-compression", codec)["id"]
    path = keep.archive(first)
    original = path.read_bytes()
    for at, change in flips(len(original), 40, codec):
        flip(path, original, at, change)
        assert found(keep, first).code == 1, at
    told(keep, first)
    path.write_bytes(original)
    keep("verify", first)


def test_a_flipped_byte_of_an_entry_is_found(keep, two):
    first, second = two
    path = keep.entry(first)
    original = path.read_bytes()
    for at, change in flips(len(original), 80, 3):
        flip(path, original, at, change)
        assert found(keep, first).code == 1, (at, change)
    told(keep, first)
    keep("verify", second)
    keep("verify", "--all", exit=1)
    assert {s["id"] for s in keep.list(exit=1)} >= {second}


@pytest.mark.parametrize("old,new", [(b" ", b"\t"), (b"\n", b" ")])
def test_a_changed_blank_of_an_entry_is_found(keep, two, old, new):
    path = keep.entry(two[0])
    original = path.read_bytes()
    at = original.index(old)
    path.write_bytes(original[:at] + new + original[at + 1:])
    found(keep, two[0])


def test_a_truncated_archive_or_entry_is_found(keep, two):
    for path in (keep.archive(two[0]), keep.entry(two[0])):
        original = path.read_bytes()
        size = len(original)
        for length in (0, 1, 3, 100, size // 3, size // 2, size - 100,
                       size - 9, size - 4, size - 2, size - 1):
            path.write_bytes(original[:length])
            if original[length:].strip():
                found(keep, two[0])
        path.write_bytes(original)
    keep("verify", "--all")


def test_bytes_added_to_an_archive_are_found(keep, two):
    path = keep.archive(two[0])
    original = path.read_bytes()
    for more in (b"\0", b"x" * 5000, original):
        path.write_bytes(original + more)
        found(keep, two[0])


def test_a_missing_archive_is_found(keep, two):
    keep.archive(two[0]).unlink()
    found(keep, two[0])
    told(keep, two[0])
    keep("verify", "--all", exit=1)
    keep("verify", two[1])


def test_an_archive_exchanged_for_another_is_found(keep, two):
    shutil.copy(keep.archive(two[1]), keep.archive(two[0]))
    found(keep, two[0])


def test_an_entry_exchanged_for_another_is_found(keep, two):
    shutil.copy(keep.entry(two[1]), keep.entry(two[0]))
    found(keep, two[0])


def test_a_damaged_snapshot_is_not_restored(place, keep, two):
    path = keep.archive(two[0])
    original = path.read_bytes()
    for at, change in flips(len(original), 4, 9):
        flip(path, original, at, change)
        to = place / "to"
        result = keep("restore", two[0], "--to", to, "--redis",
                      f"unix://{place}/nobody", exit=1)
        assert two[0] in result.err, result
        assert not to.exists() or tree(to) == {}, tree(to).keys()


def test_latest_restores_the_newest_good_one(place, keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    good = keep.snapshot(server)["id"]
    server.kill()
    incr = next(server.data.glob("appendonlydir/*.incr.aof"))
    original = incr.read_bytes()
    at = original.rindex(b"\r\n*", 0, len(original) // 2) + 2
    incr.write_bytes(original[:at] + b"!" + original[at + 1:])
    bad = keep("snapshot", "--data-dir", server.data, "--redis",
               f"unix://{place}/nobody", "--json", exit=1).json
    assert bad["verdict"] == "damaged"
    assert [(s["id"], s["verdict"]) for s in keep.list()] == [
        (good, "sound"), (bad["id"], "damaged")]
    assert keep.restore(place / "to")["id"] == good
