#!/bin/sh
#
# The codes of doctor's findings in the sources are those of redkeep-doctor.7,
# both ways. A code is a text such as "save_off" in agent/jobs/doctor_*.c that
# follows the list it is added to, or begins a line of a table.

set -eu
page=docs/man/redkeep-doctor.7
work=build/lint
mkdir -p "$work"

# Texts of that shape that are no codes.
others='.*_t'

sed -n 's/^\.It Cm \([a-z_]*\) Pq .*/\1/p' "$page" | sort -u >"$work/doctor.page"
cat agent/jobs/doctor_*.c | tr '\n' ' ' |
    grep -oE '(all,|\{) *"[a-z]+(_[a-z]+)+",' |
    grep -oE '[a-z]+(_[a-z]+)+' | grep -vxE "$others" |
    sort -u >"$work/doctor.codes"

bad=0
for code in $(comm -23 "$work/doctor.codes" "$work/doctor.page"); do
    echo "$page: does not have $code"
    bad=1
done
for code in $(comm -13 "$work/doctor.codes" "$work/doctor.page"); do
    echo "$page: $code is in no source"
    bad=1
done
exit $bad
