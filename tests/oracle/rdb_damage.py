"""Damage inside an RDB that its checksum does not show: it is computed anew,
so that what a server sees of the values themselves is what decides."""

POLYNOMIAL = 0x95AC9329AC4BC9B5
END = 0xFF

# Types, opcodes, and first bytes of lengths and encodings.
TELLING = [*range(0, 29), 0x3F, 0x40, 0x7F, 0x80, 0x81, 0xC0, 0xC1, 0xC2, 0xC3,
           0xC4, *range(0xF0, 0x100)]


def make_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (POLYNOMIAL if n & 1 else 0)
        table.append(n)
    return table


TABLE = make_table()


def crc64(data, crc=0):
    table = TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def is_rdb(data):
    return data[:5] == b"REDIS" or data[:6] == b"VALKEY"


def find_end(data):
    """Where the byte FF before the checksum is; None: no whole RDB in front."""
    table, crc = TABLE, 0
    for at, byte in enumerate(data):
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
        if byte == END and (data[at + 1:at + 9] == crc.to_bytes(8, "little")
                            or data[at + 1:] == bytes(8)):
            return at
    return None


def near_structure(rng, body):
    """An offset behind the magic, most of them on no letter."""
    at = rng.randrange(9, len(body))
    if rng.random() < 0.3:
        return at
    for i in range(at, min(at + 40, len(body))):
        if body[i] < 32 or body[i] >= 0xC0:
            return i
    return at


def change_byte(rng, body, at):
    kind = rng.randrange(4)
    new = (rng.choice(TELLING) if kind == 0 else
           body[at] ^ 1 << rng.randrange(8) if kind == 1 else
           (body[at] + rng.choice([1, -1])) & 255 if kind == 2 else
           rng.randrange(256))
    return body[:at] + bytes([new]) + body[at + 1:]


def change(rng, body):
    at, size = near_structure(rng, body), rng.choice([1, 1, 2, 9, 30, 90])
    kind = rng.randrange(10)
    if kind < 5:
        return change_byte(rng, body, at)
    if kind == 5:
        return body[:at] + body[at + size:]
    if kind == 6:
        return body[:at] + rng.randbytes(rng.choice([1, 2, 8])) + body[at:]
    if kind == 7:
        return body[:at] + bytes(min(size, len(body) - at)) + body[at + size:]
    if kind == 8:
        return body[:at]
    return body[:at] + body[at:at + size] * 2 + body[at + size:]


def covered(rng, data):
    """Changes the RDB in front of data once or twice, and its checksum."""
    end = find_end(data)
    if end is None:
        return data
    body = data[:end]
    for _ in range(2 if rng.random() < 0.1 else 1):
        body = change(rng, body)
        if len(body) < 20:
            return data
    body += bytes([END])
    return body + crc64(body).to_bytes(8, "little") + data[end + 9:]
