/**
 * The scripts of a backup service that do not depend on the database. POSIX shell: the images of databases have
 * different ones. The scripts of a database say how to `dump` and how to `check` (backup-postgres.ts, backup-mysql.ts).
 *
 * A backup is one directory below /backups, named by its time. It gets its name when it is complete and was read back,
 * so whatever has a name can be restored.
 */

/** `dump` makes files in `$work` and checks them; it ends the script when one is not good. */
export function backupScript(dump: string): string {
  return `#!/bin/sh
# One backup: dump, read back, sum, rename, hand on, forget what is old. A step runs only when the one before it
# succeeded: a run that fails ends with an error and leaves the older backups alone.
set -eu
umask 077
. /opt/backup/connect.sh

name=$(date -u +%Y%m%dT%H%M%SZ)
work=/backups/.partial-$name-$$
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# What a killed run has left behind.
find /backups -maxdepth 1 -name '.partial-*' -mmin +720 -exec rm -rf {} +
mkdir "$work"

${dump}
# Uploaded files. A file that changed while it was read is no error of the next try.
pack() {
    for try in 1 2 3; do
        tar -czf "$2" --exclude './.restored-*' --exclude './.replaced-*' -C "$1" . && return 0
        [ "$try" = 3 ] || sleep 5
    done
    return 1
}
for directory in /uploads/*/; do
    [ -d "$directory" ] || continue
    archive=$work/files-$(basename "$directory").tar.gz
    pack "$directory" "$archive"
    tar -tzf "$archive" >/dev/null
done

sums=$(cd "$work" && sha256sum -- *)
printf '%s\\n' "$sums" >"$work/SHA256SUMS"
sync
mv "$work" "/backups/$name"

# Encryption, another machine, another bucket: $1 is the directory. Its failure is the failure of the backup.
if [ -n "\${BACKUP_HOOK:-}" ]; then
    sh -c "$BACKUP_HOOK" hook "/backups/$name"
fi

echo "$(date -u +%s) $name" >/backups/.last-success.next
mv /backups/.last-success.next /backups/last-success
# For the textfile collector of node-exporter, which is another user.
echo "backup_last_success_timestamp_seconds $(date -u +%s)" >/backups/.backup.prom.next
chmod 0644 /backups/.backup.prom.next
mv /backups/.backup.prom.next /backups/backup.prom

# Names sort by time: the newest BACKUP_KEEP stay.
kept=0
for old in $(find /backups -maxdepth 1 -type d -name '2*T*Z' | sort -r); do
    kept=$((kept + 1))
    [ "$kept" -le "\${BACKUP_KEEP:-14}" ] || rm -rf "$old"
done
echo "backup $name: $(du -sh "/backups/$name" | cut -f 1)"
`;
}

/** Runs backup.sh once a day, and again soon where it failed. */
export const scheduleScript = `#!/bin/sh
# A backup at once when the last good one is too old, then one a day at BACKUP_HOUR (UTC). A failed one is tried again
# after a minute; healthy.sh tells when it is late.
#
# A new store is empty until a first release has filled it. Nothing can be saved then, and half of a schema should not
# be: the first backup of all waits for something, and until three looks have found as much (forty looks at most).
set -u
trap 'exit 0' INT TERM
rest() { # rest SECONDS
    sleep "$1" &
    wait $!
}
recent() { [ -e /backups/last-success ] && /opt/backup/healthy.sh 20 2>/dev/null; }

looks=0 same=0 found=none
is_new() {
    [ ! -e /backups/last-success ] || return 1
    # What cannot be asked is left to backup.sh, which says why.
    now=$(/opt/backup/count.sh 2>/dev/null) || return 1
    same=$((same + 1))
    [ "$now" = "$found" ] || same=1
    if [ "$now" = 0 ]; then
        [ -e /backups/empty-since ] || date -u +%s >/backups/empty-since
        [ "$found" = 0 ] || echo "there is nothing to save yet in $BACKUP_HOST: the first backup waits"
        found=0 looks=0
        return 0
    fi
    rm -f /backups/empty-since
    found=$now looks=$((looks + 1))
    [ "$same" -lt 3 ] && [ "$looks" -lt 40 ]
}

while :; do
    if recent; then
        now=$(date -u +%s)
        hour=\${BACKUP_HOUR:-03}
        pause=$((\${hour#0} * 3600 - now % 86400))
        [ "$pause" -gt 0 ] || pause=$((pause + 86400))
        rest "$pause"
    elif is_new; then
        rest 15
        continue
    fi
    /opt/backup/backup.sh || { echo "the backup failed" >&2; rest 60; }
done
`;

/** How much there is to save. Each store's own words are a function \`count\` in connect.sh. */
export const countScript = `#!/bin/sh
# How many tables, collections or keys there are to save. Fails where the store cannot be asked.
set -eu
. /opt/backup/connect.sh
count
`;

/** Health is the age of the last backup that went all the way. */
export const healthyScript = `#!/bin/sh
# healthy.sh [HOURS]: 0 while the last good backup is there and younger than that (26 unless it is told). A new store
# that holds nothing has as long for its first one; then it looks as if the data were somewhere else.
set -eu
limit=$((\${1:-26} * 3600))
now=$(date -u +%s)
if [ ! -e /backups/last-success ] && [ -e /backups/empty-since ]; then
    read -r since </backups/empty-since
    echo "there is nothing to save yet, since $(((now - since) / 3600)) hours"
    [ $((now - since)) -lt "$limit" ]
    exit
fi
read -r when name </backups/last-success
[ -s "/backups/$name/SHA256SUMS" ]
[ $((now - when)) -lt "$limit" ]
`;

/** Sends each new backup to a restic repository, which encrypts it. Runs in restic's own image. */
export const offsiteScript = `#!/bin/sh
# Copies new backups to RESTIC_REPOSITORY, encrypted with RESTIC_PASSWORD, and forgets old copies there.
set -u
: "\${RESTIC_REPOSITORY:?is not set}" "\${RESTIC_PASSWORD:?is not set}"
export RESTIC_CACHE_DIR=/tmp/restic
trap 'exit 0' INT TERM

# The fixed host name keeps the groups of forget together: every container has another one.
copy() {
    restic cat config >/dev/null 2>&1 || restic init || return 1
    restic backup --quiet --host backup --exclude '.partial-*' /backups &&
        restic forget --quiet --host backup --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --prune &&
        restic check --quiet --read-data-subset=5%
}

copied=none
while :; do
    last=$(cat /backups/last-success 2>/dev/null)
    if [ -n "$last" ] && [ "$last" != "$copied" ]; then
        if copy; then
            copied=$last
            touch /tmp/copied
            echo "copied: $last"
        else
            echo "no copy was made; next try in five minutes" >&2
        fi
    fi
    sleep 300 &
    wait $!
done
`;

/** What `restore.sh` begins with: which backup, and that it is still what was written. */
export const restoreHead = `# restore.sh [NAME]: brings a backup back, the newest when none is named.
set -eu
. /opt/backup/connect.sh
# What is replaced is kept under the second of its restore: one right after another gets its own.
sleep 1
stamp=$(date -u +%Y%m%d%H%M%S)

name=\${1:-}
if [ -z "$name" ]; then
    for directory in /backups/2*Z/; do name=$(basename "$directory"); done
fi
source=/backups/$name
[ -f "$source/SHA256SUMS" ] || { echo "there is no backup \\"$name\\" in /backups" >&2; exit 1; }
(cd "$source" && sha256sum -c SHA256SUMS >/dev/null)
`;

/** The way back from a restore: `what` is saved as it is, which it may refuse when it is broken. Sets `$before`. */
export const saveFirst = (what: string): string => `before=none
if /opt/backup/backup.sh; then
    read -r _ before </backups/last-success
elif [ "\${2:-}" != anyway ]; then
    echo "the ${what} cannot be saved as it is now; to lose that state: restore.sh $name anyway" >&2
    exit 1
fi`;

/** The uploaded files: unpacked beside the live ones before anything is touched, exchanged at the end. */
export const restoreFiles = {
  unpack: `for archive in "$source"/files-*.tar.gz; do
    [ -f "$archive" ] || continue
    label=$(basename "$archive" .tar.gz)
    directory=/uploads/\${label#files-}
    [ -d "$directory" ] || { echo "$directory is not mounted" >&2; exit 1; }
    mkdir "$directory/.restored-$stamp"
    tar -xzf "$archive" -C "$directory/.restored-$stamp"
done
`,
  exchange: `for directory in /uploads/*/; do
    fresh=$directory.restored-$stamp
    [ -d "$fresh" ] || continue
    mkdir "$directory.replaced-$stamp"
    find "$directory" -mindepth 1 -maxdepth 1 ! -name '.restored-*' ! -name '.replaced-*' \\
        -exec mv {} "$directory.replaced-$stamp/" \\;
    find "$fresh" -mindepth 1 -maxdepth 1 -exec mv {} "$directory" \\;
    rmdir "$fresh"
    echo "the files from before are kept in $directory.replaced-$stamp"
done
`,
};
