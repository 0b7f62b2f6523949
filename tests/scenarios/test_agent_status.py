"""redkeep status: what it makes of every answer, and without an agent."""

import json
import re
import signal
import socket
import threading
import time

import pytest

from data import fill
from servers import wait_for

TIME = "2026-11-20T11:30:00Z"
SNAPSHOT = {
    "id": "20261120T112000Z", "kind": "full", "parent": None,
    "state_time": "2026-11-20T11:20:00Z", "bytes_source": 5600000,
    "bytes_stored": 1200000, "verdict": "sound", "bound": True,
    "keys": 12345, "verified": None, "held": False}
STATE = {
    "instance": "main", "version": "1.0.0", "pid": 4711, "time": TIME,
    "uptime": 266520.5,
    "config": {"file": "/etc/redkeep/redkeep.conf", "loaded": TIME,
               "error": None},
    "server": {"state": "connected", "product": "redis",
               "version": "7.0.15", "role": "master", "loading": False,
               "data_dir": "/var/lib/redis", "keys": 12345},
    "protected_until": "2026-11-20T11:20:00Z", "restore_window": None,
    "gaps": 0, "last_snapshot": SNAPSHOT, "last_good_snapshot": SNAPSHOT,
    "last_drill": None, "jobs": [], "watch": None,
    "repository": {"path": "/var/lib/redkeep", "writable": True,
                   "snapshots": 12, "bytes": 47185920,
                   "free_bytes": 73014444032},
    "archive": None, "retention": None, "alarms": []}
ALARM = {"name": "disk_low", "since": "2026-11-20T11:10:00Z", "value": 5,
         "threshold": 10, "text": "5 % of the disk is free"}


class Fake:
    """Listens where an agent would, and answers what it was given."""

    def __init__(self, answer):
        self.answer, self.requests = answer, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listen = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                try:
                    self.requests.append(peer.recv(65536))
                    self.answer(peer)
                except OSError:
                    pass  # who asked has gone: it had enough


@pytest.fixture
def fake():
    """fake(answer): bytes to send, or what is to be done with the peer."""
    fakes = []

    def start(answer):
        if isinstance(answer, bytes):
            sent = answer
            answer = lambda peer: peer.sendall(sent)  # noqa: E731
        fakes.append(Fake(answer))
        return fakes[-1]

    yield start
    for each in fakes:
        each.listener.close()


def http(body, status="200 OK"):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return (f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def test_all_is_well(keep, fake):
    agent = fake(http(STATE))
    result = keep("status", "--http-listen", agent.listen)
    assert result.out.startswith("main: redkeepd 1.0.0, pid 4711, up 3 d 2 h\n")
    assert "until 2026-11-20 11:20:00 UTC, 10 min ago" in result.out
    assert result.out.endswith("\nall is well\n")
    assert agent.requests[0].startswith(b"GET /api/status HTTP/1.")
    assert b"Authorization" not in agent.requests[0]
    assert keep("status", "--http-listen", agent.listen, "--quiet").out == ""
    assert keep("status", "--http-listen", agent.listen,
                "--json").json == STATE


def test_what_is_wrong_is_named_with_what_to_do(keep, fake):
    agent = fake(http({**STATE, "alarms": [ALARM]}))
    listen = ["--http-listen", agent.listen]
    wrong = ("! alarm disk_low, for 20 min: 5 % of the disk is free\n"
             f"  to do: redkeep --config {keep.empty} prune --dry-run\n")
    assert keep("status", *listen, exit=1).out.endswith("\n\n" + wrong)
    assert keep("status", *listen, "--quiet", exit=1).out == wrong
    assert keep("status", *listen, "--json",
                exit=1).json["alarms"] == [ALARM]


HOSTILE = {
    "nothing": (b"", "closed without an answer"),
    "garbage": (b"\x00\xff\x1b[2J\r\n\r\n", "is not redkeepd"),
    "another protocol": (b"-ERR unknown command 'GET'\r\n", "is not redkeepd"),
    "no body": (b"HTTP/1.0 200 OK\r\n\r\n", "no JSON"),
    "a head without an end": (b"HTTP/1.0 200 OK\r\n" + b"a: b\r\n" * 100000,
                              "is not redkeepd"),
    "a page": (http(b"<html>", "404 Not Found"), "HTTP status 404"),
    "a redirect": (http(b"", "302 Found"), "HTTP status 302"),
    "no JSON": (http(b"<html>"), "no JSON"),
    "half of it": (http(STATE)[:-20], "no JSON"),
    "two of it": (http(STATE) + json.dumps(STATE).encode(), "no JSON"),
    "a NUL": (http(json.dumps(STATE).encode() + b"\0"), "no JSON"),
    "not UTF-8": (http(b'{"instance":"\xff\xfe"}'), "no JSON"),
    "very deep": (http(b"[" * 1000000), "no JSON"),
    "a list": (http([STATE]), "a list, expected an object"),
    "an empty object": (http({}), "instance: missing, expected a text"),
    "a wrong type": (http({**STATE, "jobs": 5}),
                     "jobs: a number, expected a list"),
    "a wrong item": (http({**STATE, "alarms": [ALARM, {"name": 1}]}),
                     "alarms: item 1: name: a number, expected a text"),
    "an error of ours": (http({"error": "x", "message": "y"},
                              "503 Service Unavailable"), "HTTP status 503"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_answer_is_believed_that_is_none(keep, fake, name):
    answer, words = HOSTILE[name]
    agent = fake(answer)
    listen = ["--http-listen", agent.listen]
    result = keep("status", *listen, exit=3)
    assert f"the agent at {agent.listen}: " in result.err
    assert words in result.err, result
    assert result.out == "" and "\x1b" not in result.err
    assert words in keep("status", *listen, "--json", exit=3).json["error"]


def test_an_endless_answer_ends_at_its_bound(keep, fake):
    def pour(peer):
        peer.sendall(b'HTTP/1.0 200 OK\r\n\r\n{"a":"')
        while True:
            peer.sendall(b"x" * (1 << 20))

    agent = fake(pour)
    keep("status", "--http-listen", agent.listen,
         exit=3).says("longer than 16 MiB")


def test_a_slow_answer_ends_in_time(keep, fake):
    def drip(peer):
        for _ in range(200):
            peer.sendall(b"H")
            time.sleep(0.1)

    begun = time.monotonic()
    asked = [keep.begin("status", "--http-listen", fake(how).listen)
             for how in (drip, lambda peer: peer.recv(1))]
    for process in asked:
        _, err = process.communicate(timeout=30)
        assert process.returncode == 3
        assert "no answer within 5 s" in err
    assert 4.5 < time.monotonic() - begun < 15


def test_an_interrupt_ends_the_waiting(keep, fake):
    agent = fake(lambda peer: peer.recv(1))
    process = keep.begin("status", "--http-listen", agent.listen)
    wait_for(lambda: agent.requests, "the request")
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3 and "stopped by SIGINT" in err
    assert time.monotonic() - begun < 2


TOKEN = "0123456789abcdef0123"


def test_the_token_is_shown_and_its_lack_explained(keep, fake):
    def guarded(peer):
        right = f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
        peer.sendall(http(STATE) if right in agent.requests[-1] else
                     http({"error": "Unauthorized", "message": "no"},
                          "401 Unauthorized"))

    agent = fake(guarded)
    listen = ["--http-listen", agent.listen]
    keep("status", *listen, exit=2).says("wants a token", "token_file")
    keep("status", *listen, "--http-token", TOKEN[::-1],
         exit=2).says("does not take our token")
    keep("status", *listen, "--http-token", TOKEN)
    file = keep.place / "token"
    file.write_text(TOKEN + "\n")
    keep("status", *listen, "--http-token-file", file)
    keep("status", *listen, "--http-token-file", keep.place / "none",
         exit=2).says("token_file", "none")


def test_another_instance_is_not_shown_as_ours(keep, fake):
    agent = fake(http({**STATE, "instance": "other"}))
    result = keep("status", "--http-listen", agent.listen, exit=2)
    result.says("keeps the instance 'other', not 'main'")
    keep("status", "--http-listen", agent.listen, "--instance", "other")


def test_one_screen_of_80_columns(fake, terminal):
    long = {**ALARM, "text": "words and " * 40}
    job = {"name": "snapshot", "schedule": "every 1h", "state": "idle",
           "last": {"result": "failed", "text": "because of " * 40,
                    "finished": "2026-11-20T10:29:59Z"}, "next": TIME}
    agent = fake(http({**STATE, "alarms": [long], "jobs": [job]}))
    listen = ["--http-listen", agent.listen]
    shown = terminal("status", *listen, exit=1)
    assert "\033[31m! alarm disk_low" in shown
    plain = terminal("status", *listen, exit=1, env={"NO_COLOR": "1"})
    assert "\033" not in plain
    assert plain == re.sub("\033\\[[0-9]+m", "", shown)
    assert max(map(len, plain.split("\n"))) <= 80


def test_watching_draws_anew_until_ctrl_c(keep, fake, terminal):
    pictures = []

    def change(peer):
        pictures.append(1)
        alarms = [ALARM] if len(pictures) == 2 else []
        peer.sendall(http({**STATE, "alarms": alarms}))

    agent = fake(change)
    shown = terminal("status", "--watch", "--http-listen", agent.listen,
                     exit=0, typed=b"\x03",
                     when=lambda shown: shown.count(b"\033[2J") == 2 and
                     b"to do" in shown)
    first, second = shown.split("\033[H\033[2J")[1:]
    assert "all is well" in first and "disk_low" not in first
    assert "disk_low" in second and "all is well" not in second


def test_watching_goes_on_while_the_agent_is_restarted(fake, terminal):
    def once(peer):
        peer.sendall(http(STATE))
        agent.listener.shutdown(socket.SHUT_RDWR)
        agent.listener.close()

    agent = fake(once)
    shown = terminal("status", "--watch", "--http-listen", agent.listen,
                     exit=0, typed=b"\x03",
                     when=lambda shown: b"nobody answers" in shown)
    assert "all is well" in shown


@pytest.mark.parametrize("words, why", [
    ([], "needs a terminal"), (["--json"], "do not go together")])
def test_only_a_terminal_is_drawn_on(keep, words, why):
    keep("status", "--watch", *words, exit=2).says(why)


def free_place():
    """An address that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return "127.0.0.1:%d" % s.getsockname()[1]


def test_without_an_agent_the_repository_tells(keep, serve):
    server = serve(appendonly="yes")
    fill(server.client())
    taken = keep.snapshot(server)
    listen = ["--http-listen", free_place()]
    result = keep("status", *listen, exit=1)
    result.says("redkeepd does not run", taken["id"], "sound",
                "systemctl status redkeepd")
    until = taken["state_time"][:19].replace("T", " ")
    assert f"until {until} UTC" in result.out
    told = keep("status", *listen, "--json", exit=1).json
    assert told["protected_until"] == taken["state_time"]
    assert told["last_snapshot"] == keep.list()[-1]
    assert told["last_good_snapshot"]["id"] == taken["id"]
    assert told["repository"]["snapshots"] == 1
    assert told["repository"]["free_bytes"] > 0
    assert told["pid"] is None and told["uptime"] is None
    assert set(told["server"].values()) == {None}
    assert {job["name"] for job in told["jobs"]} >= {"snapshot", "prune"}
    assert listen[1] in told["problem"]


def test_unproven_data_is_not_called_protected(keep, serve):
    server = serve(appendonly="yes")
    fill(server.client())
    server.stop()
    keep("snapshot", "--data-dir", server.data, "--redis",
         f"unix://{keep.place}/nobody", exit=None)
    told = keep("status", "--http-listen", free_place(), "--json",
                exit=1).json
    assert told["last_good_snapshot"] is not None
    assert told["protected_until"] is None


def test_with_neither_agent_nor_repository_both_are_named(keep):
    listen = free_place()
    keep("status", "--http-listen", listen, exit=3).says(
        f"redkeepd does not run: nobody answers at {listen}; no repository at")
    keep("status", "--http-listen", "off", exit=3).says(
        "redkeepd does not run; no repository at")


NOTES = {
    "format": 1, "saved": "2026-11-20T11:30:00Z", "events": [],
    "jobs": {"snapshot": {
        "schedule": "every 1h", "runs": 5, "failures": 1, "last": {
            "started": TIME, "finished": TIME, "result": "failed",
            "exit_status": -1, "signal": 9, "text": "killed by SIGKILL"}}},
    "alarms": [ALARM]}


def noted(keep, notes):
    """What is told where an agent left these notes and nothing else."""
    folder = keep.repo / "main" / "agent"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.json").write_text(
        notes if isinstance(notes, str) else json.dumps(notes))
    return keep("status", "--http-listen", free_place(), "--json",
                exit=1).json


def test_without_an_agent_its_notes_tell(keep):
    told = noted(keep, NOTES)
    assert told["alarms"] == [ALARM]
    assert told["state_written"] == TIME
    jobs = {job["name"]: job for job in told["jobs"]}
    assert jobs["snapshot"]["last"] == {
        "started": TIME, "finished": TIME, "result": "failed",
        "exit_status": None, "signal": 9, "text": "killed by SIGKILL"}
    assert jobs["snapshot"]["runs"] == 5
    assert jobs["verify"]["last"] is None
    keep("status", "--http-listen", free_place(), exit=1).says(
        "as the agent noted it", "alarm disk_low",
        "the last snapshot failed: killed by SIGKILL")


@pytest.mark.parametrize("notes", [
    "", "[]", "{", "\x00", {**NOTES, "format": 2}, {**NOTES, "alarms": 5},
    {**NOTES, "alarms": [5]}, {**NOTES, "jobs": {"snapshot": {"runs": "x"}}},
    {**NOTES, "jobs": {"snapshot": {"last": {"text": 5}}}},
    {**NOTES, "saved": "yesterday"}])
def test_notes_of_another_shape_tell_nothing(keep, notes):
    told = noted(keep, notes)
    assert told["alarms"] == [] and told["state_written"] is None
    assert all(job["last"] is None for job in told["jobs"])
