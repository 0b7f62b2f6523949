#!/bin/sh
#
# No function above 60 lines, no file above 400 (tables may be long).
# With --longest: prints the longest ones, at whatever length.

set -eu
functions_max=60
files_max=400

# "LINES FILE:LINE: NAME" of each function: from the line with its name, at
# the left margin, to the closing brace there.
functions() {
    # shellcheck disable=SC2016 # awk's own $0
    find agent tools tests -name '*.c' -print0 | xargs -0 awk '
        FNR == 1 { name = "" }
        /^[a-z_A-Z][a-zA-Z_0-9 *]*\(/ && !/;$/ {
            name = $0
            sub(/\(.*/, "", name)
            sub(/.*[ *]/, "", name)
            if (name == "START_TEST") {
                name = $0
                gsub(/.*\(|\).*/, "", name)
            }
            line = FNR
        }
        /^}/ && name != "" {
            printf "%d %s:%d: %s\n", FNR - line + 1, FILENAME, line, name
            name = ""
        }'
}

# "LINES FILE" of each.
files() {
    find agent tools tests -name '*.[ch]' -exec wc -l {} + |
        awk '$2 != "total" { print $1, $2 }'
}

if [ "${1:-}" = --longest ]; then
    functions | sort -rn | head -n 15
    files | sort -rn | head -n 15
    exit
fi

bad=$({
    functions | awk -v max=$functions_max '$1 > max {
        print $2, $3 ": " $1 " lines, at most " max }'
    files | awk -v max=$files_max '$1 > max && $2 !~ /_table\.c$/ &&
        $2 !~ /config_keys\.c$/ { print $2 ": " $1 " lines, at most " max }'
})
[ -z "$bad" ] || {
    echo "$bad"
    exit 1
}
