#!/bin/sh
#
# Every alarm of the table is in the guide, and none else; the rules for
# Prometheus are rules, and name only alarms and metrics that there are.

set -eu
guide=docs/guide/alerts.md
rules=packaging/prometheus/redkeep.rules.yml
bad=0

known=$(sed -n 's/^    {"\([a-z_]*\)", .*/\1/p' agent/daemon/alarm_rules.c)
[ "$(echo "$known" | wc -l)" -ge 25 ] || {
    echo "agent/daemon/alarm_rules.c: the table is not found"
    exit 1
}
for name in $known; do
    grep -qw "$name" $guide || {
        echo "$guide: alarm $name is not explained"
        bad=1
    }
done
for name in $(sed -n 's/^### //p' $guide | tr -d ,) \
    $(grep -o 'alarm[!=]~"[^"]*"' $rules | sed 's/.*~//' | tr '"|' '  '); do
    echo "$known" | grep -qx "$name" || {
        echo "there is no alarm $name"
        bad=1
    }
done
metrics=$(grep -o 'redkeep_[a-z_]*' $rules)
for name in $metrics; do
    grep -q "$name" agent/daemon/metrics*.c || {
        echo "$rules: there is no metric $name"
        bad=1
    }
done
promtool check rules $rules >/dev/null || bad=1
exit $bad
