"""Snapshots in a row while several clients write and the server rewrites its
append-only file: each is sound and holds what was acknowledged before it."""

import subprocess
import threading

import pytest
import redis

from data import Writer, fill, one_client
from servers import wait_for


class Rewriter(threading.Thread):
    """BGREWRITEAOF again and again; every=0: as soon as the last is done."""

    def __init__(self, server, every):
        super().__init__(daemon=True)
        self.server, self.every = server, every
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(self.every or 0.001):
            try:
                self.server.client().bgrewriteaof()
            except redis.exceptions.ResponseError:
                pass  # one is running already

    def stop(self):
        self.over.set()
        self.join()


def unpack(archive, to):
    """As a person would, with zstd and tar alone."""
    to.mkdir()
    subprocess.run(f"zstd -dc '{archive}' | tar -x -C '{to}'", shell=True,
                   check=True)
    return to


@pytest.mark.parametrize("count,every", [(50, 1.0), (25, 0)])
def test_every_snapshot_of_a_storm_is_whole(place, keep, serve, boot, count,
                                            every):
    server = serve(appendonly="yes")
    fill(one_client(server))
    writers = [Writer(server, f"w{i}", pairs=i % 2 == 1) for i in range(4)]
    rewriter = Rewriter(server, every)
    for thread in writers + [rewriter]:
        thread.start()
    taken = []
    rewrites = server.persistence()["aof_rewrites"]
    while len(taken) < count or \
            server.persistence()["aof_rewrites"] <= rewrites + 2:
        seen = [w.acknowledged for w in writers]
        taken.append((seen, keep.snapshot(server)))
        wait_for(lambda: all(w.acknowledged > n for w, n in
                             zip(writers, seen)), "the writers")
    rewriter.stop()
    for writer in writers:
        writer.stop()
    server.kill()
    for report in (r for _, r in taken):
        assert report["verdict"] == "sound" and report["bound"] is True
    assert len({r["id"] for _, r in taken}) == len(taken) >= count
    for seen, report in taken:
        data = unpack(keep.archive(report["id"]), place / report["id"])
        one = boot(data)
        for writer, least in zip(writers, seen):
            writer.check(one.client(), least)
        assert one.client().hget("bull:mail:7", "name") == b"send"
        one.kill()
    keep("verify", "--all")


def test_transactions_and_scripts_are_never_cut_in_half(keep, serve, boot,
                                                        place):
    server = serve(appendonly="yes")
    writers = [Writer(server, f"w{i}", pairs=True, size=20000, pace=0.003)
               for i in range(3)]
    for writer in writers:
        writer.start()
    taken = []
    for _ in range(10):
        seen = [w.acknowledged for w in writers]
        taken.append((seen, keep.snapshot(server)))
    for writer in writers:
        writer.stop()
    server.kill()
    for seen, report in taken:
        assert report["verdict"] == "sound"
        to = place / f"to-{report['id']}"
        keep("restore", report["id"], "--to", to, "--redis",
             f"unix://{place}/nobody")
        one = boot(to)
        for writer, least in zip(writers, seen):
            writer.check(one.client(), least)
        one.kill()
