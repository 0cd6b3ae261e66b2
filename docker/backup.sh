#!/bin/sh
# Write a backup into a folder and keep the newest fourteen; every so many seconds, or once where no number is given.
#
#   sh backup.sh FOLDER [SECONDS]
set -eu
folder=$1
while :; do
    file="$folder/digitre-$(date -u +%Y%m%dT%H%M%SZ).backup"
    if python manage.py backup "$file"; then
        # shellcheck disable=SC2012  # our own names hold no line breaks
        ls -1 "$folder"/digitre-*.backup | sort -r | tail -n +15 | xargs -r rm --
    else
        echo "no backup was written" >&2
        [ $# -gt 1 ] || exit 1
    fi
    [ $# -gt 1 ] || exit 0
    sleep "$2"
done
