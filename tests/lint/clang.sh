#!/bin/sh
#
# No warning from clang either: the programs and unit tests are built with CC.

set -eu
# shellcheck disable=SC2046 # lists of flags and files
clang -std=c11 -D_GNU_SOURCE -DREDKEEP_VERSION='""' -Iagent -Wall -Wextra \
    -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
    -Wformat=2 -Wvla -Werror -fsyntax-only \
    $(pkg-config --cflags libarchive hiredis openssl check) \
    $(find agent tools tests -name '*.c')
