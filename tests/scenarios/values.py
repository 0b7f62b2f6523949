"""RDB values byte by byte, good and bad, as (type, RDB version, bytes)."""

import struct


def length(n):
    return bytes([n]) if n < 64 else bytes([0x40 | n >> 8, n & 255])


def string(data):
    return length(len(data)) + data


def checksum(data):
    """CRC-64 of Jones, as a dump ends with it."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return struct.pack("<Q", crc)


def dump(kind, version, value, key=b"k", more=b""):
    """A dump of one key; its checksum is right, whatever the value is."""
    data = (b"REDIS%04d" % version + bytes([0xfe, 0, kind]) + string(key) +
            value + more + b"\xff")
    return data + checksum(data)


def ziplist(*entries, count=None, total=None, tail=None, end=b"\xff"):
    body, previous, last = b"", 0, 10
    for e in entries:
        last = 10 + len(body)
        e = bytes([previous]) + e
        previous = len(e)
        body += e
    size = 10 + len(body) + 1
    head = struct.pack("<IIH", size if total is None else total,
                       last if tail is None else tail,
                       len(entries) if count is None else count)
    return head + body + end


def listpack(*entries, count=None, total=None, end=b"\xff"):
    body = b"".join(e + bytes([len(e)]) for e in entries)
    size = 6 + len(body) + 1
    head = struct.pack("<IH", size if total is None else total,
                       len(entries) if count is None else count)
    return head + body + end


def zl(text):
    return bytes([len(text)]) + text


def lp(value):
    if isinstance(value, int):
        return bytes([value])
    return bytes([0x80 | len(value)]) + value


def intset(*numbers, width=2, count=None, extra=b""):
    head = struct.pack("<II", width,
                       len(numbers) if count is None else count)
    return head + b"".join(n.to_bytes(width if width in (2, 4, 8) else 2,
                                      "little", signed=True)
                           for n in numbers) + extra


def pairs(*members):
    return length(len(members)) + b"".join(
        string(m) + struct.pack("<d", s) for m, s in members)


def entries(*fields, live=1, gone=0, count=None, zero=0, flags=2):
    """A stream's listpack of one entry with the master's fields."""
    items = [lp(live), lp(gone), lp(len(fields))] + [lp(f) for f in fields]
    items += [lp(zero), lp(flags), lp(0), lp(0)] + [lp(b"v") for _ in fields]
    items += [lp(len(fields) + 3 if count is None else count)]
    return listpack(*items)


ID = bytes(7) + b"\1" + bytes(7) + b"\0"
OTHER = bytes(7) + b"\2" + bytes(7) + b"\0"


def pel(*ids):
    return length(len(ids)) + b"".join(i + bytes(8) + b"\1" for i in ids)


def owns(name, *ids):
    return string(name) + bytes(8) + length(len(ids)) + b"".join(ids)


def group(name, pending, *consumers):
    return (string(name) + b"\1\0\1" + pending + length(len(consumers)) +
            b"".join(consumers))


def stream(node, *groups, ident=ID, items=1, nodes=None):
    """Of version 2, as redis 7.0 writes it."""
    if nodes is None:
        nodes = string(ident) + string(node)
    count = b"\1" if node is not None else b"\0"
    return (count + nodes + length(items) + b"\1\0" + b"\1\0" + b"\0\0" +
            length(items) + length(len(groups)) + b"".join(groups))


A, B, C = b"aa", b"bb", b"cc"
LP, ZL = listpack, ziplist
ZA, ZB, ZC, LA, LB, LC = zl(A), zl(B), zl(C), lp(A), lp(B), lp(C)
NAN, ONE = float("nan"), b"\xf2"
CASES = {
    # strings
    "lzf": (0, 9, b"\xc3\x04\x1e\x00aaa"[:0] + b"\xc3\x03\x02\x01ab"),
    "lzf-short": (0, 9, b"\xc3\x03\x03\x01ab"),
    "lzf-long": (0, 9, b"\xc3\x03\x01\x01ab"),
    "lzf-input": (0, 9, b"\xc3\x03\x04\x03ab"),
    "lzf-back": (0, 9, b"\xc3\x04\x05\x00a\x20\x05"),
    "lzf-ref": (0, 9, b"\xc3\x04\x04\x00a\x20\x00"),
    "lzf-in-key": (1, 9, b"\x01\xc3\x04\x05\x00a\x20\x05"),
    # plain collections
    "set-twice": (2, 9, b"\x02" + string(A) * 2),
    "set-int-twice": (2, 9, b"\x02\xc0\x05\xc0\x05"),
    "zset": (5, 9, pairs((A, 1), (B, 2))),
    "zset-twice": (5, 9, pairs((A, 1), (A, 2))),
    "zset-nan": (5, 9, pairs((A, NAN), (B, 2))),
    "zset-text-nan": (3, 9, b"\x01\x02aa\xfd"),
    "zset-text-nan2": (3, 9, b"\x01\x02aa\x03nan"),
    "zset-text-bad": (3, 9, b"\x01\x02aa\x03abc"),
    "hash-twice": (4, 9, b"\x02" + (string(A) + string(B)) * 2),
    "hash-twice-long": (4, 9, b"\x02" + (string(A) + string(b"x" * 80)) * 2),
    # intset
    "intset": (11, 9, string(intset(1, 2, 3))),
    "intset-4": (11, 9, string(intset(1, 2, 70000, width=4))),
    "intset-width": (11, 9, string(intset(1, 2, width=3))),
    "intset-count": (11, 9, string(intset(1, 2, count=3))),
    "intset-more": (11, 9, string(intset(1, 2, count=1))),
    "intset-order": (11, 9, string(intset(2, 1))),
    "intset-twice": (11, 9, string(intset(2, 2))),
    "intset-none": (11, 9, string(intset())),
    "intset-odd": (11, 9, string(intset(1, 2, extra=b"x"))),
    # ziplist
    "zl": (10, 9, string(ZL(ZA, ZB))),
    "zl-none": (10, 9, string(ZL())),
    "zl-total": (10, 9, string(ZL(ZA, total=99))),
    "zl-end": (10, 9, string(ZL(ZA, end=b"\xfe"))),
    "zl-tail-far": (10, 9, string(ZL(ZA, tail=99))),
    "zl-tail": (10, 9, string(ZL(ZA, ZB, tail=10))),
    "zl-count": (10, 9, string(ZL(ZA, ZB, count=3))),
    "zl-count-0": (10, 9, string(ZL(ZA, ZB, count=0))),
    "zl-prev": (10, 9, string(ZL(ZA, b"\x02bb\x09", ZB))),
    "zl-encoding": (10, 9, string(ZL(ZA, b"\xff"))),
    "zl-encoding-2": (10, 9, string(ZL(ZA, b"\xc1"))),
    "zl-long": (10, 9, string(ZL(ZA, b"\x3fbb"))),
    "zl-early-end": (10, 9, string(ZL(ZA, ZB)[:-1] + b"\xff\xff")),
    "zl-hash": (13, 9, string(ZL(ZA, ZB))),
    "zl-hash-odd": (13, 9, string(ZL(ZA, ZB, ZC))),
    "zl-hash-twice": (13, 9, string(ZL(ZA, ZB, ZA, ZC))),
    "zl-hash-none": (13, 9, string(ZL())),
    "zl-zset": (12, 9, string(ZL(ZA, ONE))),
    "zl-zset-twice": (12, 9, string(ZL(ZA, ONE, ZA, ONE))),
    "zl-zset-odd": (12, 9, string(ZL(ZA, ONE, ZA))),
    "zl-zset-nan": (12, 9, string(ZL(ZA, zl(b"nan")))),
    "zl-zset-text": (12, 9, string(ZL(ZA, zl(b"abc")))),
    "zl-zset-order": (12, 9, string(ZL(ZA, b"\xf3", ZB, ONE))),
    "ql": (14, 9, b"\x01" + string(ZL(ZA))),
    "ql-none": (14, 9, b"\x01" + string(ZL())),
    "ql-empty": (14, 9, b"\x01\x00"),
    "ql-short": (14, 9, b"\x01\x03abc"),
    "ql-count": (14, 9, b"\x01" + string(ZL(ZA, count=2))),
    # zipmap
    "zm": (9, 9, string(b"\x01\x01a\x01\x00b\xff")),
    "zm-free": (9, 9, string(b"\x01\x01a\x01\x01bX\xff")),
    "zm-none": (9, 9, string(b"\x00\xff")),
    "zm-end": (9, 9, string(b"\x01\x01a\x01\x00b\xfe")),
    "zm-count": (9, 9, string(b"\x02\x01a\x01\x00b\xff")),
    "zm-long": (9, 9, string(b"\x01\x01a\x7f\x00b\xff")),
    "zm-twice": (9, 9, string(b"\x02" + b"\x01a\x01\x00b" * 2 + b"\xff")),
    "zm-early": (9, 9, string(b"\x01\x01a\x01\x00b\xff\xff")),
    "zm-long-form": (9, 9, string(b"\x01\xfe\x01\0\0\0a\x01\x00b\xff")),
    # listpack
    "lp-hash": (16, 10, string(LP(LA, LB))),
    "lp-none": (16, 10, string(LP())),
    "lp-short": (16, 10, string(b"\6\0\0\0\0\0")),
    "lp-total": (16, 10, string(LP(LA, LB, total=99))),
    "lp-end": (16, 10, string(LP(LA, LB, end=b"\xfe"))),
    "lp-count": (16, 10, string(LP(LA, LB, count=4))),
    "lp-count-0": (16, 10, string(LP(LA, LB, count=0))),
    "lp-count-1": (16, 10, string(LP(LA, LB, count=1))),
    "lp-backlen": (16, 10, string(LP(LA, LB).replace(b"bb\3", b"bb\4"))),
    "lp-encoding": (16, 10, string(LP(LA, b"\xf5"))),
    "lp-odd": (16, 10, string(LP(LA, LB, LC))),
    "lp-twice": (16, 10, string(LP(LA, LB, LA, LC))),
    "lp-zset": (17, 10, string(LP(LA, lp(1), LB, lp(2)))),
    "lp-zset-twice": (17, 10, string(LP(LA, lp(1), LA, lp(2)))),
    "lp-zset-nan": (17, 10, string(LP(LA, lp(b"nan")))),
    "lp-zset-text": (17, 10, string(LP(LA, lp(b"abc")))),
    "lp-zset-order": (17, 10, string(LP(LA, lp(2), LB, lp(1)))),
    "lp-set": (20, 11, string(LP(LA, LB))),
    "lp-set-twice": (20, 11, string(LP(LA, LA))),
    "lp-set-int-twice": (20, 11, string(LP(lp(5), lp(b"5")))),
    "ql2": (18, 10, b"\x01\x02" + string(LP(LA))),
    "ql2-plain": (18, 10, b"\x01\x01" + string(A)),
    "ql2-total": (18, 10, b"\x01\x02" + string(LP(LA, total=9))),
    "ql2-empty": (18, 10, b"\x01\x01\x00"),
    "ql2-none": (18, 10, b"\x01\x02" + string(LP())),
    "ql2-count": (18, 10, b"\x01\x02" + string(LP(LA, count=2))),
    # streams
    "st": (19, 10, stream(entries(b"f"))),
    "st-id": (19, 10, stream(entries(b"f"), ident=ID[1:])),
    "st-total": (19, 10, stream(entries(b"f")[:-1] + b"\0")),
    "st-none": (19, 10, stream(LP())),
    "st-zero": (19, 10, stream(entries(b"f", zero=1))),
    "st-live": (19, 10, stream(entries(b"f", live=2))),
    "st-count": (19, 10, stream(entries(b"f", count=9))),
    "st-items": (19, 10, stream(entries(b"f"), items=5)),
    "st-no-nodes": (19, 10, stream(None, nodes=b"", items=1)),
    "st-node-twice": (19, 10, b"\2" + 2 * (string(ID) +
                      string(entries(b"f"))) + stream(entries(b"f"))[
                          1 + len(string(ID) + string(entries(b"f"))):]),
    "st-group": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID), owns(b"c", ID)))),
    "st-group-twice": (19, 10, stream(
        entries(b"f"), group(b"g", pel()), group(b"g", pel()))),
    "st-pel-twice": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID, ID), owns(b"c", ID)))),
    "st-pel-order": (19, 10, stream(entries(b"f"), group(
        b"g", pel(OTHER, ID), owns(b"c", ID, OTHER)))),
    "st-pel-foreign": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID), owns(b"c", OTHER)))),
    "st-pel-unowned": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID), owns(b"c")))),
    "st-pel-own-twice": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID), owns(b"c", ID, ID)))),
    "st-pel-two-owners": (19, 10, stream(entries(b"f"), group(
        b"g", pel(ID), owns(b"c", ID), owns(b"d", ID)))),
    "st-consumer-twice": (19, 10, stream(entries(b"f"), group(
        b"g", pel(), owns(b"c"), owns(b"c")))),
    "st-empty": (19, 10, stream(None, nodes=b"", items=0)),
    # hash field times: redis 7.4 and later
    "hx": (25, 12, struct.pack("<q", 1 << 41) + string(
        LP(LA, LB, lp(0)))),
    "hx-twice": (25, 12, struct.pack("<q", 1 << 41) + string(
        LP(LA, LB, lp(0), LA, LB, lp(0)))),
    "hx-odd": (25, 12, struct.pack("<q", 1 << 41) + string(
        LP(LA, LB, lp(0), LA))),
    "hx-ttl-text": (25, 12, struct.pack("<q", 1 << 41) + string(
        LP(LA, LB, LC))),
    "ht-twice": (24, 12, struct.pack("<q", 1 << 41) + b"\x02" +
                 (b"\0" + string(A) + string(B)) * 2),
    # the same key again
    "key-twice": (0, 9, string(A), b"\x00" + string(b"k") + string(A)),
    "key-twice-empty": (2, 9, b"\x00", b"\x00" + string(b"k") + string(A)),
    "key-twice-db": (0, 9, string(A), b"\xfe\x01\x00" + string(b"k") +
                     string(A)),
    "key-twice-later": (0, 9, string(A), b"\x00" + string(b"l") + string(A) +
                        b"\x00" + string(b"k") + string(A)),
}


def bytes_of(name):
    kind, version, value, *more = CASES[name]
    return dump(kind, version, value, more=more[0] if more else b"")
