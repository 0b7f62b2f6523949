#!/bin/sh
#
# clang-tidy with the checks of .clang-tidy over the product's sources. What
# it has found good once is not looked at again until the file, a header or
# .clang-tidy changes.

set -eu

flags="-std=c11 -D_GNU_SOURCE -DREDKEEP_VERSION=\"\" -Iagent \
$(pkg-config --cflags libarchive hiredis openssl)"
good=build/lint/tidy
mkdir -p "$good"
world=$(cat .clang-tidy agent/*/*.h tools/*.h 2>/dev/null | sha256sum)

# shellcheck disable=SC2016 # the inner shell expands
find agent tools -name '*.c' -print0 |
    world=$world flags=$flags good=$good \
        xargs -0 -n 1 -P "$(nproc)" sh -c '
            key=$({ echo "$1 $flags $world"; cat "$1"; } |
                sha256sum | cut -c 1-40)
            [ ! -e "$good/$key" ] || exit 0
            out=$(clang-tidy --quiet "$1" -- $flags 2>/dev/null) &&
                [ -z "$out" ] || {
                    echo "$out" | grep -E ": (error|warning): "
                    exit 1
                }
            : >"$good/$key"' sh
