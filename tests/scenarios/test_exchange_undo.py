"""An undo that stops the server and starts it again: what is cut off in it
leaves word of how the server is started, until that runs."""

import json
import os
import re
import shlex

import pytest

from data import fill, one_client, state
from servers import wait_for
from test_exchange import (by_commands, restore, serves,
                           supervise)  # noqa: F401 - a fixture


@pytest.mark.need("root")
@pytest.mark.parametrize("then", ["--undo", "--resume"])
def test_an_undo_that_could_not_start_the_server(keep, supervise, then):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    one.server.client().set("later", 1)
    later = state(one_client(one.server))
    restore(keep, one, way=by_commands)
    where = ["--to", one.server.data, "--redis", one.server.url]
    ready = one.home / "ready"
    stop, start = by_commands(one)[1::2]
    keep("restore", "--undo", *where, "--stop-command", stop,
         "--start-command", f"test -e {ready} && {start}", exit=None)
    assert not one.answers()
    keep("restore", "--forget", "--to", one.server.data, exit=4).says(
        "server started again", "--resume")
    ready.touch()
    keep("restore", then, *where).says("is as it was before")
    serves(one, later)
    keep("restore", "--forget", "--to", one.server.data)


@pytest.mark.need("root")
@pytest.mark.parametrize("then", ["--undo", "--resume"])
def test_an_undo_that_was_killed_while_the_server_was_down(keep, supervise,
                                                           then):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    kept = state(one_client(one.server))
    one.server.client().set("later", 1)
    later = state(one_client(one.server))
    restore(keep, one)
    where = ["--to", one.server.data, "--redis", one.server.url]
    one.hold("mask")
    begun = len(one.said())
    process = keep.begin("restore", "--undo", *where, "--service", one.unit,
                         env=one.env)
    wait_for(lambda: any(line.startswith("mask")
                         for line in one.said()[begun:]), "mask")
    process.kill()
    process.communicate()
    one.hold("")
    assert not one.pid.exists()
    keep("check", one.server.data, exit=None).says(
        "before it had the server started again", "--resume")
    keep("restore", then, *where, env=one.env)
    serves(one, later if then == "--undo" else kept)


@pytest.mark.need("root")
def test_an_undo_whose_stop_fails_leaves_no_word(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    restore(keep, one, way=by_commands)
    keep("restore", "--undo", "--to", one.server.data, "--redis",
         one.server.url, "--stop-command", "exit 7",
         *by_commands(one)[2:], exit=3)
    serves(one, before)
    out = keep("check", one.server.data, exit=None)
    assert "started again" not in out.out + out.err


@pytest.mark.need("root")
@pytest.mark.parametrize("state_now", ["placing", "undone"])
def test_commands_of_another_user_are_named_and_not_run(keep, supervise,
                                                       state_now):
    """Root finishes what he began; his commands are for root to judge."""
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    restore(keep, one, way=by_commands)
    where = ["--to", one.server.data, "--redis", one.server.url]
    start = f"touch {one.wanted} ; :"
    keep("restore", "--undo", *where, *by_commands(one)[:2],
         "--start-command", "false", exit=3)
    journal = one.server.data / ".redkeep" / "journal.json"
    words = json.loads(journal.read_text())
    words.update(state=state_now, stop_command="true", start_command=start)
    journal.write_text(json.dumps(words))
    os.chown(journal, 65533, 65533)
    for way in ("--resume", "--undo"):
        told = keep("restore", way, *where, exit=4)
        told.says("are not run", "--server-is-stopped", "another user")
        [command] = re.findall(r"type 'redkeep (restore .*)'; else",
                               " ".join(told.err.split()))
        assert f"'{start}'" in command and way in command
    keep("restore", "--forget", "--to", one.server.data, exit=4)
    assert not one.answers()
    keep(*shlex.split(command), "--redis", one.server.url)
    serves(one, before)
    keep("restore", "--forget", "--to", one.server.data)


@pytest.mark.need("root")
def test_a_restore_after_it_could_not_start_the_server(keep, supervise):
    one = supervise(appendonly="yes")
    fill(one_client(one.server), jobs=3)
    keep.snapshot(one.server)
    before = state(one_client(one.server))
    restore(keep, one, way=by_commands)
    where = ["--to", one.server.data, "--redis", one.server.url]
    ready = one.home / "ready"
    stop, start = by_commands(one)[1::2]
    keep("restore", "--undo", *where, "--stop-command", stop,
         "--start-command", f"test -e {ready} && {start}", exit=3)
    keep("restore", "latest", *where)
    keep("check", one.server.data, exit=None).says(
        "before it had the server started again", "--resume")
    ready.touch()
    keep("restore", "--resume", *where)
    serves(one, before)
