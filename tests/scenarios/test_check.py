"""redkeep check on known good and bad files: what it says of each, and that
it only reads."""

import csv
import os
import shlex
import shutil
from pathlib import Path

import pytest

from data import fill, one_client
from program import tree
from servers import TOP, unprivileged

FIXTURES = TOP / "tests" / "fixtures"


def rows(table, base):
    """(path, option sets with the column each judges, verdict, server)."""
    found = []
    with open(table) as f:
        for row in csv.DictReader(f, delimiter="\t"):
            path = base / row["path"]
            path = path if path.exists() else table.parent / row["path"]
            found.append(pytest.param(path, row, id=row["path"]))
    return found


def fixture_rows():
    table = FIXTURES / "aof-cases" / "EXPECTED.tsv"
    if not table.exists():
        return [pytest.param(table, None, id="missing")]
    return rows(table, FIXTURES)


def corpus_rows():
    corpus = os.environ.get("REDKEEP_CORPUS")
    return rows(Path(corpus) / "EXPECTED.tsv", Path(corpus)) if corpus else []


def judge(keep, path, options):
    """check's own words, with the exit status they call for."""
    result = keep("check", *shlex.split(options), path, "--json", exit=None)
    told = result.json
    well = told["verdict"] == "sound" and told["server"] == "loads"
    well = well or told["server"] == "empty" and told["verdict"] == "sound"
    assert result.code == (0 if well else 1), result
    assert told["findings"] or told["verdict"] == "sound", result
    for finding in told["findings"]:
        assert finding["code"] and finding["text"] and finding["severity"]
    return told


def compare(keep, path, row):
    """Options may be given for one column: "--deep (verdict); ..."."""
    told = {"verdict": None, "server": None}
    if "(" not in row["options"]:
        told = judge(keep, path, row["options"])
    else:
        for part in row["options"].split(";"):
            options, column = part.strip().rstrip(")").split("(")
            told[column] = judge(keep, path, options)[column]
    for column in ("verdict", "server"):
        if row[column] != "-":
            assert told[column] == row[column], (column, told)


@pytest.mark.parametrize("path,row", fixture_rows() + corpus_rows())
def test_a_known_case(keep, path, row):
    assert row is not None, f"{path} is missing"
    compare(keep, path, row)


@pytest.fixture
def stopped(serve):
    """A stopped server with an append-only file and a dump."""
    server = serve(appendonly="yes")
    fill(one_client(server), jobs=5)
    server.client().save()
    server.rewrite()
    server.client().set("after", 1)
    server.stop()
    return server


def paths(server):
    aof = server.data / "appendonlydir"
    return [server.data, aof / "appendonly.aof.manifest",
            next(aof.glob("*.base.rdb")), next(aof.glob("*.incr.aof")),
            server.data / "dump.rdb"]


def times(folder):
    return {p: (p.lstat().st_atime_ns, p.lstat().st_mtime_ns,
                p.lstat().st_ctime_ns) for p in sorted(folder.rglob("*"))
            if p.is_file()}


def test_it_only_reads(keep, stopped):
    for path in stopped.data.rglob("*"):
        os.utime(path, (1, 1))
    before, seen = tree(stopped.data), times(stopped.data)
    for path in paths(stopped):
        keep("check", path, "--appendonly", "yes", exit=None)
    assert times(stopped.data) == seen
    assert tree(stopped.data) == before


@pytest.mark.need("root")
def test_files_that_are_only_readable_suffice(keep, stopped):
    for path in [stopped.data, *stopped.data.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for path in paths(stopped):
        told = keep("check", path, "--json", user=unprivileged()).json
        assert told["verdict"] == "sound" and told["server"] == "loads", path
    unreadable = stopped.data / "dump.rdb"
    unreadable.chmod(0o000)
    keep("check", unreadable, user=unprivileged(), exit=3).says(
        "dump.rdb", "permission")


def test_a_running_server_may_be_checked(keep, serve):
    server = serve(appendonly="yes")
    fill(one_client(server))
    server.drain()
    keep("check", server.data)
    assert server.client().ping()


def test_the_folder_of_an_aof_is_not_taken_for_an_empty_one(keep, stopped):
    """Given in place of the data directory, it is judged or questioned."""
    result = keep("check", stopped.data / "appendonlydir", exit=None)
    if result.code == 0:
        assert "loads" in result.out, result


def test_a_file_that_strayed_into_a_data_directory_makes_no_set_of_it(
        keep, stopped):
    stray = stopped.data / "appendonly.aof.9.incr.aof"
    shutil.copy(stopped.data / "dump.rdb", stray)
    for appendonly, kept in (("no", "dump.rdb"), ("yes", "base.rdb")):
        told = keep("check", stopped.data, "--appendonly", appendonly,
                    "--json").json
        paths = [f["path"] for f in told["files"]]
        assert any(p.endswith(kept) for p in paths), told
        assert str(stray) not in paths


def test_several_paths_are_judged_together(place, keep, stopped):
    good = place / "good.rdb"
    shutil.copy(stopped.data / "dump.rdb", good)
    bad = place / "bad.rdb"
    bad.write_bytes(good.read_bytes()[:-20])
    told = keep("check", good, bad, "--json", exit=1).json
    assert {f["path"]: f["verdict"] for f in told["files"]} == {
        str(good): "sound", str(bad): "damaged"}
    assert told["verdict"] == "damaged"
    result = keep("check", good, bad, exit=1)
    assert "bad.rdb" in result.out and "good.rdb" in result.out


def test_a_path_that_is_not_there(place, keep):
    keep("check", place / "none", exit=3).says("none")


def test_the_fields_of_a_file(keep, stopped):
    told = keep("check", stopped.data / "dump.rdb", "--json").json
    file = told["files"][0]
    assert file["kind"] == "rdb" and file["checksum"] == "ok"
    assert file["version"] == 10 and file["keys"] > 0
    assert file["size"] == (stopped.data / "dump.rdb").stat().st_size
    told = keep("check", stopped.data, "--json").json
    kinds = sorted(f["kind"] for f in told["files"])
    assert "manifest" in kinds and "aof" in kinds


def test_a_base_that_holds_an_rdb_is_one_whatever_the_manifest_is(keep,
                                                                  stopped):
    folder = stopped.data / "appendonlydir"
    base, = folder.glob("*.base.rdb")
    manifest, = folder.glob("*.manifest")

    def kinds():
        told = keep("check", stopped.data, "--json", exit=1).json
        return {os.path.basename(f["path"]): f["kind"] for f in told["files"]}

    manifest.rename(stopped.data / "aside")
    assert kinds()[base.name] == "rdb"
    (stopped.data / "aside").rename(manifest)
    base.unlink()
    assert kinds()[base.name] == "rdb"
