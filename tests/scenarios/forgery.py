"""Archives and entries as somebody who can write the repository could make
them: whole, sealed, and hostile."""

import hashlib
import io
import json
import os
import subprocess
import tarfile

BLOCK = 512


def seal(path, change):
    """Rewrites an entry with its own sum."""
    entry = json.loads(path.read_text())
    change(entry)
    entry.pop("sha256", None)
    sealed = json.dumps(entry, sort_keys=True, separators=(",", ":"),
                        ensure_ascii=False)
    entry["sha256"] = hashlib.sha256(sealed.encode()).hexdigest()
    path.write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


def members(path):
    """(header, bytes) of all in an archive that is not compressed."""
    with tarfile.open(path) as tar:
        return [(m, tar.extractfile(m).read()) for m in tar]


def header(name, size=0, kind=b"0", link="", mode=0o644, uid=0, pax=None):
    """A member's header as bytes; pax: records before it."""
    out = b""
    if pax is not None:
        records = b"".join(record(k, v) for k, v in pax)
        out += header("pax", len(records), b"x") + padded(records)
    fields = bytearray(BLOCK)

    def put(at, width, value):
        fields[at:at + width] = value[:width].ljust(width, b"\0")

    put(0, 100, os.fsencode(name))
    put(100, 8, b"%07o" % mode)
    put(108, 8, b"%07o" % uid)
    put(116, 8, b"%07o" % uid)
    put(124, 12, b"%011o" % size if size < 8 ** 11 else
        b"\x80" + size.to_bytes(11, "big"))
    put(136, 12, b"%011o" % 1)
    put(148, 8, b" " * 8)
    put(156, 1, kind)
    put(157, 100, os.fsencode(link))
    put(257, 8, b"ustar\x0000")
    put(148, 8, b"%06o\0 " % sum(fields))
    return out + bytes(fields)


def record(key, value):
    """A pax record: its length counts itself."""
    body = b" " + key.encode() + b"=" + value + b"\n"
    size = len(body) + 1
    while size != len(body) + len(str(size)):
        size = len(body) + len(str(size))
    return str(size).encode() + body


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def member(name, data=b"", **more):
    return header(name, more.pop("size", len(data)), **more) + padded(data)


def untouched(path):
    """The members as bytes, each by its name."""
    return {m.name: member(m.name, data, mode=m.mode, uid=m.uid)
            for m, data in members(path)}


END = bytes(2 * BLOCK)


def put(path, entry_path, data, change=lambda entry: None):
    """The archive's bytes become data, and its entry says so."""
    path.write_bytes(data)

    def all_changes(entry):
        entry["archive"]["size"] = len(data)
        entry["archive"]["sha256"] = hashlib.sha256(data).hexdigest()
        change(entry)

    seal(entry_path, all_changes)


def zstd(data):
    return subprocess.run(["zstd", "-c", "-q"], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def gzip(data):
    out = io.BytesIO()
    import gzip as codec
    with codec.GzipFile(fileobj=out, mode="wb") as f:
        f.write(data)
    return out.getvalue()
