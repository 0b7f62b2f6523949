"""Sets whose files do not fit together, and damaged RDBs, mended and started
on the real server."""

import shlex
import shutil

import pytest

from program import tree
from repairs import BASE, Set, aof, keys, write  # noqa: F401
from test_check import FIXTURES, rows

# Nothing can be made of these: why.
REFUSED = {
    "mp10_empty_manifest": "no file that holds data",
    "mp20_old_named_missing": "no file that holds data",
    "t24_select_out_of_range": "raise databases",
    "x28_base_rdb_version12": "newer",
    "x31_incr_is_rdb": "restore a snapshot",
}


def wrong_cases():
    found = rows(FIXTURES / "aof-cases" / "EXPECTED.tsv", FIXTURES)
    return [c for c in found if c.values[1]["verdict"] != "sound" or
            c.values[1]["server"] == "refuses"]


@pytest.mark.parametrize("path,row", wrong_cases())
def test_a_known_case(place, keep, boot, path, row):
    options = shlex.split(row["options"])
    data = place / "data"
    shutil.copytree(path, data)
    one = Set(keep, place, boot, data)
    why = REFUSED.get(path.name)
    if why:
        before = tree(data)
        one.run("--yes", *options, exit=4).says(why)
        assert tree(data) == before
        return
    told = one.repair(*options)
    one.start(appendonly=options[options.index("--appendonly") + 1])
    assert told["lost"] == [] or told["plan"]


MANIFESTS = [
    ("missing", lambda a: a.manifest.unlink()),
    ("empty", lambda a: a.manifest.write_bytes(b"")),
    ("zeros", lambda a: a.change(a.manifest, lambda b: bytes(len(b)))),
    ("cut", lambda a: a.change(a.manifest, lambda b: b[:-9])),
    ("garbled", lambda a: a.change(
        a.manifest, lambda b: b.replace(b"seq", b"sqe", 1))),
    ("names what is not there", lambda a: a.change(
        a.manifest, lambda b: b + b"file appendonly.aof.77.incr.aof seq 77 "
        b"type i\n")),
    ("two bases", lambda a: a.change(
        a.manifest, lambda b: b.splitlines(True)[0] + b)),
    ("only a comment", lambda a: a.manifest.write_bytes(b"# gone\n")),
]


@pytest.mark.parametrize("hurt", [m[1] for m in MANIFESTS],
                         ids=[m[0] for m in MANIFESTS])
def test_a_bad_manifest(aof, hurt):
    hurt(aof)
    told = aof.repair()
    assert "write-manifest" in {s["action"] for s in told["plan"]}
    aof.assert_holds(aof.all)


@pytest.mark.parametrize("where", ["data", "folder"])
def test_a_missing_manifest_and_a_torn_tail(aof, where):
    aof.manifest.unlink()
    aof.change(aof.incr, lambda b: b[:-5])
    aof.repair(path=getattr(aof, where))
    wanted = dict(aof.all)
    del wanted[f"k{len(wanted) - 1}".encode()]
    aof.assert_holds(wanted)


@pytest.mark.parametrize("stray", ["appendonly.aof.7.incr.aof",
                                   "appendonly.aof.manifest"])
def test_stray_files_do_not_make_a_data_directory_a_set(aof, stray):
    (aof.data / stray).write_bytes(aof.manifest.read_bytes())
    aof.change(aof.incr, lambda b: b[:-5])
    told = aof.repair()
    assert told["path"] == str(aof.data)
    assert (aof.data / stray).exists()


def test_two_bases_and_no_manifest(aof):
    base = aof.folder / "appendonly.aof.9.base.rdb"
    base.write_bytes(aof.base.read_bytes())
    aof.manifest.unlink()
    told = aof.repair()
    assert any(s["guess"] for s in told["plan"])
    assert any("appendonly.aof.9.base.rdb" in s["text"] + s["path"]
               for s in told["plan"])
    found = aof.start()
    assert {k: found[k] for k in keys(0, BASE)} == keys(0, BASE)


def test_bytes_behind_the_base(aof):
    aof.change(aof.base, lambda b: b + b"\0" * 7 + b"left")
    told = aof.repair()
    assert told["plan"][0]["bytes_lost"] == 11
    aof.assert_holds(aof.all)


@pytest.mark.parametrize("name", ["", "dump.rdb"])
def test_a_dump_that_would_be_ignored(place, keep, serve, boot, name):
    server = serve("made", appendonly="no")
    write(server, keys(0, BASE))
    server.client().save()
    server.stop()
    data = place / "data"
    shutil.copytree(server.data, data)
    one = Set(keep, place, boot, data)
    with open(data / "dump.rdb", "ab") as f:
        f.write(b"trailing")
    told = one.repair("--appendonly", "yes", path=data / name)
    assert "place-base" in {s["action"] for s in told["plan"]}
    assert not (data / "dump.rdb").exists()
    one.assert_holds(keys(0, BASE))


def test_a_file_of_before_7_beside_an_empty_set(aof):
    (aof.data / "appendonly.aof").write_bytes(
        aof.base.read_bytes() + aof.incr.read_bytes())
    for path in aof.folder.iterdir():
        path.unlink()
    aof.manifest.write_bytes(b"file appendonly.aof.1.incr.aof seq 1 type i\n")
    (aof.folder / "appendonly.aof.1.incr.aof").write_bytes(b"")
    aof.repair()
    aof.assert_holds(aof.all)


@pytest.fixture
def dump(place, keep, serve, boot):
    """A dump with a hash whose value can be hurt without its extent."""
    server = serve("made", appendonly="no", rdbcompression="no")
    write(server, keys(0, BASE))
    server.client().hset("hurt", mapping={f"f{i}": "v" * i
                                          for i in range(60)})
    server.client().save()
    server.stop()
    data = place / "data"
    shutil.copytree(server.data, data)
    return Set(keep, place, boot, data)


@pytest.mark.parametrize("alone", [False, True])
def test_a_damaged_value_in_a_dump(dump, alone):
    path = dump.data / "dump.rdb"
    whole = path.read_bytes()
    at = whole.index(b"\x04hurt") + 5 + 2 + 6
    assert whole[at - 2 - 6 - 5 - 1] == 16  # hash listpack
    path.write_bytes(whole[:at + 4] + b"\xf4\xff\xff" + whole[at + 7:])
    told = dump.repair(*([] if alone else ["--appendonly", "no"]),
                       path=path if alone else None)
    assert told["lost"] == ["hurt"]
    assert [s["keys_lost"] for s in told["plan"]] == [1]
    assert dump.start(appendonly="no") == keys(0, BASE)


def test_a_dump_that_is_cut(dump):
    path = dump.data / "dump.rdb"
    dump.change(path, lambda b: b[:-12])  # into the last key, whichever it is
    dump.repair("--appendonly", "no")
    found = dump.start(appendonly="no")
    wanted = {**keys(0, BASE), b"hurt": b"hash"}
    assert len(found) == len(wanted) - 1
    assert found.items() <= wanted.items()
