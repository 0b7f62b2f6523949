"""What the guides show works: every block marked "sh" is run, in its order, on
a small host of its own: /etc, /var, /run and /usr/local are private, and a few
lines stand in for systemd, which do what the units say."""

import json
import re
import subprocess

import pytest

from servers import APART, TOP

GUIDE = TOP / "docs" / "guide"

# Everything that is mounted lies below a private mount: none of it gets out.
HOST = r"""
set -eu
root=$1; top=$2
mount -t tmpfs tmpfs "$root"
mount --make-private "$root"
cd "$root"
mkdir dev etc proc run tmp usr var var/lib var/tmp var/log
for name in bin sbin lib lib64; do
    [ ! -L /$name ] || cp -a /$name .
done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs tmpfs usr/local
mkdir usr/local/bin
mount --rbind /dev dev
mount -t proc proc proc
cp -a /etc/. etc
chmod 1777 tmp var/tmp
mkdir -p ".$top"
mount --bind "$top" ".$top"
install -d -o redis -g redis -m 750 var/lib/redis var/log/redis
install -d -o redis -g redis -m 2755 run/redis
cp "$root.systemctl" usr/local/bin/systemctl
cp "$root.guide" guide
chmod 755 usr/local/bin/systemctl
python3 - <<'END'
import fcntl, socket, struct
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x49))
END
exec chroot "$root" sh -eu /guide
"""

SYSTEMCTL = r"""#!/bin/sh
set -eu
word=$1
for unit; do :; done
[ "$word" != daemon-reload ] || exit 0
file=/usr/local/lib/systemd/system/$unit.service
case $unit in
redis-server) file=/lib/systemd/system/redis-server.service ;;
*@*) file=${file%@*}@.service ;;
esac
value() { sed -n "s/%i/${unit#*@}/g; s/^$1=//p" "$file"; }
pid=/run/$unit.pid
log=/var/log/$unit.log

as_user="setpriv --reuid=$(value User) --regid=$(value Group) --init-groups
    --no-new-privs --"

start() {
    state=$(value StateDirectory)
    [ -z "$state" ] || install -d -o "$(value User)" -g "$(value Group)" \
        -m "$(value StateDirectoryMode)" "/var/lib/$state"
    before=$(sed -n 's/^ExecStartPre=//p' \
        "/etc/systemd/system/$unit.service.d"/*.conf 2>/dev/null || :)
    [ -z "$before" ] || $as_user $before >>"$log" 2>&1 || { cat "$log"; exit 1; }
    $as_user $(value ExecStart) >>"$log" 2>&1 &
    echo $! >"$pid"
    tries=0
    until case $unit in
        redis-server) redis-cli ping 2>/dev/null | grep -q PONG ;;
        *) grep -q 'Server started' "$log" ;;
    esac; do
        kill -0 "$(cat "$pid")" || { cat "$log"; exit 1; }
        tries=$((tries + 1))
        [ $tries -lt 500 ] || { cat "$log"; exit 1; }
        sleep 0.02
    done
}

stop() {
    kill "$(cat "$pid")"
    while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 0.02; done
}

reload() {
    value ExecReload | while read -r command; do
        MAINPID=$(cat "$pid") $as_user sh -euc "$command"
    done
}

case $word in
enable | start) start ;;
stop) stop ;;
reload) reload ;;
*) echo "systemctl $*: not here" >&2; exit 1 ;;
esac
"""


def blocks(page):
    """(info string, text) of each fenced block."""
    text = (GUIDE / page).read_text()
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.S | re.M)


def script(*pages):
    """What is to be run, and each command said before it is."""
    lines = []
    for page in pages:
        for info, text in blocks(page):
            if info == "sh":
                lines += ["set -x", text, "{ set +x; } 2>/dev/null"]
            elif info == "sh wait":
                # "After a few seconds": it need not be at once.
                lines += [f"n=0; until (\n{text}\n); do n=$((n + 1));"
                          " [ $n -lt 100 ] || exit 1; sleep 0.1; done"]
    return "\n".join(lines)


def run(place, text, seconds=60):
    root = place / "root"
    root.mkdir()
    (place / "root.systemctl").write_text(SYSTEMCTL)
    (place / "root.guide").write_text(text)
    apart = ["unshare", "-n", *APART[1:]]
    done = subprocess.run(
        [*apart, "sh", "-c", HOST, "sh", str(root), str(TOP)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=seconds,
        env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "LC_ALL": "C", "DEPS": "no"})
    assert done.returncode == 0, done.stdout
    return done.stdout


INSTALL = f"""
make -s -C {TOP} install >/dev/null
"""

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


def told(out, what):
    return re.search(rf"^{what}: (.*)$", out, re.M)[1]


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
