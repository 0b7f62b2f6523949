#!/bin/sh
#
# redkeep.conf.5 has every key of config_keys.c in its section, with its
# default, and none else; redkeepd.8 has every alarm, and every option of
# redkeepd --help.

set -eu
page=docs/man/redkeep.conf.5
work=build/lint
mkdir -p "$work"

# "section key default" of each row: {"http", "listen", "127.0.0.1:9736", ...
tr '\n' ' ' <agent/config/config_keys.c |
    grep -oE '\{"[a-z]+", *"[a-z_]+", *("[^"]*"|NULL)' |
    sed -E 's/[{,]//; s/^"([a-z]+)",? *"([a-z_]+)", *"?([^"]*)"?$/\1 \2 \3/' |
    sort >"$work/keys.table"

# .Ss [http] and .It Cm listen Ar HOST:PORT Pq default Cm 127.0.0.1:9736
sed -nE 's/^\.Ss \[([a-z]+).*/S \1/p
    s/^\.It Cm ([a-z_]+) Ar [^ ]+ Pq default Cm (.*)/K \1 \2/p
    s/^\.It Cm ([a-z_]+) Ar [^ ]+ Pq no default$/K \1 NULL/p' "$page" |
    awk '$1 == "S" { section = $2; next }
        { $1 = section; print }' | sort >"$work/keys.page"

diff "$work/keys.table" "$work/keys.page" |
    sed -n "s|^< |$page: does not have: |p; s|^> |$page: has, and the program has not: |p" \
        >"$work/keys.bad"

agent=docs/man/redkeepd.8
words() {
    sed -nE 's/^ +\{"([a-z_]+)", .*/\1/p' agent/daemon/alarm_rules.c
    build/redkeepd --help | grep -oE '^  -[a-zA-Z-]+(, --[a-zA-Z]+)?' |
        tr -d ',' | tr ' ' '\n' | sed -n 's/^--*//p'
}
for word in $(words); do
    grep -qw -e "$word" "$agent" || echo "$agent: does not have: $word"
done >>"$work/keys.bad"
cat "$work/keys.bad"
[ -s "$work/keys.table" ] && [ ! -s "$work/keys.bad" ]
