"""The Nth call fails, or the process ends there, for every N until a run passes
untouched; and each time the promises are looked at."""

import json
import random

import judge
from world import Bad

ONCE = ["eio", "enospc", "edquot", "eintr", "short", "die", "died"]
KINDS = ONCE + ["eio+", "enospc+"]


class Loop:
    """One job and one kind of fault."""

    def __init__(self, job, kind, start, top):
        self.job, self.kind, self.start, self.top = job, kind, start, top
        self.points, self.bad, self.seen = 0, [], set()

    def begin(self):
        world = self.start.copy(self.top)
        world.began = len(judge.ids(self.start))
        for words in self.job.before:
            world.run(*words, exit=0)
            world.later()
        return world

    def strike(self, n):
        """The world after a run in which the Nth call was struck."""
        world = self.begin()
        fault = f"{self.kind}:{n}"
        result = world.run(*self.job.words, fault=fault)
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
            judge.keeps(self.job, world, self.begin())
            return
        judge.placed(self.job, world, self.start)
        for end in ENDS:
            end(self, world)
            world = self.strike(n)[0]

    def run(self, share, seed):
        """A share of all N, or all of them."""
        world, result, fault = self.strike(10 ** 9)
        judge.told_truly(self.job, world, result, fault)
        total = world.calls()
        chosen = list(range(1, total + 1))
        if share < 1:
            rng = random.Random(f"{seed} {self.job.name} {self.kind}")
            chosen = sorted(rng.sample(chosen, max(1, round(total * share))))
        for n in chosen:
            try:
                self.one(n)
            except (Bad, json.JSONDecodeError) as e:
                at = self.top.with_suffix(".log").read_text().strip()
                self.bad.append(f"{self.job.name}: {at}: {e}")
            self.points += 1
        return self


def anew(loop, world):
    """The same command, once more."""
    world.later()
    world.run(*loop.job.words, exit=0)
    need_place(loop, world, "new")


def need_place(loop, world, *names):
    found = judge.placed(loop.job, world, loop.start)
    judge.need(found in names, f"{found} is in place, expected {names}")


ENDS = [anew]


def learn(job, start, top):
    """What a job that places makes of its world."""
    world = Loop(job, "", start, top).begin()
    old = world.dataset()
    world.run(*job.words, exit=0)
    new = world.dataset()
    job.sets = (old, new)
    job.done = lambda w: w.dataset() == new
