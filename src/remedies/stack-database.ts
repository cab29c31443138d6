import type { BackupInput } from "./backup.ts";
import type { NewFile } from "./new-file.ts";
import { hardening, limits, logging } from "./stack-services.ts";

/** The two databases that a new stack can have. */
export type DatabaseKind = "postgres" | "mysql";

interface StackDatabase {
  readonly image: string;
  /** Secret that holds the administrator's password. */
  readonly secret: string;
  readonly service: readonly string[];
  readonly files: readonly NewFile[];
  readonly backup: Pick<BackupInput, "engine" | "image" | "environment" | "secrets">;
}

const probe = [
  "    interval: 10s",
  "    timeout: 5s",
  "    retries: 5",
  "    start_period: 60s",
  "  # The entry point gives the data directory to the server's own user and goes on as that.",
  ...hardening,
  "  cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID]",
];

const postgresImage = "postgres:17.10-bookworm";
const mysqlImage = "mysql:8.4.7";

const roleScript = `#!/bin/bash
# Runs once, on the empty data directory. The application owns its database and is no superuser.
set -euo pipefail
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$APP_PASSWORD" <<'SQL'
CREATE ROLE app LOGIN PASSWORD :'password';
ALTER DATABASE app OWNER TO app;
ALTER SCHEMA public OWNER TO app;
SQL
`;

/** The service `db` with a database and an account called `app`, and what goes with it. */
export const stackDatabases: Readonly<Record<DatabaseKind, StackDatabase>> = {
  postgres: {
    image: postgresImage,
    secret: "postgres_password",
    service: [
      "db:",
      `  image: ${postgresImage}`,
      "  restart: unless-stopped",
      "  environment:",
      "    POSTGRES_USER: postgres",
      "    POSTGRES_DB: app",
      "    POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password",
      "    # Given to the application's own role when the data directory is made.",
      "    APP_PASSWORD: ${DB_PASSWORD:?}",
      "  secrets: [postgres_password]",
      "  networks: [internal]",
      "  volumes:",
      "    - database:/var/lib/postgresql/data",
      "    - ./postgres:/docker-entrypoint-initdb.d:ro",
      "  # Over TCP: while the image initialises, a temporary server answers on the socket only.",
      "  healthcheck:",
      '    test: ["CMD", "pg_isready", "--host", "127.0.0.1", "--username", "postgres", "--dbname", "app"]',
      ...probe,
      "  shm_size: 128mb",
      "  stop_grace_period: 60s",
      ...logging,
      limits("2", "1G", 128),
    ],
    files: [{ path: "postgres/10-application-role.sh", text: roleScript, executable: true }],
    backup: {
      engine: "postgres",
      image: postgresImage,
      environment: [
        ["POSTGRES_USER", "postgres"],
        ["POSTGRES_DB", "app"],
        ["POSTGRES_PASSWORD_FILE", "/run/secrets/postgres_password"],
      ],
      secrets: ["postgres_password"],
    },
  },
  mysql: {
    image: mysqlImage,
    secret: "mysql_root_password",
    service: [
      "db:",
      `  image: ${mysqlImage}`,
      "  restart: unless-stopped",
      "  environment:",
      "    MYSQL_DATABASE: app",
      "    # The application's own account, made with the data directory; it has rights on its database only.",
      "    MYSQL_USER: app",
      "    MYSQL_PASSWORD: ${DB_PASSWORD:?}",
      "    MYSQL_ROOT_PASSWORD_FILE: /run/secrets/mysql_root_password",
      "  secrets: [mysql_root_password]",
      "  networks: [internal]",
      '  volumes: ["database:/var/lib/mysql"]',
      "  # Over TCP: while the image initialises, a temporary server answers on the socket only.",
      "  healthcheck:",
      '    test: ["CMD", "mysqladmin", "ping", "--host", "127.0.0.1", "--silent"]',
      ...probe,
      "  stop_grace_period: 60s",
      ...logging,
      limits("2", "1G", 128),
    ],
    files: [],
    backup: {
      engine: "mysql",
      image: mysqlImage,
      environment: [
        ["MYSQL_DATABASE", "app"],
        ["MYSQL_ROOT_PASSWORD_FILE", "/run/secrets/mysql_root_password"],
      ],
      secrets: ["mysql_root_password"],
    },
  },
};
