"""What is shown on a terminal, and that its commands are right as they stand."""

import os
import shlex
import subprocess

import pytest

from program import STOPPED
from terminals import COLUMNS

PASTE = "    redkeep "  # a command, never folded


def torn_in_multi(folder):
    """An AOF of one file, as servers before 7.0 have it."""
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(
        b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n")
    return folder


def pasted(keep, line):
    """What a shell makes of a line of ours, with the program in its PATH."""
    bin = keep.place / "bin"
    bin.mkdir(exist_ok=True)
    if not (bin / "redkeep").exists():
        (bin / "redkeep").symlink_to(keep.path)
    env = keep.environment(None)
    env["PATH"] = f"{bin}:{env['PATH']}"
    return subprocess.run(["bash", "-c", line], env=env, cwd=keep.place,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)


def commands(shown):
    return [line.strip() for line in shown.splitlines()
            if line.strip().startswith("redkeep re")]


@pytest.mark.parametrize("name", [
    "plain", "a name with blanks, as long as half of the terminal is",
    "it's; rm", "-rf", "line\nfeed \x1b[31mred"])
def test_a_command_is_not_folded_and_is_right_when_pasted(keep, terminal,
                                                          name):
    torn_in_multi(keep.place / name)
    given = f"./{name}" if name.startswith("-") else name
    shown = terminal("check", "--server-version", "6.0.16", given, exit=1)
    mend = [line for line in commands(shown) if "redkeep repair" in line]
    assert mend, shown
    for line in mend:
        result = pasted(keep, f"{line} --dry-run {' '.join(STOPPED)}")
        assert result.returncode == 1, (line, result)
        assert "cut-tail" in result.stdout, (line, result)
        assert "redis 6.0.16" in result.stdout, (line, result)
    for line in shown.splitlines():
        assert len(line) <= COLUMNS or line.strip() in commands(shown), line


def test_what_to_do_is_told_once_for_findings_in_a_row(keep, terminal):
    folder = keep.place / "data"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(
        b"*1\r\n$6\r\nNOSUCH\r\n" * 5)
    shown = terminal("check", folder, exit=1)
    assert shown.count("[aof-command-unknown]") == 5, shown
    assert shown.count("redkeep repair") == 1, shown
    assert shown.count("to do: as above") == 4, shown


@pytest.mark.parametrize("typed", [b"n\n", b"\n", b"\x04"])
def test_any_answer_but_yes_changes_nothing(keep, terminal, typed):
    folder = torn_in_multi(keep.place / "data")
    before = (folder / "appendonly.aof").read_bytes()
    shown = terminal("repair", *STOPPED, folder, exit=4, typed=typed)
    assert "nothing was changed" in shown
    assert os.listdir(folder) == ["appendonly.aof"]
    assert (folder / "appendonly.aof").read_bytes() == before


def test_yes_mends(keep, terminal):
    folder = torn_in_multi(keep.place / "data")
    shown = terminal("repair", *STOPPED, folder, exit=0, typed=b"y\n")
    assert "the originals are in" in shown
    assert (folder / "appendonly.aof").read_bytes() == b""


@pytest.mark.parametrize("words", [["check", "data"], ["--help"]])
def test_an_answer_that_nobody_gets_is_a_failure(keep, words):
    (keep.place / "data").mkdir()
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            keep.words([], None)[:1] + words, stdout=full, timeout=60,
            stderr=subprocess.PIPE, env=keep.environment(None),
            cwd=keep.place)
    assert result.returncode == 3
    assert b"standard output" in result.stderr


def test_of_many_losses_some_are_shown_and_all_counted(keep, terminal):
    folder = keep.place / "data"
    folder.mkdir()
    (folder / "appendonly.aof").write_bytes(
        b"*1\r\n$4\r\nPING\r\n" + b"*1\r\n$6\r\nNOSUCH\r\n" * 1200)
    shown = terminal("repair", "--dry-run", *STOPPED, folder, exit=1)
    assert shown.count("drop-command") == 20, shown
    assert "... and 1180 more (--verbose shows the first 1001)" in shown
    assert "1200 commands" in shown
    shown = terminal("repair", "--dry-run", "--verbose", *STOPPED, folder,
                     exit=1)
    assert shown.count("drop-command") == 1000
    assert "200 more losses" in shown


def test_columns_stand_below_each_other_whatever_the_names(keep, terminal):
    for name in ("caf\u00e9.aof", "plain.aof"):
        (keep.place / name).write_bytes(b"*1\r\n$4\r\nPING\r\n")
    shown = terminal("check", "caf\u00e9.aof", "plain.aof", exit=0)
    kinds = {line.index(" aof ") for line in shown.splitlines()
             if " aof " in line}
    assert len(kinds) == 1 and shown.count(" aof ") == 2, shown


def test_a_restore_tells_how_it_is_undone_within_the_columns(keep, serve,
                                                             terminal):
    server = serve(appendonly="yes")
    keep.snapshot(server)
    to = keep.place / f"it's {'long ' * 9}here"
    put = ["restore", "latest", "--to", to, "--redis", "unix:///nobody"]

    def undoes(shown):
        return [shlex.split(line) for line in shown.splitlines()
                if line.startswith(PASTE)]

    undo = [["redkeep", "restore", "--undo", "--to", str(to)]]
    assert undoes(terminal(*put, "--dry-run", exit=0)) == undo
    assert undoes(terminal(*put, exit=0)) == []  # nothing was there
    shown = terminal(*put, exit=0)
    assert undoes(shown) == undo
    for way in "--undo", "--undo", "--forget", "--forget":
        shown += terminal("restore", way, "--to", to, exit=0)
    long = [line for line in shown.splitlines()
            if len(line) > COLUMNS and not line.startswith(PASTE)]
    assert long == [], shown
    for name in "drill", "guard", "check", "repair", "restore":
        assert max(map(len, terminal(name, "--help", exit=0).split("\n"))) <= \
            COLUMNS
