"""What an agent costs that has nothing to do: memory, processor, wake-ups."""

import re
from pathlib import Path

MIB = 1 << 20


def rolled_up(pid, name):
    """Bytes of a line of smaps_rollup."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) << 10


def busy_seconds(pid):
    """Time on a processor, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def wake_ups(pid):
    """How often it waited and was woken: each is one switch of its own."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


class Idleness:
    """The agent and the children it has while idle, from now to cost()."""

    def __init__(self, agent):
        self.agent = agent
        self.pids = [agent.pid] + agent.children()
        self.before = [(busy_seconds(p), wake_ups(p)) for p in self.pids]

    def cost(self, seconds):
        """Of each process {"rss", "own", "cpu" in percent, "wakes" a second},
        the agent first. A process that came or went was no idleness."""
        now = [self.agent.pid] + self.agent.children()
        assert now == self.pids, f"{self.pids} became {now}"
        return [{"rss": rolled_up(pid, "Rss"),
                 "own": rolled_up(pid, "Private_Dirty") +
                 rolled_up(pid, "Private_Clean"),
                 "cpu": 100 * (busy_seconds(pid) - busy) / seconds,
                 "wakes": (wake_ups(pid) - woken) / seconds}
                for pid, (busy, woken) in zip(self.pids, self.before)]
