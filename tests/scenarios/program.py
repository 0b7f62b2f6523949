"""Runs the program that is tested, as a user would, and keeps what it said."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from servers import TOP

# In a container redkeep cannot tell whether a server elsewhere uses a dump, or
# without CAP_LEASE an AOF of another owner, and wants a word (in_use.c has the
# number).
STOPPED = ([] if os.stat("/proc/self/ns/pid").st_ino == 0xEFFFFFFC
           else ["--server-is-stopped"])


def program():
    """REDKEEP names it; build/redkeep is what the tree makes."""
    path = Path(os.environ.get("REDKEEP", "build/redkeep"))
    path = path if path.is_absolute() else TOP / path
    assert path.exists(), f"program {path} is missing: make, or set REDKEEP"
    return path


class Result:
    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    @property
    def json(self):
        """Standard output, which must be one JSON object and nothing else."""
        value = json.loads(self.out)
        assert isinstance(value, dict), self
        return value

    def says(self, *patterns):
        """Every pattern is in the messages; a message is no crash."""
        for pattern in patterns:
            assert re.search(pattern, self.out + self.err,
                             re.I | re.S), \
                f"nothing like {pattern!r}\n{self}"
        return self

    def __repr__(self):
        return (f"$ {' '.join(map(str, self.words))}\nexit {self.code}\n"
                f"--- out\n{self.out}\n--- err\n{self.err}")


class Program:
    """redkeep with a repository of its own; add what a scenario needs."""

    def __init__(self, place):
        self.place = place
        self.repo = place / "repo"
        self.path = program()
        self.empty = place / "empty.conf"
        self.empty.write_text("")
        self.common = []

    def environment(self, extra):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("REDKEEP") and not k.startswith("REDIS_")
               and k != "LOG_LEVEL"}
        env.update(LC_ALL="C", REDKEEP_CONFIG=str(self.empty))
        env.update(extra or {})
        return env

    def words(self, args, user):
        """Whoever is not root may not be able to reach the tree."""
        path = self.path
        if user:
            path = self.place / "redkeep"
            if not path.exists():
                shutil.copy(self.path, path)
                path.chmod(0o755)
        repo = [] if "--repo" in args else ["--repo", str(self.repo)]
        return list(user or []) + [str(path)] + self.common + repo + \
            [str(a) for a in args]

    def begin(self, *args, user=None, env=None, **popen):
        """A running program, its output in pipes."""
        return subprocess.Popen(
            self.words(args, user), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environment(env), cwd=self.place, **popen)

    def __call__(self, *args, exit=0, user=None, env=None, seconds=60):
        """Runs it to its end; the status must be `exit` (None: any)."""
        process = self.begin(*args, user=user, env=env)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\n(killed by the test after {seconds} s)"
        result = Result(process.args, process.returncode, out, err)
        assert result.code >= 0, f"ended by a signal\n{result}"
        assert exit is None or result.code == exit, \
            f"exit {exit} was expected\n{result}"
        if result.code:
            assert err.strip() or (result.code == 1 and out.strip()), \
                f"a failure without a word\n{result}"
        return result

    def snapshot(self, server, *args, **options):
        """A snapshot of that server, told as JSON."""
        return self("snapshot", "--redis", server.url, "--json", *args,
                    **options).json

    def restore(self, to, *args, **options):
        """The newest good one into a folder, no server being asked."""
        return self("restore", "latest", "--to", to, "--redis",
                    f"unix://{self.place}/nobody", "--json", *args,
                    **options).json

    def list(self, *args, **options):
        return self("list", "--json", *args, **options).json["snapshots"]

    def folder(self):
        """Where the archives are."""
        return self.repo / "main" / "snapshots"

    def archive(self, ident):
        """The archive of a snapshot, whatever it is compressed with."""
        found = [p for p in self.folder().iterdir()
                 if p.name.startswith(f"{ident}.tar")]
        assert len(found) == 1, found
        return found[0]

    def entry(self, ident):
        return self.folder() / f"{ident}.json"


def leftovers(repo):
    """Names in a repository that no run at rest may leave there."""
    ident = r"\d{8}T\d{6}Z(-\d+)?"
    known = [
        r"\.?", r"[^/]+", r"[^/]+/(snapshots|locks|trash)",
        r"[^/]+/(instance\.json|accepted)", r"[^/]+/locks/[a-z]+",
        rf"[^/]+/snapshots/{ident}\.(json|tar|tar\.zst|tar\.gz|verified|drilled|hold)",
        rf"[^/]+/trash/\d{{8}}T\d{{6}}Z_{ident}\.(json|tar.*|verified|drilled)",
    ]
    names = [str(p.relative_to(repo)) for p in Path(repo).rglob("*")]
    odd = [n for n in names if not any(re.fullmatch(k, n) for k in known)]
    entries = {n[:-5] for n in names if n.endswith(".json")}
    odd += [n for n in names if ("/snapshots/" in n or "/trash/" in n)
            and re.sub(r"\.(json|tar.*|verified|drilled|hold)$", "", n) not in entries]
    return odd


def journal(folder):
    """What .redkeep holds when nobody works there: a journal that is done, or
    nothing. Its state."""
    work = Path(folder) / ".redkeep"
    if not work.exists():
        return "none"
    assert [p.name for p in work.iterdir()] == ["journal.json"]
    return json.loads((work / "journal.json").read_text())["state"]


def data(folder):
    """The names in a data directory, apart from that."""
    return {p.name for p in Path(folder).iterdir()} - {".redkeep"}


def tree(folder):
    """Every path under a folder with what it is: to see that none changed."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (
            oct(stat.st_mode), stat.st_uid, stat.st_gid,
            path.read_bytes() if path.is_file() else None)
    return found
