import { backupScript, restoreFiles, restoreHead, saveFirst } from "./backup-scripts.ts";

/**
 * The parts of a backup service for MongoDB. They read the variables of the database's own service. Needs the tools of
 * version 100 (`--config`), which the images have from 4.4 on. Tried with these tools and mongosh 2 against FerretDB 1.24,
 * without a login and without indexes: that server does neither, and MongoDB's own was not to be had.
 */

export const mongoConnect = `# Sourced: where the database is, and who asks. The variables are those of the database's service.
# shellcheck shell=sh
value() { # value NAME: of NAME, or of the file that NAME_FILE names
    eval "text=\\"\\\${$1:-}\\" file=\\"\\\${\${1}_FILE:-}\\""
    if [ -n "$file" ]; then text=$(cat "$file"); fi
    printf '%s' "$text"
}
user=$(value MONGO_INITDB_ROOT_USERNAME)
password=$(value MONGO_INITDB_ROOT_PASSWORD)
: "\${BACKUP_HOST:?}"
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\\\"]/\\\\&/g')"; }

# In a file of our own: a password among the arguments is seen by everyone who lists processes.
options=$(umask 077; mktemp)
printf 'password: %s\\n' "$(quoted "$password")" >"$options"
tool() { # tool PROGRAM [ARGUMENT...]
    program=$1
    shift
    if [ -n "$user" ]; then
        set -- --username="$user" --authenticationDatabase=admin --config="$options" "$@"
    fi
    "$program" --host="$BACKUP_HOST" "$@"
}
# Programs for the database's own shell, on the connection \`at\`.
if command -v mongosh >/dev/null; then shell=mongosh; else shell=mongo; fi
ask() { # ask PROGRAM
    {
        printf 'const at = connect("mongodb://%s/admin");\\n' "$BACKUP_HOST"
        [ -z "$user" ] || printf 'at.auth(%s, %s);\\n' "$(quoted "$user")" "$(quoted "$password")"
        printf '%s\\n' "$1"
    } >"$options.js"
    "$shell" --nodb --quiet --norc "$options.js"
}
count() { # collections that hold something
    trap 'rm -f "$options" "$options.js"' EXIT
    ask "print(at.getMongo().getDBNames().filter(name => !['admin', 'config', 'local'].includes(name))
        .map(name => at.getSiblingDB(name))
        .reduce((sum, one) => sum + one.getCollectionNames().filter(each => one.getCollection(each).findOne()).length, 0));"
}
`;

/** Databases of the server itself: its users, its settings. */
const own = ["admin", "config", "local"];
const ofServer = `grep -vE 'done dumping \\\`?(${own.join("|")})\\.'`;

/** An archive that was cut off does not end with its terminator, four bytes of ones. */
export const mongoBackup = backupScript(`trap 'rm -rf "$work" "$options" "$options.js"' EXIT
tool mongodump --gzip --archive="$work/database.archive.gz" 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
gzip -t "$work/database.archive.gz"
# An archive that was cut off does not end with these bytes.
end=$(gzip -dc "$work/database.archive.gz" | tail -c 4 | od -An -tx1 | tr -d ' ')
[ "$end" = ffffffff ] || { echo "the archive is not complete" >&2; exit 1; }
documents=$(grep 'done dumping' "$work/said" | ${ofServer} |
    awk -F '[(]' '{ sum += $NF } END { print sum + 0 }')
[ "$documents" -gt 0 ] || { echo "there is no document: that is no backup" >&2; exit 1; }
echo "$documents" >"$work/documents"
rm "$work/said"
`);

/**
 * MongoDB cannot rename a database. So the backup is restored into databases of other names and counted; then the live
 * ones are backed up as they are, and only then replaced.
 */
export const mongoRestore = `#!/bin/sh
${restoreHead}
said=$(mktemp)
forget() { # what was restored beside the live databases
    ask "at.getMongo().getDBNames().forEach(name => {
        if (name.startsWith('r$stamp'+'_')) at.getSiblingDB(name).dropDatabase();
    });" >/dev/null
}
undo() {
    rm -rf /uploads/*/.restored-"$stamp"
    forget
    rm -f "$options" "$options.js" "$said"
}
trap 'undo || true; echo "nothing was restored" >&2' EXIT
trap 'exit 1' HUP INT TERM

load() { # load [OPTION...]: what the backup holds, without the users and settings of the server
    tool mongorestore --gzip --archive="$source/database.archive.gz" --stopOnError \\
        ${own.map(name => `--nsExclude='${name}.*'`).join(" ")} "$@" 2>"$said" || { cat "$said" >&2; return 1; }
    documents=$(sed -n 's/.*[[:space:]]\\([0-9][0-9]*\\) document(s) restored successfully.*/\\1/p' "$said")
    [ "$documents" -ge "$wanted" ] || { echo "$documents documents came back, the backup has $wanted" >&2; return 1; }
}
wanted=$(cat "$source/documents")

${restoreFiles.unpack}
# shellcheck disable=SC2016
load --nsFrom='$database$.$collection$' --nsTo="r\${stamp}_"'$database$.$collection$'
echo "backup $name: $documents documents"

# What is there now, whatever it is worth: the way back from here. A database that is broken may not let itself be saved.
${saveFirst("database")}
forget
trap 'echo "the database is half restored: run restore.sh again, or restore.sh $before for the state from before" >&2' EXIT
# Collections that came after the backup stay.
load --drop
trap - EXIT
rm -f "$options" "$options.js" "$said"
${restoreFiles.exchange}echo "restored $name; the state from before is backup $before"
`;
