#!/bin/bash
# Initialises an empty PGDATA, runs /docker-entrypoint-initdb.d against a server without TCP, then starts the server.
set -Eeuo pipefail

# NAME, or the contents of the file that NAME_FILE names.
read_setting() {
  local name=$1 file=${1}_FILE
  if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
    echo "error: both $name and $file are set" >&2
    exit 1
  fi
  if [ -n "${!file:-}" ]; then export "$name"="$(<"${!file}")"; elif [ -z "${!name:-}" ]; then export "$name"="${2:-}"; fi
  unset "$file"
}

ask() { PGPASSWORD=$POSTGRES_PASSWORD psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password "$@"; }

run_scripts() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        echo "initdb: $file"
        # shellcheck disable=SC1090
        if [ -x "$file" ]; then "$file"; else . "$file"; fi
        ;;
      *.sql) echo "initdb: $file" && ask --dbname "$POSTGRES_DB" -f "$file" ;;
      *.sql.gz) echo "initdb: $file" && gunzip -c "$file" | ask --dbname "$POSTGRES_DB" ;;
      *.sql.xz) echo "initdb: $file" && xzcat "$file" | ask --dbname "$POSTGRES_DB" ;;
      *) [ ! -e "$file" ] || echo "initdb: $file is left alone" ;;
    esac
  done
}

initialise() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "error: the database is not initialised and POSTGRES_PASSWORD is empty" >&2
    exit 1
  fi
  # shellcheck disable=SC2086
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
  if [ "$POSTGRES_DB" != postgres ]; then ask --dbname postgres -c "CREATE DATABASE \"${POSTGRES_DB//\"/\"\"}\"" >/dev/null; fi
  run_scripts
  pg_ctl -D "$PGDATA" -m fast -w stop
  echo "PostgreSQL init process complete; ready for start up."
}

case ${1-} in -*) set -- postgres "$@" ;; esac
if [ "${1-}" = postgres ]; then
  mkdir -p "$PGDATA"
  if [ "$(id -u)" = 0 ]; then
    chmod 0700 "$PGDATA"
    find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
    find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
    exec gosu postgres "$0" "$@"
  fi
  chmod 0700 "$PGDATA" 2>/dev/null || true
  read_setting POSTGRES_PASSWORD
  read_setting POSTGRES_USER postgres
  read_setting POSTGRES_DB "$POSTGRES_USER"
  read_setting POSTGRES_INITDB_ARGS
  [ -s "$PGDATA/PG_VERSION" ] || initialise
fi
exec "$@"
