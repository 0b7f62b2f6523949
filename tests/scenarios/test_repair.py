"""Every kind of damage to a set, mended and started on the real server: all
that was whole is there, the server cuts nothing, and the originals are kept."""

import os
import random
import re
import shlex

import pytest

from program import STOPPED, tree
from repairs import BASE, LATER, aof, command, keys, write  # noqa: F401

MULTI, EXEC = command("MULTI"), command("EXEC")


def last(number):
    """The command that sets the key of that number."""
    return command("SET", f"k{number}", f"value {number}")


def without(wanted, *numbers):
    return {k: v for k, v in wanted.items()
            if k not in {f"k{n}".encode() for n in numbers}}


END = BASE + LATER - 1

TAILS = [
    ("torn", lambda b: b[:-7], [END], "cut-tail"),
    ("torn by one byte", lambda b: b[:-1], [END], "cut-tail"),
    ("open multi", lambda b: b + MULTI + command("SET", "a", "b"), [],
     "cut-tail"),
    ("torn in a multi", lambda b: b + MULTI + command("SET", "a", "b")[:-3],
     [], "cut-tail"),
    ("torn exec", lambda b: b + MULTI + command("SET", "a", "b") + EXEC[:-4],
     [], "cut-tail"),
    ("half annotation", lambda b: b + b"#TS:1700", [], "cut-tail"),
    ("zeros", lambda b: b + bytes(4096), [], "cut-"),
    ("zeros over the last", lambda b: b[:-9] + bytes(4096), [END], "cut-"),
    ("text", lambda b: b + b"PING\r\n", [], "cut-"),
]


@pytest.mark.parametrize("change,lost,action", [t[1:] for t in TAILS],
                         ids=[t[0] for t in TAILS])
def test_a_bad_tail(aof, change, lost, action):
    aof.change(aof.incr, change)
    told = aof.repair()
    assert len(told["plan"]) == 1
    step = told["plan"][0]
    assert step["action"].startswith(action), step
    assert step["path"] == f"appendonlydir/{aof.incr.name}"
    aof.assert_holds(without(aof.all, *lost))


def test_what_a_server_writes_behind_an_open_multi_is_kept(aof, boot):
    aof.change(aof.incr, lambda b: b + MULTI + command("SET", "half", 1) +
               command("SET", "whole", 1)[:-4])
    server = boot(aof.data, whole=False, aof_load_truncated="yes")
    server.client().mset({"later": 1, "last": 2})
    server.drain()
    server.kill()
    [step] = aof.repair()["plan"]
    assert step["action"] == "cut-hole" and step["commands_lost"] == 2
    found = aof.start()
    assert found == {**aof.all, b"later": b"1", b"last": b"2"}


@pytest.mark.parametrize("seed", range(3))
def test_garbage_in_the_middle(aof, seed):
    rng = random.Random(seed)
    hurt = rng.randrange(BASE + 5, END - 5)

    def change(data):
        at = data.index(last(hurt)) + rng.randrange(1, 20)
        return data[:at] + rng.randbytes(30) + data[at + 30:]
    aof.change(aof.incr, change)
    told = aof.repair()
    assert [s["action"] for s in told["plan"]] == ["cut-hole"]
    found = aof.start()
    missing = set(aof.all) - set(found)
    assert missing <= {f"k{n}".encode() for n in range(hurt, hurt + 3)}
    assert missing and {k: aof.all[k] for k in found} == found


def test_a_command_no_server_can_run(aof):
    aof.change(aof.incr, lambda b: b + command("XGROUP") + last(7))
    told = aof.repair()
    assert [s["action"] for s in told["plan"]] == ["drop-command"]
    assert told["plan"][0]["commands_lost"] == 1
    assert [name.lower() for name in told["lost"]] == ["xgroup"]
    aof.assert_holds(aof.all)


def test_renamed_commands_are_kept_on_request(aof):
    aof.change(aof.incr, lambda b: b + command("PUT", "a", "b"))
    assert aof.repair("--server-version", "7.0.15")["lost"]
    aof.change(aof.incr, lambda b: b + command("PUT", "a", "b") + b"*3\r\n")
    told = aof.repair("--own-commands", "--server-version", "7.0.15")
    assert told["lost"] == []
    assert aof.incr.read_bytes().endswith(command("PUT", "a", "b"))


def more_incrs(aof, parts):
    """The incr cut into several, as failed rewrites leave them."""
    whole = aof.incr.read_bytes()
    stem = "appendonly.aof"
    text = aof.manifest.read_text().splitlines()[:-1]
    marks = [m.start() for m in re.finditer(rb"\*3\r\n\$3\r\nSET", whole)]
    cuts = [0] + [marks[len(marks) * i // parts] for i in range(1, parts)]
    cuts.append(len(whole))
    old, paths = aof.incr, []
    first = int(old.name.split(".")[2])
    old.unlink()
    for i in range(parts):
        path = aof.folder / f"{stem}.{first + i}.incr.aof"
        path.write_bytes(whole[cuts[i]:cuts[i + 1]])
        text.append(f"file {path.name} seq {first + i} type i")
        paths.append(path)
    aof.manifest.write_text("\n".join(text) + "\n")
    return paths


@pytest.mark.parametrize("then_empty", [False, True])
def test_a_file_torn_that_is_not_the_last(aof, then_empty):
    paths = more_incrs(aof, 3)
    held = {p: re.findall(rb"\$\d+\r\n(k\d+)\r\n", p.read_bytes())
            for p in paths}
    hurt, gone = paths[0], held[paths[0]][-1:]
    if then_empty:
        hurt, gone = paths[1], held[paths[1]][-1:] + held[paths[2]]
        paths[2].write_bytes(b"")
    aof.change(hurt, lambda b: b[:-5])
    told = aof.repair()
    assert [s["path"] for s in told["plan"]] == [f"appendonlydir/{hurt.name}"]
    assert paths[2].exists()
    aof.assert_holds({k: v for k, v in aof.all.items() if k not in gone})


def test_files_that_stay_are_links_but_the_one_that_grows(aof):
    paths = more_incrs(aof, 3)
    aof.change(paths[1], lambda b: b[:-5])
    told = aof.repair()
    old = aof.place / told["kept"] / "appendonlydir"

    def same(path):
        return path.stat().st_ino == (old / path.name).stat().st_ino
    assert same(aof.base) and same(paths[0]) and same(aof.manifest)
    assert not same(paths[1]) and not same(paths[2])


@pytest.mark.need("root")
def test_owner_and_mode_are_the_old_ones(aof):
    more_incrs(aof, 2)
    aof.change(aof.incr, lambda b: b[:-5])
    for i, path in enumerate([aof.folder, *sorted(aof.folder.iterdir())]):
        os.chown(path, 1000 + i, 2000 + i)
        path.chmod(0o700 + i if path.is_dir() else 0o640 - i)
    before = {n: w[:3] for n, w in tree(aof.data).items()}
    aof.repair()
    after = {n: w[:3] for n, w in tree(aof.data).items() if n in before}
    assert after == before


def test_another_servers_files_in_the_folder_stay(aof):
    aof.change(aof.incr, lambda b: b[:-5])
    theirs = {"other.aof.1.incr.aof": b"x" * 99, "other.aof.manifest":
              b"file other.aof.1.incr.aof seq 1 type i\n", "notes": b"text"}
    for name, what in theirs.items():
        (aof.folder / name).write_bytes(what)
    (aof.folder / "appendonly.aof.9.incr.aof").write_bytes(b"")
    (aof.folder / "old").mkdir()
    told = aof.repair()
    for name, what in theirs.items():
        assert (aof.folder / name).read_bytes() == what
    aside = {s["path"] for s in told["plan"] if s["action"] == "set-aside"}
    assert aside == {"appendonlydir/appendonly.aof.9.incr.aof"}
    assert (aof.folder / "old").is_dir()
    kept = aof.place / told["kept"] / "appendonlydir"
    assert not any((kept / name).exists() for name in theirs)


@pytest.mark.parametrize("how", ["folder", "manifest", "incr", "base"])
def test_whatever_names_the_set(aof, how):
    aof.change(aof.incr, lambda b: b[:-5])
    path = {"folder": aof.folder, "manifest": aof.manifest,
            "incr": aof.incr, "base": aof.base}[how]
    told = aof.repair(path=path)
    if how in ("incr", "base"):
        assert any("whole" in note for note in told["notes"])
    aof.assert_holds(without(aof.all, END))


def test_the_old_set_can_be_put_back(aof):
    aof.change(aof.incr, lambda b: b[:-5])
    before = tree(aof.data)
    told = aof.repair()
    name, *words = shlex.split(told["put_back"])
    assert name == "redkeep"
    aof.keep(*words, "--redis", f"unix://{aof.place}/nobody", *STOPPED)
    assert {n: w for n, w in tree(aof.data).items()
            if not n.startswith(("redkeep-before-", ".redkeep"))} == before


def test_a_sound_set_is_left_alone(aof):
    before = tree(aof.data)
    for args in ([], ["--yes"], ["--dry-run"], ["--yes", "--deep"]):
        for path in (aof.data, aof.folder, aof.manifest, aof.incr, aof.base):
            result = aof.run(*args, path=path)
            result.says("nothing to mend")
    assert tree(aof.data) == before


def test_a_file_alone_is_mended_where_it_lies(aof):
    alone = aof.data / "copy.aof"
    alone.write_bytes(aof.incr.read_bytes()[:-5])
    told = aof.repair(path=alone)
    assert told["kept"].startswith(f"{aof.data}/redkeep-before-")
    assert alone.read_bytes() == aof.incr.read_bytes()[:-len(last(END))]


def test_an_aof_of_one_file(aof, place):
    single = aof.data / "appendonly.aof"
    single.write_bytes(aof.base.read_bytes() + aof.incr.read_bytes()[:-5])
    aof.folder.rename(place / "elsewhere")
    told = aof.repair()
    assert told["plan"][0]["path"] == "appendonly.aof"
    aof.assert_holds(without(aof.all, END))


def test_what_check_says_to_do_mends_it(keep, place, serve):
    server = serve("odd", appendonly="yes", appendfilename="its log",
                   appenddirname="logs", dbfilename="a dump")
    write(server, keys(0, 9))
    server.stop()
    [incr] = server.data.glob("logs/*.incr.aof")
    incr.write_bytes(incr.read_bytes()[:-3])
    told = keep("check", server.data, "--json", "--deep", "--appendfilename",
                "its log", "--appenddirname", "logs", "--dbfilename",
                "a dump", exit=1).json
    [finding] = told["findings"]
    words = shlex.split(re.search(r"redkeep (repair [^;]*)",
                                  finding["remedy"])[1])
    assert "--deep" in words
    done = keep(*words, "--redis", f"unix://{place}/nobody", *STOPPED,
                "--yes", "--json").json
    assert [s["action"] for s in done["plan"]] == ["cut-tail"]


def test_without_a_terminal_it_wants_yes(aof):
    aof.change(aof.incr, lambda b: b[:-5])
    before = tree(aof.data)
    aof.run(exit=4).says("cut-tail", "nothing was changed", "--yes")
    aof.run("--json", exit=4).says("--yes")
    assert tree(aof.data) == before
    assert STOPPED == [] or aof.run(exit=4)
