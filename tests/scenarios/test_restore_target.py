"""Where a restore goes, and which snapshot it takes, as it is told."""

import shutil

import pytest

from test_restore_plan import nobody, source


@pytest.mark.parametrize("name", ["dump.rdb", "appendonlydir"])
def test_a_file_of_the_data_is_no_folder_to_restore_into(place, keep, serve,
                                                         name):
    server = serve("source", appendonly="yes")
    server.client().set("k", 1)
    keep.snapshot(server)
    for path in server.data.glob(f"{name}*"):
        shutil.rmtree(path)
    to = ["restore", "latest", "--to", server.data / name, *nobody(place)]
    keep(*to, exit=4).says("--to names the folder", str(server.data), "--yes")
    assert not (server.data / name).exists()


def test_the_target_is_told_by_its_whole_path(place, keep, serve):
    source(keep, serve, appendonly="yes")
    for _ in "new", "old":
        assert keep.restore("to")["to"] == str(place / "to")
    assert keep.restore("./to/../other/")["to"] == str(place / "other")


def test_newer_snapshots_that_are_passed_over_are_told(place, keep, serve):
    server = serve("source", appendonly="yes")
    old, new = (keep.snapshot(server)["id"] for _ in "12")
    assert keep.restore(place / "first")["plan"]["advice"] == []
    keep.entry(new).write_text("{")
    told = keep.restore(place / "to")
    assert told["id"] == old
    assert any(f"{new} is newer, but not good" in a
               for a in told["plan"]["advice"]), told
