"""What a power cut may leave of a run: from a trace (fault.h) every state of the
disk at every moment, by the two models of docs/design/faults.md."""

import hashlib
import itertools
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

SUBSETS_OF = 5   # so many entries in the balance: every subset of them
RANDOM_SUBSETS = 12
DATA = ["all", "none", "torn", "zeros"]


@dataclass
class Inode:
    folder: bool
    bytes: bytes = b""
    mode: int = 0o600
    owner: tuple = (0, 0)
    entries: dict = field(default_factory=dict)  # name -> inode number

    def copy(self):
        return Inode(self.folder, self.bytes, self.mode, self.owner,
                     dict(self.entries))


class Disk:
    """Inodes by number, and the number of the topmost folder."""

    def __init__(self, top):
        self.top, self.inodes = Path(top).lstat().st_ino, {}
        self.scan(Path(top))

    def scan(self, path):
        stat = path.lstat()
        node = Inode(path.is_dir(), b"" if path.is_dir() else
                     path.read_bytes(), stat.st_mode & 0o7777,
                     (stat.st_uid, stat.st_gid))
        self.inodes[stat.st_ino] = node
        if node.folder:
            for inner in path.iterdir():
                node.entries[inner.name] = inner.lstat().st_ino
                self.scan(inner)

    def copy(self):
        other = object.__new__(Disk)
        other.top = self.top
        other.inodes = {n: i.copy() for n, i in self.inodes.items()}
        return other

    def walk(self, number=None, path=""):
        number = number or self.top
        node = self.inodes[number]
        yield path, number, node
        for name, inner in sorted(node.entries.items()):
            yield from self.walk(inner, f"{path}/{name}")

    def digest(self):
        told = repr([(p, n, i.bytes, i.mode, i.owner)
                     for p, n, i in self.walk()])
        return hashlib.sha256(told.encode()).digest()

    def make(self, top):
        """The same tree for real; a journal gets the new inodes' numbers."""
        shutil.rmtree(top, ignore_errors=True)
        places, journals = {}, []
        for path, number, node in self.walk():
            place = Path(f"{top}{path}")
            if node.folder:
                place.mkdir()
            elif number in places:
                os.link(places[number], place)
            else:
                place.write_bytes(node.bytes)
            if path.endswith("/journal.json"):
                journals.append(place)
            places[number] = place
            os.chmod(place, node.mode)
            os.chown(place, *node.owner)
        numbers = {str(n): str(p.lstat().st_ino) for n, p in places.items()}
        for journal in journals:
            renumber(journal, numbers)


def renumber(path, numbers):
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        return

    def renew(value):
        if isinstance(value, list):
            return [renew(v) for v in value]
        if not isinstance(value, dict):
            return value
        return {k: numbers.get(v, v) if k == "inode" else renew(v)
                for k, v in value.items()}
    path.write_text(json.dumps(renew(value)))


# The trace.

class Change:
    """One line: a change of an inode, or entries that come and go."""

    def __init__(self, line):
        self.kind, *words = line.split(" ")
        self.words = words
        self.adds = self.drops = None  # (folder, name[, inode])
        getattr(self, f"read_{self.kind}")(*words)

    def read_create(self, inode, folder, name, mode):
        self.inode, self.mode = int(inode), int(mode, 8)
        if folder != "0":
            self.adds = (int(folder), unhex(name))

    def read_mkdir(self, inode, folder, name, mode):
        self.read_create(inode, folder, name, mode)

    def read_link(self, inode, folder, name):
        self.inode, self.adds = int(inode), (int(folder), unhex(name))

    def read_rename(self, folder, name, to, new, flags):
        self.drops = (int(folder), unhex(name))
        self.adds, self.exchange = (int(to), unhex(new)), int(flags) & 2
        self.inode = None  # known when it is played

    def read_unlink(self, folder, name):
        self.inode, self.drops = None, (int(folder), unhex(name))

    def read_write(self, inode, offset, text):
        self.inode, self.offset = int(inode), int(offset)
        self.bytes = bytes.fromhex(text)

    def read_truncate(self, inode, size):
        self.inode, self.size = int(inode), int(size)

    def read_mode(self, inode, mode):
        self.inode, self.mode = int(inode), int(mode, 8)

    def read_owner(self, inode, uid, gid):
        self.inode, self.owner = int(inode), (int(uid), int(gid))

    def read_sync(self, inode):
        self.inode = int(inode)

    def is_entry(self):
        return bool(self.adds or self.drops)


def unhex(name):
    return bytes.fromhex(name).decode()


def load(path):
    return [Change(line) for line in path.read_text().splitlines()]


def resolve(start, changes):
    """Plays all of it once, to learn which inode each rename moves."""
    disk = start.copy()
    for change in changes:
        if change.kind in ("rename", "unlink"):
            folder, name = change.drops
            change.inode = disk.inodes[folder].entries[name]
            if change.kind == "rename" and change.exchange:
                to, new = change.adds
                change.other = disk.inodes[to].entries[new]
        apply(disk, change)
    return disk


def apply(disk, change, drop=True):
    """One change as the kernel shows it; drop=False: a rename's old name stays."""
    nodes = disk.inodes
    if change.kind in ("create", "mkdir"):
        nodes[change.inode] = Inode(change.kind == "mkdir", mode=change.mode)
    if change.kind == "write":
        node = nodes[change.inode]
        text = node.bytes.ljust(change.offset, b"\0")
        node.bytes = (text[:change.offset] + change.bytes +
                      text[change.offset + len(change.bytes):])
    if change.kind == "truncate":
        node = nodes[change.inode]
        node.bytes = node.bytes[:change.size].ljust(change.size, b"\0")
    if change.kind == "mode":
        nodes[change.inode].mode = change.mode
    if change.kind == "owner":
        nodes[change.inode].owner = change.owner
    if change.adds and change.adds[0] in nodes:
        nodes[change.adds[0]].entries[change.adds[1]] = change.inode
    if change.drops and drop and change.drops[0] in nodes:
        folder, name = change.drops
        if change.kind == "rename" and change.exchange:
            nodes[folder].entries[name] = change.other
        else:
            nodes[folder].entries.pop(name, None)


# The states.

def syncs(changes, end):
    """When each inode or folder was synced last."""
    return {changes[i].inode: i for i in range(end)
            if changes[i].kind == "sync"}


def loose_data(changes, end):
    """Changes of data that no sync of the file came behind."""
    synced = syncs(changes, end)
    return {i for i in range(end)
            if changes[i].kind != "sync" and not changes[i].is_entry()
            and synced.get(changes[i].inode, -1) < i}


def loose_entries(changes, end):
    """Changes of entries that may not have happened, and renames of which only
    the new name is sure."""
    synced, balance, half = syncs(changes, end), [], set()
    for i in range(end):
        c = changes[i]
        if not c.is_entry():
            continue
        if synced.get((c.drops or c.adds)[0], -1) > i:
            continue
        if c.adds and synced.get(c.adds[0], -1) > i:
            half.add(i)
        else:
            balance.append(i)
    return balance, half


def subsets(units, rng):
    """Which of the changes in the balance happened."""
    units = list(units)
    if len(units) <= SUBSETS_OF:
        for n in range(len(units) + 1):
            yield from map(set, itertools.combinations(units, n))
        return
    for i in range(len(units) + 1):
        yield set(units[:i])
        yield set(units[i:])
    for one in units:
        yield set(units) - {one}
        yield {one}
    for _ in range(RANDOM_SUBSETS):
        yield {u for u in units if rng.random() < .5}


def in_order(changes, kept, balance):
    """Of two changes of one name the later has not happened without the
    earlier; nor what is in a folder without its name."""
    lost = set()
    for i in balance:
        names = {p for p in (changes[i].adds, changes[i].drops) if p}
        if i not in kept:
            lost |= names
        elif names & lost:
            return False
    return True


def replay(start, changes, end, entries, halves, data, loose):
    """The disk when the changes of entries that are not in `entries` have not
    happened, renames in `halves` have left the old name too, and the `loose`
    changes of data are as `data` says."""
    disk, last = start.copy(), {}
    for i in range(end):
        c = changes[i]
        if c.kind in ("create", "mkdir"):
            node = Inode(c.kind == "mkdir", mode=c.mode)
            disk.inodes[c.inode] = node
        if c.is_entry():
            if i in entries:
                place(disk, c, i not in halves)
        elif i not in loose or data == "all":
            apply(disk, c)
        elif data != "none":
            last.setdefault(c.inode, disk.inodes[c.inode].bytes)
            apply(disk, c)
    for number, before in last.items():
        node = disk.inodes[number]
        whole = len(before) if data == "zeros" else \
            (len(before) + len(node.bytes)) // 2
        node.bytes = node.bytes[:whole].ljust(len(node.bytes), b"\0")
    return disk


def place(disk, change, drop):
    kept, change = change, object.__new__(Change)
    change.__dict__.update(kept.__dict__)
    change.kind = {"create": "link", "mkdir": "link"}.get(kept.kind, kept.kind)
    apply(disk, change, drop)


def states(start, changes, end, rng):
    """Every state that a power cut before the change `end` may leave."""
    balance, half = loose_entries(changes, end)
    loose = loose_data(changes, end)
    sure = {i for i in range(end) if changes[i].is_entry()} - set(balance)
    last_sync = max((i for i in range(end) if changes[i].kind == "sync"),
                    default=-1)
    chosen = [({i for i in balance if i < cut}, set())  # a journal, in order
              for cut in range(last_sync + 1, end + 1)]
    for kept in subsets(balance, rng):                  # each by itself
        if in_order(changes, kept, balance):
            moved = {i for i in kept if changes[i].kind == "rename"
                     and not changes[i].exchange}
            chosen += [(kept, set()), (kept, moved | half)]
    for kept, halves in chosen:
        for data in DATA if loose else DATA[:1]:
            yield replay(start, changes, end, sure | kept, halves, data, loose)
