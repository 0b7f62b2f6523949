#!/bin/sh
#
# Folders are floors: each includes only the floors and libraries in this
# table. Folder, own floors, libraries (as in #include <NAME... >).

set -eu

table='
base     |                                   |
config   | base                              | ini.h
formats  | base                              | isa-l
redis    | base                              | event2 hiredis openssl
repo     | base formats                      | archive zstd zlib openssl jansson
jobs     | base config formats redis repo    | jansson curl
daemon   | base config redis repo jobs       | event2 hiredis jansson
tools    | base config formats redis repo jobs | jansson
'
# A library's headers begin like this. What is not named here is libc.
libraries='archive|curl|event2|hiredis|ini\.h|isa-l|jansson|openssl|zlib|zstd'

echo "$table" | tr '|' ':' | {
    bad=0
    while IFS=: read -r folder floors others; do
        folder=$(echo "$folder" | tr -d ' ')
        [ -n "$folder" ] || continue
        path=agent/$folder
        [ "$folder" != tools ] || path=tools
        [ -d "$path/" ] || continue
        for file in "$path"/*.[ch]; do
            [ -e "$file" ] || continue
            allowed=" $folder $floors $others "
            awk -v allowed="$allowed" -v libraries="^($libraries)" '
                BEGIN {
                    n = split(allowed, words, " ")
                    for (i = 1; i <= n; i++)
                        known[words[i]] = 1
                }
                function say(what) {
                    printf "%s:%d: may not include %s\n", FILENAME, FNR, what
                    bad = 1
                }
                /^ *# *include *"/ {
                    split($0, part, "\"")
                    floor = part[2]
                    if (!sub("/.*", "", floor))
                        floor = FILENAME ~ /^tools/ ? "tools" : ""
                    if (!(floor in known))
                        say("\"" part[2] "\"")
                }
                /^ *# *include *</ {
                    split($0, part, "[<>]")
                    if (match(part[2], libraries)) {
                        library = substr(part[2], 1, RLENGTH)
                        if (!(library in known))
                            say("<" part[2] ">")
                    }
                }
                END { exit bad }' "$file" || bad=1
        done
    done
    exit $bad
}
