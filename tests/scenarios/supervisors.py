"""A supervisor that starts a server again 50 ms after its end, whatever anybody
does to the data meanwhile, and remembers what each start found."""

import hashlib
import os
import random
import re
import signal
import threading
import time
from pathlib import Path

import redis

from data import one_client
from program import STOPPED
from servers import SYSTEM, Server, binary, wait_for

PAUSE = 0.05
START_SECONDS = 20

# (from, to, server): what the target's server reads, and what is snapshot.
KINDS = [("aof", "aof", SYSTEM), ("rdb", "rdb", SYSTEM),
         ("aof", "rdb", SYSTEM), ("aof", "aof", "redis-6.0"),
         ("aof", "rdb", "redis-6.0"), ("rdb", "rdb", "redis-6.0"),
         ("aof", "aof", "valkey-8.1"), ("rdb", "rdb", "valkey-8.1"),
         ("aof", "rdb", "valkey-8.1")]


class Start:
    """What one start of the server came to."""

    def __init__(self, at):
        self.at = at        # when it was launched
        self.until = at     # when it was told to end
        self.loaded = None  # the name of the set, or None
        self.keys = 0
        self.log = ""


class Supervisor(threading.Thread):
    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random = server, random.Random(seed)
        self.starts, self.over, self.failure = [], threading.Event(), None

    def run(self):
        try:
            while not self.over.wait(PAUSE):
                self.starts.append(self.once())
        except Exception as e:
            self.failure = e
        finally:
            self.server.kill()

    def once(self):
        start = Start(time.monotonic())
        self.server.launch()
        end = start.at + START_SECONDS
        while self.server.process.poll() is None and not self.look(start):
            assert time.monotonic() < end, self.server.log_text()
            time.sleep(0.002)
        if start.loaded is not None:
            time.sleep(self.random.random() * 0.05)
            start.until = time.monotonic()
            self.server.process.send_signal(self.random.choice(
                [signal.SIGKILL, signal.SIGTERM]))
        self.server.process.wait(timeout=START_SECONDS)
        start.log = self.server.log_text()
        return start

    def look(self, start):
        """Whether it answers; then it is noted what it holds."""
        try:
            client = one_client(self.server)
            if client.info("persistence")["loading"]:
                return False
            start.keys = client.dbsize()
            start.loaded = (client.get("who") or b"nobody").decode()
            return True
        except redis.exceptions.RedisError:
            return False

    def stop(self):
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure


def sets_in(folder, prefix=("appendonly", "dump.rdb")):
    """Name and hash of all that a server could take for data there."""
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and name.startswith(prefix):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def grown_by_start(now, then):
    """Whether one set is the other, but for what a server does to it when it
    loads it: a set with a base alone gets an empty incr and a line for it."""
    nothing = hashlib.sha256(b"").hexdigest()
    changed = {n for n in set(now) | set(then) if now.get(n) != then.get(n)}
    return all(n.endswith(".manifest") and n in then or
               n not in then and now.get(n) == nothing for n in changed) and \
        (len(changed) in (0, 2))


class Case:
    """A target with a supervisor, and two snapshots to go back and forth."""

    def __init__(self, place, keep, reads, stored, name, seed):
        self.place, self.keep, self.stored = place, keep, stored
        self.ids, self.keys, self.began = {}, {}, []
        self.refused = 0
        self.target = Server(place / "target", name, appendonly="yes" if
                             reads == "aof" else "no")
        for number, who in enumerate("AB"):
            self.take(place / f"source{who}", name, who, 300 + 200 * number)
        self.path = self.programs(name)
        self.now = "old"
        self.keys["old"] = 900
        self.fill(self.target.start(), "old")
        if reads == "aof":
            self.target.drain()
        else:
            self.target.client().save()
        self.target.stop()
        self.supervisor = Supervisor(self.target, seed)

    def programs(self, name):
        """A PATH on which that server is the one that is found."""
        folder = self.place / "bin"
        folder.mkdir()
        product = name.split("-")[0]
        program = folder / f"{product}-server"
        program.write_text(f'#!/bin/sh\nexec {binary(name)} "$@"\n')
        program.chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    def fill(self, server, who):
        pipe = server.client().pipeline(transaction=False)
        pipe.set("who", who)
        for i in range(self.keys[who] - 1):
            pipe.set(f"{who}:{i}", "x" * (i % 100))
        pipe.execute()

    def take(self, home, name, who, keys):
        source = Server(home, name, appendonly="yes" if self.stored == "aof"
                        else "no").start()
        self.keys[who] = keys
        self.fill(source, who)
        taken = self.keep.snapshot(source, *(
            ["--bgsave"] if self.stored == "rdb" else []), "--yes")
        self.ids[who] = taken["id"]
        source.stop()

    def restore(self, who, seconds=60):
        """Until it is not refused; what it took and kept."""
        end = time.monotonic() + seconds
        while True:
            before = sets_in(self.target.data)
            begun = time.monotonic()
            result = self.keep(
                "restore", self.ids[who], "--to", self.target.data, "--redis",
                f"unix://{self.place}/nobody", "--json", "--yes", *STOPPED,
                *(["--layout", "aof"] if self.target.settings["appendonly"] ==
                  "yes" else []), exit=None, env={"PATH": self.path})
            if result.code == 0:
                return begun, before, result.json
            assert result.code == 4, result
            self.refused += 1
            assert grown_by_start(sets_in(self.target.data), before), result
            assert time.monotonic() < end, f"{result}\nrefused for ever"

    def once(self, who):
        begun, before, told = self.restore(who)
        self.began.append((begun, time.monotonic(), self.now, who))
        kept = sets_in(Path(told["kept"]))
        assert grown_by_start(kept, before), (kept, before)
        self.now = who
        wait_for(lambda: any(s.loaded == who for s in self.supervisor.starts
                             if s.at > begun) or self.supervisor.failure,
                 f"a start on set {who}")

    def run(self, restores):
        self.supervisor.start()
        try:
            wait_for(lambda: self.supervisor.starts, "a first start")
            for i in range(restores):
                self.once("AB"[i % 2])
        finally:
            self.supervisor.stop()
            self.target.kill()
        self.judge()
        return self

    def judge(self):
        """No start was empty, none but on the set that could be there."""
        for start in self.supervisor.starts:
            if start.loaded is None:
                assert not re.search("Ready to accept|Creating AOF base",
                                     start.log), start.log
                continue
            can = {"old"} if start.at < self.began[0][0] else set()
            for begun, ended, left, came in self.began:
                if start.at >= begun:
                    can = {came} if start.at > ended else {left, came}
                assert not (start.at < ended < start.until and
                            start.loaded == left), \
                    f"{left} was taken away while a server ran on it"
            assert start.loaded in can, (start.loaded, can, start.log)
            assert start.keys == self.keys[start.loaded], start.log

    def told(self):
        starts = self.supervisor.starts
        met = sum(s.loaded is None for s in starts)
        return (f"{len(starts)} starts, {met} of them refused by the server, "
                f"{self.refused} restores refused by redkeep")
