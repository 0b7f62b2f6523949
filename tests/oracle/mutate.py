"""Damage as disks, crashes and people do it; the same seed does the same."""

import re

from rdb_damage import covered, is_rdb

# Where a command may begin, as good as always.
COMMAND = re.compile(rb"(?<=\r\n)(?=\*[0-9]+\r\n\$)|\A")
STRUCTURE = re.compile(rb"[*$#][0-9T][^\r\n]{0,12}\r\n|\r\n")


def files(folder):
    return sorted(p for p in folder.rglob("*") if p.is_file())


def place_in(rng, data):
    """An offset: half of them where an AOF has its structure, or near ends."""
    kind = rng.random()
    if kind < 0.5:
        near = rng.randrange(len(data) + 1)
        found = STRUCTURE.search(data, near)
        if found:
            return rng.randrange(found.start(), found.end())
    if kind < 0.7:
        return max(0, len(data) - rng.randrange(1, 60))
    return rng.randrange(len(data) + 1)


def some_bytes(rng):
    kind = rng.random()
    if kind < 0.3:
        return rng.randbytes(rng.randrange(1, 20))
    if kind < 0.5:
        return bytes(rng.randrange(1, 64))
    return rng.choice([
        b"\n", b"\r\n", b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$5\r\nMULTI\r\n",
        b"*1\r\n$4\r\nEXEC\r\n", b"#TS:1700000000\r\n", b"#TS:17", b"$-1\r\n",
        b"*0\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n", b"0", b"9",
        b"*2\r\n$3\r\nbla\r\n$1\r\na\r\n", b"*1\r\n$6\r\nXGROUP\r\n",
        b"*2\r\n$6\r\nSELECT\r\n$2\r\n99\r\n", b"REDIS0010", b"\xff", b" "])


def truncate(rng, data):
    return data[:place_in(rng, data)]


def flip(rng, data):
    at = min(place_in(rng, data), len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]


def replace(rng, data):
    at = min(place_in(rng, data), len(data) - 1)
    return data[:at] + rng.randbytes(1) + data[at + 1:]


def insert(rng, data):
    at = place_in(rng, data)
    return data[:at] + some_bytes(rng) + data[at:]


def delete(rng, data):
    at = place_in(rng, data)
    return data[:at] + data[at + rng.choice([1, 1, 2, 7, 40, 300]):]


def zero(rng, data):
    at, size = place_in(rng, data), rng.choice([1, 4, 30, 200, 10 ** 9])
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size:]


def swap(rng, data):
    size = rng.choice([1, 4, 27, 100])
    a, b = sorted(place_in(rng, data) for _ in range(2))
    if b - a < size:
        return data
    return (data[:a] + data[b:b + size] + data[a + size:b] + data[a:a + size] +
            data[b + size:])


def repeat(rng, data):
    at, size = place_in(rng, data), rng.choice([1, 27, 100, 400])
    return data[:at] + data[at:at + size] * 2 + data[at + size:]


def append(rng, data):
    return data + some_bytes(rng)


def empty(rng, data):
    return b""


def command(*words):
    return b"".join([b"*%d\r\n" % len(words)] +
                    [b"$%d\r\n%s\r\n" % (len(w), w) for w in words])


WHOLE = [command(*line.split()) for line in [
    b"PING", b"MULTI", b"EXEC", b"DISCARD", b"SET a b", b"SET a", b"SET",
    b"bla a b", b"XGROUP", b"XGROUP bla k", b"XGROUP DESTROY k g", b"DEL",
    b"INCR a b", b"SELECT 99", b"SELECT x", b"SELECT 1", b"HEXPIRE k 9 "
    b"FIELDS 1 f", b"GETEX k", b"LCS a b", b"WAITAOF 0 0 0", b"FLUSHALL",
    b"JSON.SET k $ 1", b"CONFIG", b"FUNCTION bla", b"FUNCTION FLUSH",
    b"STRALGO LCS", b"DELIFEQ k v", b"EVAL x", b"WATCH k"]]


def commands(rng, data):
    """Whole commands put in, taken out, doubled, exchanged."""
    marks = [m.start() for m in COMMAND.finditer(data)] + [len(data)]
    at = rng.randrange(len(marks))
    here, end = marks[at], marks[min(at + 1, len(marks) - 1)]
    kind = rng.randrange(5)
    if kind == 0:
        return data[:here] + data[end:]
    if kind == 1:
        return data[:here] + data[here:end] * 2 + data[end:]
    if kind == 2:
        return data[:end]
    return data[:here] + rng.choice(WHOLE) + data[here:]


def word(rng, data):
    """Another digit in a number, another letter in a name."""
    found = list(re.finditer(rb"(?<=[*$])[0-9]+(?=\r\n)|(?<=\r\n)[A-Za-z]+"
                             rb"(?=\r\n)", data))
    if not found:
        return data
    at = rng.choice(found)
    at = rng.randrange(at.start(), at.end())
    new = rng.choice(b"0123456789" if data[at] < 58 else
                     b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdelmnorst")
    return data[:at] + bytes([new]) + data[at + 1:]


CONTENT = [truncate] * 5 + [flip] * 4 + [replace] * 2 + [insert] * 4 + \
    [delete] * 3 + [zero] * 3 + [swap] * 2 + [repeat] * 2 + [append] * 2 + \
    [empty] + [commands] * 8 + [word] * 4


def edit_lines(rng, data):
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    kind = rng.randrange(7)
    if kind == 0 and at < len(lines):
        del lines[at]
    elif kind == 1 and at < len(lines):
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
    elif kind == 2:
        rng.shuffle(lines)
    elif kind == 3:
        lines.insert(at, rng.choice([
            b"\n", b"# words\n", b" # words\n", b"file a seq 1 type h\n",
            b"file x.aof seq 9 type i\n", b"file ../x seq 9 type i\n"]))
    elif kind == 4 and at < len(lines):
        lines[at] = lines[at].replace(
            *rng.choice([(b"type i", b"type h"), (b"type b", b"type i"),
                         (b"type i", b"type b"), (b"seq ", b"seq 1"),
                         (b"seq ", b"seq -"), (b"\n", b"\r\n"),
                         (b"\n", b" more words\n"), (b"file ", b"FILE ")]))
    elif kind == 5 and at < len(lines):
        lines[at] = rng.choice([flip, replace, insert, delete])(rng, lines[at])
    else:
        return truncate(rng, data)
    return b"".join(lines)


def change_name(rng, path, folder):
    kind = rng.randrange(4)
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.rename(path.with_name(path.name + ".old"))
    elif kind == 2:
        other = rng.choice(files(folder))
        a, b = path.read_bytes(), other.read_bytes()
        path.write_bytes(b)
        other.write_bytes(a)
    else:
        path.with_name(rng.choice([
            "temp-appendonly.aof.manifest", "temp-1.rdb", "dump.rdb",
            "appendonly.aof.9.incr.aof"])).write_bytes(path.read_bytes())
    return kind


def mutate(rng, folder):
    """Changes the folder once or some times; words that say how."""
    done = []
    for _ in range(rng.choice([1] * 15 + [2] * 4 + [3])):
        found = files(folder)
        if not found or rng.random() < 0.03:
            continue
        path = rng.choice(found)
        name = str(path.relative_to(folder))
        if rng.random() < 0.1:
            done.append((f"name{change_name(rng, path, folder)}", name))
            continue
        data = path.read_bytes()
        if name.endswith(".manifest"):
            change = edit_lines
        elif is_rdb(data) and rng.random() < 0.4:
            change = covered
        else:
            change = rng.choice(CONTENT)
        if data:
            path.write_bytes(change(rng, data))
        done.append((change.__name__, name))
    return done
