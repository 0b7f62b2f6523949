"""Data directories as crashes, copies and edits leave them, for what a server
does with each and what check foretells."""

import os
import shutil
import time

import redis

from servers import wait_for

NAME = "appendonly.aof"
MANIFEST = f"{NAME}.manifest"


def command(*words):
    """One command as an AOF holds it."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def put(data, files, manifest=None):
    """Files of an AOF by their suffix ("1.incr.aof"), and its manifest."""
    folder = data / "appendonlydir"
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in files.items():
        (folder / f"{NAME}.{suffix}").write_bytes(content)
    if manifest is not None:
        (folder / MANIFEST).write_text("".join(
            f"file {NAME}.{suffix} seq {seq} type {kind}\n"
            for suffix, seq, kind in manifest))
    return folder


def aof(server):
    return server.data / "appendonlydir"


def parts(server, kind="incr"):
    """The files of a kind that are there, by their number."""
    found = aof(server).glob(f"*.{kind}.*")
    return sorted(found, key=lambda p: int(p.name.split(".")[-3]))


def manifest(server):
    return (aof(server) / MANIFEST).read_text()


def cut(path, size):
    """The last bytes of a file did not reach the disk."""
    path.write_bytes(path.read_bytes()[:-size])


def hold_rewrite(server):
    """A rewrite begins, and its child does not end."""
    server.client().config_set("rdb-key-save-delay", 10_000_000)
    server.client().bgrewriteaof()
    wait_for(lambda: list(server.data.glob("temp-rewriteaof-*")),
             "the rewriting child")


def children(server):
    """The processes that a server forked."""
    path = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(path) as f:
        return [int(pid) for pid in f.read().split()]


def keys(client):
    return sorted(k.decode() for k in client.keys("*"))


def copy(server, to):
    """The directory as it is, as a power cut would leave it."""
    shutil.copytree(server.data, to)
    return to


def answers(server):
    """Whether a launched server loads, or ends by itself: its client."""
    def settled():
        if server.process.poll() is not None:
            return "ended"
        try:
            loading = server.client().info("persistence")["loading"]
            return "answers" if loading == 0 else None
        except redis.exceptions.RedisError:
            return None
    return wait_for(settled, "a start or an end") == "answers"


def aged(path, seconds=3600):
    """A file that was last changed a while ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
