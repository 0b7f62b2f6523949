"""What verify finds is kept in the repository, shown, and believed: a snapshot
that rotted is not good for anybody until it is verified well again."""

import os
import re
import signal
import subprocess
import tarfile
from datetime import datetime

import pytest

from data import fill, one_client
from program import leftovers, tree
from servers import unprivileged, wait_for
from terminals import COLUMNS


@pytest.fixture
def server(serve):
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=2)
    return server


def take(keep, server, *words):
    server.client().incr("count")
    return keep.snapshot(server, *words)["id"]


def flip(path, at=None):
    """Another byte in the middle, or there; what it was."""
    whole = path.read_bytes()
    at = len(whole) // 2 if at is None else at
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    return whole


def looks(keep, *words):
    """{id: (verify_ok, verify_deep)} as list tells it."""
    told = keep("list", "--json", *words, exit=None)
    found = {s["id"]: (s["verify_ok"], s["verify_deep"])
             for s in told.json["snapshots"]}
    assert told.code == any(ok is False for ok, _ in found.values())
    return found


def note(keep, ident):
    return keep.folder() / f"{ident}.verified"


def test_what_was_found_is_shown_until_it_is_well_again(keep, server):
    first, second = take(keep, server), take(keep, server)
    assert looks(keep) == {first: (None, None), second: (None, None)}
    keep("verify", "--all")
    assert looks(keep) == {first: (True, False), second: (True, False)}
    keep("list").says("verified since stored: 2 of 2")
    whole = flip(keep.archive(first))
    checked = keep("verify", first, "--json", exit=1).json["checked"]
    assert [(c["id"], c["ok"], c["deep"]) for c in checked] == [
        (first, False, False)]
    shown = keep.list(exit=1)[0]
    assert shown["verdict"] == "sound" and shown["verify_ok"] is False
    assert shown["verified"] < shown["verify_time"]
    assert shown["verify_text"].startswith("snapshot-")
    keep("list", exit=1).says(
        f"{first} .*NOT OK", f"{first}: not what was stored",
        "verified since stored: 1 of 2")
    keep.archive(first).write_bytes(whole)
    keep("verify", first)
    assert keep.list()[0]["verify_text"] is None
    assert "NOT OK" not in keep("list").out


def test_a_rotten_snapshot_is_good_for_nobody(place, keep, server):
    """Not for restore, not for prune, not for what is told as protected."""
    good, rotten = take(keep, server), take(keep, server)
    whole = flip(keep.archive(rotten))
    keep("verify", exit=1)
    words = ["--redis", server.url]
    keep("restore", rotten, "--to", place / "no", exit=4).says(
        f"{rotten} is not what was stored")
    keep("restore", rotten, "--to", place / "no", "--yes", exit=1)
    told = keep("status", "--json", *words, exit=None).json
    assert told["last_snapshot"]["id"] == rotten
    assert told["last_good_snapshot"]["id"] == good
    assert told["protected_until"] == keep.list(exit=1)[0]["state_time"]
    keep("status", *words, exit=None).says(f"{rotten}, is not what was stored")
    assert keep.restore(place / "to")["id"] == good
    kept = {s["id"]: s["reasons"] for s in keep(
        "prune", "--dry-run", "--retention-last", 1, "--json",
        exit=4).json["keep"]}
    assert "the last good snapshot" in kept[good]
    third = take(keep, server)
    words += ["--retention-last", 2, "--json"]
    assert [s["id"] for s in keep("prune", *words).json["keep"]] == [
        good, rotten, third]
    keep.archive(rotten).write_bytes(whole)
    keep("verify", rotten)
    assert [s["id"] for s in keep("prune", *words).json["keep"]] == [
        rotten, third]


def rdb(*keys):
    """A dump of such keys; its checksum is switched off."""
    body = b"".join(b"\0" + bytes([len(k)]) + k + b"\1v" for k in keys)
    return b"REDIS0009\xfe\0" + body + b"\xff" + bytes(8)


def test_deep_finds_what_a_look_does_not_and_only_deep_mends_it(place, keep):
    data = place / "data"
    data.mkdir()
    nobody = ["--redis", f"unix://{place}/nobody", "--data-dir", data]
    (data / "dump.rdb").write_bytes(rdb(b"a", b"b"))
    sound = keep("snapshot", *nobody, "--json").json["id"]
    (data / "dump.rdb").write_bytes(rdb(b"a", b"b", b"a"))
    twice = keep("snapshot", *nobody, "--json").json["id"]
    keep("verify", "--all")
    checked = keep("verify", "--all", "--deep", "--json", exit=1).json
    assert [(c["id"], c["ok"], c["deep"]) for c in checked["checked"]] == [
        (sound, True, True), (twice, False, True)]
    codes = [f["code"] for f in checked["checked"][1]["findings"]]
    assert "rdb-duplicate-key" in codes and "snapshot-verdict" in codes
    assert looks(keep) == {sound: (True, True), twice: (False, True)}
    keep("verify", twice, exit=1).says("NOT OK")
    keep("restore", twice, "--to", place / "no", *nobody[:2], exit=4).says(
        f"{twice} is not what was stored", "--yes")
    assert keep.restore(place / "to")["id"] == sound


def test_a_sample_takes_what_waited_longest_and_comes_round(keep, server):
    made = [take(keep, server) for _ in range(5)]

    def sample(*words, exit=0):
        told = keep("verify", "--sample", "20%", "--json", *words, exit=exit)
        return [c["id"] for c in told.json["checked"]]

    def order():
        """By when they were verified; as they were made, where never."""
        return [s["id"] for s in sorted(
            keep.list(), key=lambda s: datetime.fromisoformat(
                s["verified"] or "2000-01-01T00:00:00Z"))]

    for _ in range(7):
        expected = order()
        told = sample()
        assert 1 <= len(told) <= 2 and told == expected[:len(told)]
    assert all(s["verified"] for s in keep.list())
    expected = order()
    assert sample("latest")[0] == made[4] and order()[0] != expected[0]
    whole = flip(keep.archive(made[3]))
    keep("verify", made[3], exit=1)
    assert sample(exit=1)[0] == made[3]
    assert sample(exit=1)[0] == made[3]
    keep.archive(made[3]).write_bytes(whole)
    assert sample()[0] == made[3]
    assert sample()[0] != made[3]
    keep("verify", "--all", "--sample", "5%", exit=2)
    for bad in ("0", "101%", "x", "nan"):
        keep("verify", "--sample", bad, exit=2)


def regions(path):
    """A place in each kind of block of a tar that is not compressed."""
    found = {"end marker": path.stat().st_size - 1}
    with tarfile.open(path) as tar:
        for member in tar:
            name = member.name.rsplit("/", 1)[-1]
            found[f"{name} header"] = member.offset + 10
            if member.size:
                found[f"{name} first byte"] = member.offset_data
                found[f"{name} last byte"] = (member.offset_data +
                                              member.size - 1)
            if member.size % 512:
                found[f"{name} padding"] = member.offset_data + member.size
    return found


def test_a_flipped_byte_in_any_region_of_a_plain_tar(keep, server):
    server.rewrite()
    server.client().incr("count")
    ident = take(keep, server, "--snapshot-compression", "none")
    path = keep.archive(ident)
    places = regions(path)
    assert len(places) > 12
    for what, at in places.items():
        whole = flip(path, at)
        keep("verify", exit=1).says(ident)
        assert looks(keep)[ident] == (False, False), what
        path.write_bytes(whole)
    keep("verify")
    assert looks(keep)[ident] == (True, False)


HOSTILE = {
    "empty": b"",
    "zeros": bytes(100),
    "another word": b"perhaps tomorrow\n",
    "escapes": b"failed \x1b[2J\nwrong \x1b]0;x\x07\n",
    "large": b"2026-11-20T11:30:00Z\n" * 100000,
    "no time": b"failed 2026-99-99T00:00:00Z\n",
}


@pytest.mark.parametrize("kind", [*HOSTILE, "folder", "pipe", "link"])
def test_a_note_that_is_none_says_nothing(keep, server, kind):
    ident = take(keep, server)
    path = note(keep, ident)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        path.write_bytes(HOSTILE[kind])
    assert looks(keep) == {ident: (None, None)}
    assert "\x1b" not in keep("list").out
    keep("verify")
    if kind == "folder":
        return  # it stays; only a note is missing
    assert looks(keep) == {ident: (True, False)}
    assert path.read_bytes().startswith(b"20")


def test_a_note_cannot_say_more_than_words(keep, server):
    ident = take(keep, server)
    note(keep, ident).write_bytes(
        b"failed 2026-11-20T11:30:00Z\nwrong \x1b[31mred\xff\n")
    shown = keep.list(exit=1)[0]
    assert shown["verify_ok"] is False
    assert shown["verify_text"] == r"\x1b[31mred\xff"
    assert "\x1b" not in keep("list", exit=1).out


@pytest.mark.need("root", "mount")
def test_another_user_verifies_a_read_only_repository(
        place, keep, server, mounts):
    """A copy somebody else was given to look at: no note, the same verdicts."""
    ids = [take(keep, server, "--snapshot-compression", codec)
           for codec in ("zstd", "gzip", "none")]
    flip(keep.archive(ids[1]))
    flip(keep.entry(ids[2]))
    frozen = place / "frozen"
    subprocess.run(["cp", "-a", keep.repo, frozen], check=True)
    subprocess.run(["chown", "-R", "65534:65534", frozen], check=True)
    mounts("--bind", frozen, frozen)
    mounts("-o", "remount,ro,bind", frozen)
    before = tree(frozen)
    for words in (["--all"], ["--sample", "100%"], ["--all", "--deep"]):
        told = keep("verify", *words, "--json", "--repo", frozen, exit=1,
                    user=unprivileged()).json["checked"]
        assert {c["id"]: c["ok"] for c in told} == {
            ids[0]: True, ids[1]: False, ids[2]: False}, words
    assert tree(frozen) == before
    assert keep("verify", ids[0], "--repo", frozen,
                user=unprivileged()).err == ""


def test_what_is_wrong_fits_the_terminal(keep, terminal, server):
    first, second = take(keep, server), take(keep, server)
    flip(keep.archive(first))
    keep("verify", first, exit=1)
    shown = terminal("list", exit=1)
    assert f"{first}: not what was stored" in shown
    assert max(len(line) for line in shown.splitlines()) <= COLUMNS, shown


def test_one_bar_for_all_of_them_and_an_end_by_ctrl_c(keep, terminal, server):
    pipe = server.client().pipeline(transaction=False)
    for i in range(1500):
        pipe.set(f"large:{i}", os.urandom(1000) * 100)
    pipe.execute()
    for _ in range(8):
        take(keep, server)
    shown = terminal("verify", "--all", exit=0)
    percents = [int(p) for p in re.findall(r"(\d+)%", shown)]
    assert percents == sorted(percents), percents
    assert max(percents) > 100 / 8 and "/s, " in shown, shown
    for line in re.split(r"[\r\n]", shown):
        assert len(re.sub(r"\x1b\[K", "", line)) < COLUMNS, line
    shown = terminal("verify", "--all", exit=3, typed=b"\x03",
                     when=lambda so_far: b"%" in so_far)
    assert "stopped" in shown or "interrupted" in shown or \
        "signal" in shown, shown
    assert leftovers(keep.repo) == []


def test_prune_takes_what_is_being_verified(keep, server):
    """No note is left of a snapshot that went while it was read."""
    pipe = server.client().pipeline(transaction=False)
    for i in range(100):
        pipe.set(f"large:{i}", os.urandom(100_000))
    pipe.execute()
    made = [take(keep, server) for _ in range(3)]
    process = keep.begin("verify", "--all")
    archive = str(keep.archive(made[0]))

    def reads():
        folder = f"/proc/{process.pid}/fd"
        return any(os.path.realpath(f"{folder}/{fd}") == archive
                   for fd in os.listdir(folder))

    wait_for(reads, "the first archive to be read")
    process.send_signal(signal.SIGSTOP)
    keep("prune", "--redis", server.url, "--retention-last", 1)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert out.splitlines() == [f"{ident}: ok" for ident in made]
    assert leftovers(keep.repo) == []
    assert sorted(p.name for p in keep.folder().iterdir()) == sorted(
        [f"{made[2]}.json", keep.archive(made[2]).name,
         f"{made[2]}.verified"])


def test_the_agent_tells_of_a_snapshot_that_rotted(agent, server, keep):
    one = agent(server, schedule_verify="every 1s")
    keep.repo = one.repo
    good = take(keep, server)
    rotten = take(keep, server)
    whole = flip(keep.archive(rotten))
    first = {s["id"]: s for s in keep.list()}

    wait_for(lambda: "snapshot_failed" in one.alarms(), "the alarm")
    text = one.alarms()["snapshot_failed"]["text"]
    assert f"the last verify failed: {rotten} is not what was stored" in text
    wait_for(lambda: one.metrics()['redkeep_snapshots{verdict="damaged"}'],
             "the metric")
    status = one.status()
    assert status["last_good_snapshot"]["id"] == good
    assert status["protected_until"] == first[good]["state_time"]
    wait_for(lambda: {s["id"]: s["verify_ok"] for s in one.get(
        "/api/snapshots").json["snapshots"]} == {good: True, rotten: False},
             "both outcomes")
    assert one.job("verify")["last"]["exit_status"] == 1
    one.wait_log(r"verify job began .*")

    keep.archive(rotten).write_bytes(whole)
    wait_for(lambda: "snapshot_failed" not in one.alarms(), "its end")
    wait_for(lambda: one.status()["last_good_snapshot"]["id"] == rotten,
             "the snapshot to be good again")


def test_what_the_disk_cannot_read_is_lost(keep, server):
    ident, second = take(keep, server), take(keep, server)
    failing = ["strace", "-f", "-qq", "-o", "/dev/null", "-P",
               str(keep.archive(ident)), "-e", "inject=pread64:error=EIO"]
    told = keep("verify", "--all", "--json", exit=1, user=failing).json
    assert [(c["id"], c["ok"]) for c in told["checked"]] == [
        (ident, False), (second, True)]
    assert "Input/output error" in keep.list(exit=1)[0]["verify_text"]
    keep("verify", "--all")
    assert looks(keep) == {ident: (True, False), second: (True, False)}
