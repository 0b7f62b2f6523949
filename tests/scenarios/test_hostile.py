"""What nobody writes but somebody sends: redkeep check ends soon, in little
memory, and says why."""

import os
import resource
import socket
import struct

import pytest

from servers import unprivileged

SECONDS, SPARSE_SECONDS = 2, 5
MEMORY = 256 << 20

MAGIC = b"REDIS0011"
DEPTHS = [[], ["--deep"]]
WORDS = [" ".join(d) or "plain" for d in DEPTHS]


def size(n):
    return b"\x81" + struct.pack(">Q", n)


def command(*words):
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def worked():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(keep, *words, seconds=SECONDS, user=None):
    """Status and output. What wants more memory is ended by a signal. Time is
    that of the processor: others may keep the program from working."""
    before = worked()
    process = keep.begin(
        "check", *words, user=user, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (MEMORY, MEMORY)))
    try:
        said = "".join(process.communicate(timeout=30 * seconds))
    finally:
        process.kill()
    assert worked() - before < seconds, said
    assert said.strip()
    assert all(c.isprintable() or c == "\n" for c in said), repr(said)
    return process.returncode, said


def check(keep, *words, exit=1, **options):
    code, said = run(keep, *words, **options)
    assert code == exit, (code, said)
    return said


def key(kind, value, name=b"k"):
    return bytes([kind, len(name)]) + name + value


RDBS = {
    "a string of 2^63": MAGIC + key(0, size(1 << 63)),
    "a string of 2^64-1": MAGIC + key(0, size((1 << 64) - 1)),
    "a name of 2^64-1": MAGIC + b"\x00" + size((1 << 64) - 1),
    "a list of 2^63": MAGIC + key(1, size(1 << 63)),
    "a set of 2^64-1": MAGIC + key(2, size((1 << 64) - 1)),
    "a hash of 2^47": MAGIC + key(4, size(1 << 47)),
    "a sorted set of 2^63": MAGIC + key(5, size(1 << 63)),
    "a stream of 2^64-1": MAGIC + key(19, size((1 << 64) - 1)),
    "nodes of 2^63": MAGIC + key(18, size(1 << 63)),
    "LZF of 2^40": MAGIC + key(0, b"\xc3\x05" + size(1 << 40) + b"\0a\xe0\xff\0"),
    "LZF from 2^40": MAGIC + key(0, b"\xc3" + size(1 << 40) + size(1 << 41)),
    "LZF of 2^64-1": MAGIC + key(0, b"\xc3" + size((1 << 64) - 1) * 2),
    "a slot of 2^64-1": MAGIC + b"\xf4" + size((1 << 64) - 1) * 3,
    "a database of 2^64-1": MAGIC + b"\xfe" + size((1 << 64) - 1),
    "a table of 2^64-1": MAGIC + b"\xfb" + size((1 << 64) - 1) * 2,
    "functions of 2^63": MAGIC + b"\xf5" + size(1 << 63),
    "a module's string of 2^63": MAGIC + key(
        7, size(1 << 62) + b"\x05" + size(1 << 63)),
    "a module's numbers without end": MAGIC + key(
        7, size(1 << 62) + b"\x02\x01" * (1 << 20)),
    "a module's field without end": MAGIC + b"\xf7" + size(1 << 62) +
    b"\x02\x01" * (1 << 20),
    "an intset of 2^32-1": MAGIC + key(11, b"\x08" + struct.pack(
        "<II", 8, 0xffffffff)),
    "a listpack that says 2^32-1": MAGIC + key(16, b"\x07" + struct.pack(
        "<IH", 0xffffffff, 0xffff) + b"\xff"),
    "a ziplist that says 2^32-1": MAGIC + key(13, b"\x0b" + struct.pack(
        "<IIH", 0xffffffff, 0xffffffff, 0xffff) + b"\xff"),
    "the same key a million times": MAGIC + key(0, b"\1v") * 1000000,
    "names without text": MAGIC + b"\0" * 4000000,
    "LZF that is broken a million times": MAGIC + b"".join(
        key(0, b"\xc3\x03\x04\0a\x20", b"%07d" % i) for i in range(500000)),
    "opcodes without a key": MAGIC + b"\xfc" + bytes(8) + b"\xf9\1" * 1000000,
    "expiries without a key": MAGIC + (b"\xfc" + bytes(8)) * 500000,
    "databases without a key": MAGIC + b"\xfe\1\xfe\2" * 1000000,
    "fields without end": MAGIC + b"\xfa\1a\1b" * 1000000,
    "a header": MAGIC,
    "half a header": MAGIC[:7],
    "nothing": b"",
}


@pytest.mark.parametrize("deep", DEPTHS, ids=WORDS)
@pytest.mark.parametrize("case", RDBS)
def test_an_rdb(keep, place, case, deep):
    path = place / "dump.rdb"
    path.write_bytes(RDBS[case])
    said = check(keep, path, *deep)
    assert "damaged" in said and "at byte" in said or "empty" in said


def bomb(packed):
    """LZF of so many bytes that gives 264 times as many."""
    n = (packed - 2) // 3
    return (b"\xc3" + size(2 + 3 * n) + size(1 + 264 * n) + b"\0a" +
            b"\xe0\xff\0" * n)


@pytest.mark.parametrize("deep", DEPTHS, ids=WORDS)
@pytest.mark.parametrize("kind", [0, 11, 13, 16, 19])
def test_lzf_that_unpacks_to_much(keep, place, kind, deep):
    """One of 2 GB, and a thousand that each just may be unpacked."""
    path = place / "dump.rdb"
    path.write_bytes(MAGIC + key(kind, bomb(8 << 20)) + b"\xff" + bytes(8))
    check(keep, path, *deep, exit=0 if kind == 0 else 1)
    path.write_bytes(MAGIC + b"".join(
        key(kind, bomb(4 << 10), b"%04d" % i) for i in range(1000)) +
        b"\xff" + bytes(8))
    check(keep, path, *deep, exit=0 if kind == 0 else 1)


def test_ten_million_keys_of_which_each_comes_again(keep, place):
    """They are more than fit in memory: sorted on disk. It may take longer,
    as so many keys may."""
    path = place / "dump.rdb"
    with open(path, "wb") as f:
        f.write(MAGIC)
        for begin in [*range(0, 5000000, 100000)] * 2:
            f.write(b"".join(b"\x00\x04" + struct.pack("<I", i) + b"\0"
                             for i in range(begin, begin + 100000)))
        f.write(b"\xff" + bytes(8))
    said = check(keep, path, "--deep", seconds=10)
    assert "rdb-duplicate-key" in said
    check(keep, path, exit=0)


AOFS = {
    "an argc of 2^63": b"*9223372036854775808\r\n",
    "an argc of 2^64": b"*18446744073709551616\r\n$1\r\na\r\n",
    "an argc of 10^9": b"*1000000000\r\n" + b"$1\r\na\r\n" * 100000,
    "a negative argc": b"*-1\r\n",
    "a length of 2^63": b"*1\r\n$9223372036854775808\r\n",
    "a length of 2^64": b"*1\r\n$18446744073709551616\r\nabc\r\n",
    "a negative length": b"*1\r\n$-1\r\n",
    "a number without end": b"*" + b"1" * 5000000,
    "zeros before a number": b"*" + b"0" * 5000000 + b"1\r\n",
    "a line without end": b"#TS:" + b"1" * 5000000,
    "annotations without end": b"#TS:1\r\n" * 500000 + b"x",
    "MULTI in MULTI": command(b"MULTI") * 100000,
    "DISCARD in MULTI": (command(b"MULTI") + command(b"DISCARD")) * 100000,
    "commands that nobody knows": command(b"NOSUCH") * 200000,
    "a name of many bytes": command(b"x" * 3000000),
    "a name that is none": command(b"\x1b[31m\r\n\0\xff" * 10),
    "commands without words": b"*0\r\n" * 500000 + b"!",
    "an RDB of 2^64-1": MAGIC + key(0, size((1 << 64) - 1)),
    "zeros": bytes(4000000),
}


@pytest.mark.parametrize("deep", DEPTHS, ids=WORDS)
@pytest.mark.parametrize("case", AOFS)
def test_an_aof(keep, place, case, deep):
    path = place / "appendonly.aof"
    path.write_bytes(AOFS[case])
    said = check(keep, path, *deep)
    assert "appendonly.aof" in said


SPARSE = {
    "dump.rdb": MAGIC,
    "keys.rdb": MAGIC + key(0, b"\1v"),
    "string.rdb": MAGIC + key(0, size(99 << 30)),
    "set.rdb": MAGIC + key(2, size(1 << 47)),
    "lzf.rdb": MAGIC + key(0, b"\xc3" + size(50 << 30) + size(60 << 30)),
    "ziplist.rdb": MAGIC + key(13, size(50 << 30)),
    "newer.rdb": b"REDIS0099",
    "front.aof": MAGIC,
    "commands.aof": command(b"SET", b"a", b"b"),
    "multi.aof": command(b"MULTI"),
    "words.aof": b"*1000000000\r\n$3\r\nSET\r\n",
    "long.aof": b"*2\r\n$3\r\nGET\r\n$100000000000\r\n",
}


@pytest.mark.parametrize("deep", DEPTHS, ids=WORDS)
@pytest.mark.parametrize("name", SPARSE)
def test_a_hole_of_100_gib_behind_a_good_beginning(keep, place, name, deep):
    path = place / name
    with open(path, "wb") as f:
        f.write(SPARSE[name])
        f.truncate(100 << 30)
    said = check(keep, path, *deep, seconds=SPARSE_SECONDS)
    assert "damaged" in said and "at byte" in said


# Paths that are no files, and folders that hold such.

def make_fifo(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))


def make_loop(path):
    path.symlink_to(path.name)


def make_folder(path):
    path.mkdir()


def make_dangling(path):
    path.symlink_to("nowhere")


def make_zero(path):
    path.symlink_to("/dev/zero")


ODD = {make.__name__[5:]: make for make in (
    make_fifo, make_socket, make_loop, make_folder, make_dangling, make_zero)}


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/full",
                                  "/dev/tty", "/proc/self/mem"])
def test_a_device(keep, path):
    assert path in check(keep, path, exit=3)


@pytest.mark.parametrize("kind", [k for k in ODD if k != "folder"])
@pytest.mark.parametrize("name", ["dump.rdb", "appendonly.aof",
                                  "appendonly.aof.manifest"])
def test_what_is_no_file(keep, place, kind, name):
    ODD[kind](place / name)
    assert name in check(keep, place / name, exit=3)


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", [
    "dump.rdb", "appendonlydir", "appendonlydir/appendonly.aof.manifest",
    "appendonlydir/appendonly.aof.1.base.rdb",
    "appendonlydir/appendonly.aof.1.incr.aof"])
def test_what_is_no_file_in_a_data_directory(keep, place, kind, name):
    data = place / "data"
    (data / name).parent.mkdir(parents=True)
    if "1." in name:
        (data / "appendonlydir/appendonly.aof.manifest").write_text(
            f"file {name.split('/')[1]} seq 1 type "
            f"{'b' if 'base' in name else 'i'}\n")
    ODD[kind](data / name)
    for aof in "yes", "no":
        code, said = run(keep, data, "--appendonly", aof)
        assert code in (0, 1, 3), (code, said)
        used = name == "dump.rdb" if aof == "no" else \
            name.startswith("appendonlydir/")
        if used:
            assert code != 0, said
            assert name.split("/")[-1] in said


@pytest.mark.need("root")
def test_files_that_may_not_be_read(keep, place):
    data = place / "data"
    data.mkdir()
    (data / "dump.rdb").write_bytes(MAGIC + b"\xff" + bytes(8))
    (data / "dump.rdb").chmod(0)
    for path in data / "dump.rdb", data:
        said = check(keep, path, exit=3, user=unprivileged())
        assert "dump.rdb" in said and "ermission" in said
    data.chmod(0)
    assert "ermission" in check(keep, data, exit=3, user=unprivileged())


# Sets.

@pytest.fixture
def aofs(place):
    folder = place / "data" / "appendonlydir"
    folder.mkdir(parents=True)
    (folder / "appendonly.aof.1.incr.aof").write_bytes(
        command(b"SELECT", b"0"))
    return folder


LINE = "file appendonly.aof.1.incr.aof seq 1 type i\n"

MANIFESTS = {
    "a name that leads out": "file ../../secret seq 1 type i\n",
    "a name of a folder's file": "file a/b seq 1 type i\n",
    "a name that is a path": "file /etc/passwd seq 1 type i\n",
    "a name of dots": "file .. seq 1 type b\n",
    "a name with an escape": 'file "\\x1b[31mred" seq 1 type i\n',
    "a name with a line feed": 'file "a\\nb" seq 1 type i\n',
    "a name with a zero": 'file "a\\x00b" seq 1 type i\n',
    "a name without end": 'file "' + "a" * 900 + " seq 1 type i\n",
    "a seq of 2^64": "file a seq 18446744073709551616 type i\n",
    "a seq below 0": "file a seq -1 type i\n",
    "16 MiB": LINE * (16 << 20 >> 6),
    "16 MiB in one line": "file " + "a" * (16 << 20),
    "16 MiB of zeros": "\0" * (16 << 20),
    "100,000 files": "".join(
        f"file appendonly.aof.{i}.incr.aof seq {i} type i\n"
        for i in range(1, 100001)),
    "60,000 files": "".join(
        f"file appendonly.aof.{i}.incr.aof seq {i} type i\n"
        for i in range(1, 60001)),
    "100,000 old files": "".join(
        f"file appendonly.aof.{i}.incr.aof seq {i} type h\n"
        for i in range(1, 100001)),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest(keep, place, aofs, case):
    (place / "secret").write_bytes(command(b"NOSUCH"))
    (aofs / "appendonly.aof.manifest").write_text(MANIFESTS[case])
    for path in place / "data", aofs, aofs / "appendonly.aof.manifest":
        said = check(keep, path, "--appendonly", "yes")
        assert "NOSUCH" not in said
    check(keep, aofs, "--appendonly", "yes", "--json")


def test_names_that_a_terminal_would_obey(keep, place):
    data = place / "da\x1b[31mta\n"
    (data / "appendonlydir").mkdir(parents=True)
    (data / "dump.rdb").write_bytes(b"junk")
    (data / "appendonlydir" / "\x1b]0;title\a\n.aof").write_bytes(b"junk")
    (data / "temp-\x1b[2J\n.rdb").write_bytes(b"junk")
    check(keep, data, "--appendonly", "no")
    check(keep, data / "dump.rdb")


@pytest.mark.parametrize("where", ["", "appendonlydir"])
def test_twenty_thousand_files_beside_it(keep, place, aofs, where):
    data = place / "data"
    (aofs / "appendonly.aof.manifest").write_text(LINE)
    for i in range(20000):
        (data / where / f"temp-{i}.rdb").touch()
    check(keep, data, "--appendonly", "yes", exit=0)
