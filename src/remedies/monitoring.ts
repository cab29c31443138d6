import { yamlList, yamlScalar } from "../formats/yaml-text.ts";
import { type AlertInput, alertRules } from "./monitoring-rules.ts";
import type { NewFile } from "./new-file.ts";

/** A store whose state an exporter tells. Values are written as the Compose file writes them. */
export interface WatchedStore {
  readonly kind: "postgres" | "redis";
  readonly service: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

export interface MonitoringInput {
  /** Services and the ports that they listen on in their containers: something has to answer there. */
  readonly ports: readonly { readonly service: string; readonly port: number }[];
  readonly stores: readonly WatchedStore[];
  /** Networks of all of them, by the names in the file. Left out: the project's default one. */
  readonly networks?: readonly string[];
  readonly backup?: boolean;
}

/**
 * An override, `compose.monitoring.yml`, and its files in `monitoring/`: Prometheus with alerts, Alertmanager that calls
 * a webhook, Grafana on the loopback address, Loki with Alloy (Promtail has reached its end of life), and exporters for
 * what the stack has. It is started with `docker compose -f ... -f compose.monitoring.yml up -d` and touches nothing.
 */
export function monitoring(input: MonitoringInput): {
  readonly files: readonly NewFile[];
  readonly variables: readonly { readonly name: string; readonly example: string; readonly says: string }[];
} {
  const kinds: AlertInput = {
    postgres: input.stores.some(store => store.kind === "postgres"),
    redis: input.stores.some(store => store.kind === "redis"),
    backup: input.backup === true,
  };
  return {
    files: [
      { path: "compose.monitoring.yml", text: override(input) },
      { path: "monitoring/prometheus.yml", text: prometheus(input) },
      { path: "monitoring/alerts.yml", text: alertRules(kinds) },
      { path: "monitoring/alertmanager.yml", text: alertmanager },
      { path: "monitoring/loki.yml", text: loki },
      { path: "monitoring/config.alloy", text: alloy },
      { path: "monitoring/grafana/sources.yml", text: sources },
    ],
    variables: [
      { name: "SITE_URL", example: "https://www.example.org/", says: "Page that has to answer" },
      {
        name: "ALERT_WEBHOOK",
        example: "https://ntfy.sh/some-secret-topic",
        says: "Where alerts are posted to",
      },
      { name: "GRAFANA_PASSWORD", example: "", says: "Password of Grafana's user admin" },
    ],
  };
}

function override(input: MonitoringInput): string {
  const { networks = [], stores } = input;
  const on = networks.length > 0 ? [`    networks: ${yamlList(networks)}`] : [];
  const service = (name: string, image: string, memory: string, lines: readonly string[]): string[] => [
    "",
    `  ${name}:`,
    `    image: ${image}`,
    "    restart: unless-stopped",
    ...lines,
    ...on,
    '    security_opt: ["no-new-privileges:true"]',
    "    cap_drop: [ALL]",
    "    logging:",
    "      driver: json-file",
    '      options: { max-size: 10m, max-file: "3" }',
    `    deploy: { resources: { limits: { cpus: "0.5", memory: ${memory} } } }`,
  ];
  const probe = (url: string) => [
    "    healthcheck:",
    `      test: ["CMD", "wget", "--quiet", "--output-document=/dev/null", "http://127.0.0.1:${url}"]`,
    "      interval: 30s",
    "      timeout: 5s",
    "      retries: 3",
    "      start_period: 30s",
  ];
  // None of these programs replaces variables in its configuration, so the shell does before it starts them.
  const filled = (variable: string, mark: string, file: string, program: string) => [
    `    entrypoint: ["/bin/sh", "-c"]`,
    "    command:",
    "      - >-",
    // An address may hold what sed takes for itself.
    `        sed "s|${mark}|$$(printf %s "$$${variable}" | sed 's/[&|\\\\]/\\\\&/g')|" /etc/monitoring/${file} >/tmp/${file} &&`,
    `        exec ${program}`,
    "    environment:",
    `      ${variable}: \${${variable}:?}`,
    "    volumes:",
    "      - ./monitoring:/etc/monitoring:ro",
  ];
  return `${[
    "# Watches the stack: docker compose -f compose.yml -f compose.monitoring.yml up -d",
    "# Grafana is at http://127.0.0.1:3000 of the server: ssh -L 3000:127.0.0.1:3000 server",
    "services:",
    ...service("prometheus", "prom/prometheus:v3.5.0", "512M", [
      ...filled(
        "SITE_URL",
        "http://site.invalid/",
        "prometheus.yml",
        "prometheus --config.file=/tmp/prometheus.yml --storage.tsdb.path=/prometheus --storage.tsdb.retention.time=15d",
      ),
      "      - prometheus:/prometheus",
      ...probe("9090/-/healthy"),
    ]),
    ...service("alertmanager", "prom/alertmanager:v0.28.1", "64M", [
      ...filled(
        "ALERT_WEBHOOK",
        "http://webhook.invalid/",
        "alertmanager.yml",
        "alertmanager --config.file=/tmp/alertmanager.yml --storage.path=/alertmanager",
      ),
      "      - alertmanager:/alertmanager",
      ...probe("9093/-/healthy"),
    ]),
    ...service("blackbox-exporter", "prom/blackbox-exporter:v0.27.0", "64M", probe("9115/-/healthy")),
    ...service("node-exporter", "prom/node-exporter:v1.9.1", "64M", [
      "    command:",
      "      - --path.rootfs=/host",
      ...(input.backup ? ["      - --collector.textfile.directory=/backups"] : []),
      "    pid: host",
      "    volumes:",
      "      - /:/host:ro,rslave",
      ...(input.backup ? ["      - backups:/backups:ro"] : []),
      ...probe("9100/"),
    ]),
    ...stores.flatMap(store => service(...exporter(store))),
    ...service("loki", "grafana/loki:3.5.3", "512M", [
      "    command: [-config.file=/etc/monitoring/loki.yml]",
      "    volumes:",
      "      - ./monitoring:/etc/monitoring:ro",
      "      - loki:/loki",
      // The image has no program that could ask.
      "    healthcheck: { disable: true }",
    ]),
    ...service("alloy", "grafana/alloy:v1.10.2", "256M", [
      "    command: [run, --storage.path=/var/lib/alloy/data, /etc/monitoring/config.alloy]",
      '    user: "0"',
      "    cap_add: [DAC_OVERRIDE]",
      "    volumes:",
      "      - ./monitoring:/etc/monitoring:ro",
      "      - /var/lib/docker/containers:/var/lib/docker/containers:ro",
      "      - alloy:/var/lib/alloy/data",
      "    healthcheck: { disable: true }",
    ]),
    ...service("grafana", "grafana/grafana:12.1.1", "256M", [
      "    environment:",
      "      GF_SECURITY_ADMIN_PASSWORD__FILE: /run/secrets/grafana_password",
      '      GF_USERS_ALLOW_SIGN_UP: "false"',
      "    secrets: [grafana_password]",
      "    ports:",
      '      - "127.0.0.1:3000:3000"',
      "    volumes:",
      "      - ./monitoring/grafana:/etc/grafana/provisioning/datasources:ro",
      "      - grafana:/var/lib/grafana",
      ...probe("3000/api/health"),
    ]),
    "",
    "volumes:",
    ...["prometheus", "alertmanager", "loki", "alloy", "grafana"].map(name => `  ${name}:`),
    "",
    "# Compose stops when the variable is not set: .env, mode 0600.",
    "secrets:",
    "  grafana_password: { environment: GRAFANA_PASSWORD }",
  ].join("\n")}\n`;
}

function exporter(store: WatchedStore): [name: string, image: string, memory: string, lines: string[]] {
  const { kind, service, user, password, database } = store;
  const environment =
    kind === "postgres"
      ? [
          ["DATA_SOURCE_URI", `${service}:5432/${database ?? "postgres"}?sslmode=disable`],
          ["DATA_SOURCE_USER", user ?? "postgres"],
          ["DATA_SOURCE_PASS", password ?? ""],
        ]
      : [
          ["REDIS_ADDR", `redis://${service}:6379`],
          ...(password === undefined ? [] : [["REDIS_PASSWORD", password]]),
        ];
  const image =
    kind === "postgres"
      ? "prometheuscommunity/postgres-exporter:v0.17.1"
      : "oliver006/redis_exporter:v1.74.0";
  return [
    `${service}-exporter`,
    image,
    "64M",
    ["    environment:", ...environment.map(([name, value]) => `      ${name}: ${yamlScalar(value!)}`)],
  ];
}

function prometheus(input: MonitoringInput): string {
  const blackbox = [
    "    relabel_configs:",
    "      - { source_labels: [__address__], target_label: __param_target }",
    "      - { source_labels: [__param_target], target_label: instance }",
    '      - { target_label: __address__, replacement: "blackbox-exporter:9115" }',
  ];
  const job = (name: string, targets: readonly string[], more: readonly string[] = []) => [
    `  - job_name: ${name}`,
    ...more,
    "    static_configs:",
    `      - targets: ${JSON.stringify(targets)}`,
  ];
  const port = { postgres: 9187, redis: 9121 };
  return `${[
    "global:",
    "  scrape_interval: 30s",
    "  evaluation_interval: 30s",
    "",
    "rule_files: [/etc/monitoring/alerts.yml]",
    "",
    "alerting:",
    "  alertmanagers:",
    "    - static_configs:",
    '        - targets: ["alertmanager:9093"]',
    "",
    "scrape_configs:",
    ...job("prometheus", ["127.0.0.1:9090"]),
    ...job("machine", ["node-exporter:9100"]),
    ...input.stores.flatMap(store => job(store.service, [`${store.service}-exporter:${port[store.kind]}`])),
    ...job(
      "site",
      ["http://site.invalid/"],
      ["    metrics_path: /probe", "    params: { module: [http_2xx] }"],
    ),
    ...blackbox,
    ...(input.ports.length === 0
      ? []
      : [
          ...job(
            "ports",
            input.ports.map(({ service, port: number }) => `${service}:${number}`),
            ["    metrics_path: /probe", "    params: { module: [tcp_connect] }"],
          ),
          ...blackbox,
        ]),
  ].join("\n")}\n`;
}

const alertmanager = `# A page every hour until it is over, a ticket once a day.
route:
  receiver: webhook
  group_by: [alertname]
  group_wait: 30s
  group_interval: 5m
  repeat_interval: 24h
  routes:
    - matchers: [severity="page"]
      receiver: webhook
      repeat_interval: 1h

# One cause is enough: what hangs on a site that is down is not told as well.
inhibit_rules:
  - source_matchers: [alertname="PortClosed"]
    target_matchers: [alertname="SiteDown"]

receivers:
  - name: webhook
    webhook_configs:
      - url: http://webhook.invalid/
        send_resolved: true
`;

const loki = `auth_enabled: false

server:
  http_listen_port: 3100

common:
  path_prefix: /loki
  replication_factor: 1
  ring:
    kvstore: { store: inmemory }
  storage:
    filesystem:
      chunks_directory: /loki/chunks
      rules_directory: /loki/rules

schema_config:
  configs:
    - from: "2025-01-01"
      store: tsdb
      object_store: filesystem
      schema: v13
      index: { prefix: index_, period: 24h }

# Without a compactor that deletes, logs are kept for ever.
compactor:
  working_directory: /loki/compactor
  retention_enabled: true
  delete_request_store: filesystem
limits_config:
  retention_period: 360h
`;

const alloy = `// The log files of all containers, as the json-file driver writes them. No socket of the engine is needed for that.
local.file_match "containers" {
  path_targets = [{ __path__ = "/var/lib/docker/containers/*/*-json.log" }]
}

loki.source.file "containers" {
  targets    = local.file_match.containers.targets
  forward_to = [loki.process.containers.receiver]
}

loki.process "containers" {
  stage.docker { }

  stage.regex {
    source     = "filename"
    expression = "/containers/(?P<container>[0-9a-f]{12})"
  }

  stage.labels {
    values = { container = "" }
  }

  stage.label_drop {
    values = ["filename"]
  }

  forward_to = [loki.write.loki.receiver]
}

loki.write "loki" {
  endpoint {
    url = "http://loki:3100/loki/api/v1/push"
  }
}
`;

const sources = `apiVersion: 1
datasources:
  - name: Prometheus
    type: prometheus
    url: http://prometheus:9090
    isDefault: true
  - name: Loki
    type: loki
    url: http://loki:3100
`;
