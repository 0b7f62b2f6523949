"""What an agent does under load, for as long as one has time: the scenarios
run it for seconds, tests/soak for minutes."""

import random
import time

from loads import Writes, processes_of, promise, runs
from servers import wait_for

SCHEDULE = {
    "schedule_snapshot": "every 2s", "schedule_bgsave": "every 5s",
    "schedule_prune": "after snapshot", "retention_last": "3",
}
JOBS = ("snapshot", "prune", "bgsave")


def idle(agent):
    return all(j["state"] not in ("running", "waiting")
               for j in agent.status()["jobs"])


def come_to_rest(agent):
    """No more runs; those that are on have ended."""
    agent.reload(schedule_snapshot="off", schedule_bgsave="off")
    wait_for(lambda: idle(agent), "the jobs to end")


def judge_repository(agent, keep):
    """Three snapshots, each with a reason, all whole."""
    status = agent.status()
    keep.repo = agent.repo
    ids = [s["id"] for s in keep.list()]
    assert len(ids) == 3, ids
    reasons = status["retention"]["reasons"]
    assert all(reasons.get(i) for i in ids), status["retention"]
    checked = keep("verify", "--all", "--json").json["checked"]
    assert sorted(c["id"] for c in checked if c["ok"]) == sorted(ids), checked
    return ids


def every_due_run_happens_once(agent, server, keep, lasts):
    """agent has SCHEDULE and runs; it does so for `lasts` seconds."""
    with Writes(server) as writes:
        wait_for(lambda: agent.says("snapshot job scheduled"), "the plan")
        time.sleep(lasts)
        until = time.time()
        come_to_rest(agent)
    log = agent.log_text()
    counts = {job: promise(log, job, every, until)
              for job, every in (("snapshot", 2), ("bgsave", 5))}
    snapshots = [r for r in runs(log, "snapshot") if r.ended]
    prunes = [r for r in runs(log, "prune") if r.ended]
    failed = [r for r in snapshots + prunes + runs(log, "bgsave")
              if r.ended and r.result != "ok"]
    assert not failed, failed
    assert writes.count > 1000
    # A snapshot that ends while its prune runs shares the next one.
    assert 0 < len(prunes) <= len(snapshots)
    assert prunes[-1].begun >= snapshots[-1].ended - 0.05
    judge_repository(agent, keep)
    return counts


def is_planned(agent):
    """The log since the last start tells of a plan."""
    since = agent.log_text().rpartition("Redis: Initializing client")[2]
    return "prune job scheduled successfully" in since


def is_on(log):
    return any(found and found[-1].ended is None
               for found in (runs(log, job) for job in JOBS))


def kill_once(agent, dice, on):
    """Kills it at a random moment, or at one of a run; its children go with
    it."""
    if on:
        wait_for(lambda: is_on(agent.log_text()), "a run")
    time.sleep(dice.uniform(0, 0.3 if on else 2.5))
    agent.kill()
    wait_for(lambda: not processes_of(agent.home),
             f"children to end: {processes_of(agent.home)}", 3)


def comes_back(agent, job, before):
    """What was on when it was killed is run again, and soon."""
    if before and before[-1].ended is None:
        wait_for(lambda: len(runs(agent.log_text(), job)) > len(before),
                 f"{job} again: {before[-3:]}", 8)


def is_not_doubled(agent, job, before, killed):
    """What had ended is not, unless it was too late to be noted."""
    after = runs(agent.log_text(), job)[len(before):]
    for again in [r for r in after if r.why == "it was interrupted"]:
        was = before[-1]
        assert was.ended is None or killed - was.ended < 0.5, \
            f"{job} was doubled: {before[-3:]} {after}"
        assert again is after[0], after


def has_pruned(agent, since):
    """Three snapshots were taken at least, and those beyond were removed."""
    log = agent.log_text()
    return sum(r.result == "ok" for r in runs(log, "snapshot")) >= 3 and \
        any(r.begun > since and r.result == "ok" for r in runs(log, "prune"))


def survives_kills(agent, server, keep, kills, seed=None):
    """agent has SCHEDULE and runs; it is killed at random moments. Returns how
    often a job was on."""
    dice = random.Random(seed)
    busy = 0
    with Writes(server):
        for _ in range(kills):
            wait_for(lambda: is_planned(agent), "the plan")
            kill_once(agent, dice, dice.random() < 0.5)
            killed, log = time.time(), agent.log_text()
            before = {job: runs(log, job) for job in JOBS}
            busy += is_on(log)
            agent.start()
            for job, found in before.items():
                comes_back(agent, job, found)
                is_not_doubled(agent, job, found, killed)
        wait_for(lambda: has_pruned(agent, killed), "three snapshots")
        come_to_rest(agent)
    log = agent.log_text()
    # The server's own save goes on, and has the next one wait.
    failed = [(job, r) for job in JOBS for r in runs(log, job)
              if r.result not in ("ok", None) and
              (job, r.result) != ("bgsave", "skipped")]
    assert not failed, failed
    judge_repository(agent, keep)
    return busy
