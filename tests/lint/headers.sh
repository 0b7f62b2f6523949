#!/bin/sh
#
# Every header compiles alone, with gcc and with clang, and has the guard
# FOLDER_FILE_H.

set -eu
bad=0

# shellcheck disable=SC2046 # lists of flags
compile() {
    "$1" -std=c11 -D_GNU_SOURCE -Iagent -Wall -Wextra -Werror \
        $(pkg-config --cflags libarchive hiredis openssl) \
        -fsyntax-only -include "$2" -x c /dev/null
}

for header in agent/*/*.h tools/*.h; do
    [ -e "$header" ] || continue
    guard=$(echo "${header#agent/}" | tr 'a-z/.' 'A-Z__')
    if ! grep -q "^#ifndef $guard\$" "$header"; then
        echo "$header: the guard is not $guard"
        bad=1
    fi
    compile gcc "$header" && compile clang "$header" || bad=1
done
exit $bad
