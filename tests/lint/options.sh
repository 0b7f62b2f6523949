#!/bin/sh
#
# The manual page redkeep.1 and what --help prints name the same options, and
# the same commands as there are tools/cmd_*.c.

set -eu
redkeep=build/redkeep
page=docs/man/redkeep.1
work=build/lint
mkdir -p "$work"

if [ ! -e "$page" ] || [ ! -e "$redkeep" ]; then
    echo "needs $page and $redkeep"
    exit 1
fi
commands=$(find tools -name 'cmd_*.c' | sed 's/.*cmd_\(.*\)\.c$/\1/')

options() {
    grep -oE -e '(^|[^a-zA-Z0-9-])--[a-z][a-z0-9-]*' |
        grep -oE -e '--[a-z][a-z0-9-]*' | sort -u
}

{
    "$redkeep" --help
    for command in $commands; do
        "$redkeep" "$command" --help || exit 1
    done
} >"$work/help" || {
    echo "--help fails"
    exit 1
}
mandoc -T ascii "$page" | sed 's/.\x08//g' >"$work/page"

options <"$work/help" >"$work/help.options"
options <"$work/page" >"$work/page.options"
bad=0
for option in $(comm -23 "$work/help.options" "$work/page.options"); do
    echo "$page: does not name $option"
    bad=1
done
for option in $(comm -13 "$work/help.options" "$work/page.options"); do
    echo "--help: does not name $option"
    bad=1
done
for command in $commands; do
    for text in help page; do
        if ! grep -qw -e "$command" "$work/$text"; then
            echo "$work/$text: does not name the command $command"
            bad=1
        fi
    done
done
exit $bad
