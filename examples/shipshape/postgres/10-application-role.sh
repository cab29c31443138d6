#!/bin/bash
# Runs once, on the empty data directory. The application owns its database and is no superuser.
set -euo pipefail
password=$(cat /run/secrets/db_password)
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$password" <<'SQL'
CREATE ROLE harbour LOGIN PASSWORD :'password';
ALTER DATABASE harbour OWNER TO harbour;
SQL
