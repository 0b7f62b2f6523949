#!/usr/bin/env python3
"""An agent that takes a snapshot every 2 s and has the server save every 5 s,
under load: two minutes in peace, then 30 kills at random moments.

usage: jobs.py [SECONDS [KILLS [SEED]]]      REDKEEP names the program
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

import storms  # noqa: E402
from agents import Agent  # noqa: E402
from program import Program  # noqa: E402
from servers import Server  # noqa: E402


def main(seconds=120, kills=30, seed=None):
    seed = random.randrange(1 << 30) if seed is None else int(seed)
    place = Path(tempfile.mkdtemp(prefix="rk", dir="/tmp"))
    server = Server(place / "server", appendonly="yes")
    agent = Agent(place / "agent", server, **storms.SCHEDULE)
    try:
        server.start()
        agent.start()
        counts = storms.every_due_run_happens_once(agent, server,
                                                   Program(place),
                                                   float(seconds))
        print(f"{seconds} s: " + ", ".join(
            f"{count} runs of {job}" for job, count in counts.items()) +
            ", each due one once; three snapshots are left, all whole")
        agent.stop()
        agent.log.write_text("")
        agent.write(**storms.SCHEDULE).start()
        busy = storms.survives_kills(agent, server, Program(place),
                                     int(kills), seed)
        print(f"{kills} kills (seed {seed}), {busy} of them with jobs on: "
              "nothing lost, nothing doubled, nothing lives on")
        agent.stop()
    except AssertionError:
        kept = f"/tmp/soak-jobs-{seed}.log"
        print(f"seed {seed}; the log is {kept}", file=sys.stderr)
        shutil.copy(agent.log, kept)
        raise
    finally:
        agent.kill()
        server.kill()
        shutil.rmtree(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
