#!/bin/bash
#
# Shows the main job on a real, private redis-server, and proves it: load
# data, take a snapshot while writes and a rewrite go on, lose everything,
# restore, and compare. Nothing is left behind; whatever fails to be proven
# ends with a message and status 1.
#
# usage: tests/demo/demo.sh build/redkeep [build/generate]

set -euo pipefail
export LC_ALL=C

load_mb=100
redkeep=$(realpath "${1:-build/redkeep}")
generate=$(realpath "${2:-$(dirname "$redkeep")/generate}")
work=
started=()          # processes of ours that may still run
began=$EPOCHREALTIME

# --- telling -----------------------------------------------------------

fail() {
    echo "demo: FAILED: $*" >&2
    exit 1
}

# Seconds between two EPOCHREALTIMEs, as 1.2
seconds() {
    local us=$((${2/./} - ${1/./}))
    printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}

step() {
    printf '\n[%4s s] %s\n' "$(seconds "$began" "$EPOCHREALTIME")" "$*"
}

say() {
    fold -s -w 70 <<<"$*" | sed 's/^/         /; s/ $//'
}

mebibytes() {
    local kb
    kb=$(du -sk "$1" | cut -f1)
    echo "$((kb / 1024)) MiB"
}

# --- processes ---------------------------------------------------------

stop() {
    local pid=$1
    kill -9 "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
}

# The folder is removed however we end.
clean_up() {
    local status=$? pid
    trap '' INT TERM
    for pid in "${started[@]}"; do
        stop "$pid"
    done
    [ -z "$work" ] || rm -rf "$work"
    exit "$status"
}

# ask WORDS...: the server's answer; an error reply is a failure here.
ask() {
    local answer
    answer=$(redis-cli -s "$work/redis.sock" "$@" 2>&1) ||
        fail "redis-cli $1: $answer"
    case $answer in
    *ERR\ * | NOPERM* | MISCONF* | OOM\ *) fail "redis-cli $1: $answer" ;;
    esac
    echo "$answer"
}

# info SECTION FIELD: one value of INFO.
info() {
    ask INFO "$1" | tr -d '\r' | sed -n "s/^$2://p"
}

# until_true CONDITION...: waits for it, 30 s at most.
until_true() {
    local i
    for ((i = 0; i < 1500; i++)); do
        "$@" && return 0
        sleep 0.02
    done
    fail "waited 30 s for: $*"
}

# While it loads, a server answers PING with an error.
answers() {
    kill -0 "$server" 2>/dev/null ||
        fail "the server ended: $(tail -n 3 "$work/server.log")"
    [ "$(redis-cli -s "$work/redis.sock" PING 2>/dev/null)" = PONG ]
}

start_server() {
    mkdir -p "$work/data"
    redis-server "$work/redis.conf" >>"$work/server.log" 2>&1 &
    server=$!
    started+=("$server")
    until_true answers
}

# Only the append-only file is under test: no RDB by the clock, and a rewrite
# when we want it.
write_settings() {
    cat >"$work/redis.conf" <<SETTINGS
port 0
unixsocket $work/redis.sock
dir $work/data
appendonly yes
appendfsync everysec
auto-aof-rewrite-percentage 0
save ""
SETTINGS
    # For DEBUG DIGEST; servers before 7.0 do not know the word.
    case $(redis-server --version) in
    *v=[0-6].*) ;;
    *) echo "enable-debug-command local" >>"$work/redis.conf" ;;
    esac
    : >"$work/redkeep.conf"
}

# --- the data ----------------------------------------------------------

# Counts keys by type, and those that will expire.
census='
local count, cursor, expires = {}, "0", 0
repeat
    local page = redis.call("SCAN", cursor, "COUNT", 1000)
    cursor = page[1]
    for _, key in ipairs(page[2]) do
        local kind = redis.call("TYPE", key).ok
        count[kind] = (count[kind] or 0) + 1
        if redis.call("PTTL", key) >= 0 then expires = expires + 1 end
    end
until cursor == "0"
local text = {}
for _, kind in ipairs({"hash", "string", "set", "zset", "list", "stream"}) do
    text[#text + 1] = (count[kind] or 0) .. " " .. kind
end
return table.concat(text, ", ") .. ", of which " .. expires .. " expire"'

# How far the numbered keys go without a hole.
numbered='
local n = 0
while redis.call("GET", "acknowledged:" .. n + 1) == "value-" .. n + 1 do
    n = n + 1
end
return n'

# Takes the writers' keys away, so that what was loaded is left alone.
forget='
redis.call("DEL", "acknowledged")
local n = 0
while redis.call("DEL", "acknowledged:" .. n + 1) == 1 do n = n + 1 end
return n'

load() {
    local answer
    answer=$("$generate" --resp --mb $load_mb --seed 1 2>/dev/null |
        redis-cli -s "$work/redis.sock" --pipe) || fail "load: $answer"
    [[ $answer == *"errors: 0, "* ]] || fail "load: $answer"
    until_true saved_all
}

# Everything written is in the file, so that its size can be told.
saved_all() {
    [ "$(info persistence aof_buffer_length)" = 0 ]
}

describe() {
    keys=$(ask DBSIZE)
    counts=$(ask EVAL "$census" 0)
    digest=$(ask DEBUG DIGEST)
    [[ $digest =~ ^[0-9a-f]{40}$ ]] || fail "no digest: $digest"
}

# One command at a time, each answer put on record outside the data directory
# as it comes: a list that grows, and keys with a number.
start_writer() {
    : >"$work/$1"
    seq 100000000 | sed "$2" |
        stdbuf -oL redis-cli -s "$work/redis.sock" >"$work/$1" 2>/dev/null &
    started+=("$!")
}

# The answers on record so far.
acknowledged() {
    grep -c -E '^(OK|[0-9]+)$' "$work/$1" || :
}

have_written() {
    [ "$(acknowledged pushed)" -ge "$1" ] && [ "$(acknowledged set)" -ge "$1" ]
}

rewriting() {
    [ "$(info persistence aof_rewrite_in_progress)" = "$1" ]
}

# Runs the program as a user would, without what the environment may set. What
# it says is at the left margin.
run_redkeep() {
    echo "\$ redkeep $*"
    (cd "$work" && env -i PATH="$PATH" HOME="$work" "$redkeep" \
        --config redkeep.conf --repo repo "$@" 2>&1) | fold -s -w 80 ||
        fail "redkeep $1 ended with a status that is not 0"
}

# --- the proofs --------------------------------------------------------

# prove_list N: the list is 1, 2, 3 ... and holds at least the first N.
prove_list() {
    local length
    length=$(ask LLEN acknowledged)
    [ "$length" -ge "$1" ] ||
        fail "$1 pushes were acknowledged before the snapshot; $length are back"
    redis-cli -s "$work/redis.sock" LRANGE acknowledged 0 -1 |
        cmp -s - <(seq "$length") || fail "the list has a hole"
    say "list: 1 to $length without a hole; $1 were promised"
}

prove_keys() {
    local last
    last=$(ask EVAL "$numbered" 0)
    [ "$last" -ge "$1" ] ||
        fail "$1 SETs were acknowledged before the snapshot; $last are back"
    say "keys: 1 to $last without a hole; $1 were promised"
}

# Must come last: it takes the writers' keys away.
prove_loaded() {
    local keys_before=$keys counts_before=$counts digest_before=$digest
    ask EVAL "$forget" 0 >/dev/null
    describe
    [ "$keys" = "$keys_before" ] ||
        fail "$keys_before keys were loaded; $keys are back"
    [ "$counts" = "$counts_before" ] ||
        fail "loaded: $counts_before; back: $counts"
    [ "$digest" = "$digest_before" ] ||
        fail "the loaded values differ (digest $digest, was $digest_before)"
    say "loaded data: $keys keys, of each type as many as before, every" \
        "value the same"
    say "(DEBUG DIGEST $digest)"
}

# --- the story ---------------------------------------------------------

[ -x "$redkeep" ] || fail "no program $redkeep: run make first"
[ -x "$generate" ] || fail "no program $generate: run make build/generate"
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/redkeep-demo.XXXXXX")
[ ${#work} -lt 90 ] || fail "TMPDIR is too long for a unix socket: $work"

step "a private redis-server starts, append-only file on"
write_settings
start_server
say "version $(info server redis_version), process $server, in $work"

step "data like users' is loaded"
load
describe
say "$keys keys: $counts; $(mebibytes "$work/data") on disk"

step "two writers begin: RPUSH and SET, one acknowledged write at a time"
start_writer pushed 's/^/RPUSH acknowledged /'
start_writer set 's/.*/SET acknowledged:& value-&/'
until_true have_written 5000

step "the server begins to rewrite its append-only file"
ask BGREWRITEAOF >/dev/null
until_true rewriting 1

pushed_before=$(acknowledged pushed)
set_before=$(acknowledged set)
step "a snapshot is taken while both go on"
say "acknowledged so far: $pushed_before RPUSH, $set_before SET"
run_redkeep snapshot --redis "unix://$work/redis.sock"
if rewriting 1; then
    say "the rewrite is still running"
else
    say "the rewrite ended meanwhile"
fi

step "a snapshot that is listed can be read back"
run_redkeep list
run_redkeep verify
say "$(mebibytes "$work/repo") in the repository"

step "the rewrite ends: the files that were read are gone by now"
until_true rewriting 0
say "acknowledged so far: $(acknowledged pushed) RPUSH," \
    "$(acknowledged set) SET"

step "disaster: kill -9 of the server, and its data directory is deleted"
say "$(mebibytes "$work/data") deleted"
for pid in "${started[@]}"; do
    stop "$pid"
done
started=()
rm -rf "$work/data"

step "restore"
run_redkeep restore latest --to data
say "$(mebibytes "$work/data") in the data directory"

step "the server starts again on what was restored"
start_server
say "process $server, $(ask DBSIZE) keys"

step "is everything back?"
prove_list "$pushed_before"
prove_keys "$set_before"
prove_loaded

step "proven: every write acknowledged before the snapshot is back"
