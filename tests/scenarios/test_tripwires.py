"""What stands for a set while another takes its place: every server refuses
it, whatever it is set to, and changes nothing."""

import re

import pytest

from program import tree
from servers import NAMES, TOP


def line():
    header = (TOP / "agent" / "jobs" / "place_work.h").read_text()
    [text] = re.findall(r'PLACE_TRIPWIRE[^"]*"([^"]*)"', header)
    return text.replace("\\n", "\n").encode()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("aof", ["yes", "no"])
def test_every_server_refuses_them(place, serve, name, aof):
    server = serve(name=name, begin=False, appendonly=aof)
    (server.data / "dump.rdb").write_bytes(line())
    if name == "redis-6.0":
        (server.data / "appendonly.aof").write_bytes(line())
    else:
        (server.data / "appendonlydir").mkdir()
        (server.data / "appendonlydir" / "appendonly.aof.manifest").touch()
    before = tree(server.data)
    server.launch()
    assert server.ended() != 0
    assert tree(server.data) == before
    assert "ready to accept" not in server.log_text().lower()


@pytest.mark.parametrize("name", [n for n in NAMES if n != "redis-6.0"])
def test_a_single_aof_is_not_taken_for_the_servers_own(serve, name):
    server = serve(name=name, begin=False, appendonly="yes")
    (server.data / "appendonly.aof").write_bytes(line())
    (server.data / "appendonlydir").mkdir()
    (server.data / "appendonlydir" / "appendonly.aof.manifest").touch()
    before = tree(server.data)
    server.launch()
    assert server.ended() != 0
    assert tree(server.data) == before
