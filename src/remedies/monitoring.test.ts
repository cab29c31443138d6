import { expect, it } from "vitest";
import { child, entriesOf, parseYaml, textOf } from "../formats/yaml.ts";
import { type MonitoringInput, monitoring } from "./monitoring.ts";

const input: MonitoringInput = {
  ports: [{ service: "web", port: 8000 }],
  stores: [
    { kind: "postgres", service: "db", user: "shop", password: "${DB_PASSWORD:?}", database: "shop" },
    { kind: "redis", service: "cache" },
  ],
  networks: ["back"],
  backup: true,
};
const made = monitoring(input);
const text = (path: string) => made.files.find(file => file.path === path)!.text;
const root = (path: string) => {
  const parsed = parseYaml({ path, text: text(path) });
  expect(parsed.problems).toEqual([]);
  return parsed.model[0]!.root;
};

it("asks only targets that the override or the stack has", () => {
  const services = entriesOf(child(root("compose.monitoring.yml"), "services")).map(entry => entry.key.value);
  const own = [...services, "web", "db", "cache", "127.0.0.1", "site.invalid"];
  for (const [, host] of text("monitoring/prometheus.yml").matchAll(/"(?:http:\/\/)?([\w.-]+?)(?::\d+|\/)"/g))
    expect(own).toContain(host);
});

it("mounts the files that it writes, and publishes nothing but Grafana on the loopback address", () => {
  const compose = text("compose.monitoring.yml");
  expect(compose.match(/^ {6}- "?[\d.:]+"?$/gm)).toEqual(['      - "127.0.0.1:3000:3000"']);
  for (const file of ["prometheus.yml", "alertmanager.yml", "loki.yml", "config.alloy"])
    expect(compose).toContain(`/etc/monitoring/${file}`);
  expect(compose).not.toContain("docker.sock");
});

it("takes only what the stack has", () => {
  const bare = monitoring({ ports: [], stores: [] });
  const all = bare.files.map(file => file.text).join("");
  expect(all).not.toMatch(/exporter:v\S+\n.*DATA_SOURCE|pg_up|redis_up|backup_last|tcp_connect/);
  expect(textOf(child(root("compose.monitoring.yml"), "services", "db-exporter", "image"))?.value).toMatch(
    /postgres-exporter/,
  );
});
