"""What starts a server whenever it ends, and a systemctl for it: units that are
stopped, masked and started as systemd does it, in a folder of their own."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import servers

# What redkeep calls. A unit's own file ("etc") wins over a mask ("run"); the
# condition of a drop-in counts once the daemon was reloaded.
SYSTEMCTL = r"""#!/bin/sh
set -u
top=$(dirname "$0")/../units
echo "$*" >>"$top/calls"
word=$1
for unit; do :; done
unit=${unit%.service}.service
[ ! -e "$top/alias/$unit" ] || unit=$(cat "$top/alias/$unit")
home=$top/$unit
conf=/run/systemd/system/$unit.d/redkeep-restore.conf

masked() { [ -e "$home/run" ] && [ ! -e "$home/etc" ]; }

show() {
    load=loaded
    [ -d "$home" ] || load=not-found
    ! masked || load=masked
    pid=$(cat "$home/pid" 2>/dev/null || echo 0)
    active=inactive sub=dead
    [ ! -e "$home/failed" ] || active=failed sub=failed
    [ ! -e "$home/wanted" ] || active=activating sub=start
    [ ! -e "$home/restarts" ] || sub=auto-restart
    [ "$pid" = 0 ] || active=active sub=running
    cat <<END
Id=$unit
LoadState=$load
ActiveState=$active
SubState=$sub
MainPID=$pid
NRestarts=$(cat "$home/restarts" 2>/dev/null || echo 0)
DropInPaths=$(cat "$home/dropins" 2>/dev/null)
END
}

case $word in
show) show ;;
mask) touch "$home/run" ;;
unmask) rm -f "$home/run" ;;
daemon-reload)
    for home in "$top"/*.service; do
        conf=/run/systemd/system/${home##*/}.d/redkeep-restore.conf
        if [ -e "$conf" ]; then echo "$conf"; fi >"$home/dropins"
    done ;;
reset-failed) rm -f "$home/failed" ;;
start)
    if masked; then
        echo "Failed to start $unit: Unit $unit is masked." >&2
        exit 1
    fi
    [ -s "$home/dropins" ] || [ -e "$home/wanted" ] || {
        rm -f "$home/restarts" "$home/failed"
        touch "$home/wanted"
    } ;;
stop)
    rm -f "$home/wanted"
    while [ -e "$home/pid" ]; do sleep 0.01; done ;;
*) echo "Unknown command verb $word." >&2; exit 1 ;;
esac
while [ "$word" = "$(cat "$top/hold" 2>/dev/null)" ]; do sleep 0.01; done
"""


class Supervisor:
    """Runs `server` as long as it is wanted, and again 20 ms after it ended."""

    def __init__(self, place, server, unit="redis-server", limit=None):
        self.server, self.limit = server, limit
        self.bin = place / "bin"
        self.home = place / "units" / f"{unit}.service"
        self.unit = unit
        self.bin.mkdir(exist_ok=True)
        self.home.mkdir(parents=True)
        self.calls = self.home.parent / "calls"
        self.calls.touch()
        systemctl = self.bin / "systemctl"
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        self.over = threading.Event()
        self.starts = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def env(self):
        return {"PATH": f"{self.bin}:{os.environ['PATH']}"}

    @property
    def wanted(self):
        return self.home / "wanted"

    @property
    def pid(self):
        return self.home / "pid"

    def by_commands(self):
        """The options that do the same without a systemctl."""
        return ["--stop-command",
                f"rm -f {self.wanted}; while [ -e {self.pid} ]; do "
                "sleep 0.01; done",
                "--start-command", f"touch {self.wanted}"]

    def run(self):
        process, began = None, 0
        while not self.over.wait(0.005):
            wanted = self.wanted.exists()
            if process and process.poll() is not None:
                self.pid.unlink()
                process = None
                began += 1
                (self.home / "restarts").write_text(str(began))
                self.over.wait(0.02)
            elif process and not wanted:
                terminate(process, self.server.wrap)
            elif process is None and wanted:
                process = self.server.launch(anew=not self.starts).process
                self.starts += 1
                write(self.pid, process.pid)
            elif process is None:
                began = 0
        if process:
            process.kill()
            process.wait()

    def start(self):
        subprocess.run([self.bin / "systemctl", "start", self.unit],
                       check=True)
        servers.wait_for(self.answers, "a server under a supervisor")
        return self

    def answers(self):
        return self.pid.exists() and self.server.answers()

    def said(self):
        """What systemctl was told, but for questions."""
        return [line for line in self.calls.read_text().splitlines()
                if not line.startswith("show")]

    def hold(self, word):
        """systemctl does not come back from that until it is another."""
        (self.home.parent / "hold").write_text(word)

    def end(self):
        self.over.set()
        self.thread.join()


def terminate(process, wrapped):
    """unshare does not heed SIGTERM, and what it runs does."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    pids = children.read_text().split() if wrapped else [process.pid]
    for pid in pids:
        os.kill(int(pid), signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()


def write(path, text):
    aside = path.with_suffix(".new")
    aside.write_text(f"{text}\n")
    aside.rename(path)


def starter(supervisor, every=0.05):
    """Somebody who has the unit started all the time; call it to end that."""
    over = threading.Event()

    def run():
        while not over.wait(every):
            subprocess.run([supervisor.bin / "systemctl", "start",
                            supervisor.unit], capture_output=True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def end():
        over.set()
        thread.join()

    return end


