import { describe, expect, it } from "vitest";
import { prometheus } from "./prometheus.ts";

const parse = (text: string) => prometheus.parse({ path: "prometheus.yml", text });

describe("Prometheus files", () => {
  it.each([
    "prometheus.yml",
    "monitoring/prometheus.prod.yaml",
    "alerts.yml",
    "alert_rules.yml",
    "monitoring/prometheus/rules/app.yml",
  ])("recognises %s", path => expect(prometheus.recognises(path)).toBe(true));
  it.each(["compose.yml", "prometheus/docker-compose.yml", "prometheus.md", "src/alert.ts", "rules.yml"])(
    "leaves %s alone",
    path => expect(prometheus.recognises(path)).toBe(false),
  );

  it("lists jobs, targets, rule files and alert managers", () => {
    const text = `rule_files: [rules/*.yml]
alerting:
  alertmanagers:
    - static_configs: [{targets: ["alerts:9093"]}]
scrape_configs:
  - job_name: api
    metrics_path: /internal/metrics
    static_configs:
      - targets: [api:8000, 'worker']
  - job_name: probes
    scheme: https
    static_configs: [{targets: ["https://shop.example/health"]}]
    relabel_configs: []
  - job_name: found
    dns_sd_configs: []
`;
    const { model, problems } = parse(text);
    expect(problems).toEqual([]);
    const [api, probes, found] = model.scrapeJobs;
    expect(api).toMatchObject({
      name: { value: "api" },
      metricsPath: "/internal/metrics",
      scheme: "http",
      discovers: false,
    });
    expect(
      api?.targets.map(({ host, port, at }) => [host, port, text.slice(at.span.start, at.span.end)]),
    ).toEqual([
      ["api", 8000, "api:8000"],
      ["worker", undefined, "'worker'"],
    ]);
    expect(probes).toMatchObject({
      scheme: "https",
      metricsPath: "/metrics",
      relabels: true,
      targets: [{ host: "shop.example" }],
    });
    expect(found?.discovers).toBe(true);
    expect(model.ruleFiles.map(file => file.value)).toEqual(["rules/*.yml"]);
    expect(model.alertmanagers).toMatchObject([{ host: "alerts", port: 9093 }]);
  });

  it("lists alerts", () => {
    const { model } = parse(
      "groups:\n  - name: up\n    rules:\n      - alert: Down\n        expr: up == 0\n      - record: x\n",
    );
    expect(model.alerts).toMatchObject([{ alert: { value: "Down" }, expr: { value: "up == 0" } }]);
  });

  it.each([
    "",
    "[]",
    "a",
    "scrape_configs: 1",
    "scrape_configs: [1, {static_configs: [{targets: {a: b}}]}]",
    "{",
  ])("bears %j", text => {
    expect(parse(text).model.ruleFiles).toEqual([]);
  });
});
