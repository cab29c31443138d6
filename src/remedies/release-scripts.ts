/** The two programs of the server's side: they put images into service that a pipeline has built and named. */

export interface ReleaseInput {
  /** The project's Compose files, relative to the folder that Compose runs in. */
  readonly composeFiles: readonly string[];
  /** Services that stay up: a release waits until all of them are healthy. */
  readonly services: readonly string[];
  /** Brings the database to the new version, before anything new is started; left out where a service does it. */
  readonly migrate?: { readonly service: string; readonly command: string };
  /** There is the service `backup` of backup.ts: it saves the data before they are migrated. */
  readonly backup?: boolean;
}

/**
 * `release.sh` reads `release.next.yml`, a Compose file with the digest of each image. Afterwards `release.yml` names
 * what runs and `release.previous.yml` what ran before.
 */
export function releaseScript(input: ReleaseInput): string {
  const { migrate } = input;
  const before = [
    ...(input.backup
      ? [
          "# What the migration below may spoil. On the first release there is no backup service yet.",
          `if [ -n "$(compose next ps --quiet backup)" ]; then`,
          "    compose next exec -T backup /opt/backup/backup.sh",
          "fi",
        ]
      : []),
    ...(migrate
      ? [
          "# Migrations have to suit the version that is still running: add now, remove in a later release.",
          `compose next run --rm --no-TTY ${migrate.service} ${migrate.command}`,
        ]
      : []),
  ];
  return `#!/bin/bash
# release.sh: puts the images of release.next.yml into service, or leaves those in service that were.
set -euo pipefail
cd "$(dirname "$0")/.."
# One at a time, whoever starts it. The kernel gives the lock back when the script dies.
exec 9>.release.lock
flock --nonblock 9 || { echo "another release is running" >&2; exit 1; }

# compose WHICH ...: WHICH is next or current. Nothing of this script is standard input for Compose.
compose() {
    local images=release.yml
    [ "$1" = current ] || images=release.$1.yml
    shift
    docker compose${input.composeFiles.map(file => ` --file ${file}`).join("")} --file "$images" "$@" </dev/null
}
# start WHICH: succeeds when every service is healthy.
start() {
    compose "$1" up --detach --no-build --wait --wait-timeout 300 ${input.services.join(" ")}
}

# Whatever can be known to fail is asked before anything is touched.
[ -e release.next.yml ] || { echo "no release.next.yml says which images" >&2; exit 1; }
compose next config --quiet
compose next pull --quiet
${before.map(line => `${line}\n`).join("")}
if start next; then
    [ ! -e release.yml ] || cp release.yml release.previous.yml
    mv release.next.yml release.yml
    echo "the release is in service"
    exit 0
fi

echo "the release failed" >&2
compose next ps >&2
compose next logs --no-color --tail 30 >&2
if [ -e release.yml ] && start current; then
    echo "the release from before is in service again" >&2
fi
exit 1
`;
}

export const rollbackScript = `#!/bin/bash
# rollback.sh: puts the release from before the last one into service. Its images are still on this machine.
# The database stays as it is: migrations only add, so the release from before runs on it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e release.previous.yml ] || { echo "there is no release from before" >&2; exit 1; }
cp release.previous.yml release.next.yml
exec deploy/release.sh
`;
