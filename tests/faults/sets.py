"""Datasets of a few keys, as bytes: each a table of paths under the data
directory."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))
from rdb_damage import crc64  # noqa: E402

AOF = "appendonlydir/appendonly.aof"


def rdb(*keys):
    body = b"REDIS0010\xfe\x00"
    for key in keys:
        body += b"\x00" + bytes([len(key)]) + key.encode() + b"\x03abc"
    body += b"\xff"
    return body + crc64(body).to_bytes(8, "little")


def resp(*keys):
    return b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$3\r\nxyz\r\n" %
                    (len(key), key.encode()) for key in keys)


def dump(word):
    return {"dump.rdb": rdb(word, word + "2")}


def aof(word, first=1):
    """A base, two incrs, and a dump beside them, as save points leave it."""
    names = [(f"{first}.base.rdb", first, "b"),
             (f"{first}.incr.aof", first, "i"),
             (f"{first + 1}.incr.aof", first + 1, "i")]
    lines = "".join(f"file appendonly.aof.{name} seq {seq} type {kind}\n"
                    for name, seq, kind in names)
    texts = [rdb(word), resp(word + "a", word + "b"), resp(word + "c")]
    return {f"{AOF}.manifest": lines.encode(),
            **{f"{AOF}.{n[0]}": text for n, text in zip(names, texts)}}


def aof_and_dump(word):
    return {**aof(word, 3), **dump(word)}


def single(word):
    return {"appendonly.aof": resp(word, word + "1")}


def torn(word):
    """As a power cut leaves it: the last command is not whole."""
    files = aof(word)
    last = f"{AOF}.2.incr.aof"
    return {**files, last: files[last] + resp("torn")[:-7]}


def holed(word):
    """A command in the middle that no server can read."""
    files = aof(word)
    first = f"{AOF}.1.incr.aof"
    return {**files, first: files[first].replace(b"$3\r\nSET", b"$x\r\nSET", 1)}


def headless(word):
    """Without a manifest a server starts empty."""
    files = aof(word)
    del files[f"{AOF}.manifest"]
    return files


def flipped(word):
    """A dump in which a key cannot be read."""
    text = bytearray(dump(word)["dump.rdb"])
    text[11] = 0x7f
    return {"dump.rdb": bytes(text)}


def nothing(word):
    del word
    return {}
