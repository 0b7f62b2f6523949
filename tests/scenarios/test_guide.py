"""What the guides show works: every block marked "sh" is run, in its order, on
a small host of its own."""

import json
import re

import pytest

from hosts import GUIDE, INSTALL, blocks, run, script, told
from servers import TOP

BEGIN = """
systemctl start redis-server
seq 5000 | sed 's/.*/set job:& value/' | redis-cli --pipe >/dev/null
redis-cli config set save "" >/dev/null
redis-cli save >/dev/null
"""

END = """
echo "status: $(redkeep status --json | tr -d '\\n')"
echo "keys: $(redis-cli dbsize)"
echo "snapshots: $(redkeep list --json | tr -d '\\n')"
[ -z "$(ls /var/lib/redis/redkeep-before-* 2>/dev/null)" ]
systemctl stop redkeepd
cat /var/log/redkeepd.log
"""


@pytest.mark.need("root", "mount", "unshare")
def test_the_first_day_goes_as_the_guide_says(place):
    out = run(place, INSTALL + BEGIN + script("first-day.md") + END)
    assert told(out, "keys") == "5000"
    snapshots = json.loads(told(out, "snapshots"))["snapshots"]
    assert snapshots and all(s["verdict"] == "sound" and s["bound"]
                             for s in snapshots)
    status = json.loads(told(out, "status"))
    assert status["server"]["state"] == "connected"
    assert status["config"]["error"] is None
    assert "redkeep_redis_up 1" in out
    assert " error " not in out[out.index("Redis: Initializing client"):]


@pytest.mark.need("root", "mount", "unshare")
def test_what_is_installed_keeps_two_servers_as_the_guide_says(place):
    out = run(place, f"cd {TOP}\n" + BEGIN + """
mkdir /var/lib/redis/cache
chown redis: /var/lib/redis/cache
setpriv --reuid=redis --regid=redis --init-groups redis-server --port 6380 \
    --dir /var/lib/redis/cache --appendonly yes >/dev/null 2>&1 &
""" + script("install.md") + """
ready() {
    n=0
    until redkeep list --json --config "$1" | grep -q '"bound": *true'; do
        n=$((n + 1)); [ $n -lt 200 ] || exit 1; sleep 0.1
    done
}
ready /etc/redkeep/redkeep.conf
ready /etc/redkeep/cache.conf
for name in redkeep cache; do
    echo "kept $name: $(redkeep list --json --config /etc/redkeep/$name.conf |
        tr -d '\\n')"
done
systemctl stop redkeepd@cache
systemctl stop redkeepd
cat /var/log/redkeepd.log /var/log/redkeepd@cache.log
""")
    for name, dump in (("redkeep", True), ("cache", False)):
        first = json.loads(told(out, f"kept {name}"))["snapshots"][0]
        assert first["verdict"] == "sound" and first["bound"] is True
        assert (first["keys"] == 5000) == dump
    assert " error " not in out[out.index("Redis: Initializing client"):]


@pytest.mark.need("root", "mount", "unshare")
def test_gates_and_monitoring_answer_as_the_guides_say(place):
    nginx, = (text for info, text in blocks((GUIDE / "gates.md").read_text())
              if info == "nginx")
    out = run(place, INSTALL + BEGIN + f"""
mkdir /var/lib/nginx /var/log/nginx
cat >/etc/nginx/conf.d/redkeep.conf <<'NGINX'
{nginx}
NGINX
""" + """
mkdir /etc/redkeep
redkeep setup --output /etc/redkeep/redkeep.conf >/dev/null
chgrp redis /etc/redkeep/redkeep.conf
systemctl enable --now redkeepd
n=0
until curl -fs http://127.0.0.1:9736/gate/require >/dev/null; do
    n=$((n + 1)); [ $n -lt 200 ] || exit 1; sleep 0.1
done
""" + script("gates.md", "monitoring.md") + "\ncat /var/log/redkeepd.log\n")
    for said in ('{"available":true,"status":"connected"}',
                 '{"redisAvailable":true,"status":"connected"}',
                 '"status":"alive"', "rules found", "Persistence\n",
                 "nginx.conf test is successful"):
        assert said in out, said
    assert " error " not in out[out.index("Redis: Initializing client"):]


def test_the_guides_name_pages_and_sections_that_are_there():
    for page in GUIDE.glob("*.md"):
        for path, _, anchor in re.findall(
                r"\]\(([a-z-]+\.md)?(#([a-z-]+))?\)", page.read_text()):
            target = GUIDE / path if path else page
            assert target.exists(), f"{page.name}: {path}"
            titles = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            known = [re.sub(r"[^a-z -]", "", t.lower()).replace(" ", "-")
                     for t in titles]
            assert not anchor or anchor in known, f"{page.name}: #{anchor}"


@pytest.mark.need("root", "mount", "unshare")
def test_memory_is_told_as_the_guide_says(place):
    out = run(place, INSTALL + BEGIN + """
cd /
redkeep snapshot >/dev/null
""" + script("memory.md") + """
echo "told: $(tr -d '\\n' </tmp/memory.json)"
""")
    told_json = json.loads(told(out, "told"))
    assert told_json["sizes"]["keys"] == 5000
    assert told_json["sizes"]["prefixes"][0]["prefix"] == "job:"
    assert told_json["server"]["used_memory"] > 0
    assert re.search(r"^job: +5000 ", out, re.M)


@pytest.mark.need("root", "mount", "unshare")
def test_guard_stands_before_the_server_as_the_guide_says(place):
    out = run(place, INSTALL + BEGIN + script("guard.md") + """
cd /
systemctl stop redis-server
sed -i 's/^appendonly no/appendonly yes/' /etc/redis/redis.conf
if systemctl start redis-server; then exit 1; fi
sed -i 's/^appendonly yes/appendonly no/' /etc/redis/redis.conf
systemctl start redis-server
echo "keys: $(redis-cli dbsize)"
cat /var/log/redis-server.log
""")
    assert told(out, "keys") == "5000"
    assert "the server must not start: the server would start empty" in out
    assert "sound; redis" in out


@pytest.mark.need("root", "mount", "unshare")
def test_doctor_finds_and_mends_as_the_guide_says(place):
    out = run(place, INSTALL + BEGIN + "redis-cli config rewrite\n" +
              script("doctor.md") + """
echo "doctor: $(redkeep doctor --json | tr -d '\\n')"
systemctl stop redis-server
systemctl start redis-server
echo "keys: $(redis-cli dbsize)"
echo "aof: $(redis-cli config get appendonly | tail -n 1)"
""")
    first = out[:out.index("doctor --apply")]
    for code in ("appendonly_off", "save_off", "maxmemory_off",
                 "repository_missing"):
        assert f"[{code}]" in first
    findings = json.loads(told(out, "doctor"))["findings"]
    assert [f for f in findings if f["scope"] != "host" and
            f["severity"] != "info"] == []
    assert told(out, "keys") == "5000" and told(out, "aof") == "yes"


CHAT = """
ln -s /run /var/run
install -d -o postgres -g postgres -m 2775 /run/postgresql
install -d -o postgres -g postgres -m 700 /srv/pg
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
cd /
as_postgres "$bin/initdb" -D /srv/pg -A peer --no-sync --no-locale -E UTF8 \
    >/dev/null
as_postgres "$bin/postgres" -D /srv/pg -k /run/postgresql \
    -c listen_addresses= -c fsync=off 2>/srv/pg.log &
n=0
until "$bin/pg_isready" -q -h /run/postgresql; do
    n=$((n + 1)); [ $n -lt 500 ] || { cat /srv/pg.log; exit 1; }; sleep 0.02
done
as_postgres createdb chat
as_postgres psql -qX -d chat <<'SQL'
create table chats (id int primary key, chat_application_id int);
create table messages (chat_id int, number int, unique (chat_id, number));
insert into chats select i, 1 from generate_series(1, 200) i;
insert into messages select i, n from generate_series(1, 200) i,
    generate_series(1, 50) n;
SQL
seq 200 | sed 's/.*/set chat:&:message_counter 50/' | redis-cli --pipe >/dev/null
install -d /etc/redkeep
redkeep setup --redis redis://127.0.0.1:6379 --output /etc/redkeep/redkeep.conf
chgrp redis /etc/redkeep/redkeep.conf
chmod 640 /etc/redkeep/redkeep.conf
systemctl start redkeepd
"""


@pytest.mark.need("root", "mount", "unshare")
def test_counters_are_raised_as_the_guide_says(place):
    out = run(place, INSTALL + BEGIN + CHAT + script("counters.md"))
    assert re.search("^Redis counters are consistent with database$", out, re.M)
    health = json.loads(re.search(r'^\{.*"chats".*$', out, re.M)[0])
    assert health["status"] == "healthy" and len(health["chats"]) == 10
    assert "Chat 1: Redis counter (0) < DB max (50)" in out
    assert re.search(r"^chats +200 +0 +1 +1 +0 ", out, re.M)
    assert re.search(r"INCR chat:1:message_counter\n51$", out, re.M)
    tried = re.findall(r"^chat:\d+:message_counter\t\d+\t1\t50$", out, re.M)
    assert len(tried) == 3
