"""guard before the start of a server: on every trap of loading, every state that
a crash leaves and every empty start it says what will be, mends what it may,
and stops what would lose data; a server that is let start then has all of it, at
the first start and at the second."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from program import tree
from servers import SYSTEM, TOP, binary, wait_for, write_conf
from traps import (MANIFEST, NAME, aged, aof, children, command, hold_rewrite, keys, parts,
                   put)

SET_A = command("SET", "a", 1)
SET_B = command("SET", "b", 2)
SET_C = command("SET", "c", 3)
MULTI = command("MULTI")
BASE = ("1.base.aof", 1, "b")
INCR = ("1.incr.aof", 1, "i")
INCR2 = ("2.incr.aof", 2, "i")


def users(folder):
    """What is the user's, and what we keep of it."""
    return {k: v for k, v in tree(folder).items()
            if not k.startswith(".redkeep")}


@pytest.fixture
def data(place):
    folder = place / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def guard(keep, place):
    """guard(data, "tail") looks with the settings of a redis.conf."""
    def look(data, repair="never", starts=True, seconds=60, words=(), **conf):
        conf.setdefault("appendonly", "yes")
        path = place / "guarded.conf"
        write_conf(path, {"dir": str(data),
                          **{k.replace("_", "-"): v for k, v in conf.items()}})
        told = keep("guard", "--redis-conf", path, "--repair", repair,
                    "--json", *words, seconds=seconds,
                    exit=0 if starts else 1).json
        assert told["starts"] == starts, told
        return told
    return look


@pytest.fixture
def starts_whole(boot):
    """The server has these keys, and what it writes is there at the next start
    too."""
    def start(data, expected, **settings):
        server = boot(data, whole=False, aof_load_truncated="yes", **settings)
        assert keys(server.client()) == sorted(expected)
        server.client().set("later", 1)
        server.drain()
        server.kill()
        server.start()
        assert not server.truncated()
        assert keys(server.client()) == sorted([*expected, "later"])
    return start


# What power cuts leave of a set, and the keys that are whole in it.
CUTS = {
    "a torn command": (SET_A + SET_B[:-3], None, True, ["a"]),
    "a torn command before an empty last file": (
        SET_A + SET_B[:-3], b"", False, ["a"]),
    "a MULTI without its end": (SET_A + MULTI + SET_B, None, True, ["a"]),
    "a command torn inside a MULTI": (
        SET_A + MULTI + SET_B + SET_C[:-3], None, False, ["a"]),
    "the same before an empty last file": (
        SET_A + MULTI + SET_B + SET_C[:-3], b"", False, ["a"]),
    "half an annotation": (SET_A + b"#TS:17000", None, False, ["a"]),
    "zeros": (SET_A + bytes(4096), None, True, ["a"]),
    "half a command, and zeros": (
        SET_A + SET_B[:-3] + bytes(100), None, True, ["a"]),
    "zeros before an empty last file": (
        SET_A + MULTI + SET_B + bytes(100), b"", True, ["a"]),
    "half an annotation before an empty last file": (
        SET_A + b"#TS:17000", b"", False, ["a"]),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_a_power_cut_leaves_is_mended_and_kept(
        data, guard, starts_whole, name):
    first, second, alone, whole = CUTS[name]
    files = {"1.base.aof": SET_C.replace(b"c", b"z"), "1.incr.aof": first}
    lines = [BASE, INCR]
    if second is not None:
        files["2.incr.aof"] = second
        lines.append(INCR2)
    put(data, files, lines)
    before = users(data)
    told = guard(data, starts=alone)
    assert users(data) == before and not told["mended"]
    assert alone or told["why"]
    told = guard(data, "tail")
    assert (told["verdict"], told["server"]) == ("sound", "loads"), told
    kept = told["kept"]
    with open(f"{kept}/appendonlydir/{NAME}.1.incr.aof", "rb") as f:
        assert f.read() == first
    starts_whole(data, ["z", *whole])


def test_a_tail_that_may_not_be_cut_is_mended_first(data, guard, starts_whole):
    """The server would refuse it: aof-load-truncated no."""
    put(data, {"1.incr.aof": SET_A + SET_B[:-3]}, [INCR])
    told = guard(data, aof_load_truncated="no")
    assert told["server"] == "refuses", "which it says itself"
    guard(data, "tail", aof_load_truncated="no")
    starts_whole(data, ["a"])


# What no power cut leaves: the files, the manifest, and what is there after
# --repair all (None: it cannot be known).
STOPS = {
    "a torn file before the last": (
        {"1.incr.aof": SET_A + SET_B[:-3], "2.incr.aof": SET_C},
        [INCR, INCR2], ["a", "c"]),
    "an open MULTI before the last": (
        {"1.incr.aof": SET_A + MULTI + SET_B, "2.incr.aof": SET_C},
        [INCR, INCR2], ["a", "c"]),
    "a manifest that is missing": (
        {"1.base.aof": SET_A, "1.incr.aof": SET_B}, None, ["a", "b"]),
    "a manifest of comments": (
        {"1.base.aof": SET_A, "1.incr.aof": SET_B}, [], ["a", "b"]),
    "a file that is named as replaced too": (
        {"1.incr.aof": SET_A}, [("1.incr.aof", 1, "h"), INCR], ["a"]),
    "a file of the next name": (
        {"1.base.aof": SET_A, "1.incr.aof": command("FLUSHALL")}, [BASE],
        None),
    "a base of no bytes": (
        {"1.base.rdb": b"", "1.incr.aof": SET_A},
        [("1.base.rdb", 1, "b"), INCR], None),
    "more databases than the server has": (
        {"1.incr.aof": SET_A + command("SELECT", 16) + SET_B}, [INCR], None),
}


@pytest.mark.parametrize("name", STOPS)
def test_what_a_start_would_lose_is_stopped(data, guard, starts_whole, name):
    files, lines, whole = STOPS[name]
    put(data, files, lines)
    if lines == []:
        (data / "appendonlydir" / MANIFEST).write_text("# nothing\n")
    before = users(data)
    for repair in ("never", "tail"):
        told = guard(data, repair, starts=False)
        assert told["why"] and not told["mended"], told
        assert users(data) == before
    if whole:
        assert guard(data, "all")["mended"]
        starts_whole(data, whole)


@pytest.mark.parametrize("release,starts", [("8.2.0", True), ("8.4.0", False),
                                            ("valkey-9.1.0", True)])
def test_damage_that_a_server_would_cut_is_stopped(
        data, guard, release, starts):
    """By aof-load-corrupt-tail-max-size; none that has it is here to be
    tried."""
    put(data, {"1.incr.aof": SET_A + MULTI + SET_B + b"!!!"}, [INCR])
    for size, may in (("0", True), ("2", True), ("1kb", starts)):
        guard(data, starts=may, words=("--server-version", release),
              aof_load_corrupt_tail_max_size=size)
    put(data, {"1.incr.aof": SET_A + b"!!!"}, [INCR])
    guard(data, words=("--server-version", release),
          aof_load_corrupt_tail_max_size="1kb")
    put(data, {"2.incr.aof": b""}, [INCR, INCR2])
    guard(data, starts=starts, words=("--server-version", release),
          aof_load_corrupt_tail_max_size="1kb")


def test_a_command_torn_behind_an_rdb_does_not_cost_the_rdb(
        serve, guard, starts_whole):
    server = serve(appendonly="yes")
    server.client().set("precious", 1)
    server.rewrite()
    server.kill()
    data = server.home / "single"
    data.mkdir()
    (data / NAME).write_bytes(parts(server, "base")[0].read_bytes() +
                              SET_A[:9])
    guard(data, starts=False)
    guard(data, "tail")
    starts_whole(data, ["precious"])


def test_a_dump_is_not_left_behind_by_appendonly(serve, guard, starts_whole):
    server = serve()
    server.client().set("a", 1)
    server.client().save()
    server.kill()
    told = guard(server.data, "tail", starts=False)
    assert [f["code"] for f in told["findings"]] == ["dump-ignored"]
    told = guard(server.data, appendonly="no")
    assert told["server"] == "loads"
    guard(server.data, "all")
    starts_whole(server.data, ["a"])


NAMES = {"appendfilename": "other.aof", "appenddirname": "other"}


@pytest.mark.parametrize("name", NAMES)
def test_data_by_other_names_is_not_left_behind(data, guard, name):
    put(data, {"1.incr.aof": SET_A}, [INCR])
    told = guard(data, "tail", starts=False, **{name: NAMES[name]})
    assert [f["code"] for f in told["findings"]] == ["names-changed"]
    assert told["findings"][0]["path"].startswith(str(data))
    guard(data, "tail")


def test_a_dump_of_another_name_is_not_left_behind(serve, guard):
    server = serve(dbfilename="mine.rdb")
    server.client().save()
    server.kill()
    guard(server.data, starts=False, appendonly="no")
    guard(server.data, appendonly="no", dbfilename="mine.rdb")
    guard(server.data, appendonly="no", save="")  # it never saves


@pytest.mark.parametrize("what,appendonly", [
    ("dump.rdb", "no"), (f"appendonlydir/{MANIFEST}", "yes")])
def test_a_link_to_what_is_not_mounted(data, place, guard, serve, what,
                                       appendonly):
    link = data / what
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(place / "mounted" / "elsewhere")
    before = tree(data)
    told = guard(data, "all", starts=False, appendonly=appendonly)
    assert (told["verdict"], told["server"]) == ("damaged", "empty")
    assert [f["code"] for f in told["findings"]] == ["link-to-nothing"]
    assert tree(data) == before
    other = {"yes": "no", "no": "yes"}[appendonly]
    guard(data, appendonly=other)
    server = serve(data=data, appendonly=appendonly)
    assert keys(server.client()) == []
    server.client().save()
    assert not link.is_symlink(), "and nobody finds the data any more"


def test_a_server_that_would_work_elsewhere_is_stopped(data, place, guard):
    put(data, {"1.incr.aof": SET_A}, [INCR])
    other = place / "other"
    other.mkdir()
    told = guard(other, starts=False, words=("--data-dir", data))
    assert str(data) in told["why"]
    guard(data, words=("--data-dir", f"{data}/../data"))
    # Where the server is started nobody told; or it sees other mounts.
    for path in ("./", place / "mounted" / "elsewhere"):
        told = guard(path, words=("--data-dir", data))
        assert told["files"][0]["path"].startswith(str(data))


@pytest.mark.parametrize("appendonly", ["yes", "no"])
def test_a_new_server_starts(data, guard, serve, appendonly):
    assert guard(data, "tail", appendonly=appendonly)["server"] == "empty"
    serve(data=data, appendonly=appendonly, aof_use_rdb_preamble="no").kill()
    guard(data, "tail", appendonly=appendonly)
    serve("again", data=data, appendonly=appendonly)


# What a server refuses by itself, and touches nothing.
REFUSED = {
    "zeros within": SET_A + bytes(64) + SET_B,
    "zeros within and at the end": SET_A + bytes(64) + SET_B + bytes(64),
    "garbage at the end": SET_A + b"!!!",
    "garbage between commands": SET_A + b"!!!" + SET_B,
    "a command that no server has": SET_A + command("bla"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_server_refuses_is_left_to_it(data, guard, serve, name):
    put(data, {"1.incr.aof": REFUSED[name]}, [INCR])
    before = users(data)
    told = guard(data, "tail")
    assert told["server"] == "refuses" and not told["mended"]
    server = serve(data=data, appendonly="yes", begin=False).launch()
    assert server.ended() != 0
    assert users(data) == before


@pytest.fixture
def server(serve):
    """With a base that was rewritten, and writes behind it."""
    one = serve(appendonly="yes", aof_disable_auto_gc="no")
    one.client().set("base", 1)
    one.rewrite()
    one.client().set("incr", 1)
    one.drain()
    return one


def crash(server, how):
    """The states of a rewrite that is cut off, by name."""
    folder = aof(server)
    if how == "an orphan incr":
        server.kill()
        (folder / f"{NAME}.3.incr.aof").touch()
    elif how == "both files named":
        hold_rewrite(server)
        server.client().set("during", 1)
        server.drain()
        server.kill()
        return ["during"]
    elif how == "an orphan base":
        server.kill()
        shutil.copy(parts(server, "base")[0], folder / f"{NAME}.3.base.rdb")
    elif how == "history that is there":
        server.kill()
        old = folder / f"{NAME}.1.incr.aof"
        old.write_bytes(SET_A)
        with open(folder / MANIFEST, "a") as f:
            f.write(f"file {old.name} seq 1 type h\n")
    elif how == "history that is gone":
        server.kill()
        with open(folder / MANIFEST, "a") as f:
            f.write(f"file {NAME}.1.incr.aof seq 1 type h\n")
    else:
        server.kill()
        (folder / f"temp-{MANIFEST}").write_text("file x seq")
        aged(folder / f"temp-{MANIFEST}")
    return []


@pytest.mark.parametrize("how", [
    "an orphan incr", "both files named", "an orphan base",
    "history that is there", "history that is gone", "a temporary manifest"])
def test_what_a_crash_leaves_is_no_reason_to_stop(
        server, guard, starts_whole, how):
    more = crash(server, how)
    before = users(server.data)
    told = guard(server.data, "tail")
    assert told["server"] == "loads" and not told["mended"]
    assert users(server.data) == before
    starts_whole(server.data, ["base", "incr", *more])


def test_a_server_that_died_while_its_aof_was_switched_on(serve, guard):
    server = serve()
    server.client().config_set("rdb-key-save-delay", 10_000_000)
    server.client().set("a", 1)
    server.client().config_set("appendonly", "yes")
    temporary = aof(server) / f"temp-{NAME}.incr"
    wait_for(temporary.exists, "the switch")
    server.client().set("b", 1)
    wait_for(lambda: temporary.stat().st_size > 0, "the write")
    [child] = children(server)
    server.kill()
    os.kill(child, signal.SIGKILL)
    wait_for(lambda: not os.path.exists(f"/proc/{child}/cwd"), "its end")
    told = guard(server.data, "tail", starts=False)
    assert "aof-switching-lost" in [f["code"] for f in told["findings"]]


def test_a_restore_that_was_cut_off(serve, guard, keep):
    server = serve(appendonly="yes")
    server.client().set("a", 1)
    server.drain()
    keep.snapshot(server)
    server.kill()
    keep.restore(server.data)
    path = server.data / ".redkeep" / "journal.json"
    path.write_text(path.read_text().replace('"placed"', '"placing"'))
    told = guard(server.data, "all", starts=False)
    assert f"redkeep restore --resume --to {server.data}" in told["why"]
    assert f"redkeep restore --undo --to {server.data}" in told["why"]
    keep("restore", "--resume", "--to", server.data, "--redis",
         f"unix://{keep.place}/nobody")
    guard(server.data)


def test_a_repair_that_was_cut_off_is_finished(data, guard, starts_whole):
    put(data, {"1.incr.aof": SET_A + SET_B[:-3]}, [INCR])
    guard(data, "tail")
    path = data / ".redkeep" / "journal.json"
    path.write_text(path.read_text().replace('"placed"', '"placing"'))
    guard(data, starts=False)
    assert guard(data, "tail")["verdict"] == "sound"
    starts_whole(data, ["a"])


def test_killed_at_any_moment_the_next_one_finishes(data, keep, guard):
    for n in range(10):
        shutil.rmtree(data)
        put(data, {"1.incr.aof": SET_A + SET_B[:-3], "2.incr.aof": b""},
            [INCR, INCR2])
        one = keep.begin("guard", "--data-dir", data, "--appendonly", "yes",
                         "--repair", "tail", "--server-version", "7.0.15")
        time.sleep(random.uniform(0.01, 0.2))
        one.kill()
        one.communicate()
        wait_for(lambda: not user_of(data), "the end of the child")
        assert guard(data, "tail")["verdict"] == "sound"
        incr = data / "appendonlydir" / f"{NAME}.1.incr.aof"
        assert incr.read_bytes() == SET_A


def user_of(folder):
    """A process that has something of the folder open."""
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(fd).startswith(str(folder)):
                return fd
        except OSError:
            continue
    return None


def test_a_directory_in_use_is_not_mended(serve, guard):
    server = serve(appendonly="yes")
    server.client().set("a", 1)
    server.drain()
    incr = parts(server)[-1]
    with open(incr, "ab") as f:
        f.write(SET_B[:-3])
    before = users(server.data)
    told = guard(server.data, "tail")
    assert told["unmended"] and not told["mended"]
    assert users(server.data) == before


def test_settings_of_includes_and_of_the_command_line(data, place, keep):
    put(data, {"1.incr.aof": SET_A}, [INCR])
    (place / "sub").mkdir()
    (place / "sub" / "b.conf").write_text("appendonly no\n")
    (place / "a.conf").write_text(
        f"appendonly yes\ndir {data}\ninclude {place}/sub/*.conf\n")

    def look(*words, exit):
        return keep("guard", "--json", *words, exit=exit).json["server"]
    assert look("--redis-conf", place / "a.conf", exit=1) == "empty"
    line = ("--", binary(SYSTEM), place / "a.conf")
    assert look(*line, exit=1) == "empty"
    assert look(*line, "--appendonly", "yes", exit=0) == "loads"
    assert look("--appendonly", "yes", *line, exit=0) == "loads"
    assert look("--data-dir", data, "--", "--appendonly", "no",
                exit=1) == "empty"


def let_start(result):
    assert result.code == 0, result
    return result.says("could not judge", "is let start")


def test_its_own_troubles_let_the_server_start(data, place, keep):
    let_start(keep("guard", "--data-dir", place / "absent"))
    let_start(keep("guard", "--redis-conf", place / "absent.conf"))
    (place / "bad.conf").write_text('dir "never closed\n')
    let_start(keep("guard", "--redis-conf", place / "bad.conf"))
    put(data, {"1.incr.aof": SET_A}, [INCR])
    (place / "redkeep.conf").write_text("[redkeep]\nnonsense = 1\n")
    keep("guard", "--data-dir", data, "--config", place / "redkeep.conf")
    told = keep("guard", "--data-dir", place / "absent", "--json").json
    assert told["starts"] and "absent" in told["error"]


@pytest.mark.parametrize("words", [
    ["--repair", "some"], ["--nonsense"], ["--repair"], ["--jso=1"],
    ["--time-limit", "soon"], ["--server-version", "eight"],
    ["--databases", "-1"]], ids=" ".join)
def test_mistakes_in_its_options_let_the_server_start(place, data, keep, words):
    """As they stand in a unit that nobody has tried."""
    conf = place / "some.conf"
    conf.write_text(f"dir {data}\nappendonly yes\n")
    put(data, {"1.base.aof": SET_A}, None)
    line = ["--", binary(SYSTEM), conf]
    let_start(keep("guard", *words, *line)).says(words[0].split("=")[0])
    note = data / ".redkeep" / "guard-failed.json"
    assert words[0].split("=")[0] in note.read_text()
    told = keep("guard", "--json", *words, *line).json
    assert told["starts"] and told["error"]


def test_whoever_does_not_listen_is_answered(data, keep):
    """Its exit status is the answer; what it prints may go nowhere."""
    put(data, {"1.base.aof": SET_A}, None)
    words = ["guard", "--data-dir", data, "--appendonly", "yes"]
    for way in (words, [*words, "--json"]):
        for to in (">/dev/full", ">&-"):
            done = subprocess.run(
                ["sh", "-c", f'exec "$@" {to}', "sh", keep.path,
                 *map(str, way)], env=keep.environment(None),
                capture_output=True, text=True)
            assert done.returncode == 1, done
    put(data, {}, [BASE])
    assert subprocess.run(
        ["sh", "-c", 'exec "$@" >/dev/full', "sh", keep.path,
         *map(str, words)], env=keep.environment(None)).returncode == 0


@pytest.mark.need("root")
def test_a_directory_that_it_may_not_read_lets_start(data, keep):
    from servers import unprivileged
    put(data, {"1.incr.aof": SET_A}, [INCR])
    data.chmod(0o700)
    let_start(keep("guard", "--data-dir", data, user=unprivileged()))


@pytest.fixture
def slow(data, place):
    """The look takes seconds: the server does not tell its release."""
    put(data, {"1.incr.aof": SET_A}, [INCR])
    (place / "bin").mkdir()
    program = place / "bin" / "redis-server"
    program.write_text("#!/bin/sh\nexec sleep 100\n")
    program.chmod(0o755)
    return {"PATH": f"{place}/bin:{os.environ['PATH']}"}


def test_the_time_limit_lets_the_server_start(data, keep, slow):
    let_start(keep("guard", "--data-dir", data, "--time-limit", "300ms",
                   env=slow)).says("not done within 300 ms")


def test_whoever_stops_it_wants_no_server(data, keep, slow):
    parent = keep.begin("guard", "--data-dir", data, env=slow)
    path = f"/proc/{parent.pid}/task/{parent.pid}/children"
    wait_for(lambda: open(path).read(), "the child")
    parent.terminate()
    _, err = parent.communicate(timeout=20)
    assert parent.returncode == 3 and "stopped by SIGTERM" in err, err
    assert not (data / ".redkeep").exists()


def test_a_signal_to_its_child_alone_lets_the_server_start(data, keep, slow):
    """As those send it who find it too large."""
    parent = keep.begin("guard", "--data-dir", data, env=slow)
    child = wait_for(lambda: children_of(parent.pid), "the child")
    wait_for(lambda: children_of(child), "what the child runs")
    os.kill(int(child), signal.SIGTERM)
    _, err = parent.communicate(timeout=20)
    assert parent.returncode == 0 and "is let start: stopped by a signal" in err
    assert (data / ".redkeep" / "guard-failed.json").exists()


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().strip()


def test_its_crash_lets_the_server_start(data, keep, slow):
    parent = keep.begin("guard", "--data-dir", data, env=slow)
    path = f"/proc/{parent.pid}/task/{parent.pid}/children"

    def child():
        with open(path) as f:
            return f.read().split()
    [pid] = wait_for(child, "the child")
    subprocess.run(["kill", "-SEGV", pid], check=True)
    _, err = parent.communicate(timeout=20)
    assert parent.returncode == 0 and "is let start" in err, err
    note = data / ".redkeep" / "guard-failed.json"
    assert "signal 11" in json.loads(note.read_text())["text"]
    keep("guard", "--data-dir", data)
    assert not note.exists()


def test_the_agent_tells_that_it_failed(data, place, keep, serve, agent):
    conf = place / "some.conf"
    conf.write_text(f"dir {data}\nappendonly yes\n")
    put(data, {"1.incr.aof": SET_A}, [INCR])
    let_start(keep("guard", "--redis-conf", conf, "--time-limit", "1ms"))
    one = agent(serve(data=data, appendonly="yes"))
    alarm = wait_for(lambda: one.alarms().get("directory_unproven"),
                     "the alarm")
    assert "guard could not judge the data before the start at" in alarm["text"]
    assert "not done within 1 ms" in alarm["text"]


@pytest.fixture
def remembered(keep, guard):
    """Whether an answer came from memory: the files were not read."""
    def look(data, starts=True):
        process = subprocess.run(
            ["strace", "-f", "-e", "trace=openat", "-qq", str(keep.path),
             "guard", "--data-dir", str(data), "--repo", str(keep.repo),
             "--appendonly", "yes"],
            env=keep.environment(None), capture_output=True, text=True)
        assert process.returncode == (0 if starts else 1), process
        return ".incr.aof" not in process.stderr
    return look


def test_what_did_not_change_is_remembered(data, guard, remembered):
    put(data, {"1.incr.aof": SET_A}, [INCR])
    incr = data / "appendonlydir" / f"{NAME}.1.incr.aof"
    assert not remembered(data), "too new: a change might not show"
    wait_for(lambda: time.time() - incr.stat().st_ctime > 2.2, "some age")
    assert not remembered(data)
    memory = data / ".redkeep" / "guard.json"
    assert memory.exists() and remembered(data)
    whole = memory.read_text()
    for hostile in ("", "{", "[]", "{}", whole.replace("sound", "torn"),
                    '{"format": 1, "key": null, "answer": {"starts": true}}',
                    whole[:-20], "\0" * 100, "x" * 2_000_000):
        memory.write_text(hostile)
        remembered(data)
        assert memory.read_text() != hostile or hostile == whole
    then = incr.stat()
    incr.write_bytes(SET_A[:-3] + b"!!!")
    os.utime(incr, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert not remembered(data), "the time was set back, but not ctime"


def test_what_is_not_well_is_not_remembered(data, remembered):
    put(data, {"1.incr.aof": SET_A + SET_B[:-3]}, [INCR])
    incr = data / "appendonlydir" / f"{NAME}.1.incr.aof"
    wait_for(lambda: time.time() - incr.stat().st_ctime > 2.2, "some age")
    assert not remembered(data)
    assert not remembered(data)


DROP_INS = TOP / "packaging" / "systemd"
SYSTEM_CALLS = ("@system-service", "@privileged", "@resources")


def system_calls(name):
    out = subprocess.run(["systemd-analyze", "syscall-filter", name],
                         capture_output=True, text=True, check=True).stdout
    found = set()
    for word in out.split("\n")[1:]:
        word = word.split("#")[0].strip()
        found |= system_calls(word) if word.startswith("@") else {word}
    return found - {""}


# The unit's sandbox: nothing but the data can be written, no capabilities.
SANDBOX = """
    mount --make-rprivate /
    for folder in "$1" "$2"; do mount --bind "$folder" "$folder"; done
    mount -o remount,bind,ro /
    shift
    calls=$1/calls
    shift
    exec setpriv --reuid=redis --regid=redis --init-groups --no-new-privs \\
        --inh-caps=-all --bounding-set=-all strace -f -qq -o "$calls" "$@"
"""


@pytest.mark.need("root", "unshare")
def test_the_drop_in_of_debians_unit(data, place, keep):
    """Its very line, as that user, and with no system call that the unit
    forbids."""
    text = (DROP_INS / "redis-server.service.d" /
            "redkeep-guard.conf").read_text()
    [line] = [t.split("=", 1)[1] for t in text.split("\n")
              if t.startswith("ExecStartPre=")]
    put(data, {"1.incr.aof": SET_A + MULTI + SET_B + SET_C[:-3]}, [INCR])
    conf = place / "redis.conf"
    conf.write_text(f"dir {data}\nappendonly yes\n")
    shutil.copy(keep.path, place / "redkeep")
    (place / "work").mkdir()
    subprocess.run(["chown", "-R", "redis:redis", data, conf, place / "work"],
                   check=True)
    line = line.replace("/usr/bin/redkeep", str(place / "redkeep")).replace(
        "/etc/redis/redis.conf", str(conf))
    done = subprocess.run(
        ["unshare", "-m", "sh", "-euc", SANDBOX, "sh", data, place / "work",
         *shlex.split(line)], env=keep.environment(None), text=True,
        capture_output=True)
    assert done.returncode == 0 and "mended" in done.stdout, done
    incr = data / "appendonlydir" / f"{NAME}.1.incr.aof"
    assert incr.read_bytes() == SET_A and incr.owner() == "redis"
    calls = (place / "work" / "calls").read_text()
    used = set(re.findall(r"^\d+ +([a-z]\w+)\(", calls, re.M))
    allowed, *forbidden = map(system_calls, SYSTEM_CALLS)
    assert used <= allowed - set.union(*forbidden), used


def test_the_entrypoint_of_a_container(data, place, keep):
    """It hands over to the image's, or ends before."""
    script = (TOP / "packaging" / "container" / "redkeep-entrypoint")
    own = place / "entry"
    own.write_text(script.read_text().replace("/usr/bin/redkeep",
                                              str(keep.path)))

    def enter(*words):
        return subprocess.run(
            ["sh", own, *words], text=True, capture_output=True,
            env={**keep.environment(None), "REDKEEP_DATA_DIR": str(data),
                 "REDKEEP_ENTRYPOINT": "echo"})
    put(data, {"1.incr.aof": SET_A + SET_B[:-3]}, [INCR])
    done = enter("redis-server", "--appendonly", "no")
    assert done.returncode == 1 and "redis-server" not in done.stdout[-30:]
    done = enter("redis-server", "--appendonly", "yes")
    assert done.returncode == 0, done
    assert done.stdout.endswith("redis-server --appendonly yes\n")
    assert "mended" in done.stdout
    assert enter("redis-cli", "ping").stdout == "redis-cli ping\n"
