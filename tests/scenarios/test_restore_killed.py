"""A restore over old data that is killed at any moment: a server finds one set
or the other, whole, or a tripwire; undo and resume end where they should."""

import os
import random
import shutil
import signal
import time

import pytest

from data import one_client, state
from program import STOPPED, journal
from servers import wait_for
from test_leftovers import bulky, seconds_of

# Of all layouts together; tests/soak/restore.py asks for more.
KILLS = int(os.environ.get("REDKEEP_TEST_KILLS", "32"))

LAYOUTS = {
    "aof over aof": ("redis-7.0", "yes", "yes"),
    "rdb over rdb": ("redis-7.0", "no", "no"),
    "rdb over rdb as aof": ("redis-7.0", "no", "aof"),
    "single aof over single aof": ("redis-6.0", "yes", "yes"),
}


class Target:
    """A data directory over which a restore is killed."""

    def __init__(self, place, keep, serve, boot, layout):
        self.name, old, new = LAYOUTS[layout]
        self.place, self.keep, self.boot = place, keep, boot
        self.old_aof, self.aof = old, "no" if new == "no" else "yes"
        self.args = ["--layout", "aof"] if new == "aof" else []
        self.old = self.make(serve, "old", 1, old)
        server = serve("new", self.name,
                       appendonly="yes" if new == "yes" else "no")
        bulky(server, 3, 2)
        self.new = state(one_client(server))
        keep.snapshot(server, *([] if new == "yes" else ["--bgsave"]))
        server.stop()
        self.path = place / "target"

    def make(self, serve, home, megabytes, aof):
        server = serve(home, self.name, appendonly=aof)
        bulky(server, megabytes, 1)
        held = state(one_client(server))
        if aof == "no":
            server.client().save()
        server.stop()
        self.origin = server.data
        return held

    def reset(self):
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self.origin, self.path)

    def words(self, *args):
        return ["restore", *args, "--to", str(self.path), "--redis",
                f"unix://{self.place}/nobody", *STOPPED]

    def run(self, *args):
        return self.keep(*self.words("--json", *args)).json

    def is_placing(self):
        try:
            text = (self.path / ".redkeep" / "journal.json").read_text()
        except OSError:
            return False
        return '"placing"' in text or '"placed"' in text

    def kill(self, rng, usual):
        """At any moment, or while the sets change places. False: too late."""
        process = self.keep.begin(*self.words("latest", *self.args))
        if rng.random() < 0.5:
            wait_for(lambda: self.is_placing() or process.poll() is not None,
                     "the sets to change places")
            time.sleep(rng.uniform(0, 0.008))
        else:
            time.sleep(rng.uniform(0, usual))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def found(self, path, aof):
        """What a server that is started there now has, None if it refuses."""
        one = self.boot(path, self.name, begin=False, appendonly=aof).launch()
        try:
            wait_for(lambda: one.process.poll() is not None or one.answers(),
                     "the server")
            if one.process.poll() is None:
                return state(one_client(one))
            assert one.log_text().strip()
            return None
        finally:
            one.kill()

    def check_now(self):
        """A server that is started now, on a copy: "old", "new" or "none"."""
        copy = self.place / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.path, copy)
        found = self.found(copy, self.aof)
        if found is None:
            assert self.says_so(), "a tripwire without a journal"
            return "none"
        if self.aof != self.old_aof and found[1] == {}:
            # It does not look at the dump that is still there.
            assert (self.path / "dump.rdb").read_bytes() == \
                (self.origin / "dump.rdb").read_bytes()
            return "old"
        assert found in (self.old, self.new)
        return "old" if found == self.old else "new"

    def says_so(self):
        return (self.path / ".redkeep" / "journal.json").exists()

    def check_end(self, way):
        begun = self.says_so()
        told = self.run(way)
        # What was killed before it said that it began was not begun.
        if way == "--undo" or not begun:
            assert self.found(self.path, self.old_aof) == self.old, told
        else:
            assert self.found(self.path, self.aof) == self.new, told
        assert journal(self.path) in ("none", "placed", "undone")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_killed_anywhere(place, keep, serve, boot, layout):
    target = Target(place, keep, serve, boot, layout)
    seed = random.randrange(1 << 30)
    print(f"{layout}: seed {seed}")
    rng = random.Random(seed)
    target.reset()
    usual = seconds_of(lambda: target.run("latest", *target.args))
    kills, seen = 0, []
    while kills < KILLS // len(LAYOUTS):
        target.reset()
        if not target.kill(rng, usual):
            usual *= 0.9
            continue
        kills += 1
        seen.append(target.check_now())
        target.check_end(rng.choice(["--undo", "--resume"]))
    print(f"{kills} kills; a server then found the old set "
          f"{seen.count('old')} times, the new {seen.count('new')}, a tripwire"
          f" {seen.count('none')}")
