"""The worst day goes as the guide says: for each of its cases the harm is done
on a small host, and what the guide has one type makes it good again."""

import re

import pytest

from hosts import INSTALL, blocks, commands, run, sections, told

PAGE = "worst-day.md"

# 5000 keys with an AOF, a snapshot of them, and one that differs.
KEPT = INSTALL + r"""
dump() {
    redis-cli config set save "" >/dev/null
    redis-cli save >/dev/null
}
fill() { seq "$1" | sed 's/.*/set job:& value/' | redis-cli --pipe >/dev/null; }
rewritten() {
    redis-cli "$@" >/dev/null
    until redis-cli info persistence | tr -d '\r' | awk -F: '
        /^aof_rewrite_(in_progress|scheduled):1|bgsave_in_progress:1/ { on = 1 }
        END { exit on }'; do sleep 0.05; done
}
install -d -o redis -g redis -m 750 /var/lib/redkeep
echo "save 3600 1000000" >>/etc/redis/redis.conf
"""

WITH_AOF = """
sed -i 's/^appendonly no/appendonly yes/' /etc/redis/redis.conf
systemctl start redis-server
fill 5000
rewritten bgrewriteaof
redis-cli set after rewrite >/dev/null
redkeep snapshot >/dev/null
"""

AOF = KEPT + WITH_AOF

RDB = KEPT + """
systemctl start redis-server
fill 5001
dump
redkeep snapshot >/dev/null
"""

COPY = """
cp -a /var/lib/redkeep /srv/redkeep-copy
"""

BREAK_AOF = AOF + """
systemctl stop redis-server
cd /var/lib/redis/appendonlydir
"""

CASES = {
    ("A dump or the AOF was deleted", "both"):
        AOF + "dump\nrm -r /var/lib/redis/*\n",
    ("FLUSHALL, an hour ago", "aof"):
        AOF + "redis-cli flushall\nredkeep snapshot\n",
    ("FLUSHALL, an hour ago", "rdb"):
        RDB + "redis-cli flushall\nredis-cli save\nredkeep snapshot\n",
    ("The server starts empty", "appendonly"):
        RDB + """
systemctl stop redis-server
sed -i 's/^appendonly no/appendonly yes/' /etc/redis/redis.conf
systemctl start redis-server
[ "$(redis-cli dbsize)" = 0 ]
""",
    ("The server does not start", "torn in a transaction"): BREAK_AOF + r"""
printf '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n' >>appendonly.aof.2.incr.aof
""",
    ("The server does not start", "damage in the middle"): BREAK_AOF + r"""
printf '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n@@@@*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\n1\r\n' \
    >>appendonly.aof.2.incr.aof
""",
    ("The server does not start", "no manifest"):
        BREAK_AOF + "rm *.manifest\n",
    ("The server does not start", "bad dump"): RDB + """
systemctl stop redis-server
printf XXXX | dd of=/var/lib/redis/dump.rdb bs=1 seek=60000 conv=notrunc \
    status=none
""",
    ("A disk is full", "aof"): KEPT + """
mount -t tmpfs -o size=24m,mode=750 tmpfs /var/lib/redis
chown redis: /var/lib/redis
""" + WITH_AOF + """
redkeep snapshot >/dev/null
redkeep restore latest --to /var/lib/redis --service redis-server
cd /var/lib/redis/redkeep-before-*
fallocate -l "$(df --output=avail -B1 . | tail -n 1)" more
! redkeep restore latest --to /var/lib/redis --service redis-server
""",
    ("The host is lost", "aof"): AOF + COPY + """
systemctl stop redis-server
rm -r /var/lib/redis/* /var/lib/redkeep/*
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
systemctl start redis-server
""",
    ("The wrong snapshot was restored", "aof"): AOF + """
redis-cli set one more >/dev/null
redkeep restore latest --to /var/lib/redis --service redis-server
[ "$(redis-cli dbsize)" = 5001 ]
redis-cli flushall
""",
    ("A restore was cut off", "aof"): AOF + r"""
systemctl stop redis-server
journal=/var/lib/redis/.redkeep/journal.json
until grep -q '"state": *"\(building\|placing\)"' $journal 2>/dev/null; do
    redkeep restore latest --to /var/lib/redis --server-is-stopped \
        >/dev/null 2>&1 &
    restore=$!
    until [ -e $journal ] || ! kill -0 $restore 2>/dev/null; do :; done
    kill -9 $restore 2>/dev/null || true
    wait $restore || true
    ! grep -q '"placed"' $journal 2>/dev/null || rm -r /var/lib/redis/.redkeep
done
""",
    ("A dump for a server with an AOF", "rdb"): RDB + """
systemctl stop redis-server
rm -r /var/lib/redis/*
sed -i 's/^appendonly no/appendonly yes/' /etc/redis/redis.conf
systemctl start redis-server
""",
    ("A replica was promoted, and is behind", "aof"): AOF + COPY + """
redis-cli flushall
fill 100
redis-cli replicaof 127.0.0.1 1
redis-cli config rewrite
""",
    ("The data is in a container", "volume"): AOF + """
systemctl stop redis-server
mkdir /srv/volume
chown 999:1999 /srv/volume
""",
}

# What the server holds in the end.
KEYS = {"both": 5001, "aof": 5001, "rdb": 5001, "appendonly": 5001,
        "torn in a transaction": 5001, "damage in the middle": 5002,
        "no manifest": 5001}

CHECKS = {
    "The wrong snapshot was restored": 5002,
}


def check_shown(text, kind, out):
    """What the page shows came so, but for the numbers."""
    said = re.sub(r"[\d.]+( [KM]iB| m?s)?", "N", out)
    for info, shown in blocks(text):
        if info == "text" and kind == "aof":
            for line in re.sub(r"[\d.]+( [KM]iB| m?s)?", "N",
                               shown).splitlines():
                assert line in said.splitlines(), out


@pytest.mark.need("root", "mount", "unshare")
@pytest.mark.parametrize("title,kind", CASES)
def test_what_is_typed_makes_it_good_again(place, title, kind):
    out = run(place, CASES[title, kind] + "cd /\n" +
              commands(sections(PAGE)[title]) + r"""
echo "keys: $(redis-cli dbsize 2>&1)"
mkdir -p /srv/volume
echo "owners: $(find /srv/volume -name .redkeep -prune -o -printf '%U:%G\n' |
    sort -u)"
echo "dump kept: $(redkeep check /var/lib/redis/redkeep-before-*/dump.rdb |
    awk '/dump.rdb/ { print $7 }')"
echo "verdict: $(redkeep check --appendonly auto /var/lib/redis | tail -n 1)"
""")
    check_shown(sections(PAGE)[title], kind, out)
    if title == "The data is in a container":
        assert told(out, "owners") == "999:1999"
        return
    if kind == "appendonly":
        assert told(out, "dump kept") == "5001", "saved over by the stop"
        assert "[dump-beside]" in out
    if kind == "bad dump":
        assert 4900 < int(told(out, "keys")) <= 5001, out
    else:
        assert int(told(out, "keys")) == CHECKS.get(title, KEYS[kind]), out
    assert "loads it" in told(out, "verdict"), out


def test_each_case_of_the_page_is_played():
    assert {title for title, _ in CASES} == set(sections(PAGE))
    listed = re.findall(r"^\d+\. \[(.*)\]", open_page(), re.M)
    assert listed == list(sections(PAGE))


def open_page():
    from hosts import GUIDE
    return (GUIDE / PAGE).read_text()
