#!/bin/sh
#
# The codes of findings in the sources are those of redkeep-findings.7, both
# ways. A code is a text such as "aof-torn" whose first word begins a code of
# the page or of a report_add.

set -eu
page=docs/man/redkeep-findings.7
work=build/lint
mkdir -p "$work"

# Texts of that shape that are no codes.
others='aof-use-rdb-preamble|aof-single|aof-load-.*|restore-asking'

cat agent/formats/*.c agent/jobs/*.c agent/repo/*.c >"$work/findings.c"
sed -n 's/^\.It Cm \([^P]*\) Pq .*/\1/p' "$page" | tr -d ' ' | tr ',' '\n' |
    sort -u >"$work/findings.page"
words=$({
    cut -d - -f 1 "$work/findings.page"
    tr '\n' ' ' <"$work/findings.c" | grep -oE 'report_add\([^;]*;' |
        grep -oE '"[a-z]+-[a-z0-9-]+"' | tr -d '"' | cut -d - -f 1
} | sort -u | paste -s -d '|')
grep -oE "\"($words)(-[a-z0-9]+)+\"" "$work/findings.c" | tr -d '"' |
    grep -vxE "$others" | sort -u >"$work/findings.codes"

bad=0
for code in $(comm -23 "$work/findings.codes" "$work/findings.page"); do
    echo "$page: does not have $code"
    bad=1
done
for code in $(comm -13 "$work/findings.codes" "$work/findings.page"); do
    echo "$page: $code is in no source"
    bad=1
done
exit $bad
