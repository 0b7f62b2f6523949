#!/usr/bin/python3
"""Compares what redkeep check says a server would do with a damaged data
directory with what that server does. Directories on which they disagree are
kept in build/oracle/SERVER/SEED.

usage: tests/oracle/oracle.py [--cases N] [--first SEED] [--jobs N]
                              [--seconds N] [SERVER...]
"""

import argparse
import concurrent.futures
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import datasets
from datasets import servers
from mutate import mutate

CUT = ("Truncating the AOF", "Revert incomplete MULTI",
       "loaded anyway because aof-load-truncated")


def release(name):
    """The release as --server-version takes it."""
    text = subprocess.run([servers.binary(name), "--version"], text=True,
                          stdout=subprocess.PIPE).stdout
    number = text.split("v=")[1].split()[0]
    return ("valkey-" if name.startswith("valkey") else "") + number


def predict(redkeep, version, folder, settings):
    words = [str(redkeep), "check", "--json", "--server-version", version,
             "--appendonly", settings["appendonly"], "--aof-load-truncated",
             settings["aof-load-truncated"], str(folder)]
    conf = folder.parent / "empty.conf"
    conf.touch()
    run = subprocess.run(words, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE,
                         env={**os.environ, "REDKEEP_CONFIG": str(conf)})
    if run.returncode not in (0, 1):
        return {"verdict": f"exit {run.returncode}", "server": run.stderr,
                "findings": []}
    return json.loads(run.stdout)


def keys(server):
    with server.client() as client:
        return sum(d["keys"] for d in client.info("keyspace").values())


def start(home, name, folder, settings):
    """(what the server did with the folder, its log)."""
    server = servers.Server(home, name, data=folder, **settings).launch()
    end = time.monotonic() + 20
    try:
        while server.process.poll() is None:
            if "eady to accept" in server.log_text():
                log = server.log_text()
                if any(c in log for c in CUT):
                    return "truncates", log
                return ("loads" if keys(server) else "empty"), log
            if "BUG REPORT START" in server.log_text():
                return "refuses", server.log_text()
            if time.monotonic() > end:
                return "hangs", server.log_text()
            time.sleep(0.01)
        return "refuses", server.log_text()
    finally:
        server.kill()


class Case:
    """One mutated directory, what was said of it and what happened."""

    def __init__(self, seed, name, place, made, redkeep, version):
        rng = random.Random(f"{name}/{seed}")
        self.seed, self.name = seed, name
        self.kind = rng.choice(sorted(made))
        source, appendonly = made[self.kind]
        self.settings = {"appendonly": appendonly, "aof-load-truncated":
                         "no" if rng.random() < 0.1 else "yes"}
        folder, again = place / "data", place / "again"
        shutil.copytree(source, folder)
        self.changes = mutate(rng, folder)
        shutil.copytree(folder, again)
        self.told = predict(redkeep, version, folder, self.settings)
        self.did, self.log = start(place / "home", name, again, self.settings)
        self.folder = folder

    @property
    def agrees(self):
        """What loads and holds nothing is as good as empty."""
        held = sum((f["keys"] or 0) + (f["commands"] or 0)
                   for f in self.told.get("files", []))
        if self.did == "empty" and not held:
            return self.told["server"] in ("empty", "loads")
        return self.told["server"] == self.did

    @property
    def was_trusted(self):
        """Called sound, and the server did not take it whole, though it is
        neither too old for it nor without its modules."""
        other = {"aof-command-version", "modules-needed", "rdb-too-new",
                 "databases-needed"} & {f["code"] for f in
                                        self.told["findings"]}
        return self.told["verdict"] == "sound" and not (
            self.did == "loads" or other and self.agrees or
            self.did == "empty" and self.agrees)

    def words(self):
        codes = " ".join(sorted({f["code"] for f in self.told["findings"]}))
        changes = ", ".join(" ".join(c) for c in self.changes)
        return (f"{self.name} {self.seed} {self.kind} ({changes}): "
                f"{self.told['verdict']}, said {self.told['server']}, "
                f"did {self.did} [{codes}]")

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
        if out and (not case.agrees or case.was_trusted):
            case.keep(out)
    case.log = case.log[-2000:]
    return case


def judge(name, seeds, redkeep, jobs=2, out=None, seconds=None, values=True):
    """The cases of these seeds; fewer when the time is over."""
    version = release(name)
    end = time.monotonic() + seconds if seconds else None
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        made = datasets.make(Path(place), name, values)

        def run(seed):
            if end and time.monotonic() > end:
                return None
            return one(seed, name, made, redkeep, version, out)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return [c for c in pool.map(run, seeds) if c]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--redkeep", type=Path,
                        default=servers.TOP / "build" / "redkeep")
    parser.add_argument("server", nargs="*", default=servers.NAMES)
    o = parser.parse_args()
    out = servers.TOP / "build" / "oracle"
    bad = 0
    for name in o.server:
        cases = judge(name, range(o.first, o.first + o.cases),
                      o.redkeep.resolve(), o.jobs, out, o.seconds)
        for c in cases:
            if not c.agrees or c.was_trusted:
                print(c.words())
        values = [c for c in cases if c.kind == "values"]
        wrong = [c for c in values if not c.agrees or c.was_trusted]
        cases = [c for c in cases if c.kind != "values"]
        apart = [c for c in cases if not c.agrees]
        trusted = [c for c in cases if c.was_trusted]
        did = ", ".join(f"{k} {v}" for k, v in
                        sorted(Counter(c.did for c in cases).items()))
        print(f"{name}: {len(cases)} cases ({did}), {len(apart)} "
              f"disagreements, {len(trusted)} sound but refused, cut or "
              f"emptied; RDB without checksum: {len(values)} cases, "
              f"{len(wrong)} wrong", flush=True)
        bad += len(apart) + len(trusted)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
