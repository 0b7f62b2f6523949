"""A small host of its own, on which what a guide shows is run: /etc, /var, /run
and /usr/local are private, and a few lines stand in for systemd, which do what
the units say."""

import re
import subprocess

from servers import APART, TOP

GUIDE = TOP / "docs" / "guide"

# Everything that is mounted lies below a private mount: none of it gets out.
HOST = r"""
set -eu
root=$1; top=$2
mount -t tmpfs tmpfs "$root"
mount --make-private "$root"
cd "$root"
mkdir dev etc proc run srv tmp usr var var/lib var/tmp var/log
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
unit=${unit%.service}
[ "$word" != daemon-reload ] || exit 0
file=/usr/local/lib/systemd/system/$unit.service
case $unit in
redis-server) file=/lib/systemd/system/redis-server.service ;;
*@*) file=${file%@*}@.service ;;
esac
value() { sed -n "s/%i/${unit#*@}/g; s/^$1=//p" "$file"; }
pid=/run/$unit.pid
mask=/run/$unit.masked
log=/var/log/$unit.log

as_user="setpriv --reuid=$(value User) --regid=$(value Group) --init-groups
    --no-new-privs --"

alive() { [ -e "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }

start() {
    [ ! -e "$mask" ] || { echo "Unit $unit is masked." >&2; exit 1; }
    ! alive || return 0
    state=$(value StateDirectory)
    [ -z "$state" ] || install -d -o "$(value User)" -g "$(value Group)" \
        -m "$(value StateDirectoryMode)" "/var/lib/$state"
    before=$(sed -n 's/^ExecStartPre=//p' \
        "/etc/systemd/system/$unit.service.d"/*.conf 2>/dev/null || :)
    [ -z "$before" ] || $as_user $before >>"$log" 2>&1 || { cat "$log"; exit 1; }
    setsid $as_user $(value ExecStart) >>"$log" 2>&1 &
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
    ! alive || kill "$(cat "$pid")"
    while alive; do sleep 0.02; done
    rm -f "$pid"
}

show() {
    load=loaded active=inactive sub=dead main=0
    [ ! -e "$mask" ] || load=masked
    ! alive || active=active sub=running main=$(cat "$pid")
    printf '%s\n' "Id=$unit.service" "LoadState=$load" "ActiveState=$active" \
        "SubState=$sub" "MainPID=$main" NRestarts=0 DropInPaths=
}

reload() {
    value ExecReload | while read -r command; do
        MAINPID=$(cat "$pid") $as_user sh -euc "$command"
    done
}

case $word in
enable | start) start ;;
stop) stop ;;
show) show ;;
mask) touch "$mask" ;;
unmask) rm -f "$mask" ;;
reset-failed) ;;
reload) reload ;;
*) echo "systemctl $*: not here" >&2; exit 1 ;;
esac
"""


def sections(page):
    """{title: text} of the parts below each "## title"."""
    parts = re.split(r"^## (.*)$", (GUIDE / page).read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def blocks(text):
    """(info string, text) of each fenced block."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.S | re.M)


def script(*pages):
    return commands("".join((GUIDE / page).read_text() for page in pages))


def commands(text):
    """What is to be run, and each command said before it is."""
    lines = []
    for info, text in blocks(text):
        if info == "sh":
            lines += ["set -x", text, "{ set +x; } 2>/dev/null"]
        elif info == "sh any":
            # It may end with a status that says what is wrong.
            lines += ["set -x +e", text, "{ set +x -e; } 2>/dev/null"]
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


def told(out, what):
    return re.search(rf"^{what}: (.*)$", out, re.M)[1]


INSTALL = f"""
make -s -C {TOP} install >/dev/null
"""
