"""Agents under load: writes that do not end, what the log says of each run,
and what a schedule promises of it."""

import os
import re
import threading
from datetime import datetime
from pathlib import Path

import redis

LINE = re.compile(r"^(\S+Z) (\w+) (\w+) job (began|ended|scheduled)(.*)$",
                  re.M)


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Writes:
    """Writes to a server until its end; a server that goes away is waited
    for."""

    def __init__(self, server):
        self.server = server
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.count = 0

    def run(self):
        client = self.server.client()
        while not self.over.wait(0.002):
            try:
                with client.pipeline(transaction=False) as pipe:
                    for _ in range(20):
                        self.count += 1
                        pipe.set(f"key:{self.count % 5000}",
                                 f"value {self.count} " + "x" * 50)
                    pipe.execute()
            except redis.exceptions.RedisError:
                self.over.wait(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Run:
    """One run of a job, as the log tells of it."""

    def __init__(self, begun, why):
        self.begun, self.why = begun, why
        self.ended, self.result, self.text = None, None, None

    def __repr__(self):
        return (f"<{self.begun:.2f} {self.why}: {self.ended} {self.result} "
                f"{self.text}>")


def runs(log, job):
    """Its runs, oldest first; one that has no end was killed or is on. (What
    the next agent says of one that it finds interrupted is no end.)"""
    found = []
    for when, _, name, what, rest in LINE.findall(log):
        if name != job:
            continue
        if what == "began":
            why = re.search(r'reason="([^"]*)"', rest)[1]
            found.append(Run(seconds(when), why))
        elif found and found[-1].ended is None and what == "ended" and \
                ": interrupted: " not in rest:
            found[-1].ended = seconds(when)
            found[-1].result = re.search(r"result=(\w+)", rest)[1]
            found[-1].text = rest
    return found


def first_due(log, job):
    """When its first run was planned for."""
    for _, _, name, what, rest in LINE.findall(log):
        if name == job and what == "scheduled":
            return seconds(re.search(r"next=(\S+)", rest)[1])
    raise AssertionError(f"{job} was never scheduled: {log}")


def promise(log, job, every, until, late=0.5):
    """Every run that was due until then happened once: none is left out, none
    is made up. One that is due while another runs comes right behind it.
    Returns how many there were."""
    due = first_due(log, job)
    mine = [r for r in runs(log, job) if r.why == "schedule"]
    others = runs(log, job)
    dues = []
    while due <= until:
        dues.append(due)
        due += every
    for due in dues:
        if due > until - late:
            break
        on = [r for r in others if r.begun < due - 0.005 and
              (r.ended is None or r.ended > due)]
        last = max([due] + [r.ended or until for r in on])
        assert any(due - 0.005 <= r.begun <= last + late for r in others), \
            f"{job}: nothing ran at {due:.3f}: {others}"
    before = 0
    for run in mine:
        assert any(before < due <= run.begun + 0.005 for due in dues), \
            f"{job}: nothing was due at {run}: {others}"
        before = run.begun
    return len(mine)


def processes_of(folder):
    """Processes that have the folder in their command line, but for ours."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(str(folder).encode() in word for word in words):
            found[int(entry.name)] = b" ".join(words).decode()
    return found
