"""The pieces that whole data files are made of: keys of an RDB, commands and
transactions of an AOF. And which of them lie undamaged in a changed file."""

from collections import namedtuple

from rdb_damage import is_rdb

# Where it lies; kind is "key", "command" or "functions"; text is its bytes.
Piece = namedtuple("Piece", "begin end kind text")


class Walk:
    """Over an RDB as the servers of this oracle write it."""

    def __init__(self, data):
        self.data, self.at = data, 9
        self.valkey = data[:6] == b"VALKEY"

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def length(self):
        c = self.byte()
        if c < 0x40:
            return c
        size = 1 if c < 0x80 else 4 if c == 0x80 else 8
        self.at += size
        n = int.from_bytes(self.data[self.at - size:self.at], "big")
        return (c & 0x3f) << 8 | n if c < 0x80 else n

    def lengths(self, n):
        for _ in range(n):
            self.length()

    def string(self):
        c = self.data[self.at]
        if c < 0xc0:
            size = self.length()
            self.at += size
        elif c == 0xc3:
            self.at += 1
            size, _ = self.length(), self.length()
            self.at += size
        else:
            self.at += 1 + (1 << (c & 3))

    def strings(self, n):
        for _ in range(n):
            self.string()

    def skip(self, n):
        self.at += n

    def zset(self):
        for _ in range(self.length()):
            self.string()
            self.skip(8)

    def quicklist(self):
        for _ in range(self.length()):
            self.length()
            self.string()

    def hash_times(self, valkey):
        if not valkey:
            self.skip(8)
        for _ in range(self.length()):
            if not valkey:
                self.length()
            self.strings(2)
            if valkey:
                self.skip(8)

    def stream(self, version):
        self.strings(2 * self.length())
        self.lengths(3 + (5 if version >= 2 else 0))
        for _ in range(self.length()):
            self.string()
            self.lengths(2 + (version >= 2))
            for _ in range(self.length()):
                self.skip(24)
                self.length()
            for _ in range(self.length()):
                self.string()
                self.skip(16 if version >= 3 else 8)
                self.skip(16 * self.length())

    def value(self, kind):
        if kind in (1, 2, 14):
            self.strings(self.length())
        elif kind == 4:
            self.strings(2 * self.length())
        elif kind == 5:
            self.zset()
        elif kind == 18:
            self.quicklist()
        elif kind in (15, 19, 21):
            self.stream({15: 1, 19: 2, 21: 3}[kind])
        elif kind == 24 or (kind == 22 and self.valkey):
            self.hash_times(self.valkey)
        else:
            self.skip(8 if kind == 25 else 0)
            self.string()

    def opcode(self, code):
        if code == 0xfa:
            self.strings(2)
        elif code == 0xf5:
            self.string()
        elif code == 0xfe:
            self.length()
        elif code == 0xfb:
            self.lengths(2)
        elif code == 0xf4:
            self.lengths(3)
        else:
            self.skip({0xfc: 8, 0xfd: 4, 0xf9: 1}[code])

    def pieces(self):
        """All of them; then self.at is behind the checksum."""
        begin = self.at
        while True:
            start = self.at
            code = self.byte()
            if code == 0xff:
                self.skip(8)
                return
            if code < 0xf0:
                self.string()
                self.value(code)
                yield Piece(begin, self.at, "key", self.data[begin:self.at])
            else:
                self.opcode(code)
            if code == 0xf5:
                yield Piece(start, self.at, "functions",
                            self.data[start:self.at])
            if code not in (0xfc, 0xfd, 0xf9):
                begin = self.at


def read_command(data, at):
    words = []
    end = data.index(b"\r\n", at)
    for _ in range(int(data[at + 1:end])):
        at = end + 2
        middle = data.index(b"\r\n", at)
        size = int(data[at + 1:middle])
        words.append(data[middle + 2:middle + 2 + size])
        end = middle + 2 + size
    return words, end + 2


def commands(data, at=0):
    """A transaction is one piece; annotations and SELECT are none."""
    begin = None
    while at < len(data):
        start = at
        if data[at:at + 1] == b"#":
            at = data.index(b"\n", at) + 1
            continue
        words, at = read_command(data, at)
        name = words[0].upper()
        if name == b"MULTI":
            begin = start
        elif name == b"EXEC":
            yield Piece(begin, at, "command", data[begin:at])
            begin = None
        elif begin is None and name != b"SELECT":
            yield Piece(start, at, "command", data[start:at])


def split(data):
    """The pieces of a file that a server wrote."""
    found, at = [], 0
    if is_rdb(data):
        walk = Walk(data)
        found = list(walk.pieces())
        at = walk.at
    return found + list(commands(data, at))


def undamaged(old, new):
    """Those of old that lie before the first or behind the last byte that is
    another in new."""
    if old == new:
        return split(old)
    least = min(len(old), len(new))
    front = next((i for i in range(least) if old[i] != new[i]), least)
    back = 0
    while back < least - front and old[-1 - back] == new[-1 - back]:
        back += 1
    return [p for p in split(old)
            if p.end <= front or p.begin >= len(old) - back]
