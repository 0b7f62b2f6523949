#!/bin/bash
#
# Measures redkeep side by side with programs that do comparable work, on the
# same files, in one run: each pair in turn, the order changing every round,
# medians of all rounds. Ratios are what counts; seconds are this machine's.
#
# What is read is in the page cache, for both (for guard it is on the disk).
# What is written is synced, by both, on the same file system (build/bench/).
#
# usage: tests/bench/bench.sh build/redkeep [build/generate]
#     BENCH_MB    size of the append-only file, and of the RDB (1000)
#     BENCH_RUNS  rounds (5)
#
# Status 0 when all was measured, whatever the figures are; 1 when something
# failed to run.

set -euo pipefail
export LC_ALL=C

size_mb=${BENCH_MB:-1000}
runs=${BENCH_RUNS:-5}
redkeep=$(realpath "${1:-build/redkeep}")
build=$(dirname "$redkeep")
generate=$(realpath "${2:-$build/generate}")
bench=$build/bench
data=$bench/seed1-${size_mb}mb-each
work=$bench/work
measure=$bench/measure
server=

fail() {
    echo "bench: $*" >&2
    exit 1
}

clean_up() {
    local status=$?
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || :
    rm -rf "$work" "$data.new" "${socket:-}"
    exit "$status"
}

need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || fail "no program $program"
    done
}

# --- the data ----------------------------------------------------------

ask() {
    redis-cli -s "$socket" "$@"
}

# start_server DIR OPTIONS...: a private server, its folder DIR.
start_server() {
    local i
    redis-server --port 0 --unixsocket "$socket" --dir "$1" --save '' \
        "${@:2}" >"$work/server.log" 2>&1 &
    server=$!
    for ((i = 0; i < 500; i++)); do
        [ "$(ask PING 2>/dev/null)" != PONG ] || return 0
        sleep 0.02
    done
    fail "redis-server does not answer: $(tail -n 3 "$work/server.log")"
}

end_server() {
    ask SHUTDOWN NOSAVE >/dev/null 2>&1 || :
    wait "$server" || :
    server=
}

# A server makes the append-only directory, empty; the commands of the
# generator are its incr file. Loaded and saved they are the RDB, with more of
# them, as it takes less to say the same.
make_data() {
    echo "making $size_mb MB of data in build/bench ..."
    mkdir -p "$data.new/aof" "$data.new/rdb"
    socket=$(mktemp -u "${TMPDIR:-/tmp}/redkeep-bench.XXXXXX")
    start_server "$data.new/aof" --appendonly yes
    end_server
    "$generate" --resp --mb "$size_mb" --seed 1 2>"$work/keys" \
        >"$data.new/aof/appendonlydir/appendonly.aof.1.incr.aof"
    start_server "$data.new/rdb"
    "$generate" --resp --mb $((size_mb * 7 / 4)) --seed 1 2>"$work/keys" |
        ask --pipe |
        grep -q 'errors: 0,' || fail "the data does not load"
    ask SAVE >/dev/null
    end_server
    mv "$data.new" "$data"
}

# --- measuring ---------------------------------------------------------

# What comes next is in the page cache, and no earlier write is waiting.
settle() {
    find "$data" -type f -exec cat {} + >/dev/null
    sync -f "$work"
}

# The append-only files are on the disk alone.
chill() {
    sync -f "$work"
    find "$data/aof" -type f -exec dd if={} iflag=nocache count=0 \
        status=none \;
}

# run NAME COMMAND...: notes time and peak memory under NAME.
run() {
    local name=$1 us cpu kib
    shift
    "${prepare:-settle}"
    "$measure" "$work/cost" "$@" >"$work/output" 2>&1 ||
        fail "$name: status $?: $(tail -n 3 "$work/output")"
    read -r us cpu kib <"$work/cost"
    echo "$us" >>"$work/$name.us"
    echo "$cpu" >>"$work/$name.cpu"
    echo "$kib" >>"$work/$name.kib"
}

# shell NAME SCRIPT [ARGUMENT...]: the same for a pipeline.
shell() {
    run "$1" bash -o pipefail -c "$2" bash "${@:3}"
}

# Our program, without what the environment may set, and no server asked.
ours=(env -i "PATH=$PATH" "HOME=$work" "$redkeep" --config "$work/none.conf"
    --redis "unix://$work/none.sock")

check_ours() {
    run "check-$1" "${ours[@]}" check "$data/$2"
}

deep_ours() {
    run deep-rdb "${ours[@]}" check --deep "$data/rdb/dump.rdb"
}

# Files of 100 GiB, nothing behind a good beginning: damaged, status 1.
# shellcheck disable=SC2016
check_sparse() {
    local kind deep
    printf 'REDIS0010' >"$work/sparse.rdb"
    printf '*1\r\n$5\r\nMULTI\r\n' >"$work/sparse.aof"
    for kind in rdb aof; do
        truncate -s 100G "$work/sparse.$kind"
        for deep in '' --deep; do
            shell sparse '"$@"; [ $? -eq 1 ]' "${ours[@]}" check $deep \
                "$work/sparse.$kind"
        done
    done
}

check_peer() {
    run "redis-check-$1" "redis-check-$1" "$data/$2"
}

snapshot_ours() {
    rm -rf "$work/repo-$1"
    run "snapshot-$1" "${ours[@]}" snapshot --full \
        --data-dir "$data/$1" --repo "$work/repo-$1"
}

# shellcheck disable=SC2016 # the inner shell expands them
snapshot_peer() {
    rm -f "$work/$1.tar.zst"
    shell "tar-$1" \
        'tar c -C "$1" . | zstd -q -3 -T0 -o "$2" && sync "$2"' \
        "$data/$1" "$work/$1.tar.zst"
}

restic_peer() {
    rm -rf "$work/restic"
    restic init >/dev/null
    run restic restic backup --quiet "$data/aof"
}

memory_ours() {
    run memory "${ours[@]}" memory --repo "$work/repo-rdb"
}

restore_ours() {
    rm -rf "$work/restored"
    run "restore-$1" "${ours[@]}" restore latest --to "$work/restored" \
        --repo "$work/repo-$1"
    (cd "$data/$1" && find . -type f ! -name '*.manifest') |
        while read -r file; do
            cmp "$data/$1/$file" "$work/restored/$file" ||
                fail "restore: $file differs"
        done
}

# shellcheck disable=SC2016
restore_peer() {
    rm -rf "$work/unpacked"
    shell "untar-$1" 'mkdir "$2" && zstd -dcq "$1" | tar x -C "$2" &&
        find "$2" -type f -exec sync {} +' \
        "$work/$1.tar.zst" "$work/unpacked"
}

# After the first look it remembers what it judged.
guard_ours() {
    local look=("${ours[@]}" guard --data-dir "$data/$1" --appendonly yes
        --repo "$work/none")
    prepare=chill run guard "${look[@]}"
    run guard-again "${look[@]}"
    rm -rf "$data/$1/.redkeep"
}

guard_peer() {
    prepare=chill run cat-aof find "$data/$1" -type f -exec cat {} +
}

# --- counters ----------------------------------------------------------

# A table as a database prints it, and a server that knows none of it.
begin_counters() {
    seq 1000000 | awk 'BEGIN { OFS = "\t"; print "key", "id", "db_max" }
        { print "chat:" $1 ":message_counter", $1, $1 % 1000 + 1 }' \
        >"$work/counters.tsv"
    printf '[counters chats]\nsource = cat %s\n' "$work/counters.tsv" \
        >"$work/counters.conf"
    mkdir "$work/counters"
    socket=$(mktemp -u "${TMPDIR:-/tmp}/redkeep-bench.XXXXXX")
    start_server "$work/counters"
}

forget_counters() {
    ask FLUSHALL >/dev/null
}

counters_ours() {
    local count=(env -i "PATH=$PATH" "$redkeep" --config "$work/counters.conf"
        --redis "unix://$socket" counters)
    prepare=forget_counters run counters-rebuild "${count[@]}" rebuild
    prepare=: run counters-check "${count[@]}" check
}

# pair OURS PEER ARGUMENT...: both, the first one in turn.
pair() {
    if ((round % 2)); then
        "$1" "${@:3}"
        "$2" "${@:3}"
    else
        "$2" "${@:3}"
        "$1" "${@:3}"
    fi
}

measure_all() {
    local manifest=aof/appendonlydir/appendonly.aof.manifest
    for ((round = 1; round <= runs; round++)); do
        echo "round $round of $runs" >&2
        pair check_ours check_peer aof $manifest
        pair check_ours check_peer rdb rdb/dump.rdb
        deep_ours
        pair guard_ours guard_peer aof
        check_sparse
        pair snapshot_ours snapshot_peer aof
        pair snapshot_ours snapshot_peer rdb
        [ -z "$restic" ] || restic_peer
        memory_ours
        pair restore_ours restore_peer aof
        pair restore_ours restore_peer rdb
    done
    begin_counters
    for ((round = 1; round <= runs; round++)); do
        counters_ours
    done
    end_server
}

# --- telling -----------------------------------------------------------

median() {
    sort -n "$work/$1" | sed -n "$((runs / 2 + 1))p"
}

most() {
    sort -n "$work/$1" | tail -n 1
}

# hundredths N: 1234 as 12.34
hundredths() {
    printf '%d.%02d' $(($1 / 100)) $(($1 % 100))
}

# seconds MICROSECONDS: 1234567 as 1.234
seconds() {
    printf '%d.%03d' $(($1 / 1000000)) $(($1 / 1000 % 1000))
}

# row WORK OURS PEER-NAME PEER LIMIT: LIMIT in hundredths, "faster:2500" for
# at least 25 times as fast, "time:115" for at most 1.15 times the time.
row() {
    local ours_us peer_us ours_cpu peer_cpu ratio cpu wanted word=ok
    ours_us=$(median "$2.us")
    peer_us=$(median "$4.us")
    ours_cpu=$(median "$2.cpu")
    peer_cpu=$(median "$4.cpu")
    wanted=${5#*:}
    case $5 in
    faster:*)
        ratio=$((peer_us * 100 / ours_us))
        cpu=$((peer_cpu * 100 / ours_cpu))
        [ $ratio -ge "$wanted" ] || word=short
        wanted=">= $(hundredths "$wanted")"
        ;;
    time:*)
        ratio=$((ours_us * 100 / peer_us))
        cpu=$((ours_cpu * 100 / peer_cpu))
        [ $ratio -le "$wanted" ] || word=short
        wanted="<= $(hundredths "$wanted")"
        ;;
    esac
    printf '%-18s  %-17s %8s %8s %7s %7s %9s  %s\n' "$1" "$3" \
        "$(seconds "$ours_us")" "$(seconds "$peer_us")" \
        "$(hundredths "$cpu")" "$(hundredths "$ratio")" "$wanted" "$word"
}

bytes() {
    echo "$(($(cat "$@" | wc -c) / 1000000)) MB"
}

# peak NAME...: the most of all runs, in MiB.
peak() {
    local name
    for name in "$@"; do
        cat "$work/$name.kib"
    done | sort -n | tail -n 1 | { read -r kib && echo "$((kib / 1024)) MiB"; }
}

report() {
    echo
    echo "AOF $(bytes "$data"/aof/appendonlydir/*.aof)," \
        "RDB $(bytes "$data/rdb/dump.rdb"), $(nproc) cores," \
        "medians of $runs runs, in seconds"
    echo "files in the page cache for both; what is written is synced by both"
    echo
    printf '%-18s  %-17s %8s %8s %7s %7s %9s\n' \
        work 'compared with' redkeep other 'by cpu' ratio wanted
    row 'check AOF' check-aof redis-check-aof redis-check-aof faster:2500
    row 'check RDB' check-rdb redis-check-rdb redis-check-rdb faster:1200
    row 'check --deep, RDB' deep-rdb redis-check-rdb redis-check-rdb faster:400
    row 'full snapshot, AOF' snapshot-aof 'tar | zstd -3 -T0' tar-aof time:115
    row 'full snapshot, RDB' snapshot-rdb 'tar | zstd -3 -T0' tar-rdb time:115
    if [ -n "$restic" ]; then
        row 'full snapshot, AOF' snapshot-aof 'restic backup' restic faster:250
    fi
    row 'restore, AOF' restore-aof 'zstd -d | tar x' untar-aof time:120
    row 'restore, RDB' restore-rdb 'zstd -d | tar x' untar-rdb time:120
    echo
    [ -n "$restic" ] || echo "restic is not installed: not compared"
    echo "stored: AOF $(bytes "$work"/repo-aof/*/snapshots/*.tar.zst)" \
        "(tar | zstd $(bytes "$work/aof.tar.zst"))," \
        "RDB $(bytes "$work"/repo-rdb/*/snapshots/*.tar.zst)" \
        "(tar | zstd $(bytes "$work/rdb.tar.zst"))"
    echo "guard of the AOF from the disk $(seconds "$(median guard.us)")," \
        "reading it $(seconds "$(median cat-aof.us)") (at most 0.5 more);" \
        "unchanged $(seconds "$(median guard-again.us)") (at most 0.05)"
    echo "memory, of the RDB in the repository $(seconds "$(median memory.us)")" \
        "(at most 10), $(peak memory)"
    echo "sparse files of 100 GiB: at most $(seconds "$(most sparse.us)")" \
        "seconds, $(peak sparse)"
    echo "1000000 counters: check $(seconds "$(median counters-check.us)")" \
        "(at most 5), rebuild $(seconds "$(median counters-rebuild.us)")" \
        "(at most 10); of it redkeep and its source" \
        "$(seconds "$(median counters-check.cpu)") and" \
        "$(seconds "$(median counters-rebuild.cpu)") of a core, at most" \
        "$(peak counters-check counters-rebuild)"
    echo "peak memory of redkeep: check $(peak check-aof check-rdb)," \
        "check --deep $(peak deep-rdb)," \
        "snapshot $(peak snapshot-aof snapshot-rdb)," \
        "restore $(peak restore-aof restore-rdb)"
}

[[ $size_mb =~ ^[1-9][0-9]*$ ]] || fail "BENCH_MB is a number of megabytes"
[[ $runs =~ ^[1-9][0-9]*$ ]] || fail "BENCH_RUNS is a number"
need "$redkeep" "$generate" redis-server redis-cli redis-check-aof \
    redis-check-rdb zstd tar
restic=$(command -v restic || :)
export RESTIC_REPOSITORY=$work/restic RESTIC_PASSWORD=bench
export RESTIC_CACHE_DIR=$work/restic-cache

trap clean_up EXIT
trap 'exit 1' HUP INT TERM
rm -rf "$work"
mkdir -p "$work"
: >"$work/none.conf"
"${CC:-cc}" -O2 -D_GNU_SOURCE -std=c11 -o "$measure" \
    "$(dirname "$0")/measure/measure.c" || fail "measure.c does not compile"
[ -d "$data" ] || make_data
measure_all
report
