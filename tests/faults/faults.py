#!/usr/bin/env python3
"""Breaks every job at every call and judges what is left.

usage: faults.py BUILD [all] [--only TEXT] [--seed N] [--share PERCENT]
"""

import argparse
import collections
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import loops
import power
from jobs import JOBS
from world import World, templates

SHARE = 0.2


def work(task):
    number, name, kind, top, build, share, seed = task
    job = next(j for j in JOBS if j.name == name)
    start = World(Path(top) / job.world.replace(" ", "-"), build)
    start.hours = 9
    own = Path(top) / f"at-{number}"
    try:
        if job.places:
            loops.learn(job, start, own)
        made = power.Cut(job, start, own) if kind == "power" else \
            loops.Loop(job, kind, start, own)
        loop = made.run(share, seed)
        return name, kind, loop.points, loop.bad
    except loops.Bad as e:
        return name, kind, 0, [f"{name}, {kind}: {e}"]
    finally:
        shutil.rmtree(own, ignore_errors=True)
        shutil.rmtree(f"{own}-was", ignore_errors=True)


def main():
    parse = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parse.add_argument("build", type=Path)
    parse.add_argument("all", nargs="?")
    parse.add_argument("--only", default="")
    parse.add_argument("--kind", default="")
    parse.add_argument("--seed", default=time.strftime("%Y%m%d"))
    parse.add_argument("--share", type=float, default=SHARE)
    given = parse.parse_args()
    share = 1 if given.all == "all" else given.share
    begin = time.monotonic()
    top = tempfile.mkdtemp(prefix="redkeep-faults-", dir="/dev/shm")
    try:
        build = given.build.resolve()
        templates(top, build)
        tasks = [(n, j.name, k, top, build, share, given.seed)
                 for n, (j, k) in enumerate((j, k) for j in JOBS
                                            for k in [*loops.KINDS, "power"]
                                            if given.only in j.name and
                                            given.kind in ("", k))]
        with multiprocessing.Pool(int(os.environ.get("FAULT_JOBS", 2))) as p:
            found = list(p.imap_unordered(work, tasks))
    finally:
        shutil.rmtree(top)
    points, states, bad = collections.Counter(), collections.Counter(), []
    for name, kind, n, wrong in found:
        (states if kind == "power" else points)[name] += n
        bad += wrong
    for job in JOBS:
        if points[job.name] + states[job.name]:
            print(f"{points[job.name]:6} faults {states[job.name]:6} states  "
                  f"{job.name}")
    print("\n".join(bad))
    print(f"faults: {sum(points.values())} faults and "
          f"{sum(states.values())} states after a power cut, {len(bad)} bad, "
          f"seed {given.seed}, {time.monotonic() - begin:.0f} s")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
