#!/bin/sh
#
# The manual pages are sound mdoc.

set -eu
set -- docs/man/*.[1-8]
[ -e "$1" ] || {
    echo "docs/man: there is no manual page"
    exit 1
}
# STYLE-level advice (a missing cross reference, say) is shown but no failure.
mandoc -T lint -W warning "$@"
