#!/bin/sh
#
# No complaint of shellcheck about any script whose first line names sh.

set -eu
# shellcheck disable=SC2046 # a list of files
shellcheck $(grep -rlE --exclude-dir=build --exclude-dir=.git \
    '^#!/bin/(ba)?sh' . | while read -r file; do
    head -n 1 "$file" | grep -qE '^#!/bin/(ba)?sh' && echo "$file"
done)
