#!/usr/bin/env python3
"""An agent that drills every 10 s for two minutes beside load, of an RDB-only
server and of one with an AOF; then a byte is flipped in the repository.

usage: drill.py [SECONDS [EVERY]]      REDKEEP names the program
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from agents import Agent  # noqa: E402
from data import Writer, fill  # noqa: E402
from loads import processes_of  # noqa: E402
from program import Program, leftovers  # noqa: E402
from servers import Server, wait_for  # noqa: E402


def drill_beside_load(place, appendonly, seconds, every):
    """The number of good drills, and how long their loads took."""
    server = Server(place / "server", appendonly=appendonly)
    agent = Agent(place / "agent", server, schedule_snapshot="every 7s",
                  snapshot_max_age="5s", schedule_prune="after snapshot",
                  schedule_drill=f"every {every:g}s", jobs_nice="0")
    keep = Program(place)
    keep.repo = agent.repo
    writers = []
    try:
        fill(server.start().client(), jobs=20000)
        writers = [Writer(server, f"w{i}", pairs=True) for i in range(3)]
        for writer in writers:
            writer.start()
        agent.start()
        loads = watch(agent, seconds)
        job = agent.job("drill")
        assert job["failures"] == 0, job
        # On a busy machine one drill may last for several.
        assert job["runs"] >= 1, job
        good = agent.metrics()[
            'redkeep_job_runs_total{job="drill",result="ok"}']
        assert good >= job["runs"], (good, job)
        flip_all(keep, agent)
        for writer in writers:
            writer.stop()
        agent.stop()
        assert not processes_of(agent.home)
        odd = [n for n in leftovers(keep.repo) if "drill" in n]
        assert not odd, odd
        return int(good), max(loads)
    finally:
        for writer in writers:
            writer.over.set()
        agent.kill()
        server.kill()


def watch(agent, seconds):
    """All is well all the time; how long each load took."""
    loads, end = set(), time.monotonic() + seconds
    wait_for(lambda: agent.status()["last_drill"], "the first drill", 300)
    while time.monotonic() < end:
        last = agent.status()["last_drill"]
        assert last["ok"] and last["keys"] > 0, last
        assert "drill_failed" not in agent.alarms(), agent.alarms()
        assert agent.metrics()["redkeep_drill_last_ok"] == 1
        loads.add(last["load_seconds"])
        time.sleep(0.5)
    return loads


def flip_all(keep, agent):
    """A byte of every snapshot; the next drill says so, in every way."""
    agent.reload(schedule_snapshot="off")
    wait_for(lambda: agent.job("snapshot")["state"] == "off" and
             agent.job("drill")["state"] == "idle",
             lambda: f"quiet: {agent.status()['jobs']}", 300)
    for item in keep.list():
        path = keep.archive(item["id"])
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    wait_for(lambda: agent.alarms().get("drill_failed"), "the alarm", 300)
    wait_for(lambda: agent.metrics().get("redkeep_drill_last_ok") == 0,
             "the metric")
    wait_for(lambda: agent.job("drill")["last"]["result"] == "failed",
             "its end", 300)
    keep("drill", "--redis", f"unix://{keep.place}/nobody",
         keep.list(exit=1)[-1]["id"], exit=1)


def main(seconds=120, every=10):
    for appendonly in ("no", "yes"):
        place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
        try:
            good, longest = drill_beside_load(place, appendonly,
                                              float(seconds), float(every))
        finally:
            shutil.rmtree(place)
        print(f"appendonly {appendonly}: {good} drills in {seconds} s beside "
              f"load, all good, loaded in {longest} s at most; with a byte "
              "flipped the next failed, and said so")


if __name__ == "__main__":
    main(*sys.argv[1:])
