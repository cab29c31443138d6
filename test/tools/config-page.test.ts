import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readConfig } from "../../src/config/read.ts";
import { rules } from "../../src/rules/registry.generated.ts";
import { annotatedExample, configPage } from "../../tools/config-page.ts";
import { configSchema } from "../../tools/schemas.ts";

const ids = rules.map(rule => rule.id);
const schema = configSchema(ids) as { readonly properties: Record<string, unknown> };
const page = configPage(schema, "note");

test("the example is valid, and uses every key", () => {
  const config = readConfig({ path: "shipworthy.yml", text: annotatedExample }, ids);
  expect(config.failOn).toBe("medium");
  expect(config.accept.map(each => each.rule)).toEqual(["data/backup-offsite", "access/non-root"]);
  expect(config.severity.get("proxy/security-headers")).toBe("off");
  for (const key of Object.keys(schema.properties))
    expect(annotatedExample).toMatch(new RegExp(`^${key}:`, "m"));
});

test("every key has a row with a value and a meaning", () => {
  const rows = page
    .split("\n")
    .filter(line => line.startsWith("| `"))
    .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()));
  expect(rows.map(([, key]) => key)).toEqual(
    expect.arrayContaining(Object.keys(schema.properties).map(key => `\`${key}\``)),
  );
  for (const [, key, value, meaning] of rows) {
    expect(value, key).not.toBe("");
    expect(meaning, key).not.toBe("");
  }
});

test("the page in docs is the generated one", () => {
  const committed = readFileSync(new URL("../../docs/config.md", import.meta.url), "utf8");
  expect(committed.split("\n").slice(3)).toEqual(page.split("\n").slice(3));
});
