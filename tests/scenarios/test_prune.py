"""Retention on real servers: what stays, what goes, what nothing takes."""

import hashlib
import json
import os
from datetime import datetime, timedelta, timezone

import pytest

from program import leftovers, tree
from servers import unprivileged


@pytest.fixture
def server(serve):
    return serve(appendonly="yes")


@pytest.fixture
def take(keep, server):
    """take(n) writes and takes n snapshots; their ids."""
    def snapshots(count):
        made = []
        for _ in range(count):
            server.client().rpush("list", "x")
            server.client().incr("count")
            made.append(keep.snapshot(server)["id"])
        return made
    return snapshots


@pytest.fixture
def prune(keep, server):
    def run(*args, exit=0):
        return keep("prune", "--redis", server.url, "--json", *args,
                    exit=exit).json
    return run


def ids(snapshots):
    return [s["id"] for s in snapshots]


def trash(keep):
    return sorted(p.name for p in (keep.repo / "main" / "trash").iterdir())


def age(keep, seconds=3600):
    """As if prune had taken what is in the trash that much earlier."""
    folder = keep.repo / "main" / "trash"
    for name in trash(keep):
        when, rest = name.split("_")
        then = datetime.strptime(when, "%Y%m%dT%H%M%SZ") - \
            timedelta(seconds=seconds)
        (folder / name).rename(folder / f"{then:%Y%m%dT%H%M%SZ}_{rest}")


def test_keep_the_last_three(keep, take, prune):
    made = take(6)
    keep("verify", made[0])
    before = tree(keep.repo)
    told = prune("--retention-last", 3, "--dry-run")
    assert {k: v for k, v in tree(keep.repo).items() if "locks" not in k} == \
        {k: v for k, v in before.items() if "locks" not in k}
    assert told["dry_run"] is True
    again = prune("--retention-last", 3)
    assert again["keep"] == told["keep"] and again["remove"] == told["remove"]
    assert ids(told["keep"]) == made[3:] and ids(told["remove"]) == made[:3]
    assert told["keep"][0]["reasons"] == ["last 3"]
    assert told["keep"][2]["reasons"] == ["the last good snapshot", "last 3"]
    assert told["remove"][0]["reasons"] == ["no rule keeps it"]
    assert told["frozen"] is False and told["bytes_removed"] > 0
    assert ids(keep.list()) == made[3:]
    keep("verify", "--all")
    assert len(trash(keep)) == 7  # entries, archives, one note
    assert leftovers(keep.repo) == []
    assert ids(prune("--retention-last", 3)["remove"]) == []


def test_the_table_for_people(keep, server, take):
    made = take(3)
    keep("hold", made[0])
    result = keep("prune", "--redis", server.url, "--retention-last", 1)
    lines = [line.split(None, 2) for line in result.out.splitlines()]
    assert [made[0], "kept", "held"] in lines
    assert [made[1], "removed", "no rule keeps it"] in lines
    assert [made[2], "kept", "the last good snapshot, last 1"] in lines
    result.says(r"2 kept \(", r"1 removed \(")


def test_the_trash_is_deleted_after_an_hour(keep, take, prune):
    made = take(3)
    gone = keep.archive(made[0]).stat().st_size
    prune("--retention-last", 2)
    age(keep, 3590)
    assert prune("--retention-last", 2)["bytes_freed"] == 0
    assert len(trash(keep)) == 2
    age(keep, 20)
    assert prune("--retention-last", 2)["bytes_freed"] > gone
    assert trash(keep) == []
    assert ids(keep.list()) == made[1:]


def test_by_hand_back_from_the_trash(keep, take, prune):
    """As repository.md says: the archive first, then the entry."""
    made = take(3)
    prune("--retention-last", 1)
    for name in reversed(trash(keep)):
        if made[0] + "." in name:
            os.rename(keep.repo / "main" / "trash" / name,
                      keep.folder() / name.split("_")[1])
    assert ids(keep.list()) == [made[0], made[2]]
    keep("verify", "--all")


@pytest.mark.parametrize("appendonly", ["yes", "no"])
def test_after_a_flushall_nothing_goes_until_it_is_accepted(
        place, keep, serve, appendonly):
    server = serve("other", appendonly=appendonly)
    client = server.client()

    def snapshot():
        return keep.snapshot(server, *(["--bgsave"] * (appendonly == "no")))

    def prune(*args, exit=0):
        return keep("prune", "--redis", server.url, "--json",
                    "--retention-last", 1, *args, exit=exit)

    made = []
    for i in range(3):
        client.mset({f"k{i}:{n}": n for n in range(50)})
        made.append(snapshot()["id"])
    client.flushall()
    for i in range(2):
        client.set("only", i)
        made.append(snapshot()["id"])
        result = prune(exit=4).says(
            f"{made[-1]} has 1 keys, {made[2]} before it 150",
            f"prune --accept {made[-1]}")
        told = result.json
        assert told["remove"] == [] and told["frozen"] is True
        assert told["frozen_by"] == made[-1]
        assert made[-1] in told["frozen_text"]
        assert "protected by the freeze" in told["keep"][0]["reasons"]
        assert ids(keep.list()) == made
        keep("restore", "latest", "--to", place / "to", exit=4).says(
            made[-1], "1 keys", made[2], "150")
    prune("--accept", made[0], exit=4)
    prune("--accept", made[3], "--dry-run")
    prune(exit=4)
    assert ids(prune("--accept", made[3]).json["keep"]) == made[4:]
    assert ids(keep.list()) == made[4:]
    server.stop()
    keep("restore", "latest", "--to", place / "to")


def test_data_that_is_back_ends_the_freeze(keep, server, prune):
    client = server.client()
    client.mset({f"k{n}": n for n in range(50)})
    first = keep.snapshot(server)["id"]
    client.flushall()
    keep.snapshot(server)
    prune("--retention-last", 1, exit=4)
    client.mset({f"k{n}": n for n in range(40)})
    last = keep.snapshot(server)["id"]
    assert first in ids(prune("--retention-last", 1)["remove"])
    assert ids(keep.list()) == [last]


def test_the_last_good_one_stays_behind_damaged_ones(keep, serve):
    server = serve("other", appendonly="yes")
    client = server.client()

    def prune(*args, exit=0):
        return keep("prune", "--json", "--retention-last", 1, *args,
                    "--data-dir", server.data, exit=exit).json

    for n in range(400):
        client.set(f"k{n}", "v" * 50)
    good = keep.snapshot(server)["id"]
    server.stop()
    [aof] = (server.data / "appendonlydir").glob("*.incr.aof")
    whole = aof.read_bytes()
    aof.write_bytes(whole[:9000] + b"\xff" * 64 + whole[9064:])
    bad = []
    for _ in range(3):
        told = keep("snapshot", "--redis", server.url, "--data-dir",
                    server.data, "--json", exit=1).json
        assert told["verdict"] == "damaged"
        bad.append(told["id"])
    assert prune(exit=4)["frozen_text"] == f"{bad[2]} is damaged"
    assert ids(keep.list()) == [good, *bad]
    told = prune("--accept", bad[2])
    assert ids(told["keep"]) == [good, bad[2]]
    assert told["keep"][0]["reasons"] == ["the last good snapshot", "last 1"]
    keep("verify", good)
    aof.write_bytes(whole)
    last = keep("snapshot", "--redis", server.url, "--data-dir", server.data,
                "--json").json["id"]
    # That one was taken without a server: what protects stays as well.
    told = prune()
    assert ids(told["keep"]) == [good, last]
    assert told["keep"][0]["reasons"] == \
        ["the last good one of a proven server"]


def test_an_archive_that_rots_does_not_count_as_good(keep, take, prune):
    made = take(3)
    archive = keep.archive(made[2])
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-9] + b"rotten it")
    keep("verify", exit=1)
    assert prune("--retention-last", 1, exit=4)["frozen_text"] == \
        f"{made[2]} is not what was stored"
    told = prune("--retention-last", 1, "--accept", made[2])
    assert ids(told["keep"]) == made[1:]
    assert told["keep"][0]["reasons"] == ["the last good snapshot", "last 1"]
    archive.write_bytes(whole)
    keep("verify")
    assert ids(prune("--retention-last", 1)["keep"]) == made[2:]


def test_hold_and_release(keep, take, prune):
    made = take(4)
    assert keep("hold", made[1], "--json").json == {
        "id": made[1], "held": True, "changed": True}
    keep("hold", made[1]).says(f"{made[1]} is held already")
    assert [s["held"] for s in keep.list()] == [False, True, False, False]
    keep("list").says(f"{made[1]}: held")
    assert ids(prune("--retention-last", 1)["keep"]) == [made[1], made[3]]
    keep("verify", "--all")
    assert leftovers(keep.repo) == []
    keep("release", made[1]).says(f"{made[1]} is released")
    keep("release", made[1]).says(f"{made[1]} is not held")
    assert ids(prune("--retention-last", 1)["keep"]) == [made[3]]


def test_an_id_that_is_none(keep, take):
    take(1)
    for verb in ("hold", "release"):
        keep(verb, exit=2).says("ID is missing")
        for ident in ("20200101T000000Z", "latest", "../x", ""):
            keep(verb, ident, exit=3).says("no snapshot", "redkeep list")
    keep("prune", "--accept", "latest", exit=3).says("no snapshot 'latest'")
    assert leftovers(keep.repo) == []


def test_without_a_repository(place, keep):
    for words in (["prune"], ["hold", "20200101T000000Z"],
                  ["release", "20200101T000000Z"]):
        keep(*words, exit=3).says("no repository", "take a first snapshot")
    assert not keep.repo.exists()


def test_a_damaged_entry_stays_and_is_told(keep, take, prune):
    made = take(4)
    entry = keep.entry(made[1])
    entry.write_bytes(entry.read_bytes()[:-40])
    told = prune("--retention-last", 1)
    assert ids(told["keep"]) == [made[3], made[1]]
    assert told["keep"][1]["reasons"][0].startswith("cannot be read: ")
    assert entry.exists() and keep.archive(made[1]).exists()


def test_an_unreadable_newest_freezes(keep, take, prune):
    made = take(4)
    keep.archive(made[3]).write_bytes(b"cut")
    told = prune("--retention-last", 1, exit=4)
    assert told["remove"] == [] and told["frozen_by"] == made[3]
    told = prune("--retention-last", 1, "--accept", made[3])
    assert ids(told["keep"]) == [made[2], made[3]]


def test_what_a_newer_redkeep_wrote_freezes_all(keep, take):
    made = take(3)
    entry = keep.entry(made[0])
    entry.write_text(entry.read_text().replace('"format": 1', '"format": 2'))
    result = keep("prune", "--retention-last", 1, "--accept", made[2], exit=4)
    result.says("format 2", "newer redkeep", "nothing is removed")
    assert "--accept" not in result.err
    assert ids(keep.list(exit=1)) == [made[1], made[2], made[0]]


def test_another_servers_repository_is_refused(keep, serve, server, take):
    made = take(2)
    other = serve("other", appendonly="yes")
    words = ["prune", "--redis", other.url, "--retention-last", 1]
    keep(*words, exit=4).says(str(server.data), str(other.data), "--yes")
    keep("prune", "--data-dir", other.data, "--retention-last", 1, exit=4)
    assert ids(keep.list()) == made
    mark = keep.repo / "main" / "instance.json"
    ours = mark.read_text()
    mark.write_text(ours.replace('"machine": "', '"machine": "0'))
    keep("prune", "--redis", server.url, "--retention-last", 1, exit=4)
    keep("prune", "--retention-last", 1, exit=4)
    mark.write_text(ours)
    keep(*words, "--yes")
    assert ids(keep.list()) == made[1:]
    assert str(other.data) in mark.read_text()


@pytest.mark.need("mount")
def test_a_read_only_repository(place, keep, take, mounts):
    made = take(2)
    frozen = place / "frozen"
    frozen.mkdir()
    mounts("--bind", keep.repo, frozen)
    mounts("-o", "remount,ro,bind", frozen)
    for words in (["prune", "--retention-last", 1], ["hold", made[0]],
                  ["release", made[0]]):
        keep(*words, "--repo", frozen, exit=3).says("read-only")
    told = keep("prune", "--dry-run", "--retention-last", 1, "--json",
                "--repo", frozen).json
    assert ids(told["remove"]) == made[:1]


@pytest.mark.need("root")
def test_as_a_user_who_may_not(keep, take):
    [made] = take(1)
    for path in (keep.repo, *keep.repo.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for words in (["prune"], ["hold", made], ["release", made]):
        keep(*words, user=unprivileged(), exit=3).says("may not write")


@pytest.mark.need("mount")
def test_a_full_disk_can_be_pruned(place, keep, server, mounts):
    disk = place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=2m", "tmpfs", disk)
    keep.repo = disk / "repo"
    made = []
    for i in range(3):
        server.client().set(f"k{i}", os.urandom(100_000))
        made.append(keep.snapshot(server)["id"])
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(b"x" * 4096):
                pass
        except OSError:
            pass
    keep("snapshot", "--redis", server.url, exit=3)
    words = ["prune", "--redis", server.url, "--retention-last", 1, "--json"]
    assert ids(keep(*words).json["remove"]) == made[:2]
    age(keep)
    assert keep(*words).json["bytes_freed"] > 200_000
    keep.snapshot(server)


def clone(keep, ident, sequence, when):
    """A snapshot once more, as the sequence-th and of another time."""
    entry = json.loads(keep.entry(ident).read_text())
    new = f"{when:%Y%m%dT%H%M%SZ}"
    archive = keep.archive(ident)
    os.link(archive, archive.with_name(archive.name.replace(ident, new)))
    entry["id"] = new
    entry["sequence"] = sequence
    entry["archive"]["name"] = archive.name.replace(ident, new)
    entry["started"] = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    del entry["sha256"]
    compact = json.dumps(entry, sort_keys=True, separators=(",", ":"),
                         ensure_ascii=False)
    entry["sha256"] = hashlib.sha256(compact.encode()).hexdigest()
    keep.entry(new).write_text(
        json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


def newest_of(times, form, count):
    """The newest time of each of the newest slots, by their names."""
    slots = {}
    for t in sorted(times):
        slots[t.strftime(form)] = t
    return {slots[name] for name in sorted(slots)[-count:]} if count else set()


def test_the_rules_as_installed_over_three_months(keep, take, prune):
    """24 hourly, 30 daily, 12 monthly, of snapshots every three hours, the
    last hours' every 20 minutes."""
    now = datetime.now(timezone.utc).replace(microsecond=0) - \
        timedelta(minutes=1)
    times = [now - timedelta(hours=3 * n) for n in range(9, 24 * 32, 40)] + \
        [now - timedelta(days=n, hours=1) for n in range(1, 40)] + \
        [now - timedelta(minutes=20 * n) for n in range(90)]
    times = sorted(set(times))
    [one] = take(1)
    for sequence, when in enumerate(times, start=2):
        clone(keep, one, sequence, when)
    keep.entry(one).unlink()
    expected = newest_of(times, "%Y%m%d%H", 24) | \
        newest_of(times, "%Y%m%d", 30) | newest_of(times, "%Y%m", 12)
    told = prune()
    name = "%Y%m%dT%H%M%SZ"
    assert ids(told["keep"]) == sorted(t.strftime(name) for t in expected)
    reasons = told["keep"][-1]["reasons"]
    assert f"hourly {now:%Y-%m-%d %H}:00" in reasons
    assert f"daily {now:%Y-%m-%d}" in reasons
    assert f"monthly {now:%Y-%m}" in reasons
    assert prune()["remove"] == []
    told = prune("--retention-weekly", 2, "--retention-yearly", 1)
    left = newest_of(expected, "%G%V", 2) | newest_of(expected, "%Y", 1)
    assert ids(told["keep"]) == sorted(t.strftime(name) for t in left)
