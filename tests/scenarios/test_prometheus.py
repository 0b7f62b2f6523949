"""A real Prometheus, configured as the guide shows, on a real agent."""

import json
import re
import subprocess
import urllib.parse
import urllib.request

import pytest

from hosts import GUIDE, blocks
from servers import free_port, wait_for
from test_monitoring import RULES, queries

TOKEN = "a-token-of-the-scenario"

# What this agent has nothing to tell for: no drill, no rebuild, and nothing has
# gone wrong. What runs may be over before it is seen.
SILENT = {"Alarms raised", "Last drill", "Drill: time to load", "Last rebuild",
          "Running", "Runs an hour that did not"}


class Prometheus:
    def __init__(self, home, agent):
        self.home, self.port = home, free_port()
        text, = [t for info, t in blocks((GUIDE / "monitoring.md").read_text())
                 if info == "yaml" and "rule_files" in t]
        token = home / "token"
        token.write_text(TOKEN)
        for there, here in (
                ("127.0.0.1:9736", f"127.0.0.1:{agent.port}"),
                ("/etc/prometheus/redkeep-token", token),
                ("/usr/local/share/redkeep/prometheus/redkeep.rules.yml",
                 RULES), ("15s", "200ms"), ("1m", "200ms"),
                ("scrape_timeout: 30s", "scrape_timeout: 200ms")):
            assert there in text
            text = text.replace(there, str(here))
        (home / "prometheus.yml").write_text(text)
        self.log = home / "log"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={home}/prometheus.yml",
             f"--storage.tsdb.path={home}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self.log.open("w"),
            stderr=subprocess.STDOUT, cwd=home)

    def ask(self, what, **words):
        query = urllib.parse.urlencode(words)
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/api/v1/{what}?{query}",
                    timeout=10) as reply:
                return json.load(reply)["data"]
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return {}

    def query(self, expr):
        return self.ask("query", query=expr).get("result")

    def firing(self):
        return {a["labels"]["alertname"]
                for a in self.ask("alerts").get("alerts", [])
                if a["state"] == "firing"}


@pytest.fixture
def prometheus(place):
    running = []

    def start(agent):
        home = place / "prometheus"
        home.mkdir()
        running.append(Prometheus(home, agent))
        return running[0]

    yield start
    for one in running:
        one.process.terminate()
        one.process.wait()


def test_what_the_guide_shows_scrapes_draws_and_alerts(serve, agent, keep,
                                                       place, prometheus):
    subprocess.run(["promtool", "check", "rules", RULES], check=True,
                   capture_output=True)
    server = serve(appendonly="yes", maxmemory="64mb")
    client = server.client()
    client.set("a", "b")
    client.get("a")
    client.set("number", 9)
    client.sadd("queues", "mail")
    client.lpush("queue:mail", "{}")
    client.zadd("dead", {"{}": 1})
    one = agent(server, http_token=TOKEN, schedule_bgsave="every 1s",
                schedule_snapshot="every 2s", alarms_server_away="500ms",
                queues_watch="sidekiq", queues_every="1s", blocks={
                    "dependency db": {"command": "true", "every": "1s"},
                    "counters numbers": {
                        "source": r"printf 'key\tdb_max\nnumber\t9\n'",
                        "startup_delay": "1s"}})
    one.headers = {"Authorization": f"Bearer {TOKEN}"}
    one.wait_state("connected")
    it = prometheus(one)
    wait_for(lambda: it.query("up"), "Prometheus")
    for job in ("redkeep", "redkeep-counters"):
        wait_for(lambda: [r["value"][1] for r in
                          it.query(f'up{{job="{job}"}}')] == ["1"], job)

    def quiet():
        return {title for title, expr in queries() if not it.query(expr)}
    wait_for(lambda: quiet() <= SILENT, lambda: f"{quiet() - SILENT}", 30)
    # Its own label of that name is not lost.
    assert {r["metric"]["exported_job"] for r in
            it.query("redkeep_job_runs_total")} >= {"snapshot", "prune"}
    assert not it.firing()

    server.kill()
    wait_for(lambda: "RedkeepServerAway" in it.firing(), "the alert", 30)
    server.start()
    wait_for(lambda: it.firing() <= {"RedkeepServerRestarted"},
             lambda: f"{it.firing()}", 30)
    done = subprocess.run(["promtool", "check", "config",
                           it.home / "prometheus.yml"], text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ rules found", done.stdout)
