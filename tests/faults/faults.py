#!/usr/bin/env python3
"""Breaks every job at every call and judges what is left.

usage: faults.py BUILD [all] [--only JOB] [--kind KIND] [--seed TEXT]
"""

import argparse
import collections
import itertools
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import loops
import power
import seen
from jobs import JOBS
from world import World, templates

SHOWN = 40          # broken promises, of any number
SAMPLE = 3          # of each job and kind of fault
SAMPLE_STATES = 8  # of each job, after a power cut
MAKERS = {"power": power.Cut, "seen": seen.Seen}
KINDS = [*loops.KINDS, *MAKERS]


def work(task):
    """One job and one kind of fault, in a process of its own."""
    number, name, kind, top, build, given = task
    job = next(j for j in JOBS if j.name == name)
    start = World(Path(top) / job.world.replace(" ", "-"), build)
    start.hours = 9
    own = Path(top) / f"at-{number}"
    sample = SAMPLE_STATES if kind == "power" else SAMPLE
    rng = random.Random(f"{given.seed} {name} {kind}")
    try:
        if job.places:
            loops.learn(job, start, own)
        loop = (MAKERS[kind](job, start, own) if kind in MAKERS else
                loops.Loop(job, kind, start, own))
        loop.run(None if given.all else sample, rng)
        return name, kind, loop.points, loop.bad
    except loops.Bad as e:
        return name, kind, 0, [f"{name}, {kind}: {e}"]
    finally:
        shutil.rmtree(own, ignore_errors=True)
        shutil.rmtree(f"{own}-was", ignore_errors=True)


def arguments():
    parse = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parse.add_argument("build", type=Path)
    parse.add_argument("all", nargs="?", choices=["all"])
    parse.add_argument("--only", default="", help="part of a job's name")
    parse.add_argument("--kind", choices=KINDS)
    parse.add_argument("--seed", default="1")
    return parse.parse_args()


def tell(result, given):
    """A line of progress in the long run; the result again."""
    name, kind, count, wrong = result
    if given.all:
        print(f"{count:6} {kind:8} {name}", *wrong, sep="\n  ", flush=True)
    return result


def run(given):
    """What every job and kind came to."""
    top = tempfile.mkdtemp(prefix="redkeep-faults-", dir="/dev/shm")
    kinds = [given.kind] if given.kind else KINDS
    try:
        build = given.build.resolve()
        templates(top, build)
        tasks = [(n, job.name, kind, top, build, given) for n, (job, kind)
                 in enumerate(itertools.product(JOBS, kinds))
                 if given.only in job.name and
                 (job.alone or kind in loops.KINDS)]
        with multiprocessing.Pool(int(os.environ.get("FAULT_JOBS", 2))) as p:
            return [tell(each, given) for each in
                    p.imap_unordered(work, tasks)]
    finally:
        shutil.rmtree(top)


def main():
    given, begin = arguments(), time.monotonic()
    faults, states, bad = collections.Counter(), collections.Counter(), []
    for name, kind, count, wrong in run(given):
        if kind != "seen":
            (states if kind == "power" else faults)[name] += count
        bad += wrong
    for job in JOBS:
        if faults[job.name] + states[job.name]:
            print(f"{faults[job.name]:6} faults {states[job.name]:6} states  "
                  f"{job.name}")
    print("\n".join(bad[:SHOWN]))
    total = faults.total() + states.total()
    print(f"faults: {faults.total()} faults and {states.total()} states after"
          f" a power cut, {len(bad)} bad; seed {given.seed}, "
          f"{time.monotonic() - begin:.0f} s")
    Path(given.build / "results/check-faults").write_text(
        f"faults {total - len(bad)} {len(bad)}\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
