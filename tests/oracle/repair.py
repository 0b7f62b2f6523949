#!/usr/bin/python3
"""Damages data directories, has redkeep repair mend them, and looks whether a
real server starts whole on what comes of it, whether all that lay undamaged is
in it, and whether the originals are kept. Those that fail are kept in
build/oracle/repair/SERVER/SEED.

usage: tests/oracle/repair.py [--cases N] [--first SEED] [--jobs N] [SERVER...]
"""

import argparse
import concurrent.futures
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import datasets
import oracle
import pieces
from datasets import servers
from mutate import mutate

MANIFEST = ".manifest"


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}


def live_names(files, settings):
    """The data files that a server loads, of a folder that is whole."""
    folder = settings.get("appenddirname", "appendonlydir")
    single = settings.get("appendfilename", datasets.SET_NAME)
    manifest = files.get(f"{folder}/{single}{MANIFEST}")
    if settings["appendonly"] == "no":
        return [settings.get("dbfilename", "dump.rdb")]
    if manifest is None:
        return [single]
    return [f"{folder}/{name}" for name in named_in(manifest)]


def named_in(manifest):
    """The names of a manifest that can be read, but for history."""
    names = []
    for line in manifest.decode(errors="replace").splitlines():
        words = [] if line.startswith("#") else shlex.split(line)
        part = dict(zip(map(str.lower, words[::2]), words[1::2]))
        if part and not part["type"].startswith("h"):
            names.append(part["file"])
    return names


def is_named(name, files):
    """What a manifest that can be read does not name is no part of the set."""
    for path, text in files.items():
        if path.endswith(MANIFEST) and "temp-" not in path:
            return Path(name).name in named_in(text)
    return True


def count(found):
    return Counter((p.kind, p.text) for p in found)


def lay_undamaged(before, after, names):
    """Pieces of the original files of those names that are whole in some file
    of the damaged folder: exchanged files are found too, and those put aside
    are not."""
    data = [v for k, v in after.items()
            if not k.endswith((MANIFEST, ".old")) and "temp-" not in k]
    found = Counter()
    for name in names:
        best = [pieces.undamaged(before[name], d) for d in data
                if d[:5] == before[name][:5] or len(data) == 1 or
                d is after.get(name)]
        found += count(max(best, key=len, default=[]))
    return found


class Mending:
    """One damaged folder, mended."""

    def __init__(self, seed, name, place, made, redkeep, version):
        rng = random.Random(f"repair/{name}/{seed}")
        self.seed, self.name, self.wrong = seed, name, []
        self.kind = rng.choice(sorted(made))
        self.settings = {**made[self.kind].settings, "databases": "16"}
        self.settings.setdefault("appendonly", "no")
        self.folder, self.redkeep, self.version = place / "data", redkeep, \
            version
        shutil.copytree(made[self.kind].folder, self.folder)
        before = tree(self.folder)
        self.changes = mutate(rng, self.folder)
        self.damaged = tree(self.folder)
        self.told = self.check()
        self.code, self.answer, self.lay, self.got = None, {}, 0, 0
        self.did, self.log = None, ""
        if (self.told["verdict"], self.told["server"]) != ("sound", "loads"):
            self.mend(place, before)

    @property
    def was_well(self):
        return self.code is None

    @property
    def mended(self):
        return self.code == 0

    def check(self):
        return oracle.predict(self.redkeep, self.version, self.folder,
                              self.settings)

    def repair(self, *more):
        words = [str(self.redkeep), "repair", str(self.folder), "--json",
                 "--server-version", self.version, "--server-is-stopped"]
        for key, value in self.settings.items():
            words += [f"--{key}", value]
        run = subprocess.run(
            [*words, *more], text=True, capture_output=True, timeout=60,
            env={**os.environ, "REDKEEP_CONFIG":
                 str(self.folder.parent / "empty.conf")})
        answer = json.loads(run.stdout) if run.stdout.strip() else {}
        if run.returncode not in (0, 1, 4):
            self.wrong.append(f"exit {run.returncode}: {run.stderr[-300:]}")
        self.said = run.stderr
        return run.returncode, answer

    def mend(self, place, before):
        self.repair("--dry-run")
        if tree(self.folder) != self.damaged:
            self.wrong.append("--dry-run changed files")
        self.code, self.answer = self.repair("--yes")
        if self.code != 0:
            if self.code == 4 and tree(self.folder) != self.damaged:
                self.wrong.append("refused, and changed files")
            return
        self.look_for_originals()
        if not self.answer.get("plan"):
            self.code = 4  # nothing that repair is there for
            return
        self.compare(before)
        self.start(place)

    def look_for_originals(self):
        """Each where it was, or in the folder where originals are kept."""
        kept = self.answer.get("kept")
        saved = tree(Path(kept)) if kept else {}
        now = tree(self.folder)
        for name, data in self.damaged.items():
            if data not in (now.get(name), saved.get(name)):
                self.wrong.append(f"{name} is not kept as it was")

    def compare(self, before):
        codes = {f["code"] for f in self.told["findings"]}
        names = live_names(before, self.settings)
        if "aof-manifest" not in codes:
            names = [n for n in names if is_named(n, self.damaged)]
        lay = lay_undamaged(before, self.damaged, names)
        now = tree(self.folder)
        got = Counter()
        for name in live_names(now, self.settings):
            if name not in now:
                self.wrong.append(f"{name} is not there")
                continue
            try:
                got += count(pieces.split(now[name]))
            except (ValueError, IndexError, KeyError, TypeError) as e:
                self.wrong.append(f"{name} cannot be read: {e!r}")
        self.lay = lay.total()
        self.held = any(kind != "functions" for kind, _ in lay)
        self.got = (lay & got).total()

    def start(self, place):
        settings = {**self.settings, "aof-load-truncated": "no"}
        copy = place / "start"
        shutil.copytree(self.folder, copy)
        first = oracle.Start(place / "home", self.name, copy, settings)
        self.did, self.log = first.did, first.log
        if first.did == "loads":
            first.write()
            second = oracle.Start(place / "home", self.name, copy, settings)
            if settings["appendonly"] == "yes" and \
                    second.keys != first.keys + 1:
                self.wrong.append(f"then {second.did}")
            second.kill()
        elif first.did != "empty" or self.held:
            self.wrong.append(f"the server {first.did}")
        first.kill()
        after = self.check()
        if after["verdict"] != "sound":
            self.wrong.append(f"is {after['verdict']} afterwards")

    @property
    def is_explained(self):
        """A library of functions whose Lua was damaged: nobody can tell."""
        return "Failed loading library" in self.log and self.did == "refuses"

    @property
    def is_bad(self):
        return bool(self.wrong) or (self.mended and
                                    self.got < 0.99 * self.lay)

    def words(self):
        changes = ", ".join(" ".join(c) for c in self.changes)
        codes = " ".join(sorted({f["code"] for f in self.told["findings"]}))
        return (f"{self.name} {self.seed} {self.kind} ({changes}): "
                f"{self.told['verdict']} {self.told['server']} [{codes}] "
                f"exit {self.code}, {self.got} of {self.lay} pieces; "
                f"{'; '.join(self.wrong)}")

    def keep(self, out):
        to = out / self.name / str(self.seed)
        shutil.rmtree(to, ignore_errors=True)
        for name, data in self.damaged.items():
            (to / "data" / name).parent.mkdir(parents=True, exist_ok=True)
            (to / "data" / name).write_bytes(data)
        shutil.copytree(self.folder, to / "mended")
        (to / "words").write_text(
            f"{self.words()}\n{json.dumps(self.settings)}\n{self.said}\n"
            f"{json.dumps(self.answer, indent=1)}\n"
            f"{self.log[-3000:]}")


def mend(seed, name, made, redkeep, version, out):
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        case = Mending(seed, name, Path(place), made, redkeep, version)
        if out and case.is_bad:
            case.keep(out)
    case.damaged = None
    return case


def mend_all(name, seeds, redkeep, jobs=2, out=None):
    version = oracle.release(name)
    with tempfile.TemporaryDirectory(prefix="rk", dir="/tmp") as place:
        made = datasets.make(Path(place), name)

        def run(seed):
            return mend(seed, name, made, redkeep, version, out)
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(run, seeds))


def summary(name, cases):
    tried = [c for c in cases if not c.was_well]
    mended = [c for c in cases if c.mended]
    lay, got = sum(c.lay for c in mended), sum(c.got for c in mended)
    return (f"{name}: {len(cases)} directories, {len(tried)} to mend, "
            f"{len(mended)} mended, {sum(bool(c.wrong) for c in tried)} "
            f"wrong ({sum(c.is_explained for c in tried)} by their Lua); of "
            f"{lay} keys and commands that lay undamaged in those {got} are "
            f"there ({100 * got / max(lay, 1):.2f} %)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--redkeep", type=Path,
                        default=servers.TOP / "build" / "redkeep")
    parser.add_argument("server", nargs="*", default=[servers.SYSTEM])
    o = parser.parse_args()
    out = servers.TOP / "build" / "oracle" / "repair"
    bad = 0
    for name in o.server:
        cases = mend_all(name, range(o.first, o.first + o.cases),
                         o.redkeep.resolve(), o.jobs, out)
        for c in cases:
            if c.is_bad or c.code not in (None, 0):
                print(c.words())
        print(summary(name, cases), flush=True)
        bad += sum(c.is_bad for c in cases)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
