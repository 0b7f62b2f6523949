#!/bin/sh
#
# Every alarm of the table is in the guide, and none else. (Those of the rules for
# Prometheus are looked at in tests/scenarios/test_monitoring.py.)

set -eu
guide=docs/guide/alerts.md
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
for name in $(sed -n 's/^### //p' $guide | tr -d ,); do
    echo "$known" | grep -qx "$name" || {
        echo "$guide: there is no alarm $name"
        bad=1
    }
done
exit $bad
