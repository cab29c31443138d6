import type { ArtifactKind, Parsed } from "../core/artifact.ts";
import { type Located, type Location, located, type Source } from "../core/source.ts";
import { child, itemsOf, parseYaml, textOf, type YamlNode } from "../formats/yaml.ts";

export interface PrometheusTarget {
  readonly host: string;
  /** Absent: 80, or 443 with the scheme `https`. */
  readonly port?: number;
  readonly at: Location;
}

export interface ScrapeJob {
  readonly name?: Located<string>;
  /** From `static_configs`; other kinds of discovery only set `discovers`. */
  readonly targets: readonly PrometheusTarget[];
  readonly metricsPath: string;
  readonly scheme: string;
  /** True when targets come from somewhere else, too: files, DNS, Docker. */
  readonly discovers: boolean;
  /** True when `relabel_configs` may replace the targets' addresses, as for blackbox probes. */
  readonly relabels: boolean;
  readonly at: Location;
}

export interface AlertRule {
  readonly alert: Located<string>;
  readonly expr?: Located<string>;
  readonly at: Location;
}

export interface PrometheusConfig {
  /** Its path. */
  readonly file: string;
  readonly scrapeJobs: readonly ScrapeJob[];
  readonly ruleFiles: readonly Located<string>[];
  readonly alertmanagers: readonly PrometheusTarget[];
  /** Alerts of a rule file. */
  readonly alerts: readonly AlertRule[];
}

function recognises(path: string): boolean {
  if (!/\.ya?ml$/i.test(path)) return false;
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (
    name.startsWith("prometheus") ||
    /^(?:alert|alerts|alerting|recording)(?:[._-]?rules?)?[^/]*\.ya?ml$/.test(name)
  )
    return true;
  return (
    /(?:^|\/)prometheus\/(?:[^/]+\/)*[^/]+$/i.test(path) &&
    !/(?:^|\/)(?:docker-)?compose[^/]*$/.test(path.toLowerCase())
  );
}

function targetsOf(node: YamlNode | undefined): PrometheusTarget[] {
  return itemsOf(node).flatMap(group =>
    itemsOf(child(group, "targets")).flatMap(item => {
      const text = textOf(item);
      return text ? [targetOf(text)] : [];
    }),
  );
}

function targetOf({ value, at }: Located<string>): PrometheusTarget {
  // A probe's target is a whole URL.
  const [, authority = value] = /^[a-z]+:\/\/([^/?#]*)/.exec(value) ?? [];
  const [, host, port] = /^(.*):(\d{1,5})$/s.exec(authority) ?? [];
  return host === undefined ? { host: authority.split("/")[0] ?? "", at } : { host, port: Number(port), at };
}

function jobOf(node: YamlNode): ScrapeJob {
  const name = textOf(child(node, "job_name"));
  const keys = node.kind === "map" ? node.entries.map(entry => entry.key.value) : [];
  const job = {
    targets: targetsOf(child(node, "static_configs")),
    metricsPath: textOf(child(node, "metrics_path"))?.value ?? "/metrics",
    scheme: textOf(child(node, "scheme"))?.value ?? "http",
    discovers: keys.some(key => key.endsWith("_sd_configs")),
    relabels: keys.includes("relabel_configs"),
    at: node.at,
  };
  return name ? { ...job, name } : job;
}

function alertsOf(root: YamlNode | undefined): AlertRule[] {
  return itemsOf(child(root, "groups")).flatMap(group =>
    itemsOf(child(group, "rules")).flatMap(rule => {
      const alert = textOf(child(rule, "alert"));
      if (!alert) return [];
      const expr = textOf(child(rule, "expr"));
      return [expr ? { alert, expr, at: rule.at } : { alert, at: rule.at }];
    }),
  );
}

function parse(source: Source): Parsed<PrometheusConfig> {
  const { model, problems } = parseYaml(source);
  const root = model[0]?.root;
  const alertmanagers = itemsOf(child(root, "alerting", "alertmanagers"));
  const ruleFiles = itemsOf(child(root, "rule_files")).flatMap(item => textOf(item) ?? []);
  return {
    model: {
      file: source.path,
      scrapeJobs: itemsOf(child(root, "scrape_configs")).map(jobOf),
      ruleFiles: ruleFiles.map(file => located(file.value, file.at)),
      alertmanagers: alertmanagers.flatMap(manager => targetsOf(child(manager, "static_configs"))),
      alerts: alertsOf(root),
    },
    problems,
  };
}

export const prometheus: ArtifactKind<PrometheusConfig> = { kind: "prometheus", recognises, parse };
