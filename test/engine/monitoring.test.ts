import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type MonitoringInput, monitoring } from "../../src/remedies/monitoring.ts";
import { installed } from "./backup-scripts.ts";

/** What Prometheus and Alertmanager themselves say of the files: Debian's prometheus and prometheus-alertmanager. */

const present = [installed("promtool"), installed("amtool")].every(Boolean);
const root = mkdtempSync(join(tmpdir(), "shipworthy-monitoring-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(name: string, input: MonitoringInput): string {
  const folder = join(root, name);
  for (const { path, text } of monitoring(input).files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.replaceAll("/etc/monitoring/", `${folder}/monitoring/`));
  }
  return folder;
}

function run(program: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { status, output: stdout + stderr };
}

const inputs: [string, MonitoringInput][] = [
  ["nothing", { ports: [], stores: [] }],
  [
    "all",
    {
      ports: [{ service: "web", port: 80 }],
      stores: [
        { kind: "postgres", service: "db", user: "u", password: "${P:?}", database: "d" },
        { kind: "redis", service: "cache", password: "${R:?}" },
      ],
      networks: ["back", "default"],
      backup: true,
    },
  ],
];

describe.skipIf(!present).each(inputs)("a stack with %s", (name, input) => {
  const folder = write(name, input);
  it("is accepted by promtool and amtool", () => {
    expect(run("promtool", "check", "config", join(folder, "monitoring/prometheus.yml")).output).toContain(
      "SUCCESS",
    );
    expect(run("promtool", "check", "rules", join(folder, "monitoring/alerts.yml"))).toMatchObject({
      status: 0,
    });
    expect(run("amtool", "check-config", join(folder, "monitoring/alertmanager.yml"))).toMatchObject({
      status: 0,
    });
  });
});

describe.skipIf(!present)("alerts", () => {
  it("fire on their cause and stay quiet without it", () => {
    const folder = write("fire", inputs[1]![1]);
    const test = {
      rule_files: [join(folder, "monitoring/alerts.yml")],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: [
            { series: 'probe_success{job="site",instance="https://a.example/"}', values: "1x9 0x20" },
            { series: 'probe_success{job="ports",instance="web:80"}', values: "1x40" },
            { series: "pg_up", values: "1x40" },
            { series: "redis_up", values: "1x9 0x20" },
            { series: "backup_last_success_timestamp_seconds", values: "0x3000" },
          ],
          alert_rule_test: [
            { eval_time: "8m", alertname: "SiteDown", exp_alerts: [] },
            {
              eval_time: "15m",
              alertname: "SiteDown",
              exp_alerts: [
                {
                  exp_labels: { severity: "page", job: "site", instance: "https://a.example/" },
                  exp_annotations: { summary: "https://a.example/ does not answer with a success" },
                },
              ],
            },
            { eval_time: "20m", alertname: "PortClosed", exp_alerts: [] },
            { eval_time: "20m", alertname: "PostgresDown", exp_alerts: [] },
            {
              eval_time: "20m",
              alertname: "RedisDown",
              exp_alerts: [
                {
                  exp_labels: { severity: "page" },
                  exp_annotations: { summary: "Redis refuses connections" },
                },
              ],
            },
            { eval_time: "10h", alertname: "BackupTooOld", exp_alerts: [] },
            {
              eval_time: "27h",
              alertname: "BackupTooOld",
              exp_alerts: [
                {
                  exp_labels: { severity: "page" },
                  exp_annotations: { summary: "The last good backup is 1d 3h 0m 0s old" },
                },
              ],
            },
          ],
        },
      ],
    };
    writeFileSync(join(folder, "test.yml"), JSON.stringify(test));
    expect(run("promtool", "test", "rules", join(folder, "test.yml"))).toMatchObject({ status: 0 });
  });
});

const compose = spawnSync("docker", ["compose", "version"]).status === 0;
describe.skipIf(!compose)("the override", () => {
  it("is accepted by Compose beside the stack, and stops without its variables", () => {
    const folder = write("compose", inputs[1]![1]);
    const stack =
      "services:\n  web: { image: a, networks: [back] }\n  db: { image: b }\n  cache: { image: c }\nnetworks:\n  back:\nvolumes:\n  backups:\n";
    writeFileSync(join(folder, "compose.yml"), stack);
    const config = (variables: Record<string, string>, ...format: string[]) =>
      spawnSync(
        "docker",
        [
          "compose",
          "-f",
          "compose.yml",
          "-f",
          "compose.monitoring.yml",
          "config",
          ...(format.length > 0 ? format : ["-q"]),
        ],
        {
          cwd: folder,
          encoding: "utf8",
          env: { PATH: process.env["PATH"], HOME: folder, P: "p", R: "r", ...variables },
        },
      );
    const all = {
      SITE_URL: "https://a.example/",
      ALERT_WEBHOOK: "https://b.example/",
      GRAFANA_PASSWORD: "c",
    };
    expect(config(all)).toMatchObject({ status: 0 });
    expect(config({ ...all, SITE_URL: "" }).status).not.toBe(0);

    // What the containers do first: the address goes into the configuration, whatever letters it has.
    const shown = JSON.parse(config({ ...all }, "--format", "json").stdout);
    for (const [service, variable, file] of [
      ["prometheus", "SITE_URL", "prometheus.yml"],
      ["alertmanager", "ALERT_WEBHOOK", "alertmanager.yml"],
    ] as const) {
      const line: string = shown.services[service].command[0].replaceAll("$$", "$");
      const filled = line.replace(/>\/tmp.*/, "");
      const address = "https://a.example/?x=1&y=2|3\\4";
      const ran = spawnSync("sh", ["-c", filled], {
        encoding: "utf8",
        env: { PATH: process.env["PATH"], [variable]: address },
      });
      expect(ran.stdout).toContain(address);
      expect(ran.stdout).not.toContain(".invalid");
      expect(line).toContain(`--config.file=/tmp/${file}`);
    }
  });
});
