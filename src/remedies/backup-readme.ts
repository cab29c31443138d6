import type { BackupInput } from "./backup.ts";

/** MySQL's own image has had no tar since July 2022 (docker-library/mysql#881): files are saved by no service in it. */
export function savedUploads({ engine, uploads = [] }: BackupInput): NonNullable<BackupInput["uploads"]> {
  return engine === "mysql" ? [] : uploads;
}

/** What a person has to know at three in the morning. */
export function backupReadme(input: BackupInput): string {
  const { writers = [] } = input;
  const uploads = savedUploads(input);
  const unsaved = (input.uploads ?? []).filter(each => !uploads.includes(each)).map(each => each.name);
  const names = writers.join(" ");
  const what = `the database${uploads.length > 0 ? ` and the uploaded files (${uploads.map(each => each.name).join(", ")})` : ""}`;
  const stop = names === "" ? "" : `    docker compose stop ${names}\n`;
  const start = names === "" ? "" : `    docker compose start ${names}\n`;
  const kept = keptAfter(input);
  return `# Backup and restore

Service \`backup\` saves ${what} once a day at BACKUP_HOUR (UTC, 03 unless .env says
otherwise), reads each dump back in full, and keeps the newest 14 in the volume \`backups\`. It is unhealthy when the last
good backup is older than 26 hours: \`docker compose ps backup\`. A new store that holds nothing has as long for its first backup,
which waits until something is there and no longer grows.
${unsaved.length === 0 ? "" : `\nUploaded files (${unsaved.join(", ")}) are no part of it: the image of MySQL has no tar. Save them in another way.\n`}
A backup now:

    docker compose exec -T backup /opt/backup/backup.sh </dev/null

## Restore

${stop}    docker compose run --rm restore
${start}
brings the newest one back; a name after \`restore\` another one. The names:

    docker compose exec -T backup ls /backups </dev/null

${kept}

Try it before it is needed, and once a quarter after that.

## Copies on another machine

What lies on this machine is lost with it. Put into \`.env\` (mode 0600):

    COMPOSE_PROFILES=offsite
    RESTIC_REPOSITORY=...
    RESTIC_PASSWORD=...

and run \`docker compose up -d backup-offsite\`. Keep RESTIC_PASSWORD in a place that is not this machine: without it the copies
cannot be read. On a new machine, bring them back with

    docker compose run --rm --entrypoint restic -v backups:/backups backup-offsite restore latest --target /
`;
}

function keptAfter({ engine, database }: BackupInput): string {
  switch (engine) {
    case "postgres":
      return `The backup is restored into a new database beside the live one and looked at there; then the two change names. Roles that
the server does not have come back without a password. Settings and grants on the database itself (\`ALTER DATABASE ... SET\`)
are not part of a backup. The database from before is kept as \`replaced_<time>\`: when all is well, drop it with

    docker compose exec ${database} sh -c 'dropdb --username "$POSTGRES_USER" replaced_<time>'`;
    case "mongo":
      return `The backup is restored into databases of other names first, and its documents are counted there. Then the live ones are
backed up as they are, and each collection of the backup takes the place of the live one; collections that came later stay.
The name of that last backup is printed: \`docker compose run --rm restore NAME\` is the way back. Users and settings of the
server (\`admin\`, \`config\`) are in the backup, and are not brought back by this. What is written while a backup runs may be in
one collection and not in another.`;
    case "redis":
      return `A second server starts on the backup first, and its keys are counted. Then the live one is backed up as it is, and takes
over all that the second one holds: keys that are not in the backup are gone. The name of that last backup is printed:
\`docker compose run --rm restore NAME\` is the way back. A queue in it runs again what it had run since.`;
    default:
      return `The backup is restored into a new database first and looked at there. Then the live one is backed up as it is, and
replaced. The name of that last backup is printed: \`docker compose run --rm restore NAME\` is the way back.`;
  }
}
