"""Values that are good, odd and broken, on every server: what check --deep
foretells is what the server does; and what check alone says is no worse."""

import re

import pytest

import values
from servers import NAMES, wait_for

VERSIONS = {"redis-6.0": "6.0.16", "redis-7.0": "7.0.15",
            "redis-8.0": "8.0.2", "valkey-8.1": "valkey-8.1.1",
            "valkey-9.1": "valkey-9.1.0"}

# Servers that fail on it by chance, or see it only when they use it.
BY_CHANCE = {
    # It keeps keys without elements; and reads these beyond their end: it
    # crashes, loads for ever, or neither.
    "redis-6.0": {"key-twice-empty", "zl-end", "zl-prev", "zl-encoding",
                  "zl-encoding-2", "zl-long", "zm-end", "zm-long",
                  "zm-long-form"},
    # Distributions' security updates refuse it, the release itself loads it.
    "redis-7.0": {"st-pel-two-owners"},
    "redis-8.0": {"hx-ttl-text"},  # crashes
}

# Only --deep tells, as it needs all members or keys of a kind.
DEEP = {"set-twice", "set-int-twice", "zset-twice", "hash-twice-long",
        "st-group-twice", "st-consumer-twice", "key-twice-later"}


def loads(serve, name, case):
    server = serve(f"{name}-{case}", name, begin=False)
    (server.data / "dump.rdb").write_bytes(values.bytes_of(case))
    server.launch()
    wait_for(lambda: server.process.poll() is not None or
             re.search("eady to accept", server.log.read_text()), case)
    ended = server.process.poll() is not None
    server.kill()
    return not ended


def foretold(keep, path, name, *words):
    told = keep("check", path, "--json", "--server-version", VERSIONS[name],
                *words, exit=None).json
    assert told["server"] in ("loads", "refuses")
    assert told["findings"] or told["verdict"] == "sound"
    return told


@pytest.mark.parametrize("name", NAMES)
def test_a_server_does_what_was_foretold(keep, place, serve, name):
    wrong = []
    path = place / "dump.rdb"
    for case in sorted(values.CASES):
        if case in BY_CHANCE.get(name, ()):
            continue
        path.write_bytes(values.bytes_of(case))
        good = loads(serve, name, case)
        deep = foretold(keep, path, name, "--deep")
        plain = foretold(keep, path, name)
        if (deep["server"] == "loads") != good:
            wrong.append((case, good, deep))
        if case not in DEEP and plain["server"] != deep["server"]:
            wrong.append((case, "without --deep", plain))
        if not good and deep["verdict"] == "sound":
            assert {f["code"] for f in deep["findings"]} & {
                "rdb-too-new"}, (case, deep)
    assert not wrong, wrong
