#!/bin/sh
#
# What `make install` brings for systemd: both units are sound where the
# programs are, say the same but for the instance, and expose little. So are the
# units of servers with guard before them, which says what they start.

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

# Debian's unit of redis stands for that of valkey, which is made of it.
for unit in redis-server.service redis-server@.service; do
    for name in redis valkey; do
        mine=$name-server${unit#redis-server}
        drop=share/redkeep/systemd/$mine.d/redkeep-guard.conf
        sed "s/redis/$name/g" "/usr/lib/systemd/system/$unit" >"$units/$mine"
        install -D -m 755 /bin/true "$root/usr/bin/$name-server"
        install -D -m 644 "$root/usr/$drop" "$units/$mine.d/redkeep-guard.conf"
        start=$(sed -n 's/^ExecStart=//p' "$units/$mine")
        if ! grep -qF -- " -- $start" "$units/$mine.d/redkeep-guard.conf"; then
            echo "$drop: is not for what the unit starts: $start"
            bad=1
        fi
        said=$(systemd-analyze verify --man=no --root="$root" \
            "$(echo "$mine" | sed 's/@/@a/')" 2>&1) || said="status $? $said"
        if [ -n "$said" ]; then
            echo "$mine: systemd-analyze verify: $said"
            bad=1
        fi
    done
done

said=$(systemd-analyze security --offline=yes --root="$root" \
    --threshold=$exposure_max redkeepd.service 2>&1) || {
    echo "$said" | grep -E '✗|→' || echo "$said"
    echo "redkeepd.service: exposes too much"
    bad=1
}
exit $bad
