"""The agent: redkeepd with a configuration of the scenario's own, on a port of
its own, asked over HTTP, ended by the process that was started."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

from program import program
from servers import free_port, wait_for

SECTIONS = ("connection", "http", "schedule", "snapshot", "jobs", "log",
            "retention", "hooks", "alarms", "queues")

# Quick, and nothing happens that the scenario does not ask for.
PRESETS = {
    "connection_delays": "20ms,40ms", "connection_jitter": "0",
    "connection_connect_timeout": "1s", "connection_command_timeout": "500ms",
    "connection_ping_interval": "50ms", "connection_info_interval": "100ms",
    "schedule_snapshot": "off", "schedule_verify": "off",
    "schedule_prune": "off", "schedule_drill": "off",
}


def place_of(key):
    """"connection_delays" is delays of [connection], "repo" of [redkeep]."""
    section, _, rest = key.partition("_")
    if key == "log_level" or section not in SECTIONS:
        return "redkeep", key
    return section, rest


def configuration(settings, blocks):
    sections = {}
    for key, value in settings.items():
        section, name = place_of(key)
        if value is not None:
            sections.setdefault(section, []).append(f"{name} = {value}")
    for name, keys in blocks.items():
        sections[name] = [f"{k} = {v}" for k, v in keys.items()]
    return "".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines)
                   for name, lines in sections.items())


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body = status, headers, body
        self.seconds = seconds

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


class Agent:
    """One agent. Settings are named section_key, those of [redkeep] by their
    own name; None leaves one out; blocks are {"dependency db": {...}}."""

    def __init__(self, home, redis, blocks=None, environment=None, wrap=(),
                 **settings):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.repo = self.home / "repo"
        self.file = self.home / "redkeep.conf"
        self.log = self.home / "agent.log"
        self.port = free_port()
        self.wrap = list(wrap)
        self.daemon = program().parent / "redkeepd"
        self.extra = environment or {}
        self.blocks = dict(blocks or {})
        self.settings = {"redis": getattr(redis, "url", redis),
                         "repo": str(self.repo),
                         "http_listen": f"127.0.0.1:{self.port}", **PRESETS}
        self.settings.update(settings)
        self.process = None
        self.headers = {}  # of every request
        self.log.write_text("")

    # The configuration.

    def write(self, **settings):
        self.settings.update(settings)
        self.file.write_text(configuration(self.settings, self.blocks))
        return self

    def reload(self, **settings):
        """SIGHUP; waits until it is said what came of it."""
        before = self.log_text().count("onfiguration")
        self.write(**settings)
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.log_text().count("onfiguration") > before,
                 "a word about the reload")
        return self

    # The process.

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("REDKEEP", "REDIS_")) and k != "LOG_LEVEL"
               and k != "NOTIFY_SOCKET"}
        env.update(LC_ALL="C", **self.extra)
        return env

    def launch(self):
        """Starts the process and waits for nothing."""
        self.write()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, str(self.daemon), "-c", str(self.file)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.home, env=self.environment())
        return self

    def start(self):
        """Starts it and waits until it serves."""
        self.launch()
        wait_for(self.serves, lambda: f"the agent: {self.log_text()}")
        return self

    def serves(self):
        assert self.process.poll() is None, \
            f"the agent ended: {self.log_text()}"
        try:
            return self.get("/health/live").status == 200
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def runs(self):
        return self.process.poll() is None

    def stop(self, seconds=15):
        """SIGTERM: ends by itself, and well."""
        if self.runs():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the agent does not end: {self.log_text()}")
        assert code == 0, f"exit {code}: {self.log_text()}"
        return self

    def kill(self):
        if self.process and self.runs():
            self.process.kill()
        if self.process:
            self.process.wait()
        return self

    # What it says.

    def ask(self, path, method="GET", timeout=10):
        begun = time.monotonic()
        link = http.client.HTTPConnection("127.0.0.1", self.port,
                                          timeout=timeout)
        try:
            link.request(method, path, headers=self.headers)
            reply = link.getresponse()
            body = reply.read()
        except http.client.HTTPException as e:
            raise OSError(str(e)) from e
        finally:
            link.close()
        return Answer(reply.status, reply.headers, body,
                      time.monotonic() - begun)

    def get(self, path, **options):
        return self.ask(path, **options)

    def status(self):
        return self.get("/api/status").json

    def dependency(self):
        """The server, as /health/dependencies has it."""
        return self.get("/health/dependencies").json["dependencies"]["redis"]

    def state(self):
        return self.dependency()["status"]

    def job(self, name):
        return next(j for j in self.status()["jobs"] if j["name"] == name)

    def alarms(self):
        return {a["name"]: a for a in self.status()["alarms"]}

    def metrics(self):
        """{"name{label=\"x\"}": value}"""
        found = {}
        for line in self.get("/metrics").text.splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name] = float(value)
        return found

    def wait_state(self, state, seconds=20):
        wait_for(lambda: self.state() == state,
                 lambda: f"{state}: {self.dependency()}", seconds)
        return self

    def log_text(self):
        return self.log.read_text(errors="replace")

    def says(self, pattern):
        return re.search(pattern, self.log_text(), re.M)

    def wait_log(self, pattern, seconds=20):
        return wait_for(lambda: self.says(pattern),
                        lambda: f"{pattern!r} in {self.log_text()}", seconds)

    # What it costs.

    def rss_kib(self):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def children(self):
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


class Pulse:
    """Asks /health/live all the time; its end says whether it always turned.
    One late answer may be this machine's fault, a stalled loop is not."""

    LATE, STALLED = 0.05, 0.3

    def __init__(self, agent):
        self.agent, self.seconds, self.errors = agent, [], []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not (self.seconds and self.over.wait(0.01)):
            try:
                answer = self.agent.get("/health/live")
                assert answer.json["status"] == "alive", answer.body
                self.seconds.append(answer.seconds)
            except (OSError, AssertionError) as e:
                self.errors.append(e)
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *rest):
        self.over.set()
        self.thread.join()
        if kind is None:
            self.judge()

    def judge(self):
        late = [s for s in self.seconds if s > self.LATE]
        assert not self.errors, self.errors
        assert self.seconds, "nothing was asked"
        assert max(self.seconds) < self.STALLED, max(self.seconds)
        assert len(late) <= len(self.seconds) / 20, late
