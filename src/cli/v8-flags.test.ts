import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { auditFlags } from "./v8-flags.ts";

test("V8 knows every flag that this Node is told", () => {
  const { stdout } = spawnSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
  for (const flag of auditFlags(process.versions.v8))
    expect(stdout).toContain(flag.replace(/^--no-/, "--").replace(/=.*|$/, " "));
});

test("a newer V8 is told nothing that it does not know", () => {
  expect(auditFlags("11.3.244.8-node.33")).toEqual(["--interrupt-budget=1000000", "--no-regexp-tier-up"]);
  expect(auditFlags("12.4.254.21-node.33")).toEqual([]);
  expect(auditFlags("13.6.233.17-node.48")).toEqual([]);
});
