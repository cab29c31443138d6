import { backupScript, restoreFiles, restoreHead, saveFirst } from "./backup-scripts.ts";

/**
 * The parts of a backup service for Redis and Valkey, whose images have the programs of both names. REDIS_PASSWORD is
 * what the server's own command says after `--requirepass`.
 */

export const redisConnect = `# Sourced: where the store is, and who asks.
# shellcheck shell=sh
: "\${BACKUP_HOST:?}"
# In the environment: a password among the arguments is seen by everyone who lists processes.
[ -z "\${REDIS_PASSWORD:-}" ] || export REDISCLI_AUTH="$REDIS_PASSWORD"
ask() { redis-cli -h "$BACKUP_HOST" -p "\${REDIS_PORT:-6379}" "$@"; }
# Keys of all databases, from the lines \`db0:keys=12,expires=3,...\`.
keys() { "$@" INFO keyspace | sed -n 's/^db[0-9]*:keys=\\([0-9]*\\),.*/\\1/p' | awk '{ sum += $1 } END { print sum + 0 }'; }
count() { # 1 where there is a key: their number never rests
    [ "$(ask PING)" = PONG ] || return 1
    if [ "$(keys ask)" -gt 0 ]; then echo 1; else echo 0; fi
}
`;

/** redis-check-rdb reads the whole file and compares its checksum. */
export const redisBackup =
  backupScript(`[ "$(ask PING)" = PONG ] || { echo "$BACKUP_HOST does not answer: $(ask PING)" >&2; exit 1; }
ask --rdb "$work/dump.rdb" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
redis-check-rdb "$work/dump.rdb" >"$work/said" || { cat "$work/said" >&2; exit 1; }
number() { sed -n "s/^\\[info\\] \\([0-9]*\\) $1\\$/\\1/p" "$work/said"; }
[ "$(number 'keys read')" -gt 0 ] || { echo "there is no key: that is no backup" >&2; exit 1; }
# Those with an end of their own may be gone when it is restored.
echo $(($(number 'keys read') - $(number expires))) >"$work/keys"
rm "$work/said"
`);

/**
 * Starts a second server on the backup and looks at what it holds; then the live one is backed up as it is, takes the
 * second one's data as its replica would, in one step, and is let go.
 */
export const redisRestore = `#!/bin/sh
${restoreHead}
port=6399
REDIS_SECOND=\${REDIS_SECOND:-$(hostname -i | cut -d ' ' -f 1)}
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
mine() { REDISCLI_AUTH=$word redis-cli -p "$port" "$@"; }
auth=
set_auth() { # what the live server says to the one it copies; an empty text is none
    [ "$(ask CONFIG SET masterauth "$1")" = OK ]
}
undo() {
    rm -rf /uploads/*/.restored-"$stamp"
    mine SHUTDOWN NOSAVE 2>/dev/null || true
}
trap 'undo || true; echo "nothing was restored" >&2' EXIT
trap 'exit 1' HUP INT TERM

${restoreFiles.unpack}
# From the standard input: arguments are seen by everyone who lists processes.
redis-server - <<CONF >/dev/null &
port $port
protected-mode no
requirepass $word
dir $source
dbfilename dump.rdb
save ""
appendonly no
repl-diskless-sync-delay 0
CONF
waited=0
until [ "$(mine PING 2>/dev/null)" = PONG ]; do
    waited=$((waited + 1))
    [ "$waited" -le 600 ] || { echo "a server does not start on the backup" >&2; exit 1; }
    sleep 1
done
found=$(keys mine)
wanted=$(cat "$source/keys")
[ "$found" -ge "$wanted" ] || { echo "$found keys came back, the backup has $wanted" >&2; exit 1; }
echo "backup $name: $found keys"

# What is there now, whatever it is worth: the way back from here.
${saveFirst("store")}
auth=$(ask CONFIG GET masterauth | sed -n 2p)
release() {
    ask REPLICAOF NO ONE >/dev/null
    set_auth "$auth"
}
trap 'release || true; undo || true; echo "the store may be half restored: run restore.sh again, or restore.sh $before for the state from before" >&2' EXIT
set_auth "$word" || { echo "the live server takes no setting" >&2; exit 1; }
[ "$(ask REPLICAOF "$REDIS_SECOND" "$port")" = OK ]
waited=0
until ask INFO replication | grep -q '^master_link_status:up'; do
    waited=$((waited + 1))
    [ "$waited" -le 600 ] || { echo "the live server does not take the data" >&2; exit 1; }
    sleep 1
done
release
live=$(keys ask)
[ "$live" -ge "$wanted" ] || { echo "the live server has $live keys, the backup $wanted" >&2; exit 1; }
ask BGSAVE >/dev/null || true
trap - EXIT
mine SHUTDOWN NOSAVE 2>/dev/null || true
${restoreFiles.exchange}echo "restored $name; the state from before is backup $before"
`;
