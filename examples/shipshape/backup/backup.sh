#!/bin/bash
# One backup: dump, read back, name it, send it off the machine, forget what is old.
# Each step runs only when the one before it succeeded, so nothing is ever pruned after a failure.
set -euo pipefail
umask 077

PGPASSWORD=$(cat /run/secrets/db_password)
export PGPASSWORD
name=harbour-$(date --utc +%Y%m%dT%H%M%SZ).dump
partial=/backups/.$name.partial
trap 'rm -f "$partial"' EXIT

pg_dump --format=custom --compress=6 --no-owner --host="$PGHOST" --username="$PGUSER" --dbname="$PGDATABASE" --file="$partial"
# Only a full read notices a dump that was cut off: --list is content with half a file.
pg_restore --file=/dev/null "$partial"
mv "$partial" "/backups/$name"
(cd /backups && sha256sum "$name" >"$name.sha256")

# Encrypted with RESTIC_PASSWORD_FILE before it leaves. The fixed host name keeps forget's groups together.
restic snapshots --quiet >/dev/null 2>&1 || restic init --quiet
restic backup --quiet --host harbour --tag database "/backups/$name" "/backups/$name.sha256"
restic check --quiet --read-data-subset=5%
restic forget --quiet --host harbour --tag database --group-by host,tags \
    --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --prune

# The last seven stay here for a quick restore.
find /backups -maxdepth 1 -name 'harbour-*.dump' | sort --reverse | tail --lines=+8 | while read -r old; do
    rm -f "$old" "$old.sha256"
done
date --utc +%s >/backups/last-success
echo "backup $name done"
