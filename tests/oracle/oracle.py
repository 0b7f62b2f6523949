#!/usr/bin/python3
"""Compares what redkeep check says a server would do with a damaged data
directory with what that server does. Directories on which they disagree are
kept in build/oracle/SERVER/SEED.

usage: tests/oracle/oracle.py [--cases N] [--first SEED] [--jobs N]
                              [--seconds N] [--written-by SERVER] [SERVER...]
"""

import argparse
import concurrent.futures
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import redis

import datasets
from datasets import servers
from mutate import files, mutate

CUT = ("Truncating the AOF", "Revert incomplete MULTI",
       "loaded anyway because aof-load-truncated")
# What a server logs, and what it is: only --deep looks for keys and members
# that come twice; whether a library of functions runs, only a Lua interpreter
# knows.
KNOWN = (("keys twice", re.compile("duplicated key")),
         ("members twice", re.compile("Duplicate (set|zset|hash)|dictAdd")),
         ("Lua", re.compile("Error (compiling|registering) func|No functions "
                            "registered|Function .* already exists")))
# Whole data, and yet not for every server.
OTHER = {"aof-annotations", "aof-command-version", "modules-needed",
         "rdb-too-new", "databases-needed"}
DATABASES = 16


def release(name):
    """The release as --server-version takes it."""
    text = subprocess.run([servers.binary(name), "--version"], text=True,
                          stdout=subprocess.PIPE).stdout
    number = text.split("v=")[1].split()[0]
    return ("valkey-" if name.startswith("valkey") else "") + number


def choose_settings(rng, made):
    """Mostly those of the server that wrote it; now and then others."""
    settings = {**made.settings, "databases": str(DATABASES)}
    settings.setdefault("appendonly", "no")
    if rng.random() < 0.08:
        settings["appendonly"] = rng.choice(["yes", "no"])
    if rng.random() < 0.04:
        settings["databases"] = rng.choice(["1", "3", "4", "100"])
    settings["aof-load-truncated"] = "no" if rng.random() < 0.1 else "yes"
    return settings


def predict(redkeep, version, folder, settings, *more):
    words = [str(redkeep), "check", "--json", "--server-version", version]
    for key, value in settings.items():
        words += [f"--{key}", value]
    conf = folder.parent / "empty.conf"
    conf.touch()
    run = subprocess.run([*words, *more, str(folder)], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         env={**os.environ, "REDKEEP_CONFIG": str(conf)})
    if run.returncode not in (0, 1):
        return {"verdict": f"exit {run.returncode}", "server": run.stderr,
                "findings": []}
    return json.loads(run.stdout)


class Start:
    """What a server did with a folder: loads, truncates, empty, refuses; or
    hangs, dies (after it was ready)."""

    def __init__(self, home, name, folder, settings, seconds=30):
        settings = {k: v for k, v in settings.items()
                    if name != "redis-6.0" or k != "appenddirname"}
        self.server = servers.Server(home, name, data=folder, **settings)
        self.keys = None
        self.log = ""
        try:
            self.did = self.follow(time.monotonic() + seconds)
        except redis.exceptions.RedisError:
            self.did = "dies"
        self.log = self.server.log_text()

    def follow(self, end):
        self.server.launch()
        while time.monotonic() < end:
            ended = self.server.process.poll() is not None
            log = self.server.log_text()
            if "eady to accept" in log:
                return self.count(log)
            if ended or "BUG REPORT START" in log:
                return "refuses"
            time.sleep(0.01)
        return "hangs"

    def count(self, log):
        with self.server.client() as client:
            self.keys = sum(d["keys"] for d in
                            client.info("keyspace").values())
        if any(c in log for c in CUT):
            return "truncates"
        return "loads" if self.keys else "empty"

    def write(self):
        """One more key, and an orderly end."""
        with self.server.client() as client:
            client.set("one-more", 1)
        self.server.stop()

    def kill(self):
        self.server.kill()


class Case:
    """One mutated directory, what was said of it and what happened."""

    def __init__(self, seed, name, place, made, redkeep, version):
        rng = random.Random(f"{name}/{seed}")
        self.seed, self.name = seed, name
        self.kind = rng.choice(sorted(made))
        source = made[self.kind].folder
        self.settings = choose_settings(rng, made[self.kind])
        self.folder = place / "data"
        shutil.copytree(source, self.folder)
        self.changes = mutate(rng, self.folder)
        self.flushes = any(b"FLUSHALL" in p.read_bytes()
                           for p in files(self.folder))
        self.told = predict(redkeep, version, self.folder, self.settings)
        self.start(place)
        self.deep = self.told
        if self.is_wrong:
            self.deep = predict(redkeep, version, self.folder, self.settings,
                                "--deep")

    def start(self, place):
        """On a copy, which the server may change; and again, where all is said
        to be well: what it wrote must be there then."""
        again = place / "again"
        shutil.copytree(self.folder, again)
        first = Start(place / "home", self.name, again, self.settings)
        self.did, self.log, self.keys = first.did, first.log, first.keys
        self.later = None
        self.known = next((k for k, text in KNOWN if text.search(self.log)),
                          None)
        self.crashed = "BUG REPORT START" in self.log
        if (self.did == "loads" and self.told["verdict"] == "sound" and
                self.settings["appendonly"] == "yes"):
            first.write()
            second = Start(place / "home", self.name, again, self.settings)
            if second.did != "loads" or second.keys <= first.keys:
                self.later = second.did
                self.log += second.log
            second.kill()
        first.kill()

    @property
    def agrees(self):
        return self.agrees_with(self.told)

    def agrees_with(self, told):
        """What loads and holds nothing is as good as empty."""
        held = sum((f["keys"] or 0) + (f["commands"] or 0)
                   for f in told.get("files", []))
        if self.did == "empty" and (not held or self.flushes):
            return told["server"] in ("empty", "loads")
        return told["server"] == self.did

    @property
    def was_trusted(self):
        """Called sound, and the server did not take it whole, though it is
        neither too old for it nor without its modules."""
        codes = {f["code"] for f in self.told["findings"]}
        return self.told["verdict"] == "sound" and not (
            self.did == "loads" and not self.later or
            OTHER & codes and self.agrees or
            self.did == "empty" and self.agrees)

    @property
    def lost_keys(self):
        """An RDB that is said to be sound must come up with all its keys."""
        if (self.told["verdict"] != "sound" or self.did != "loads" or
                any(f["commands"] for f in self.told["files"])):
            return False
        dumps = [f["keys"] or 0 for f in self.told["files"]]
        odd = {f["code"] for f in self.told["findings"]} & {"rdb-empty-key"}
        none_expired = "keys expired: 0" in self.log
        return none_expired and not odd and sum(dumps) != self.keys

    @property
    def is_wrong(self):
        return not self.agrees or self.was_trusted or self.lost_keys

    @property
    def is_explained(self):
        """Wrong, for a reason that is written down: a library that does not
        run, what comes twice, a value damaged inside that a command uses."""
        return self.is_wrong and bool(
            self.known == "Lua" or
            self.known and self.agrees_with(self.deep) or
            self.crashed and self.deep["verdict"] == "damaged" and
            self.told["verdict"] == "sound" or
            self.is_short_of_words)

    @property
    def is_short_of_words(self):
        """A server reads memory that is not its own, by chance."""
        return not self.was_trusted and "aof-words-few" in {
            f["code"] for f in self.told["findings"]}

    @property
    def is_covered(self):
        """The checksum, if there is one, does not show the damage."""
        return self.kind == "values" or any(c == "covered"
                                            for c, _ in self.changes)

    def words(self):
        codes = " ".join(sorted({f["code"] for f in self.told["findings"]}))
        changes = ", ".join(" ".join(c) for c in self.changes)
        reason = self.known or "a value that a command uses"
        deep = "" if self.agrees else \
            f", deep {self.deep['verdict']} {self.deep['server']}, " \
            f"{reason if self.is_explained else 'not explained'}"
        return (f"{self.name} {self.seed} {self.kind} ({changes}): "
                f"{self.told['verdict']}, said {self.told['server']}, "
                f"did {self.did}"
                f"{' then ' + self.later if self.later else ''} "
                f"[{codes}]{deep}")

    def keep(self, out):
        to = out / self.name / str(self.seed)
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.folder, to / "data")
        (to / "log").write_text(self.log)
        (to / "words").write_text(
            f"{self.words()}\n{json.dumps(self.settings)}\n"
            f"{json.dumps(self.told, indent=1)}\n")


def one(seed, name, made, redkeep, version, out):
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        case = Case(seed, name, Path(place), made, redkeep, version)
        if out and case.is_wrong:
            case.keep(out)
    case.log = case.log[-4000:]
    return case


def judge(name, seeds, redkeep, jobs=2, out=None, seconds=None, writer=None):
    """The cases of these seeds; fewer when the time is over. writer: another
    server, whose data it is."""
    version = release(name)
    end = time.monotonic() + seconds if seconds else None
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        made = datasets.make(Path(place), writer or name)

        def run(seed):
            if end and time.monotonic() > end:
                return None
            return one(seed, name, made, redkeep, version, out)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return [c for c in pool.map(run, seeds) if c]


def summary(title, cases):
    """One line of figures. Keys that come twice are left to --deep."""
    did = ", ".join(f"{k} {v}" for k, v in
                    sorted(Counter(c.did for c in cases).items()))
    twice = [c for c in cases if c.is_explained and c.known == "keys twice"]
    wrong = [c for c in cases if c.is_wrong and c not in twice]
    return (f"{title}: {len(cases)} cases ({did}), {len(wrong)} disagreements "
            f"({sum(c.is_explained for c in wrong)} of them explained), "
            f"{sum(c.was_trusted for c in wrong)} sound but refused, cut or "
            f"emptied; {len(twice)} with keys twice left to --deep")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--written-by", metavar="SERVER")
    parser.add_argument("--redkeep", type=Path,
                        default=servers.TOP / "build" / "redkeep")
    parser.add_argument("server", nargs="*", default=servers.NAMES)
    o = parser.parse_args()
    out = servers.TOP / "build" / "oracle"
    bad = 0
    for name in o.server:
        cases = judge(name, range(o.first, o.first + o.cases),
                      o.redkeep.resolve(), o.jobs, out, o.seconds,
                      o.written_by)
        for c in cases:
            if c.is_wrong:
                print(c.words())
        plain = [c for c in cases if not c.is_covered]
        print(summary(name, plain))
        print(summary(f"{name}, damage that no checksum shows",
                      [c for c in cases if c.is_covered]), flush=True)
        bad += sum(c.is_wrong and not c.is_explained for c in plain)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
