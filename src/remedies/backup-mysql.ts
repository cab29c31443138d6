import { backupScript, restoreFiles, restoreHead, saveFirst } from "./backup-scripts.ts";

/** The parts of a backup service for MySQL and MariaDB. They read the variables of the database's own service. */

/** `mariadb` images have no `mysqldump` from version 11 on, `mysql` images no `mariadb-dump`. */
export const mysqlConnect = `# Sourced: where the database is, and who asks. The variables are those of the database's service.
# shellcheck shell=sh
value() { # value NAME: of MYSQL_NAME or MARIADB_NAME, or of the file that NAME_FILE names
    for name in "MYSQL_$1" "MARIADB_$1"; do
        eval "text=\\"\\\${$name:-}\\" file=\\"\\\${\${name}_FILE:-}\\""
        if [ -n "$file" ]; then text=$(cat "$file"); fi
        if [ -n "$text" ]; then printf '%s' "$text"; return; fi
    done
}
database=$(value DATABASE)
user=root
password=$(value ROOT_PASSWORD)
if [ -z "$password" ]; then user=$(value USER); password=$(value PASSWORD); fi
[ -n "$database" ] && [ -n "$user" ] && [ -n "$password" ] || { echo "no database, user or password is set" >&2; exit 1; }

# In a file of our own: a password among the arguments is seen by everyone who lists processes.
options=$(umask 077; mktemp)
{
    printf '[client]\\nhost=%s\\nuser=%s\\n' "\${BACKUP_HOST:?}" "$user"
    printf 'password="%s"\\n' "$(printf '%s' "$password" | sed 's/[\\\\"]/\\\\&/g')"
} >"$options"
if command -v mariadb-dump >/dev/null; then dumper=mariadb-dump client=mariadb; else dumper=mysqldump client=mysql; fi
sql() { "$client" --defaults-extra-file="$options" --batch --skip-column-names "$@"; }
count() { # tables
    trap 'rm -f "$options"' EXIT
    sql --execute="SELECT COUNT(*) FROM information_schema.tables
        WHERE table_schema = '$database' AND table_type = 'BASE TABLE'"
}
`;

/** A dump that was cut off has no last line that says that it is complete. */
export function mysqlBackup(family: "mysql" | "mariadb"): string {
  // The place in the replication log would refuse to be read into a server that lives.
  const more = family === "mysql" ? " --set-gtid-purged=OFF" : "";
  return backupScript(`trap 'rm -rf "$work" "$options"' EXIT
"$dumper" --defaults-extra-file="$options" --single-transaction --quick --routines --triggers --events${more} \\
    --result-file="$work/database.sql" "$database"
# A dump that was cut off does not end with this line.
tail -n 1 "$work/database.sql" | grep -q '^-- Dump completed' || { echo "the dump is not complete" >&2; exit 1; }
grep -c '^CREATE TABLE' "$work/database.sql" >"$work/tables" || { echo "database $database has no table: that is no backup" >&2; exit 1; }
gzip "$work/database.sql"
gzip -t "$work/database.sql.gz"
`);
}

/**
 * MySQL cannot rename a database. So the backup is restored into a new one and looked at; then the live one is backed
 * up as it is, and only then replaced.
 */
export const mysqlRestore = `#!/bin/sh
${restoreHead}
fresh=restored_$stamp
undo() {
    rm -rf /uploads/*/.restored-"$stamp"
    sql --execute="DROP DATABASE IF EXISTS $fresh"
    rm -f "$options" "$plain"
}
trap 'undo || true; echo "nothing was restored" >&2' EXIT
trap 'exit 1' HUP INT TERM

load() { # load DATABASE: empty, with the character set of the live one, then filled
    like=$(sql --execute="SELECT CONCAT('CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name)
        FROM information_schema.schemata WHERE schema_name = '$database'")
    sql --execute="DROP DATABASE IF EXISTS \\\`$1\\\`; CREATE DATABASE \\\`$1\\\` $like"
    gzip -dc "$source/database.sql.gz" >"$plain"
    sql --database="$1" <"$plain"
    rm -f "$plain"
}
# Beside the backups: /tmp is memory.
plain=/backups/.partial-restore-$stamp

${restoreFiles.unpack}
load "$fresh"
tables=$(sql --execute="SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$fresh' AND table_type = 'BASE TABLE'")
wanted=$(cat "$source/tables")
[ "$tables" -ge "$wanted" ] || { echo "$tables tables came back, the backup has $wanted" >&2; exit 1; }
echo "backup $name: $tables tables"

# What is there now, whatever it is worth: the way back from here. A database that is broken may not let itself be saved.
${saveFirst("database")}
trap 'rm -f "$plain"; echo "the database is half restored: run restore.sh again, or restore.sh $before for the state from before" >&2' EXIT
load "$database"
sql --execute="DROP DATABASE $fresh"
trap - EXIT
rm -f "$options"
${restoreFiles.exchange}echo "restored $name; the state from before is backup $before"
`;
