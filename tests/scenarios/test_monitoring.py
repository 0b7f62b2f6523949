"""Rules and dashboard: Prometheus takes each, every rule fires when it should
and not when not, and both name only what the agent tells."""

import json
import re
import subprocess

import pytest
import yaml

from hosts import GUIDE
from servers import TOP

RULES = TOP / "packaging" / "prometheus" / "redkeep.rules.yml"
DASHBOARD = TOP / "packaging" / "grafana" / "redkeep.json"
DAEMON = TOP / "agent" / "daemon"
TABLE = DAEMON / "alarm_rules.c"

# What Prometheus and its blackbox exporter tell by themselves.
FOREIGN = {"up", "scrape_duration_seconds", "probe_duration_seconds"}
ALARM = 'redkeep_alarm_raised{instance="h",alarm="%s"}'
HOUR = "x90"  # samples, one a minute; looked at after 90 of them

# Of each rule that no alarm is for: series with which it fires, series with
# which it does not; its labels, and its value where the text has it.
OWN = {
    "Down": ([{'up{job="redkeep",instance="h"}': "0" + HOUR}],
             [{'up{job="redkeep",instance="h"}': "1" + HOUR},
              {'up{job="redkeep",instance="h"}': "1x86 0x9"},
              {'up{job="redkeep-counters",instance="h"}': "0" + HOUR}],
             {"job": "redkeep"}),
    "Absent": ([{'up{job="other",instance="h"}': "1" + HOUR}],
               [{'up{job="redkeep",instance="h"}': "0" + HOUR}],
               {"job": "redkeep", "instance": None}),
    "AgentRestarts": (
        [{'redkeep_start_time_seconds{instance="h"}': "0+9" + HOUR}],
        [{'redkeep_start_time_seconds{instance="h"}': "1x60 50x60"}]),
    "ServerFlaps": (
        [{'redkeep_redis_restarts_total{instance="h"}':
          "0x40 1x10 2x10 3x40"}],
        [{'redkeep_redis_restarts_total{instance="h"}': "0x40 1x80"},
         {'redkeep_redis_restarts_total{instance="h"}': "7" + HOUR}]),
    "Unprotected": (
        [{'redkeep_protected_until_timestamp_seconds{instance="h"}':
          "-100000" + HOUR},
         {'redkeep_protected_until_timestamp_seconds{instance="h"}':
          "-100000" + HOUR, ALARM % "snapshot_overdue": "0" + HOUR}],
        [{'redkeep_protected_until_timestamp_seconds{instance="h"}':
          "-3600" + HOUR},
         {'redkeep_protected_until_timestamp_seconds{instance="h"}':
          "-100000" + HOUR, ALARM % "snapshot_overdue": "1" + HOUR}],
        {}, "1d 5h 16m 40s"),
    "Repository": ([{'redkeep_repository_ok{instance="h"}': "0" + HOUR}],
                   [{'redkeep_repository_ok{instance="h"}': "1" + HOUR},
                    {'redkeep_repository_ok{instance="h"}': "1x86 0x9"}]),
    "RepositoryFills": (
        [{'redkeep_repository_free_bytes{instance="h"}': "9e9-2e6x90"}],
        [{'redkeep_repository_free_bytes{instance="h"}': "9e9-2e4x90"},
         {'redkeep_repository_free_bytes{instance="h"}': "9e9-2e6x90",
          ALARM % "disk_low": "1x90"}]),
    "RetentionFrozen": ([{'redkeep_retention_frozen{instance="h"}': "1x90"}],
                        [{'redkeep_retention_frozen{instance="h"}': "0x90"},
                         {'redkeep_retention_frozen{instance="h"}':
                          "0x60 1x50"}]),
    "JobFails": (
        [{'redkeep_job_runs_total{instance="h",exported_job="prune",'
          'result="failed"}': "0x60 1x60"}],
        [{'redkeep_job_runs_total{instance="h",exported_job="prune",'
          'result="failed"}': "5" + HOUR},
         {'redkeep_job_runs_total{instance="h",exported_job="prune",'
          'result="ok"}': "0x60 1x60"},
         {'redkeep_job_runs_total{instance="h",exported_job="snapshot",'
          'result="failed"}': "0x60 1x60"}],
        {"exported_job": "prune", "result": "failed"}),
    "Dependency": (
        [{'redkeep_dependency_up{instance="h",dependency="db"}': "0" + HOUR}],
        [{'redkeep_dependency_up{instance="h",dependency="db"}': "1" + HOUR}],
        {"dependency": "db"}),
    "Slow": (
        [{'scrape_duration_seconds{instance="h",job="redkeep-counters"}':
          "6" + HOUR},
         {'probe_duration_seconds{instance="h",job="redkeep-counters"}':
          "5.1" + HOUR}],
        [{'scrape_duration_seconds{instance="h",job="redkeep"}': "4" + HOUR},
         {'scrape_duration_seconds{instance="h",job="node"}': "9" + HOUR},
         {'probe_duration_seconds{instance="h",job="redkeep"}': "1x86 9x9"}],
        {"job": "redkeep-counters"}),
    "ServerSlow": (
        [{'redkeep_redis_response_seconds{instance="h"}': "0.6" + HOUR}],
        [{'redkeep_redis_response_seconds{instance="h"}': "0.01" + HOUR}]),
    "Unauthorized": (
        [{'redkeep_http_requests_total{instance="h",code="401"}': "0+1" +
          HOUR}],
        [{'redkeep_http_requests_total{instance="h",code="401"}': "7" + HOUR},
         {'redkeep_http_requests_total{instance="h",code="401"}':
          "0x70 3x20"},
         {'redkeep_http_requests_total{instance="h",code="404"}': "0+1" +
          HOUR}], {"code": "401"}),
    "Configuration": (
        [{'redkeep_config_last_reload_ok{instance="h"}': "0" + HOUR}],
        [{'redkeep_config_last_reload_ok{instance="h"}': "1" + HOUR}]),
}


def families():
    """What the agent tells, and what Prometheus has of itself."""
    text = "".join(p.read_text() for p in DAEMON.glob("metrics*.c"))
    own = set(re.findall(r'"((?:redkeep|health|process)_[a-z_]+)"', text))
    assert len(own) > 50
    return own | FOREIGN


def rules():
    return [r for g in yaml.safe_load(RULES.read_text())["groups"]
            for r in g["rules"]]


def alarm_of(rule):
    found = re.fullmatch(r'redkeep_alarm_raised\{alarm="(\w+)"\} == 1',
                         rule["expr"])
    return found and found[1]


def alarms():
    found = re.findall(r'^    \{"(\w+)", ', TABLE.read_text(), re.M)
    assert len(found) >= 25
    return found


def promtool(*words):
    done = subprocess.run(["promtool", *map(str, words)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def expected(rule, labels, value):
    """The alert as Prometheus must send it, its text written out."""
    all_ = {k: v for k, v in {"instance": "HOST", **labels}.items() if v}

    def text(template):
        template = template.replace("{{ $value | humanizeDuration }}",
                                    value or "(no value)")
        return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: all_[m[1]],
                      template)
    return {"exp_labels": {**all_, **rule["labels"]},
            "exp_annotations": {k: text(v)
                                for k, v in rule["annotations"].items()}}


def of_host(name, values):
    """The same for another host."""
    return {k.replace('instance="h"', f'instance="{name}"'): v
            for k, v in values.items()}


def cases(rule):
    """Series that fire the rule, those that do not, and the alert."""
    alarm = alarm_of(rule)
    if alarm:
        return ([{ALARM % alarm: "0x60 1x60"}],
                [{ALARM % alarm: "0" + HOUR}, {ALARM % "other": "1" + HOUR},
                 {ALARM % alarm: "1x60 0x60"}],
                expected(rule, {"alarm": alarm}, None))
    fires, quiet, labels, value = \
        (*OWN[rule["alert"].removeprefix("Redkeep")], {}, None)[:4]
    return fires, quiet, expected(rule, labels, value)


def unit_test(series, alerts):
    """One run of all rules: alerts is {name: those that must be there}."""
    return {"interval": "1m",
            "input_series": [{"series": k, "values": v}
                             for k, v in series.items()],
            "alert_rule_test": [
                {"eval_time": "90m", "alertname": name, "exp_alerts": them}
                for name, them in alerts.items()]}


def apart(rule):
    """A run for each case of a rule."""
    fires, quiet, alert = cases(rule)
    return [unit_test(s, {rule["alert"]: [alert]}) for s in fires] + \
        [unit_test(s, {rule["alert"]: []}) for s in quiet]


def together(some):
    """One run of all cases of some rules, each on a host of its own."""
    series, alerts = {}, {}
    for rule in some:
        fires, quiet, alert = cases(rule)
        alerts[rule["alert"]] = them = []
        assert fires and quiet
        for i, case in enumerate(fires + quiet):
            host = f"{rule['alert']}{i}"
            series.update(of_host(host, case))
            if i < len(fires):
                them.append(json.loads(re.sub(r"\bHOST\b", host,
                                              json.dumps(alert))))
    return unit_test(series, alerts)


def test_each_rule_fires_when_it_should_and_only_then(place):
    absent = [r for r in rules() if r["expr"].startswith("absent")]
    passed_on = [r for r in rules() if alarm_of(r)]
    own = [r for r in rules() if not alarm_of(r) and r not in absent]
    tests = [together(passed_on), *(together([r]) for r in own),
             *(t for r in absent for t in apart(r))]
    file = place / "test.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)],
                                    "evaluation_interval": "1m",
                                    "tests": tests}))
    promtool("check", "rules", RULES)
    promtool("test", "rules", file)


def test_there_is_one_rule_for_each_alarm():
    named = [alarm_of(r) for r in rules() if alarm_of(r)]
    assert sorted(named) == sorted(alarms())
    names = [r["alert"] for r in rules()]
    assert len(set(names)) == len(names)
    assert set(OWN) == {r["alert"].removeprefix("Redkeep") for r in rules()
                        if not alarm_of(r)}
    for r in rules():
        assert r["labels"]["severity"] in ("page", "ticket")
        assert r["annotations"]["summary"] and r["annotations"]["description"]


def test_the_guide_wakes_for_what_the_rules_page_for():
    row = re.search(r"^\| wake .*\n\|---.*\n\|(.*)\|(.*)\|$",
                    (GUIDE / "alerts.md").read_text(), re.M)
    for cell, severity in zip(row.groups(), ("page", "ticket")):
        assert set(re.findall(r"`(\w+)`", cell)) == {
            alarm_of(r) for r in rules()
            if alarm_of(r) and r["labels"]["severity"] == severity}


def metrics_of(expr):
    """Names of metrics: what is no function, label, keyword or number."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\$\w+', " ", expr)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left)\s*\([^)]*\)", " ",
                  bare)
    found = re.findall(r"(?<![\w.])[a-zA-Z_]\w*(?!\w)(?!\s*\()", bare)
    return set(found) - {"and", "or", "unless", "bool", "offset", "by", "on"}


def test_rules_name_only_metrics_that_there_are():
    for r in rules():
        unknown = metrics_of(r["expr"]) - families()
        assert metrics_of(r["expr"]) and not unknown, (r["alert"], unknown)


def panels():
    return json.loads(DASHBOARD.read_text())["panels"]


def queries():
    """(panel, expression) with what Grafana puts in."""
    for p in panels():
        for target in p.get("targets", []):
            yield p["title"], target["expr"].replace(
                "$__rate_interval", "5m").replace("$instance", ".+")


def test_the_dashboard_is_of_a_piece():
    board = json.loads(DASHBOARD.read_text())
    ids = [p["id"] for p in panels()]
    assert len(set(ids)) == len(ids) and len(ids) > 50
    titles = [p["title"] for p in panels()]
    assert len(set(titles)) == len(titles)
    assert [v["name"] for v in board["templating"]["list"]] == [
        "datasource", "instance"]
    taken = set()
    for p in panels():
        at = p["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, p["title"]
        taken |= cells
        letters = [t["refId"] for t in p.get("targets", [])]
        assert len(set(letters)) == len(letters)
        assert p["type"] == "row" or letters
        for t in p.get("targets", []):
            assert t["datasource"]["uid"] == "${datasource}"
            assert 'instance=~"$instance"' in t["expr"], p["title"]


def test_the_dashboard_asks_what_prometheus_knows(place):
    rules_ = []
    for title, expr in queries():
        unknown = metrics_of(expr) - families()
        assert metrics_of(expr) and not unknown, (title, unknown)
        rules_.append({"record": "x:y", "expr": expr})
    file = place / "board.yml"
    for i, rule in enumerate(rules_):
        rule["labels"] = {"n": str(i)}
    file.write_text(yaml.safe_dump(
        {"groups": [{"name": "board", "rules": rules_}]}))
    assert f"{len(rules_)} rules found" in promtool("check", "rules", file)
