"""Data of every kind, the proof that it is the same, and writers whose every
acknowledged write is remembered."""

import json
import random
import threading

import redis


def fill(client, name="redis-7.0", seed=1, jobs=60, fields=True):
    """Loads keys of all types, encodings and lives into two databases."""
    rng = random.Random(seed)
    for db in (0, 3):
        pipe = client.pipeline(transaction=False)
        pipe.execute_command("SELECT", db)
        for i in range(jobs):
            fill_jobs(pipe, rng, i)
        fill_types(pipe, rng)
        if fields and name in ("redis-8.0", "valkey-9.1"):
            pipe.hset("fields", mapping={"a": "1", "b": "2"})
            pipe.execute_command("HEXPIRE", "fields", 99999, "FIELDS", 1, "a")
        pipe.execute_command("SELECT", 0)
        pipe.execute()
    if name != "redis-6.0":
        client.execute_command(
            "FUNCTION", "LOAD", "REPLACE", "#!lua name=kept\n"
            "redis.register_function('one', function() return 1 end)")


def fill_many(client, count):
    """Small keys, as fast as the server makes them."""
    client.eval("for i = 1, ARGV[1] do"
                " redis.call('set', 'key:' .. i, string.rep('x', 60)) end",
                0, count)


def fill_jobs(pipe, rng, i):
    body = json.dumps({"id": i, "mail": f"user{i}@example.org",
                       "text": "word " * rng.randrange(40),
                       "token": rng.getrandbits(256)})
    pipe.hset(f"bull:mail:{i}", mapping={"name": "send", "data": body,
                                         "attempts": rng.randrange(5)})
    pipe.set(f"cache:{i}", body, ex=rng.choice([None, 86400 * 365]))
    pipe.zadd("bull:mail:delayed", {str(i): rng.random() * 1e12})
    pipe.lpush("bull:mail:wait", i)


def fill_types(pipe, rng):
    pipe.set("int", 12345)
    pipe.set("big", "abc" * 20000)
    pipe.set(b"bin\x00\xff\r\n", rng.randbytes(3000))
    pipe.set("soon", "x", px=3600 * 1000)
    pipe.sadd("set:int", *range(0, 3000, 7))
    pipe.sadd("set:text", *[f"m{i}" for i in range(700)])
    pipe.zadd("zset:big", {f"m{i}": i * 0.37 for i in range(400)})
    pipe.zadd("zset:inf", {"low": "-inf", "high": "inf"})
    pipe.hset("hash:big", mapping={f"f{i}": "v" * i for i in range(600)})
    pipe.rpush("list:big", *["x" * rng.randrange(90) for i in range(2000)])
    pipe.pfadd("hll", *range(1000))
    pipe.setbit("bits", 100000, 1)
    pipe.delete("stream")
    for i in range(150):
        pipe.xadd("stream", {"n": i, "text": "event"})
    pipe.xgroup_create("stream", "workers", id="0", mkstream=True)
    pipe.xreadgroup("workers", "one", {"stream": ">"}, count=20)
    pipe.xdel("stream", "0-1")


def state(client):
    """Everything a server holds, as far as a test can ask for it."""
    digest = client.execute_command("DEBUG", "DIGEST")
    sizes = {db: part["keys"] for db, part in client.info("keyspace").items()}
    values = {}
    for db in (3, 0):
        client.execute_command("SELECT", db)
        keys = sorted(client.scan_iter(count=500))
        found = client.execute_command("DEBUG", "DIGEST-VALUE", *keys)
        values.update({(db, k): v for k, v in zip(keys, found)})
    return digest, sizes, values, client.lrange("list:big", 0, 9)


def one_client(server, **options):
    """A client on one connection, so that SELECT means something."""
    return server.client(single_connection_client=True, **options)


class Writer(threading.Thread):
    """Writes numbers in order and remembers the last acknowledged one. With
    pairs, a list and a counter change in one transaction."""

    def __init__(self, server, name, pairs=False, size=20, pace=0.001):
        super().__init__(daemon=True)
        self.client = one_client(server)
        self.key, self.pairs = name, pairs
        self.padding = "x" * size
        self.pace = pace  # seconds between writes
        self.acknowledged = 0
        self.over = threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.over.wait(self.pace):
                self.write(self.acknowledged + 1)
                self.acknowledged += 1
        except redis.exceptions.RedisError as e:
            self.failure = e

    def write(self, n):
        if not self.pairs:
            self.client.rpush(self.key, f"{n}:{self.padding}")
            return
        pipe = self.client.pipeline(transaction=True)
        pipe.rpush(self.key, f"{n}:{self.padding}")
        pipe.set(f"{self.key}:last", n)
        pipe.execute()

    def stop(self):
        self.over.set()
        self.join()
        assert self.failure is None, self.failure

    def check(self, client, least):
        """No hole, nothing acknowledged is missing, no half transaction."""
        numbers = [int(v.split(b":")[0]) for v in
                   client.lrange(self.key, 0, -1)]
        assert numbers == list(range(1, len(numbers) + 1)), "a hole"
        assert len(numbers) >= least, f"{self.key}: {len(numbers)} < {least}"
        if self.pairs:
            last = int(client.get(f"{self.key}:last") or 0)
            assert last == len(numbers), "half a transaction"
        return len(numbers)
