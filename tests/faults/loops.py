"""The Nth call fails, or the process ends there, for every N until a run passes
untouched; and each time the promises are looked at."""

import json
from pathlib import Path

import judge
from jobs import TO
from judge import journal
from world import Bad

ONCE = ["eio", "enospc", "edquot", "eintr", "short", "die", "died"]
GUARDS = {"guard.json", "guard-failed.json"}  # what it remembers
KINDS = ONCE + ["eio+", "enospc+"]


def begin(job, start, top):
    """The world a job works on, at a place of its own."""
    world = start.copy(top)
    world.began = len(judge.ids(start))
    for words in job.before:
        world.run(*words, exit=0)
        world.later()
    return world


class Loop:
    """One job and one kind of fault."""

    def __init__(self, job, kind, start, top):
        self.job, self.kind, self.start, self.top = job, kind, start, top
        self.points, self.bad, self.seen = 0, [], set()
        self.was = begin(job, start, Path(f"{top}-was"))

    def begin(self):
        return begin(self.job, self.start, self.top)

    def strike(self, n):
        """The world after a run in which the Nth call was struck."""
        world = self.begin()
        fault = f"{self.kind}:{n}"
        result = self.job.run(world, fault=fault)
        return world, result, fault

    def one(self, n):
        world, result, fault = self.strike(n)
        hit = world.hit()
        judge.told_truly(self.job, world, result, fault)
        key = world.digest()
        if key not in self.seen:
            self.seen.add(key)
            self.judged(world, n)
        return hit

    def judged(self, world, n):
        if not self.job.places:
            judge.keeps(self.job, world, self.was)
            return
        judge_ends(self.job, world, self.was, lambda: self.strike(n)[0])

    def run(self, sample, rng):
        """So many of all N, or all of them (None)."""
        world, result, fault = self.strike(10 ** 9)
        judge.told_truly(self.job, world, result, fault)
        total = world.calls()
        chosen = list(range(1, total + 1))
        if sample is not None:
            chosen = sorted(rng.sample(chosen, min(sample, total)))
        for n in chosen:
            try:
                self.one(n)
            except (Bad, json.JSONDecodeError) as e:
                at = self.top.with_suffix(".log").read_text().strip()
                self.bad.append(f"{self.job.name}: {at}: {e}")
            self.points += 1
        return self


def judge_ends(job, world, start, again):
    """A crash is finished or undone; again() gives the same world once more."""
    state = journal(world)
    found = judge.placed(job, world, start)
    judge.need(found != "between" or state == "placing",
               f"neither set is in place, and the journal says {state}")
    if job.forks:
        world.later()
        told = world.run("guard", "--data-dir", "{data}")
        judge.need(told.code == 0 or told.code == 1 and state == "placing",
                   f"guard keeps a server from its {found} set", told)
        world = again()
    for word in ("--resume", "--undo"):
        world.later()
        world.run("restore", *TO, word, exit=job.ends(word, state))
        wanted = job.after(word, state, found)
        found_then = judge.placed(job, world, start)
        judge.need(found_then in wanted,
                   f"{word} of {state}: {found_then} is in place, "
                   f"expected {wanted}")
        clean(job, world, start)
        world = again() if word == "--resume" else None


def clean(job, world, start):
    """Nothing of ours stays but the journal, and that can be forgotten."""
    if journal(world) == "building":
        world.run("restore", *TO, "--undo", exit=0)
    if journal(world) == "none" and not job.undoes:
        job.run(world, exit=0)
    world.run("restore", *TO, "--forget", exit=0)
    left = [str(p) for p in world.data.glob(".redkeep*")]
    notes = set(world.files(world.data / ".redkeep"))
    judge.need(not left or notes and notes <= GUARDS, "left behind", *left)
    judge.placed(job, world, start)


def learn(job, start, top):
    """What a job that places makes of its world."""
    world = begin(job, start, top)
    old = world.dataset()
    job.run(world, exit=0)
    new = world.dataset()
    job.sets = (old, new)
    job.done = job.done or (lambda w: w.dataset() == new)
