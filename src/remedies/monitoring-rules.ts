/** Alerts, in the language of Prometheus 2 and 3. Each names what a person has to look at, and waits out a restart. */

interface Alert {
  readonly name: string;
  readonly expression: string;
  readonly for: string;
  readonly severity: "page" | "ticket";
  readonly says: string;
}

export interface AlertInput {
  readonly postgres?: boolean;
  readonly mysql?: boolean;
  readonly redis?: boolean;
  /** The backup service of backup.ts writes the time of its last success. */
  readonly backup?: boolean;
}

const always: readonly Alert[] = [
  {
    name: "SiteDown",
    expression: 'probe_success{job="site"} == 0',
    for: "2m",
    severity: "page",
    says: "{{ $labels.instance }} does not answer with a success",
  },
  {
    name: "CertificateEnds",
    expression: "probe_ssl_earliest_cert_expiry - time() < 14 * 86400",
    for: "1h",
    severity: "ticket",
    says: "The certificate of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}",
  },
  {
    name: "PortClosed",
    expression: 'probe_success{job="ports"} == 0',
    for: "3m",
    severity: "page",
    says: "Nothing listens at {{ $labels.instance }}",
  },
  {
    name: "TargetDown",
    expression: "up == 0",
    for: "5m",
    severity: "ticket",
    says: "{{ $labels.job }} at {{ $labels.instance }} gives no metrics",
  },
  {
    name: "DiskFills",
    expression:
      'node_filesystem_avail_bytes{fstype!~"tmpfs|overlay|squashfs"} / node_filesystem_size_bytes < 0.1',
    for: "10m",
    severity: "page",
    says: "{{ $labels.mountpoint }} has {{ $value | humanizePercentage }} left",
  },
  {
    name: "MemoryLow",
    expression: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.08",
    for: "10m",
    severity: "page",
    says: "{{ $value | humanizePercentage }} of the memory is left",
  },
  {
    name: "KilledForMemory",
    expression: "increase(node_vmstat_oom_kill[15m]) > 0",
    for: "0m",
    severity: "ticket",
    says: "The kernel killed a process because memory ran out",
  },
];

const byPart: Readonly<Record<keyof AlertInput, readonly Alert[]>> = {
  postgres: [
    {
      name: "PostgresDown",
      expression: "pg_up == 0",
      for: "2m",
      severity: "page",
      says: "PostgreSQL refuses connections",
    },
    {
      name: "PostgresConnectionsRunOut",
      expression: "sum(pg_stat_activity_count) > 0.8 * max(pg_settings_max_connections)",
      for: "10m",
      severity: "ticket",
      says: "{{ $value }} connections are open, of which PostgreSQL allows few more",
    },
  ],
  mysql: [
    {
      name: "MysqlDown",
      expression: "mysql_up == 0",
      for: "2m",
      severity: "page",
      says: "MySQL refuses connections",
    },
  ],
  redis: [
    {
      name: "RedisDown",
      expression: "redis_up == 0",
      for: "2m",
      severity: "page",
      says: "Redis refuses connections",
    },
  ],
  backup: [
    {
      name: "BackupTooOld",
      expression: "time() - backup_last_success_timestamp_seconds > 26 * 3600",
      for: "10m",
      severity: "page",
      says: "The last good backup is {{ $value | humanizeDuration }} old",
    },
    {
      name: "BackupUnknown",
      expression: "absent(backup_last_success_timestamp_seconds)",
      for: "2h",
      severity: "page",
      says: "No backup has ever succeeded",
    },
  ],
};

/** The rule file. */
export function alertRules(input: AlertInput): string {
  const parts = (Object.keys(byPart) as (keyof AlertInput)[]).filter(part => input[part]);
  const alerts = [...always, ...parts.flatMap(part => byPart[part])];
  const lines = alerts.flatMap(alert => [
    `      - alert: ${alert.name}`,
    `        expr: ${JSON.stringify(alert.expression)}`,
    `        for: ${alert.for}`,
    `        labels: { severity: ${alert.severity} }`,
    `        annotations: { summary: ${JSON.stringify(alert.says)} }`,
  ]);
  return `groups:\n  - name: site\n    rules:\n${lines.join("\n")}\n`;
}
