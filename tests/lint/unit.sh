#!/bin/sh
#
# What `make install` brings for systemd: both units are sound where the
# programs are, say the same but for the instance, and expose little.

set -eu
exposure_max=20 # tenths
root=$PWD/build/lint/root
units=$root/usr/lib/systemd/system

rm -rf "$root"
env -u MAKEFLAGS make -s --no-print-directory DEPS=no install DESTDIR="$root" PREFIX=/usr \
    >/dev/null

bad=0
one=$(sed -e '1,/^\[Unit\]/d' -e 's/ (%i)$//' -e 's/@%i//g' \
    -e 's/%i\.conf --instance %i/redkeep.conf/' "$units/redkeepd@.service")
if [ "$one" != "$(sed '1,/^\[Unit\]/d' "$units/redkeepd.service")" ]; then
    echo "packaging/systemd: the units differ in more than the instance"
    bad=1
fi

# The targets that every unit needs.
cp -a /usr/lib/systemd/system/*.target "$units"
for unit in redkeepd.service redkeepd@a.service; do
    said=$(systemd-analyze verify --man=no --root="$root" "$unit" 2>&1) ||
        said="status $? $said"
    if [ -n "$said" ]; then
        echo "$unit: systemd-analyze verify: $said"
        bad=1
    fi
done
said=$(systemd-analyze security --offline=yes --root="$root" \
    --threshold=$exposure_max redkeepd.service 2>&1) || {
    echo "$said" | grep -E '✗|→' || echo "$said"
    echo "redkeepd.service: exposes too much"
    bad=1
}
exit $bad
