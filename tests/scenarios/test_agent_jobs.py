"""Jobs of the agent: on time, once each, over kills; those that crash, hang,
eat memory or find no room are failed jobs and no more."""

import json
import shutil

import pytest

import storms
from loads import processes_of
from program import program
from servers import wait_for


@pytest.fixture
def loaded(serve):
    """A server with something in it."""
    server = serve(appendonly="yes", save="")
    server.client().mset({f"first:{i}": "x" * 100 for i in range(2000)})
    return server


def test_every_due_run_happens_once(agent, loaded, keep):
    one = agent(loaded, **storms.SCHEDULE)
    counts = storms.every_due_run_happens_once(one, loaded, keep, 12)
    assert counts["snapshot"] >= 4 and counts["bgsave"] >= 2, counts
    one.stop()


def test_a_killed_agent_goes_on_where_it_was(agent, loaded, keep):
    one = agent(loaded, **storms.SCHEDULE)
    storms.survives_kills(one, loaded, keep, 5)
    one.stop()


def test_a_job_ends_with_its_agent_and_is_run_again(agent, loaded, keep):
    one = agent(loaded, schedule_snapshot="every 1h",
                snapshot_compression="none", snapshot_read_rate="20KiB")
    wait_for(lambda: one.job("snapshot")["pid"], "the first snapshot")
    assert one.job("snapshot")["pid"] in one.children()
    folder = one.repo / "main" / "snapshots"
    wait_for(folder.exists, "it to begin")
    one.stop()
    assert not processes_of(one.home)
    assert not list(folder.glob("*"))
    one.write(snapshot_read_rate="0").start()
    last = wait_for(lambda: one.job("snapshot")["runs"] == 2 and
                    one.job("snapshot")["last"], "it again")
    assert last["result"] == "ok", last
    assert one.says('snapshot job began reason="it could not run before"')
    assert one.job("snapshot")["failures"] == 0
    keep.repo = one.repo
    assert len(keep.list()) == 1


# An agent whose redkeep is a script that first does what a file says.

PROGRAM = """#!/bin/sh
for word; do
    case $word in snapshot) mode=$(cat {mode});; esac
done
case ${{mode:-}} in
    crash) kill -SEGV $$ ;;
    hang) sleep 600 ;;
    garbage) echo '{{"id": ' >&3; exit 0 ;;
    silent) exit 0 ;;
    flood) yes 'a line that says nothing' | head -n 200000 >&2; exit 7 ;;
esac
exec {real} "$@"
"""


class Trouble:
    """An agent that takes a snapshot each second, in ways of our choice."""

    def __init__(self, agent, server, place, **settings):
        self.mode = place / "mode"
        self.mode.write_text("")
        self.events = place / "events"
        self.events.write_text("")
        bin = place / "bin"
        bin.mkdir()
        shutil.copy(program().parent / "redkeepd", bin / "redkeepd")
        (bin / "redkeep").write_text(
            PROGRAM.format(mode=self.mode, real=program()))
        (bin / "redkeep").chmod(0o755)
        self.agent = agent(
            server, begin=False, hooks_on_event=f"tr -d '\\n' >> "
            f"{self.events}; echo >> {self.events}", **settings)
        self.agent.daemon = bin / "redkeepd"
        self.agent.start()
        self.pid = self.agent.pid
        self.metric = ('redkeep_job_runs_total{job="snapshot",'
                       'result="%s"}')

    def job(self):
        return self.agent.job("snapshot")

    def heard(self):
        """What the hook was told of failed jobs."""
        lines = [json.loads(line) for line in
                 self.events.read_text().splitlines() if line]
        return [e for e in lines if e["event"] == "job" and
                e["result"] == "failed"]

    def count(self, result):
        return self.agent.metrics().get(self.metric % result, 0)

    def run(self):
        """One run, at the schedule's next turn; the job afterwards."""
        before = self.job()["runs"]
        self.agent.reload(schedule_snapshot="every 1s")
        wait_for(lambda: self.job()["state"] == "running" or
                 self.job()["runs"] > before, "a run")
        self.agent.reload(schedule_snapshot="off")
        wait_for(lambda: self.job()["state"] == "off" and
                 self.job()["runs"] > before, "its end", 30)
        assert self.job()["runs"] == before + 1, self.job()
        return self.job()

    def fails(self, reason):
        """One failed run: in status, metric and hook; the agent unmoved."""
        before, heard = self.count("failed"), len(self.heard())
        job = self.run()
        assert job["last"]["result"] == "failed", job
        assert reason in job["last"]["text"], job
        assert self.count("failed") == before + 1
        wait_for(lambda: len(self.heard()) > heard, "the hook")
        event = self.heard()[-1]
        assert event["job"] == "snapshot", event
        assert reason in event["text"], event
        assert self.agent.pid == self.pid and self.agent.runs()
        assert self.agent.get("/health/live").status == 200
        return job

    def works(self):
        before = self.count("ok")
        job = self.run()
        assert job["last"]["result"] == "ok", job
        assert self.count("ok") == before + 1


def test_a_job_that_goes_wrong_is_one_failed_job(agent, loaded, place):
    t = Trouble(agent, loaded, place, jobs_time_limit="2s",
                schedule_catch_up="no")
    t.works()
    for mode, reason in (
            ("crash", "ended by signal 11 (Segmentation fault)"),
            ("hang", "time limit of 2.0 s reached"),
            ("garbage", "its report cannot be read"),
            ("silent", "it reported nothing"),
            ("flood", "a line that says nothing")):
        t.mode.write_text(mode)
        job = t.fails(reason)
        if mode == "crash":
            assert job["last"]["signal"] == 11
    t.mode.write_text("")
    t.works()
    assert t.agent.log_text().count("a line that says nothing") < 1100
    t.agent.stop()


def test_a_job_that_wants_too_much_memory_is_told_so(agent, loaded, place):
    t = Trouble(agent, loaded, place, jobs_memory_limit="64MiB",
                schedule_catch_up="no", snapshot_level="19")
    t.fails("memory limit of 64 MiB ([jobs] memory_limit) reached")
    t.agent.reload(jobs_memory_limit="1GiB")
    t.works()
    t.agent.stop()


@pytest.mark.need("mount")
def test_a_full_repository_is_one_failed_job(agent, loaded, place, mounts):
    disk = place / "disk"
    disk.mkdir()
    mounts("-t", "tmpfs", "-o", "size=6m", "tmpfs", disk)
    t = Trouble(agent, loaded, place, repo=str(disk / "repo"),
                schedule_catch_up="no")
    t.works()
    filler = disk / "filler"
    with filler.open("wb") as f:
        try:
            while True:
                f.write(b"x" * 65536)
                f.flush()
        except OSError:
            pass
    t.fails("No space left on device")
    filler.unlink()
    t.works()
    t.agent.stop()
