"""Whoever is told by the agent: commands, webhook, heartbeat; and the
dependencies it asks. None of them holds it up, none outlives it."""

import http.server
import json
import os
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from agents import Pulse
from servers import wait_for


class Listener:
    """An HTTP server that keeps what it is sent."""

    def __init__(self, status=204, headers=(), tls=None):
        self.got, self.status, self.headers = [], status, headers
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size).decode()
                listener.got.append((self.command, self.path, body,
                                     dict(self.headers)))
                self.send_response(listener.status)
                for name, value in listener.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket,
                                                 server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"{self.scheme}://localhost:{self.server.server_port}{path}"

    def events(self):
        return [json.loads(body) for _, _, body, _ in self.got]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listen():
    running = []

    def start(**options):
        running.append(Listener(**options))
        return running[-1]

    yield start
    for one in running:
        one.close()


def processes_with(text):
    """The processes that have this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def told(path):
    """Lines of JSON, each behind the variables it came with."""
    text = path.read_text() if path.exists() else ""
    return [(line.split("|")[:3], json.loads(line.split("|", 3)[3]))
            for line in text.splitlines()]


def keep_in(path):
    """A command that keeps all it gets, in one write."""
    return ("printf '%s|%s|%s|%s\\n' \"$REDKEEP_EVENT\" \"$REDKEEP_INSTANCE\" "
            f"\"$REDKEEP_ALARM\" \"$(cat)\" >>{path}")


def test_commands_hear_events_and_alarms(serve, agent, place):
    server = serve()
    one = agent(server, hooks_on_event=keep_in(place / "events"),
                hooks_on_alarm=keep_in(place / "alarms"),
                alarms_server_away="1s")
    one.wait_state("connected")
    one.reload()
    server.kill()
    raised = wait_for(lambda: told(place / "alarms"), "an alarm")[0]
    assert raised[0] == ["alarm_raised", "main", "server_away"]
    assert raised[1]["event"] == "alarm_raised"
    assert raised[1]["alarm"] == "server_away"
    assert raised[1]["instance"] == "main"
    assert raised[1]["text"] and raised[1]["time"].endswith("Z")
    server.start()
    wait_for(lambda: ["alarm_cleared", "main", "server_away"] in
             [v for v, _ in told(place / "alarms")], "its end")
    events = [(v[0], body) for v, body in told(place / "events")]
    assert all(name == body["event"] for name, body in events)
    assert "reload" in [name for name, _ in events]
    moves = [(b["from"], b["to"]) for n, b in events if n == "connection"]
    assert ("connecting", "connected") in moves
    assert not [n for n, _ in events if n.startswith("alarm")]
    times = [body["time"] for _, body in events]
    assert times == sorted(times)


def test_a_webhook_gets_each_in_order(serve, agent, listen):
    ear = listen()
    one = agent(serve(), hooks_webhook=ear.url("/hook/secret-path?k=secret"))
    one.wait_state("connected")
    for _ in range(5):
        one.reload()
    wait_for(lambda: len([e for e in ear.events()
                          if e["event"] == "reload"]) == 5, "all of them")
    times = [e["time"] for e in ear.events()]
    assert times == sorted(times)
    method, path, _, headers = ear.got[0]
    assert (method, path) == ("POST", "/hook/secret-path?k=secret")
    assert headers["Content-Type"] == "application/json"
    assert "secret" not in one.log_text()


def test_a_webhook_that_fails_is_told_without_its_secrets(serve, agent, listen):
    other = listen()
    ear = listen(status=302, headers=[("Location", other.url("/elsewhere"))])
    one = agent(serve(), hooks_webhook=ear.url("/secret-path"))
    one.wait_log("webhook failed: HTTP status 302")
    one.reload()
    wait_for(lambda: "reload" in [e["event"] for e in ear.events()],
             "the next one")
    assert not other.got, "a redirect was followed"
    ear.status, ear.headers = 204, ()
    one.reload()
    one.wait_log("webhook works again")
    assert "secret" not in one.log_text()
    assert len([line for line in one.log_text().splitlines()
                if "webhook failed" in line]) == 1


def test_a_webhook_must_prove_who_it_is(serve, agent, listen, place):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-keyout", place / "key", "-out", place / "cert", "-days",
                    "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(place / "cert", place / "key")
    ear = listen(tls=tls)
    one = agent(serve(), hooks_webhook=ear.url("/"))
    one.wait_log("webhook failed: .*certificate")
    assert not ear.got
    one.stop()
    one.extra = {"SSL_CERT_FILE": str(place / "cert")}
    one.start()
    wait_for(lambda: ear.got, "one that it trusts")


def test_the_heart_beats_only_while_data_can_be_kept(serve, agent, listen):
    ear = listen()
    one = agent(serve(), hooks_heartbeat=ear.url("/beat"),
                hooks_heartbeat_every="1s")
    wait_for(lambda: len(ear.got) >= 2, "two beats")
    assert ear.got[0][:3] == ("GET", "/beat", "")
    away = one.home / "away"
    one.repo.rename(away)
    wait_for(lambda: one.get("/health/ready").status == 503, "its silence")
    wait_for(lambda: not [p for p in one.children()
                          if b"errand" in Path(f"/proc/{p}/cmdline")
                          .read_bytes()], "the last beat")
    beats, uptime = len(ear.got), one.status()["uptime"]
    wait_for(lambda: one.status()["uptime"] > uptime + 2.2, "two beats' time")
    assert len(ear.got) == beats
    away.rename(one.repo)
    wait_for(lambda: len(ear.got) > beats, "a beat at once", 2)


def test_nothing_outlives_an_agent_that_is_killed(serve, agent, place):
    mark = f"REDKEEP_TEST_MARK={place}"
    one = agent(serve(), hooks_on_event="sleep 100 | cat",
                blocks={"dependency slow": {
                    "command": "(sleep 101 &); sleep 102 | cat",
                    "timeout": "90s"}},
                environment={"REDKEEP_TEST_MARK": str(place)})
    # The agent, its keeper, two errands, and what they run.
    wait_for(lambda: len(processes_with(mark)) >= 9, "all of them")
    one.kill()
    wait_for(lambda: not processes_with(mark), "the end of all", 3)


def test_an_agent_that_ends_takes_them_along(serve, agent, place):
    mark = f"REDKEEP_TEST_MARK={place}"
    one = agent(serve(), hooks_on_event="sleep 100 | cat", hooks_timeout="50s",
                environment={"REDKEEP_TEST_MARK": str(place)})
    wait_for(lambda: len(processes_with(mark)) >= 5, "all of them")
    one.stop()
    wait_for(lambda: not processes_with(mark), "the end of all", 3)


def test_a_hook_that_hangs_is_ended_and_the_next_is_told(serve, agent, place):
    hang = f"{keep_in(place / 'events')}; sleep 100 | cat"
    one = agent(serve(), hooks_on_event=hang, hooks_timeout="300ms")
    with Pulse(one):
        one.reload()
        wait_for(lambda: "reload" in [v[0] for v, _ in
                                      told(place / "events")], "the next")
    one.wait_log("hook failed: timed out after 0.3s")


def test_dependencies(serve, agent, place):
    answer = place / "answer"
    answer.write_text("42 rows\nmore\n")
    one = agent(serve(), hooks_on_event=keep_in(place / "events"),
                blocks={
                    "dependency db": {"command": f"cat {answer}",
                                      "every": "1s", "required": "yes"},
                    "dependency slow": {"command": "sleep 100 | cat",
                                        "timeout": "200ms"}})

    def check(name):
        return one.get("/health/ready").json["checks"][name]

    with Pulse(one):
        wait_for(lambda: check("db")["status"] == "up", "the database")
        assert check("db")["message"] == "42 rows"
        assert isinstance(check("db")["responseTime"], int)
        wait_for(lambda: check("slow")["message"] == "timed out after 0.2s",
                 "the time limit")
        assert check("slow")["status"] == "down"
        assert one.get("/health/ready").json["status"] == "healthy"
        answer.unlink()
        wait_for(lambda: one.get("/health/ready").json["status"] == "degraded",
                 "a required one that is down")
        assert "No such file" in check("db")["message"]
        assert one.get("/health/ready").status == 200
        assert one.metrics()[
            'redkeep_dependency_up{dependency="db"}'] == 0
        answer.write_text("back\n")
        wait_for(lambda: one.get("/health/ready").json["status"] == "healthy",
                 "it back")
    wait_for(lambda: ("db", "up") in [
        (b.get("dependency"), b.get("status"))
        for _, b in told(place / "events")], "a word to the hook")
    one.blocks = {"dependency other": {"command": "echo $HOME"}}
    one.reload()
    wait_for(lambda: check("other")["status"] == "up", "the other one")
    assert check("other")["message"] == os.environ["HOME"]
    assert "db" not in one.get("/health/ready").json["checks"]
