import { backupScript, restoreFiles, restoreHead } from "./backup-scripts.ts";

/** The parts of a PostgreSQL backup service. They read the variables of the database's own service. */

export const postgresConnect = `# Sourced: where the database is, and who asks. The variables are those of the database's service.
# shellcheck shell=sh
export PGHOST="\${BACKUP_HOST:?}" PGUSER="\${POSTGRES_USER:-postgres}"
export PGDATABASE="\${POSTGRES_DB:-$PGUSER}"
if [ -n "\${POSTGRES_PASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
else
    PGPASSWORD=\${POSTGRES_PASSWORD:?}
fi
export PGPASSWORD
count() { # tables, without those that an extension brings
    psql --no-password --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<'SQL'
SELECT count(*) FROM pg_class c
WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e');
SQL
}
`;

export const postgresBackup = backupScript(`pg_dump --no-password --format=custom --file="$work/database.dump"
pg_dumpall --no-password --roles-only --no-role-passwords --file="$work/roles.sql"
# Only a full read notices a dump that was cut off: --list is content with half a file.
pg_restore --file=/dev/null "$work/database.dump"
pg_restore --list "$work/database.dump" >"$work/contents"
grep -q ' TABLE DATA ' "$work/contents" || { echo "database $PGDATABASE has no table: that is no backup" >&2; exit 1; }
`);

/**
 * Restores beside the live database and looks at the result; then both change names in one transaction, and the one
 * from before is kept. Names of databases are short and fixed: PostgreSQL cuts longer ones at 63 bytes.
 */
export const postgresRestore = `#!/bin/sh
${restoreHead}
fresh=restored_$stamp
old=replaced_$stamp
# template1 is always there, and may be asked while the others change names.
sql() {
    psql --no-password --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \\
        --set=live="$PGDATABASE" --set=fresh="$fresh" --set=old="$old" --dbname="$1"
}
live() { echo "SELECT count(*) FROM pg_database WHERE datname = :'live'" | sql template1; }
# Until the names have changed, a failure leaves the live database as it was.
undo() {
    rm -rf /uploads/*/.restored-"$stamp"
    sql template1 <<'SQL'
DROP DATABASE IF EXISTS :"fresh";
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS true', datname) FROM pg_database WHERE datname = :'live' \\gexec
SQL
}
trap 'undo || true; echo "nothing was restored" >&2' EXIT
trap 'exit 1' HUP INT TERM

${restoreFiles.unpack}
# Roles that this server does not have, without password. One that is missing after this stops the restore below.
grep '^CREATE ROLE' "$source/roles.sql" | psql --no-password --no-psqlrc --quiet --dbname=template1 >/dev/null 2>&1 || true
sql template1 <<'SQL'
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I', :'fresh', coalesce(
    (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = :'live'), current_user)) \\gexec
SQL
pg_restore --no-password --exit-on-error --single-transaction --dbname="$fresh" "$source/database.dump"
wanted=$(grep -c ' TABLE DATA ' "$source/contents")
tables=$(sql "$fresh" <<'SQL'
SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema');
SQL
)
[ "$tables" -ge "$wanted" ] || { echo "$tables tables came back, the backup has $wanted" >&2; exit 1; }
echo 'ANALYZE;' | sql "$fresh"
echo "backup $name: $tables tables"

if [ "$(live)" = 1 ]; then
    sql template1 >/dev/null <<'SQL'
ALTER DATABASE :"live" ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'live';
BEGIN;
ALTER DATABASE :"live" RENAME TO :"old";
ALTER DATABASE :"fresh" RENAME TO :"live";
COMMIT;
SQL
    echo "the database from before is kept as $old"
else
    echo 'ALTER DATABASE :"fresh" RENAME TO :"live";' | sql template1
fi
trap - EXIT
${restoreFiles.exchange}echo "restored $name"
`;
