"""A world to break things in: a data directory, a repository, and the program
that works on them, with a fault or without."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import sets

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))
from program import STOPPED, leftovers  # noqa: E402,F401

NOW = 1_800_000_000  # 2027-01-15T08:00:00Z
DIED = 99            # fault.c's word for it
SECONDS = 60         # a run that lasts longer hangs
KEEP_LAST = ["--retention-last", "2", "--retention-hourly", "0",
             "--retention-daily", "0", "--retention-monthly", "0"]


class Bad(Exception):
    """A promise that was broken."""


class Result:
    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def __str__(self):
        words = " ".join(map(str, self.words))
        return f"$ redkeep {words}\nexit {self.code}\n{self.out}{self.err}"


class World:
    """In one folder: data, repo, and what a run leaves to look at."""

    def __init__(self, top, build):
        self.top, self.build = Path(top), Path(build)
        self.data, self.repo = self.top / "data", self.top / "repo"
        self.hours, self.birthless = 0, False
        self.log, self.trace = (self.top.with_suffix(s)
                                for s in (".log", ".trace"))

    def run(self, *words, fault=None, trace=False, exit=None, under=(),
            given=""):
        """Every run but the one with the fault is an hour later."""
        common = {"data": self.data, "repo": self.repo}
        words = [str(w).format(**common) for w in words]
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C",
               "FAULT_NOW": str(NOW + 3600 * self.hours),
               "FAULT_WATCH": str(self.top), "TMPDIR": "/dev/shm"}
        if self.birthless:
            env["FAULT_BIRTH"] = "hidden"
        if fault:
            env.update(FAULT_AT=fault, FAULT_LOG=str(self.log))
            self.log.unlink(missing_ok=True)
        if trace:
            env.update(FAULT_TRACE=str(self.trace))
            self.trace.unlink(missing_ok=True)
        try:
            done = subprocess.run(
                [*under, self.build / "faults/redkeep", *words, "--repo",
                 self.repo, "--redis", f"unix://{self.top}.none"],
                env=env, input=given.format(**common), capture_output=True,
                text=True, errors="replace", timeout=SECONDS, cwd="/")
        except subprocess.TimeoutExpired:
            raise Bad(f"still running after {SECONDS} s: {words}") from None
        result = Result(words, done.returncode, done.stdout, done.stderr)
        if exit is not None and result.code != exit:
            raise Bad(f"exit {exit} was expected\n{result}")
        return result

    def later(self):
        self.hours += 1

    def hit(self):
        """What the fault struck; None: nothing."""
        struck = [line for line in self.log.read_text().splitlines()
                  if not line.startswith("none:")]
        return struck[0] if struck else None

    def calls(self):
        """Of a run that nothing struck; a child's may be more than its
        parent's."""
        return max(int(line.split(":")[1])
                   for line in self.log.read_text().splitlines())

    def put(self, files):
        """The data directory holds just these; its owner is a server's."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        for path, text in files.items():
            place = self.data / path
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(text)
            os.utime(place, (NOW - 9, NOW - 9))

    def copy(self, top):
        other = World(top, self.build)
        shutil.rmtree(other.top, ignore_errors=True)
        shutil.copytree(self.top, other.top, symlinks=True)
        other.hours, other.birthless = self.hours, self.birthless
        mark = other.repo / "main/instance.json"
        if mark.exists():
            mark.write_text(mark.read_text().replace(str(self.top),
                                                     str(other.top)))
        return other

    def files(self, under=None):
        """Every file's bytes by its path."""
        top = under or self.data
        return {str(p.relative_to(top)): p.read_bytes()
                for p in sorted(top.rglob("*")) if p.is_file()}

    def dataset(self):
        """What a server looks at: not what is kept or being worked on."""
        return {p: b for p, b in self.files().items()
                if not p.startswith((".redkeep/", "redkeep-before-"))
                and ".redkeep-new-" not in p}

    def listed(self):
        told = self.run("list", "--json")
        listed = json.loads(told.out)["snapshots"]
        bad = any(s["verify_ok"] is False or "error" in s for s in listed)
        if told.code != bad:
            raise Bad(f"exit {int(bad)} was expected\n{told}")
        return listed

    def digest(self):
        """Of all there is, but for what differs from run to run."""
        inodes = {p.lstat().st_ino: str(p.relative_to(self.top))
                  for p in self.top.rglob("*")}
        sums = []
        for path in sorted(self.top.rglob("*")):
            name = str(path.relative_to(self.top))
            text = (path.read_bytes() if path.is_file()
                    and "/locks/" not in name else b"")
            stat = path.lstat()
            sums.append((re.sub(r"-new-\d+", "-new-P", name), stat.st_mode,
                         stat.st_uid, steady(name, text, inodes)))
        return hashlib.sha256(repr(sums).encode()).hexdigest()


# What an entry, an instance's mark or a journal say of one run alone.
PASSING = {"birth", "sha256", "uuid", "pid", "birth_ns", "ctime_ns",
           "bytes_stored", "seconds", "device", "finished"}


def steady(name, text, inodes):
    if not name.endswith(".json"):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(without(value, inodes)).encode()


def without(value, inodes):
    if isinstance(value, list):
        return [without(v, inodes) for v in value]
    if not isinstance(value, dict):
        return value
    return {k: inodes.get(int(v)) if k == "inode" and v is not None
            else without(v, inodes)
            for k, v in value.items() if k not in PASSING}


def templates(top, build):
    """Worlds to begin from, by their names; made once."""
    made = {}

    def make(name, *steps):
        world = World(Path(top) / name.replace(" ", "-"), build)
        world.top.mkdir(parents=True)
        for step in steps:
            if callable(step):
                world.put(step("old"))
            else:
                world.run(*step, exit=0)
                world.later()
        made[name] = world

    take = ["snapshot", "--data-dir", "{data}", "--full"]
    for files in (sets.aof, sets.dump, sets.single):
        make(f"{files.__name__}", files)
        make(f"{files.__name__}, kept", files, take)
    make("aof, kept 4", sets.aof, take, take, take, take)
    make("aof, pruned", sets.aof, take, take, take, take,
         ["prune", *KEEP_LAST], ["list"], ["list"])
    make("aof, held", sets.aof, take, ["hold", "20270115T080000Z"])
    for files in (sets.torn, sets.holed, sets.headless, sets.flipped):
        make(files.__name__, files)
    for new in (sets.aof, sets.dump, sets.single):
        for old in (sets.aof_and_dump, sets.dump, sets.single, sets.nothing):
            make(f"{new.__name__} over {old.__name__}",
                 lambda _, new=new: new("new"), take, old)
    return made
