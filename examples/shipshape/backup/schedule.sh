#!/bin/bash
# A backup at once, then one a day at BACKUP_HOUR (UTC). A failed one is tried again after an hour.
set -uo pipefail
trap 'exit 0' TERM INT
while :; do
    if backup.sh; then
        next=$(date --utc --date="$(date --utc +%F) ${BACKUP_HOUR}:00" +%s)
        now=$(date --utc +%s)
        [ "$next" -gt "$now" ] || next=$((next + 86400))
        pause=$((next - now))
    else
        echo "backup failed, next try in an hour" >&2
        pause=3600
    fi
    sleep "$pause" &
    wait $!
done
