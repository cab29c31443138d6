import { yamlList, yamlScalar } from "../formats/yaml-text.ts";
import type { NewFile } from "./new-file.ts";

export interface PoolingInput {
  /** Name of the PostgreSQL service. */
  readonly database: string;
  /** Values as the Compose file writes them. */
  readonly user: string;
  readonly password: string;
  readonly name: string;
  /** `max_connections` of the server; 100 unless it is set. */
  readonly maxConnections?: number;
  readonly networks?: readonly string[];
  readonly healthy?: boolean;
}

/**
 * PgBouncer between the applications and PostgreSQL: many clients share few connections, one transaction at a time. An
 * application that holds state in its connection (session variables, `LISTEN`, advisory locks over transactions) keeps
 * its direct connection; Django needs `DISABLE_SERVER_SIDE_CURSORS`, and asyncpg no cache of prepared statements before
 * PgBouncer 1.21.
 */
export function pooling(input: PoolingInput): {
  readonly files: readonly NewFile[];
  readonly service: readonly string[];
} {
  const { networks = [] } = input;
  return {
    files: [{ path: "pgbouncer/start.sh", text: startScript(input), executable: true }],
    service: [
      "# Applications connect to it in place of the database.",
      "pgbouncer:",
      "  image: edoburu/pgbouncer:v1.24.1-p1",
      "  restart: unless-stopped",
      '  entrypoint: ["/opt/pgbouncer/start.sh"]',
      "  environment:",
      `    DATABASE_HOST: ${yamlScalar(input.database)}`,
      `    DATABASE_USER: ${yamlScalar(input.user)}`,
      `    DATABASE_PASSWORD: ${yamlScalar(input.password)}`,
      `    DATABASE_NAME: ${yamlScalar(input.name)}`,
      "  volumes:",
      "    - ./pgbouncer:/opt/pgbouncer:ro",
      '  tmpfs: ["/tmp"]',
      ...(networks.length > 0 ? [`  networks: ${yamlList(networks)}`] : []),
      "  depends_on:",
      `    ${input.database}: { condition: ${input.healthy ? "service_healthy" : "service_started"} }`,
      "  healthcheck:",
      '    test: ["CMD-SHELL", "PGPASSWORD=$$DATABASE_PASSWORD psql --host 127.0.0.1 --port 5432 --username $$DATABASE_USER --dbname $$DATABASE_NAME --command \'SELECT 1\'"]',
      "    interval: 15s",
      "    timeout: 5s",
      "    retries: 3",
      "    start_period: 15s",
      '  security_opt: ["no-new-privileges:true"]',
      "  cap_drop: [ALL]",
      "  stop_grace_period: 30s",
      "  logging:",
      "    driver: json-file",
      '    options: { max-size: 10m, max-file: "3" }',
      '  deploy: { resources: { limits: { cpus: "0.5", memory: 64M, pids: 16 } } }',
    ],
  };
}

/**
 * Writes the configuration from the environment and starts PgBouncer. Every setting exists since version 1.12. The
 * pool leaves a fifth of the server's connections to migrations, backups and people.
 */
export function startScript({ maxConnections = 100 }: Pick<PoolingInput, "maxConnections">): string {
  const pool = Math.max(5, Math.floor(maxConnections * 0.8) - 5);
  return `#!/bin/sh
# The configuration is made from the environment at every start: no password lies in the repository.
set -eu
umask 077
# The port of the database: clients change the name only.
port=\${PGBOUNCER_PORT:-5432}
home=\${PGBOUNCER_HOME:-/tmp}
quote() { printf '%s' "$1" | sed 's/"/""/g'; }

printf '"%s" "%s"\\n' "$(quote "$DATABASE_USER")" "$(quote "$DATABASE_PASSWORD")" >"$home/userlist.txt"
cat >"$home/pgbouncer.ini" <<INI
[databases]
$DATABASE_NAME = host=$DATABASE_HOST port=\${DATABASE_PORT:-5432} dbname=$DATABASE_NAME

[pgbouncer]
listen_addr = *
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $home/userlist.txt
admin_users = $DATABASE_USER
pool_mode = transaction
max_client_conn = 1000
default_pool_size = ${pool}
reserve_pool_size = 5
reserve_pool_timeout = 3
# A client waits this long for a connection, then gets an error in place of waiting for ever.
query_wait_timeout = 15
server_idle_timeout = 300
server_lifetime = 3600
# Drivers send these at the start; in transaction mode they cannot be kept.
ignore_startup_parameters = extra_float_digits,search_path,options
log_connections = 0
log_disconnections = 0
INI
exec pgbouncer "$home/pgbouncer.ini"
`;
}
