import { describe, expect, it } from "vitest";
import { UserError } from "../core/user-error.ts";
import { readBaseline } from "./baseline.ts";
import { closest } from "./closest.ts";
import { readConfig } from "./read.ts";

const rules = ["health/probe-tool", "recovery/restart-policy"];
const read = (text: string) => readConfig({ path: "shipworthy.yml", text }, rules);

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("it was read");
}

describe("readConfig", () => {
  it("reads every key", () => {
    const config = read(`failOn: medium
severity:
  health/probe-tool: low
  recovery/restart-policy: off
accept:
  - rule: health/probe-tool
    subject: web
    path: compose.yml
    reason: replaced in June
    until: 2027-01-31
exclude: [legacy/**]
deployed: [compose.prod.yml]
baseline: baseline.json
`);
    expect(config).toMatchObject({
      failOn: "medium",
      exclude: ["legacy/**"],
      deployed: ["compose.prod.yml"],
      baseline: "baseline.json",
    });
    expect([...config.severity]).toEqual([
      ["health/probe-tool", "low"],
      ["recovery/restart-policy", "off"],
    ]);
    expect(config.accept[0]).toMatchObject({ subject: "web", until: "2027-01-31", by: "config" });
  });

  it.each(["", "# nothing yet\n"])("takes defaults from an empty file", text => {
    expect(read(text)).toMatchObject({ failOn: "high", accept: [] });
  });

  it.each([
    ["failon: high", 'shipworthy.yml:1:1: failon: unknown key, did you mean "failOn"?'],
    [
      "accept:\n  - rule: health/probe-tool\n    resaon: x\n    reason: y",
      'shipworthy.yml:3:5: accept[0].resaon: unknown key, did you mean "reason"?',
    ],
    ["accept:\n  - rule: health/probe-tool", "shipworthy.yml:2:5: accept[0].reason: is missing"],
    [
      "accept:\n  - rule: health/prob-tool\n    reason: x",
      'shipworthy.yml:2:5: accept[0].rule: there is no rule "health/prob-tool", did you mean "health/probe-tool"?',
    ],
    [
      "severity:\n  health/probe-tool: hihg",
      "shipworthy.yml:2:3: severity.health/probe-tool: should be one of critical, high, medium, low, off",
    ],
    ["failOn: 3", "shipworthy.yml:1:1: failOn: should be one of"],
    ["accept:\n  - {rule: health/probe-tool, reason: x, until: soon}", "accept[0].until: should be a date"],
    ["exclude: legacy", "exclude: should be a list"],
    ["- a", "should map settings to values"],
    ["failOn: [", "shipworthy.yml:"],
  ])("refuses %j", (text, message) => expect(refusal(text)).toContain(message));

  it("says everything that is wrong at once", () => {
    expect(refusal("failOn: x\nexclude: 1").split("\n")).toHaveLength(2);
  });
});

it("refuses a baseline that is none", () => {
  for (const text of ["", "{}", '{"version":1,"findings":[{}]}', '{"version":2,"findings":[]}']) {
    expect(() => readBaseline({ path: "b.json", text })).toThrow(UserError);
  }
});

it("suggests only what is near", () => {
  expect(closest("restart-policy", rules)).toBe("recovery/restart-policy");
  expect(closest("helth/probe-tol", rules)).toBe("health/probe-tool");
  expect(closest("zzz", rules)).toBeUndefined();
});
