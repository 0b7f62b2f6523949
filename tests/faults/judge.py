"""What must hold when a run was struck, whatever it was doing."""

import json

from world import Bad, DIED, leftovers

# What each kind must be called by the program.
TEXTS = {"eio": "Input/output error", "enospc": "No space left on device",
         "edquot": "Disk quota exceeded"}
AGENTS = {"main/agent", "main/agent/state.json"}  # may stay
TAKE = ["snapshot", "--data-dir", "{data}", "--full"]


def need(holds, what, *about):
    if not holds:
        raise Bad("\n".join([what, *map(str, about)]))


def told_truly(job, world, result, fault):
    """The exit status and the words are those of what happened."""
    hit, kind = world.hit(), fault.split(":")[0].rstrip("+")
    if hit and kind in ("die", "died"):
        need(result.code == DIED or job.forks, "it did not die", result)
        return
    need(result.code in (0, 1, 3, *job.may), "an odd exit status", result)
    if not hit or kind in ("eintr", "short"):
        need(result.code == 0, "it failed for nothing", result)
    world.told = result.out
    if result.code == 0:
        need(job.done(world), "said to be done, and is not", result)
    else:
        need(TEXTS[kind] in result.out + result.err,
             f"what failed ({kind}) is not named", result)


def exists(world):
    return (world.repo / "main/snapshots").exists()


def ids(world):
    return [s["id"] for s in world.listed()] if exists(world) else []


def whole(world):
    """What is listed can be restored."""
    if ids(world):
        told = json.loads(world.run("verify", "--all", "--json", exit=0).out)
        need({c["id"] for c in told["checked"]} == set(ids(world)),
             "not all was verified", told)


def stays(job, world, start):
    """The repository has what it had, but for what the job may take."""
    kept = ids(start)[len(ids(start)) - job.keeps:] if job.keeps is not None \
        else ids(start)
    lost = set(kept) - set(ids(world))
    need(not lost, f"no longer listed: {lost}")


def keeps(job, world, start):
    """A job on the repository."""
    need(world.files() == start.files(), "the data directory was changed")
    need(job.holds is None or job.holds(world), "something else is broken")
    whole(world)
    stays(job, world, start)
    again(job, world)


def again(job, world):
    """The next runs work and leave no garbage."""
    world.later()
    job.run(world, exit=0)
    need(job.done(world), "the next run has not done it")
    before = ids(world)
    world.later()
    world.run(*TAKE, exit=0)
    need(set(before) < set(ids(world)), "the next snapshot is not listed")
    whole(world)
    left = set(leftovers(world.repo)) - AGENTS
    need(not left, "left behind", left)


def is_entry(path):
    return path.endswith(".manifest") or "/" not in path


def is_wire(text):
    return text == b"" or text.startswith(b"no dataset:")


def place_of(world, old, new):
    """old, new, or between; what is neither is broken."""
    here = world.dataset()
    if here in (old, new):
        return "old" if here == old else "new"
    odd = [p for p, text in here.items() if p not in old and p not in new
           and not (is_entry(p) and is_wire(text))]
    need(not odd, f"whose are these? {odd}")
    for path, text in here.items():
        if text in (old.get(path), new.get(path)):
            continue
        need(is_entry(path) and is_wire(text),
             f"{path} is of neither set and no tripwire: {text}")
    for name, one, other in (("old", old, new), ("new", new, old)):
        real = [p for p in one if is_entry(p) and here.get(p) == one[p]
                and one[p] != other.get(p)]
        gone = [p for p in one if not is_entry(p) and here.get(p) != one[p]]
        need(not real or not gone,
             f"a server would load {real} of the {name} set without {gone}")
    gone = [p for p in old if is_entry(p) and p not in here]
    need(not gone or all(here.get(p) == new[p] for p in new),
         f"a server would start empty: no {gone}")
    return "between"


def nothing_lost(world, start):
    """Every byte of the user's is somewhere."""
    here = set(world.files().values())
    lost = [p for p, text in start.files().items()
            if text not in here and not p.startswith(".redkeep/")]
    need(not lost, f"lost: {lost}")


def journal(world):
    """The state that the journal tells."""
    path = world.data / ".redkeep/journal.json"
    return json.loads(path.read_text())["state"] if path.exists() else "none"


def placed(job, world, start):
    """A job on the data directory; job.sets tells old and new."""
    old, new = job.sets
    nothing_lost(world, start)
    need(world.files(world.repo).keys() >= start.files(start.repo).keys(),
         "the repository was changed")
    return place_of(world, old, new)
