"""Clients that nobody wants: malformed requests by a seeded generator, and
connections that are slow."""

import random
import socket
import threading
import time

PATHS = [b"/health/live", b"/health/ready", b"/metrics", b"/api/status",
         b"/api/snapshots", b"/gate/require", b"/gate/check", b"/", b"/nowhere",
         b"/health/live?x=%00", b"*", b"//", b"/../../etc/passwd",
         b"http://a/health/live", b"http://[",
         b"/\xff\xfe", b"/%zz%", b"/" + b"a" * 5000]
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE",
           b"CONNECT", b"PATCH", b"BREW", b"get", b"", b"G" * 300, b"\0"]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.",
            b"", b"HTTP/9999999999.1", b"HTP/1.1", b"HTTP/1.1 x"]
HEADERS = [b"Host: x", b"Connection: close", b"Connection: keep-alive",
           b"Content-Length: 5", b"Content-Length: 0", b"Content-Length: -1",
           b"Content-Length: 99999999999999999999", b"Content-Length: 65537",
           b"Transfer-Encoding: chunked", b"Transfer-Encoding: x, chunked",
           b"Expect: 100-continue", b"Expect: x", b"no colon", b": empty",
           b"A:" + b"b" * 2000, b" folded", b"X: \0\1\2", b"\xff: \xff",
           b"Authorization: Bearer x", b"Upgrade: h2c", b"A: b\rC: d"]
BODIES = [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"0" * 3000,
          b"ffffffffffffffff\r\n", b"-1\r\n", b"\0" * 100]


def noise(chance):
    """One request, more or less."""
    lines = [b" ".join([chance.choice(METHODS[:1] * 6 + METHODS),
                        chance.choice(PATHS),
                        chance.choice(VERSIONS[:1] * 6 + VERSIONS)])]
    lines += chance.choices(HEADERS, k=chance.choice([0, 1, 2, 3, 8]))
    if chance.random() < 0.02:
        lines += [b"a:"] * chance.choice([99, 990, 6000])
    text = bytearray(chance.choice([b"\r\n"] * 8 + [b"\n", b"\r"]).join(lines))
    text += b"\r\n\r\n" + chance.choice(BODIES)
    for _ in range(chance.choice([0, 0, 0, 1, 5])):
        text[chance.randrange(len(text))] = chance.randrange(256)
    if chance.random() < 0.1:
        del text[chance.randrange(len(text)):]
    return bytes(text)


def converse(port, chance):
    """Sends some of it over one connection, in pieces, and reads a little.
    What comes back is HTTP."""
    text = b"".join(noise(chance) for _ in range(chance.choice([1, 1, 1, 4])))
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.settimeout(0.02)
        got = b""
        try:
            while text:
                size = chance.choice([1, 10, 100, 100000])
                link.sendall(text[:size])
                text = text[size:] if size > 1 else text[1:2000]
                if chance.random() < 0.1:
                    got += link.recv(65536)
            if chance.random() < 0.5:
                link.shutdown(socket.SHUT_WR)
            if chance.random() < 0.8:
                got += link.recv(65536)
        except OSError:
            pass  # slow, or it has had enough
        assert got == b"" or got.startswith((b"HTTP/1.0 ", b"HTTP/1.1 ")), \
            got[:100]


class Noise:
    """Some threads of it, until it is over."""

    def __init__(self, port, seed, threads=4):
        self.port, self.over = port, threading.Event()
        self.count, self.wrong = 0, []
        self.threads = [threading.Thread(
            target=self.run, args=(random.Random(f"{seed}.{i}"),), daemon=True)
            for i in range(threads)]

    def run(self, chance):
        while not self.over.is_set():
            state = chance.getstate()
            try:
                converse(self.port, chance)
                self.count += 1
            except (AssertionError, OSError) as e:
                self.wrong.append((e, hash(state)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *rest):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if kind is None:
            assert not self.wrong, self.wrong[:3]
            assert self.count > 0


class Slow:
    """Connections that give a byte now and then, each again when it is
    ended."""

    BEGIN = [b"", b"G", b"GET /health/live HTTP/1.1\r\nA: ",
             b"POST / HTTP/1.1\r\nContent-Length: 60000\r\n\r\n",
             b"GET /api/status HTTP/1.1\r\n\r\n" * 50]

    def __init__(self, port, count=200):
        self.port, self.count = port, count
        self.over, self.ended = threading.Event(), 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def dial(self, i):
        link = socket.create_connection(("127.0.0.1", self.port), 10)
        link.setblocking(False)
        try:
            link.send(self.BEGIN[i % len(self.BEGIN)])
        except OSError:
            pass
        return link

    def drip(self, link):
        """False when it was ended."""
        try:
            link.send(b"a")
            # Reads no answer, but an end.
            return link.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def run(self):
        links = [self.dial(i) for i in range(self.count)]
        while not self.over.wait(0.2):
            for i, link in enumerate(links):
                if not self.drip(link):
                    self.ended += 1
                    link.close()
                    links[i] = self.dial(i)
        for link in links:
            link.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *rest):
        self.over.set()
        self.thread.join()


def watch_live(agent, seconds):
    """Asks /health/live anew all the time; the seconds each took, and what was
    answered instead."""
    took, other = [], []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = agent.get("/health/live")
        except OSError as e:
            other.append(e)
        else:
            took.append(answer.seconds)
            if answer.status != 200:
                other.append(answer.status)
        time.sleep(0.01)
    return took, other


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
