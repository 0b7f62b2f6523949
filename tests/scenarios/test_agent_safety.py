"""What would have the agent lose or misreport data: another repository in the
place of its own, one that comes late, one of another machine."""

import json
import os
import pwd

import pytest

from data import fill, one_client
from servers import wait_for

QUICK = {"schedule_snapshot": "every 1s"}


def check(agent):
    return agent.get("/health/ready").json["checks"]["repository"]


def is_up(agent):
    return check(agent)["status"] == "up"


def is_down(agent):
    return check(agent)["status"] == "down"


def ids(agent):
    return [s["id"] for s in agent.get("/api/snapshots").json["snapshots"]]


def state(repo):
    return json.loads((repo / "main/agent/state.json").read_text())


def runs(repo, job="snapshot"):
    return state(repo)["jobs"][job]["runs"]


def test_an_empty_folder_in_its_place_is_no_repository(serve, agent):
    """A mount that went: its mount point is there, and empty."""
    server = serve(appendonly="yes")
    one = agent(server, **QUICK)
    wait_for(lambda: one.job("snapshot")["runs"] > 1, "snapshots")
    away = one.home / "away"
    one.repo.rename(away)
    one.repo.mkdir()
    failed = one.job("snapshot")["failures"]
    wait_for(lambda: one.job("snapshot")["failures"] > failed + 1,
             "failed snapshots")
    assert not list(one.repo.iterdir())
    assert is_down(one)
    assert one.get("/health/ready").status == 503
    assert one.status()["protected_until"] is None
    assert "snapshot_failed" in one.alarms()
    one.repo.rmdir()
    away.rename(one.repo)
    before = runs(one.repo)
    wait_for(lambda: is_up(one), "the repository")
    wait_for(lambda: one.job("snapshot")["last"]["result"] == "ok", "a run")
    wait_for(lambda: runs(one.repo) > before, "the state")
    assert one.get("/health/ready").status == 200


def late(serve, agent, **settings):
    """An agent with a past whose repository is away: it, and where it is."""
    one = agent(serve(appendonly="yes"), schedule_snapshot="every 1s",
                schedule_verify="every 1h")
    wait_for(lambda: one.job("snapshot")["runs"] > 1, "snapshots")
    one.stop()
    away = one.home / "away"
    one.repo.rename(away)
    one.settings.update(schedule_snapshot="every 1h", **settings)
    return one, away


def test_a_repository_that_comes_late_brings_its_past(serve, agent):
    one, away = late(serve, agent)
    told = state(away)
    told["jobs"]["verify"].update(due="2026-01-01T00:00:00Z",
                                  next="2026-01-01T00:00:00Z")
    (away / "main/agent/state.json").write_text(json.dumps(told))
    one.repo.write_text("not a folder: nothing can be made here")
    one.start()
    wait_for(lambda: is_down(one), "a word that it is away")
    wait_for(lambda: one.job("verify")["next"], "the jobs")
    one.reload()
    one.repo.unlink()
    away.rename(one.repo)
    wait_for(lambda: is_up(one), "the repository")
    wait_for(lambda: "reload" in [e["event"] for e in
                                  state(one.repo)["events"]], "its state", 15)
    assert one.job("snapshot")["runs"] >= told["jobs"]["snapshot"]["runs"]
    assert runs(one.repo) >= told["jobs"]["snapshot"]["runs"]
    events = state(one.repo)["events"]
    assert [e for e in told["events"] if e not in events][1:] == []
    # What was due meanwhile is caught up.
    wait_for(lambda: one.job("verify")["runs"] == 1, "the verify that is due")


def test_a_repository_over_the_one_that_was_made_is_locked(
        serve, agent):
    """An agent that came before the mount has made one on the disk below."""
    one, away = late(serve, agent)
    told = state(away)
    one.start()
    wait_for(lambda: is_up(one), "a repository")
    assert ids(one) == []
    one.repo.rename(one.home / "below")
    away.rename(one.repo)
    wait_for(lambda: ids(one), "its snapshots")
    one.reload()
    wait_for(lambda: "reload" in [e["event"] for e in
                                  state(one.repo)["events"]], "its state", 15)
    assert runs(one.repo) >= told["jobs"]["snapshot"]["runs"]
    two = agent(one.settings["redis"], home="two", begin=False,
                repo=str(one.repo)).launch()
    assert two.process.wait(timeout=20) == 5
    assert str(one.pid) in two.log_text()


def test_the_repository_of_another_machine_protects_nothing(serve, agent):
    server = serve(appendonly="yes")
    one = agent(server, **QUICK)
    wait_for(lambda: one.job("snapshot")["runs"] > 1, "snapshots")
    one.stop()
    mark = one.repo / "main/instance.json"
    told = json.loads(mark.read_text())
    mark.write_text(json.dumps({**told, "machine": "another", "host": "beta"}))
    one.start()
    wait_for(lambda: "beta" in check(one)["message"], lambda: check(one))
    assert one.status()["protected_until"] is None
    wait_for(lambda: "snapshot_failed" in one.alarms(), "the alarm")
    assert one.job("snapshot")["last"]["result"] == "refused"
    mark.write_text(json.dumps(told))
    wait_for(lambda: is_up(one), "the repository")


def test_what_rots_protects_nothing(serve, agent, keep):
    server = serve(appendonly="yes")
    fill(one_client(server))
    one = agent(server, schedule_verify="every 1s")
    taken = keep("snapshot", "--repo", str(one.repo), "--redis", server.url,
                 "--json").json["id"]
    wait_for(lambda: one.status()["protected_until"], "a snapshot")
    archive = next(one.repo.glob(f"main/snapshots/{taken}.tar*"))
    archive.write_bytes(archive.read_bytes()[:-9] + b"rotten it")
    wait_for(lambda: one.status()["protected_until"] is None, "the truth")
    assert one.status()["last_good_snapshot"] is None
    assert one.status()["last_snapshot"]["id"] == taken


@pytest.mark.need("root")
def test_what_root_makes_is_its_owners(serve, agent):
    one = agent(serve(appendonly="yes"), begin=False,
                schedule_prune="after snapshot", retention_last="1",
                schedule_verify="every 1s", **QUICK)
    nobody = pwd.getpwnam("nobody").pw_uid
    one.repo.mkdir(parents=True)
    os.chown(one.repo, nobody, -1)
    one.start()
    wait_for(lambda: one.job("prune")["runs"] > 2 and
             one.job("verify")["runs"] > 1, "runs")
    one.stop()
    assert [p for p in one.repo.rglob("*") if p.stat().st_uid != nobody] == []
    assert list(one.repo.glob("main/trash/*.json"))


def test_jobs_have_what_is_in_force_and_not_the_file(serve, agent):
    one = agent(serve(appendonly="yes"), **QUICK)
    wait_for(lambda: one.job("snapshot")["runs"] > 1, "snapshots")

    def goes_on():
        before = one.job("snapshot")["runs"]
        wait_for(lambda: one.job("snapshot")["runs"] > before + 1, "snapshots")
        assert one.job("snapshot")["failures"] == 0, one.log_text()

    one.file.write_text("[redkeep]\nrepo = /nowhere\nnonsense\n")
    goes_on()
    one.file.unlink()
    goes_on()
    for _ in range(20):
        one.reload()
    goes_on()
