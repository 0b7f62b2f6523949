"""The configuration: judged whole, refused with file, line, key and a hint,
read again without a moment in which a bad one counts."""

import os
import re
import signal
import subprocess

import pytest

from program import program
from servers import TOP, free_port, wait_for


def judge(path, *words, **environment):
    """redkeepd -n: (exit status, lines of standard error)."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("REDKEEP", "REDIS_")) and k != "LOG_LEVEL"}
    result = subprocess.run(
        [program().parent / "redkeepd", "-n", "-c", path, *words],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
        env={**env, **environment})
    return result.returncode, result.stderr.decode(
        errors="replace").splitlines()


# Text; then of each line that is told: number, key, and a word of its hint.
BAD = {
    "unknown key": ("[redkeep]\nrepoo = /x\n", (2, "repoo", "mean repo?")),
    "key of another section": (
        "[redkeep]\nlisten = off\n", (2, "listen", r"belongs to \[http\]")),
    "unknown section": (
        "[retain]\nlast = 3\n", (1, r"\[retain\]", "no such section")),
    "section misspelt": (
        "[shedule]\n", (1, r"\[shedule\]", r"mean \[schedule\]")),
    "key twice": (
        "[http]\nlisten = off\n\nlisten = off\n", (4, "listen", "line 2")),
    "key twice, section reopened": (
        "[redkeep]\nrepo = /a\n[http]\n[redkeep]\nrepo = /b\n",
        (5, "repo", "line 2")),
    "no section": ("repo = /x\n", (1, "repo", r"\[redkeep\]")),
    "section not closed": (
        "[http\n", (1, r"\[http", r"'\]'")),
    "no equals sign": ("[redkeep]\nrepo /x\n", (2, "repo", "key = value")),
    "colon": ("[redkeep]\nrepo: /x\n", (2, "repo", "key = value")),
    "capitals": ("[redkeep]\nRepo = /x\n", (2, "Repo", "mean repo?")),
    "no value": ("[redkeep]\nrepo = ; later\n", (2, "repo", "no value")),
    "indented": (
        "[redkeep]\n  repo = /x\n", (2, "repo", "indented.*margin")),
    "continued": (
        "[hooks]\non_event = a\n  && b\n", (3, "&&", "indented")),
    "line too long": (
        f"[redkeep]\nrepo = /{'x' * 300}\n", (2, "repo", "at most 199")),
    "NUL byte": ("[redkeep]\nrepo = /a\0b\n", (2, "repo", "NUL")),
    "control character": (
        "[redkeep]\nrepo = /a\x1bb\n", (2, "repo", r"\\x1b")),
    "bad name": (
        "[redkeep]\ninstance = a/b\n", (2, "instance", "a/b.*letters")),
    "name too long": (
        f"[redkeep]\ninstance = {'a' * 41}\n", (2, "instance", "40")),
    "bad scheme": (
        "[redkeep]\nredis = http://h\n", (2, "redis", "redis://")),
    "bad port in a URL": (
        "[redkeep]\nredis = redis://h:99999\n", (2, "redis", "65535")),
    "bad word": (
        "[redkeep]\nlog_level = loud\n", (2, "log_level", "loud.*debug")),
    "number beyond": (
        "[connection]\nstart_attempts = 0\njitter = 51\n",
        (2, "start_attempts", "1 to 1000"), (3, "jitter", "0 to 50")),
    "bad durations": (
        "[connection]\ndelays = 1s,x\nping_interval = 1 s\n",
        (2, "delays", "'x'.*500ms"), (3, "ping_interval", "500ms")),
    "a key without its certificate": (
        "[connection]\ntls_key = /k\n", (2, "tls_key", "tls_cert")),
    "bad flag": ("[http]\ntoken_probes = true\n",
                 (2, "token_probes", "yes or no")),
    "no port": ("[http]\nlisten = 127.0.0.1\n", (2, "listen", "host:port")),
    "bare IPv6": ("[http]\nlisten = ::1\n", (2, "listen", r"\[::1\]:9736")),
    "port 0": ("[http]\nlisten = h:0\n", (2, "listen", "host:port")),
    "short token": ("[http]\ntoken = secret\n", (2, "token", "16 to 256")),
    "token and its file": (
        "[http]\ntoken = 0123456789abcdef\ntoken_file = /t\n",
        (3, "token_file", "one of them")),
    "no schedule": (
        "[schedule]\nsnapshot = hourly\n", (2, "snapshot", "every DURATION")),
    "four fields": (
        "[schedule]\nbgsave = 0 3 * *\n", (2, "bgsave", "five")),
    "never": ("[schedule]\nverify = 0 5 31 2 *\n", (2, "verify", "never")),
    "beyond a field": ("[schedule]\ndrill = 60 5 * * *\n", (2, "drill", "60")),
    "after snapshot": (
        "[schedule]\nverify = after snapshot\n", (2, "verify", "schedule")),
    "bad level": ("[snapshot]\nlevel = 20\n", (2, "level", "1 to 19")),
    "bad list": ("[snapshot]\ninclude = acl,all\n",
                 (2, "include", "all.*nodes")),
    "bad size": ("[snapshot]\nread_rate = 10MB\n",
                 (2, "read_rate", "10MB.*64MiB")),
    "too little memory": ("[jobs]\nmemory_limit = 1MiB\n",
                          (2, "memory_limit", "64 MiB")),
    "negative": ("[retention]\nlast = -1\n", (2, "last", "-1")),
    "bad webhook": ("[hooks]\nwebhook = ftp://h\n", (2, "webhook", "https")),
    "bad decimal": ("[alarms]\nfragmentation = 1,5\n",
                    (2, "fragmentation", "1.5")),
    "percent": ("[alarms]\ndisk_free = 101\n", (2, "disk_free", "0 to 100")),
    "queue": ("[queues]\nwatch = bullmq\n", (2, "watch", "bullmq:PREFIX")),
    "no name": ("[counters]\nsource = x\n", (1, r"\[counters\]", "NAME")),
    "no source": ("\n[counters a]\nsample = 1\n", (2, "source", "missing")),
    "no command": ("[dependency a]\nevery = 1s\n", (1, "command", "missing")),
    "reserved": ("[counters status]\nsource = x\n",
                 (1, r"\[counters status\]", "reserved")),
    "section twice": (
        "[dependency a]\ncommand = x\n[dependency a]\ncommand = y\n",
        (3, r"\[dependency a\]", "line 1")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_line_key_and_hint(place, name):
    text, *told = BAD[name]
    path = place / "a.conf"
    path.write_bytes(text.encode())
    code, lines = judge(path)
    assert code == 2
    assert len(lines) == len(told), lines
    for line, (number, key, hint) in zip(lines, told):
        assert re.fullmatch(rf"{path}:{number}: {key}: .*{hint}.*", line), line


def test_all_that_is_wrong_is_told_at_once_and_secrets_never(place):
    path = place / "a.conf"
    path.write_text("[redkeep]\nredis = redis://u:hunter2@h:x\nrepo=\n"
                    "[http]\ntoken = hunter2 hunter2 hunter2\n"
                    "[hooks]\nwebhook = hunter2\n[nonsense]\n")
    code, lines = judge(path)
    assert code == 2
    assert [line.split(":")[1] for line in lines] == ["2", "3", "5", "7", "8"]
    assert "hunter2" not in "".join(lines)


def test_variables_and_options_are_named_where_a_line_would_be(place):
    path = place / "a.conf"
    path.write_text("")
    code, lines = judge(path, REDKEEP_SNAPSHOT_LEVEL="x", LOG_LEVEL="loud",
                        REDKEEP_NO_SUCH_KEY="1", REDIS_TLS="perhaps")
    assert code == 2
    assert sorted(line.split(": ")[:2] for line in lines) == [
        ["LOG_LEVEL", "log_level"], ["REDIS_TLS", "redis"],
        ["REDKEEP_SNAPSHOT_LEVEL", "level"]]
    code, lines = judge(path, "--http-listen", "nowhere")
    assert code == 2
    assert "--http-listen: listen: 'nowhere'" in lines[0]
    code, lines = judge(path, "--htp-listen", "off")
    assert code == 2 and "--http-listen" in lines[0]
    # What is stronger makes nothing good that is weaker and bad.
    path.write_text("[http]\nlisten = nowhere\n")
    assert judge(path, "--http-listen", "off")[0] == 2


def test_a_file_that_is_not_there_is_no_empty_one(place):
    code, lines = judge(place / "none.conf")
    assert code == 2
    assert "none.conf" in lines[0] and "No such file" in lines[0]
    assert judge(place)[0] == 2


def test_the_example_of_the_manual_is_good(place):
    page = (TOP / "docs/man/redkeep.conf.5").read_text()
    example = re.search(r"^\.Sh EXAMPLES\n\.Bd [^\n]*\n(.*?)^\.Ed", page,
                        re.S | re.M)[1]
    path = place / "a.conf"
    path.write_text(example)
    assert judge(path) == (0, [])


def test_everything_in_one_good_file(place):
    path = place / "a.conf"
    path.write_bytes(
        b"\xef\xbb\xbf# head\n; too\n\n[redkeep]\r\n"
        b"redis = rediss://u%40:p%2F@[::1]:6380/2 ; there\n"
        b"[http]\nlisten = [::1]:9736\n"
        b"[schedule]\nsnapshot = */15 0-6,20-23 * jan-jun mon,wed\n"
        b"prune = after snapshot\nbgsave = 0 0 29 2 *\n"
        b"[hooks]\non_alarm = a;b \"$X\" = 'c' # d\n"
        b"[counters a-1]\nsource = psql -f x\n"
        b"[dependency a-1]\ncommand = true\n")
    assert judge(path) == (0, [])


def test_a_start_on_a_bad_file_ends_and_says_why(place):
    path = place / "a.conf"
    path.write_text("[redkeep]\nrepoo = /x\n")
    result = subprocess.run(
        [program().parent / "redkeepd", "-c", path], capture_output=True,
        text=True, timeout=20)
    assert result.returncode == 2
    assert f"{path}:2: repoo: " in result.stderr
    assert "did you mean repo?" in result.stderr


def test_a_bad_file_changes_nothing_until_it_is_mended(serve, agent):
    a = agent(serve())
    assert a.metrics()["redkeep_config_last_reload_ok"] == 1
    loaded = a.status()["config"]["loaded"]
    good = a.file.read_text()

    a.file.write_text(good + "[alarms]\nserver_awy = 1s\n")
    a.process.send_signal(signal.SIGHUP)
    number = good.count("\n") + 2
    error = wait_for(lambda: a.status()["config"]["error"], "config.error")
    assert f"{a.file}:{number}: server_awy: " in error
    assert a.metrics()["redkeep_config_last_reload_ok"] == 0
    assert a.status()["config"]["loaded"] == loaded
    assert a.says(r" error .* server_awy: ")
    assert a.state() == "connected"
    a.wait_log("the old one stays in force")

    a.file.unlink()
    a.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "No such file" in (a.status()["config"]["error"] or ""),
             "a missing file")

    a.file.write_text(good)
    a.process.send_signal(signal.SIGHUP)
    wait_for(lambda: a.status()["config"]["error"] is None, "no error")
    assert a.metrics()["redkeep_config_last_reload_ok"] == 1
    assert a.status()["config"]["loaded"] != loaded
    assert a.status()["config"]["file"] == str(a.file)


def test_what_needs_a_restart_stays_and_is_warned_of(place, serve, agent):
    a = agent(serve())
    port = free_port()
    a.reload(instance="other", repo=str(place / "elsewhere"),
             http_listen=f"127.0.0.1:{port}", schedule_verify="every 3h")
    for key in ("instance", "repo", "http-listen"):
        a.wait_log(rf"{key} changed .*needs a restart")
    assert a.status()["instance"] == "main"
    assert a.status()["repository"]["path"] == str(a.repo)
    # The rest of the file counts all the same.
    assert a.job("verify")["schedule"] == "every 3h"
    assert not (place / "elsewhere").exists()


def test_the_command_line_beats_the_variable_and_the_file(serve, agent):
    a = agent(serve(), begin=False, log_level="error")
    a.extra = {"REDKEEP_LOG_LEVEL": "debug",
               "REDKEEP_SCHEDULE_VERIFY": "every 5h"}
    a.start()
    assert a.job("verify")["schedule"] == "every 5h"
    a.wait_log(" info ")
    a.reload(schedule_verify="every 6h")
    assert a.job("verify")["schedule"] == "every 5h"
