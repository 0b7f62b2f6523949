"""The jobs that are broken: a line each. A job added here is in every loop."""

import json
from dataclasses import dataclass, field

from judge import TAKE, ids
from world import KEEP_LAST, STOPPED


@dataclass
class Job:
    name: str
    world: str   # of templates()
    words: list  # of the command
    done: object = None    # whether the world shows that it was done
    keeps: int = None      # so many of the newest snapshots stay; None: all
    before: list = field(default_factory=list)  # commands that run first
    may: tuple = ()        # other exit statuses that are right
    places: bool = False   # it is about the data directory
    sets: tuple = ()       # of a job that places: old and new, when known
    undoes: bool = False   # it is an undo itself
    alone: bool = True     # nobody else writes what it removes

    forks: bool = False    # a child does the work, and may die alone
    given: str = ""        # on standard input
    holds: object = None   # what else must be so, whenever it was struck

    def run(self, world, **options):
        return world.run(*self.words, given=self.given, **options)

    def ends(self, word, state):
        """The exit status of --resume and --undo."""
        mends = self.words[0] in ("repair", "guard")
        return 4 if mends and (word, state) == ("--resume", "building") else 0

    def after(self, word, state, found):
        """Which set may be in place then."""
        if state in ("none", "undone") or self.ends(word, state):
            return [found]
        if not self.undoes:
            return ["new"] if word == "--resume" else ["old"]
        # The new set is the restore's old one. Once it has come an undo is
        # done: a server may have begun to use it.
        return ["old", "new"] if word == "--resume" else ["new"]


def more(world):
    return len(ids(world)) > world.began


def has(pattern):
    return lambda world: bool(list(world.repo.glob(f"main/{pattern}")))


def lacks(pattern):
    return lambda world: not has(pattern)(world)


def always(world):
    return True


def pruned(world):
    return len(ids(world)) <= 3


VERIFY = ["verify", "--all"]
PRUNE = ["prune", "--data-dir", "{data}", *KEEP_LAST]
FROZEN = (4,)  # the newest data cannot be read
ID = "20270115T080000Z"
TO = ["--to", "{data}", *STOPPED]


def state(world):
    path = world.repo / "main/agent/state.json"
    return json.loads(path.read_text())["jobs"] if path.exists() else None


def saved(world):
    """It tells what failed, and lives on."""
    return state(world) == 2 or '"error":null' not in world.told


SAVE = """{{"repo": "{repo}", "instance": "main", "every_ms": 9000,\
 "collapse": 50.0, "make": true}}
{{"save": 1, "state": {{"jobs": 2}}}}
"""


def restore(name, world, *more):
    return Job(name, world, ["restore", "latest", *TO, *more], places=True)


def undo(name, world, *more):
    return Job(name, world, ["restore", *TO, "--undo"], places=True,
               undoes=True, before=[["restore", "latest", *TO, *more]])


def repair(name, world, *more):
    return Job(name, world, ["repair", "{data}", "--yes", *STOPPED, *more],
               places=True)


def guard(name, world, policy):
    """Its own failure lets the server start, so 0 says little."""
    return Job(name, world, ["guard", "--data-dir", "{data}", "--appendonly",
                             "yes", "--repair", policy], always, places=True,
               forks=True)


JOBS = [
    Job("the first snapshot", "aof", TAKE, more),
    Job("a snapshot of an AOF", "aof, kept", TAKE, more),
    Job("a snapshot of a dump", "dump, kept", TAKE, more),
    Job("a snapshot of an old AOF", "single, kept", TAKE, more),
    Job("verify", "aof, kept", VERIFY, always),  # its note is no promise
    Job("verify deeply", "aof, kept", [*VERIFY, "--deep"], always),
    Job("drill", "aof, kept", ["drill"], always, alone=False),
    Job("hold", "aof, kept", ["hold", ID], has("snapshots/*.hold")),
    Job("release", "aof, held", ["release", ID], lacks("snapshots/*.hold")),
    Job("prune", "aof, kept 4", PRUNE, pruned, keeps=2, may=FROZEN),
    Job("prune, the trash", "aof, pruned", PRUNE, lacks("trash/*"), keeps=2,
        may=FROZEN),
    Job("the agent's state", "aof, kept", ["keeper"], saved, given=SAVE,
        holds=lambda world: state(world) in (None, 2)),
    repair("repair of a torn AOF", "torn"),
    repair("repair of a hole", "holed"),
    repair("repair without a manifest", "headless"),
    repair("repair of a dump", "flipped"),
    guard("guard mends a torn AOF", "torn", "tail"),
    guard("guard mends a hole", "holed", "all"),
    restore("restore AOF over AOF", "aof over aof_and_dump"),
    restore("restore dump over dump", "dump over dump"),
    restore("restore dump as AOF over AOF", "dump over aof_and_dump",
            "--layout", "aof"),
    restore("restore AOF over dump", "aof over dump"),
    restore("restore old AOF over old AOF", "single over single"),
    restore("restore AOF into nothing", "aof over nothing"),
    restore("restore dump as AOF into nothing", "dump over nothing",
            "--layout", "aof"),
    restore("restore AOF over AOF by other names", "aof over aof_and_dump",
            "--appendfilename", "other.aof"),
    undo("undo AOF over AOF", "aof over aof_and_dump"),
    undo("undo dump as AOF over AOF", "dump over aof_and_dump", "--layout",
         "aof"),
    undo("undo AOF into nothing", "aof over nothing"),
]
