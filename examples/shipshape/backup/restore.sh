#!/bin/bash
# restore.sh [NAME|latest] brings a dump back as the database. The dump is restored beside the live
# database and checked there; the two change names at the end, and the old one is kept.
set -euo pipefail

PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
owner=$PGUSER
target=$PGDATABASE
sql() { psql --host="$PGHOST" --username=postgres --no-psqlrc --set ON_ERROR_STOP=1 --quiet --tuples-only --no-align "$@"; }

name=${1:-latest}
if [ "$name" = latest ]; then
    name=$(find /backups -maxdepth 1 -name 'harbour-*.dump' -printf '%f\n' | sort | tail --lines=1)
fi
if [ -z "$name" ] || [ ! -e "/backups/$name" ]; then
    # Nothing here, as on a new machine: take the newest from the off-site repository.
    restic restore latest --host harbour --tag database --target / --include /backups
    name=$(find /backups -maxdepth 1 -name 'harbour-*.dump' -printf '%f\n' | sort | tail --lines=1)
fi
(cd /backups && sha256sum --check --quiet "$name.sha256")

sql --dbname=postgres --command="DROP DATABASE IF EXISTS ${target}_restored WITH (FORCE)"
sql --dbname=postgres --command="CREATE DATABASE ${target}_restored OWNER ${owner}"
pg_restore --host="$PGHOST" --username=postgres --dbname="${target}_restored" --role="$owner" \
    --no-owner --exit-on-error --single-transaction "/backups/$name"
berths=$(sql --dbname="${target}_restored" --command="SELECT count(*) FROM bookings_berth")
bookings=$(sql --dbname="${target}_restored" --command="SELECT count(*) FROM bookings_booking")
echo "restored $name: $berths berths, $bookings bookings"

replaced=${target}_replaced_$(date --utc +%Y%m%d%H%M%S)
sql --dbname=postgres <<SQL
ALTER DATABASE ${target} ALLOW_CONNECTIONS false;
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${target}';
ALTER DATABASE ${target} RENAME TO ${replaced};
ALTER DATABASE ${target}_restored RENAME TO ${target};
SQL
echo "the database from before is kept as ${replaced}"
