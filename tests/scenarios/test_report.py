"""--report-fd: the JSON object goes to whoever runs redkeep for others, and
nothing to standard output."""

import json
import os

import pytest


def report(keep, *args):
    """What was reported, and how it ended."""
    ours, theirs = os.pipe()
    process = keep.begin("--report-fd", theirs, *args, pass_fds=[theirs])
    os.close(theirs)
    with os.fdopen(ours) as f:
        text = f.read()
    out, err = process.communicate(timeout=60)
    assert out == "", out
    return json.loads(text), process.returncode, err


def test_what_a_command_found_is_reported(keep, serve):
    server = serve(appendonly="yes")
    found, code, err = report(keep, "snapshot", "--redis", server.url)
    assert code == 0 and found["verdict"] == "sound", (found, err)
    found, code, err = report(keep, "list")
    assert code == 0 and len(found["snapshots"]) == 1


@pytest.mark.parametrize("args, code", [
    (["list"], 3),
    (["no-such-command"], 2),
    (["snapshot", "--no-such-option"], 2),
])
def test_why_one_could_not_is_reported(keep, args, code):
    found, status, err = report(keep, *args)
    assert status == code and found["error"] in err.replace("\n", " "), err


def test_what_is_no_descriptor_is_refused(keep):
    keep("--report-fd", "x", "list", exit=2).says("is no descriptor")
    keep("--report-fd", "777", "list", exit=3).says("Bad file descriptor")
