#!/bin/sh
#
# pack.c exports pack_* and nothing else; a module that is cut into several
# files (file.h: file.c, file_draft.c) exports file_* from each. Base names
# are unique in the tree. Asks nm, so build first.

set -eu
bad=0

for file in agent/*/*.c tools/*.c; do
    [ -e "$file" ] || continue
    object=build/obj/${file%.c}.o
    if [ ! -e "$object" ]; then
        echo "$object is not built"
        exit 1
    fi
    folder=$(dirname "$file")
    name=$(basename "$file" .c)
    prefixes=$name
    # The module's own name: the shortest beginning that has a header.
    short=$name
    while [ "$short" != "${short%_*}" ]; do
        short=${short%_*}
        [ ! -e "$folder/$short.h" ] || prefixes="$prefixes|$short"
    done
    foreign=$(nm -g --defined-only "$object" | awk '{ print $3 }' |
        grep -vE "^(($prefixes)(_.*)?|main)\$") || continue
    for symbol in $foreign; do
        echo "$file: exports $symbol"
    done
    bad=1
done

twice=$(find agent tools -name '*.[ch]' -printf '%f\n' | sort | uniq -d)
for name in $twice; do
    echo "$name: more than one file of that name"
    bad=1
done
exit $bad
