"""The power goes at every moment of a run: each state that the disk may be left
in is made and judged."""

import json
from pathlib import Path

import disk
import judge
import loops
from world import Bad


class Cut:
    """One job. All runs see a file system that does not tell births: what is
    made again has another."""

    def __init__(self, job, start, top):
        self.job, self.top = job, Path(top)
        start.birthless = True
        self.was = loops.begin(job, start, Path(f"{top}-was"))
        self.world = loops.begin(job, start, top)
        self.points, self.bad = 0, []

    def record(self):
        """The disk before, and the changes of a run that nothing struck."""
        before = disk.Disk(self.top)
        self.job.run(self.world, trace=True, exit=0)
        changes = disk.load(self.world.trace)
        after = disk.resolve(before, changes)
        judge.need(after.digest() == disk.Disk(self.top).digest(),
                   "the trace does not lead to what is there")
        return before, changes

    def run(self, sample, rng):
        """So many of all states, or all of them (None)."""
        before, changes = self.record()
        seen, count = set(), len(changes)
        ends = range(count + 1)
        if sample is not None:
            ends = [count, *rng.choices(ends, k=sample - 1)]
        for end in ends:
            states = disk.states(before, changes, end, rng)
            if sample is not None:
                states = [rng.choice(list(states))]
            for state in states:
                key = (state.digest(), end == count)
                if key not in seen:
                    seen.add(key)
                    self.look(state, end, count)
        return self

    def look(self, state, end, count):
        self.points += 1
        try:
            self.judged(state, end == count)
        except (Bad, json.JSONDecodeError) as e:
            self.bad.append(f"{self.job.name}: power:{end} of {count}: {e}")

    def judged(self, state, done):
        def again():
            state.make(self.top)
            self.world.hours = 9
            return self.world

        world = again()
        if done:
            judge.need(self.job.done(world), "it was done, and is not")
        if self.job.places:
            loops.judge_ends(self.job, world, self.was, again)
        else:
            judge.keeps(self.job, world, self.was)
