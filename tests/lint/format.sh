#!/bin/sh
#
# The code looks as .clang-format says. `make format` puts it right.

set -eu
bad=$(find agent tools tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run 2>&1 |
    sed -n 's/:.*: warning: .*/: not as clang-format has it/p' | uniq -c)
[ -z "$bad" ] || {
    echo "$bad"
    exit 1
}
