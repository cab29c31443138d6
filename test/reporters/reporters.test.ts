import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import type { Log } from "sarif";
import { describe, expect, it } from "vitest";
import { github } from "../../src/reporters/github.ts";
import { json } from "../../src/reporters/json.ts";
import { markdown } from "../../src/reporters/markdown.ts";
import { sarif } from "../../src/reporters/sarif.ts";
import { text } from "../../src/reporters/text.ts";
import { wrap } from "../../src/reporters/words.ts";
import { accepted, rulesOfSample, sample } from "./sample.ts";

const plain = { color: false, rules: rulesOfSample };
const lines = (output: string) => output.split("\n");

describe("text", () => {
  const output = text(sample, plain);

  it("is as reviewed", async () => {
    await expect(output).toMatchFileSnapshot("sample.txt");
  });

  it("puts carets exactly under the evidence, also after wide characters", () => {
    const all = lines(output);
    const at = all.findIndex(line => line.includes('"curl", "-f"'));
    expect(all[at + 1]!.indexOf("^")).toBe(all[at]!.indexOf('"curl"'));
    const wide = all.findIndex(line => line.includes("港の灯台"));
    expect(all[wide + 1]!.indexOf("^")).toBe(all[wide]!.indexOf("curl") + 4);
  });

  it("has no colour, no control character and no secret when piped", () => {
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(output).not.toContain("hunter2");
    expect(output).toContain("‹masked›");
  });

  it("colours on demand, and the words stay the same", () => {
    const colored = text(sample, { ...plain, color: true });
    expect(colored).toContain("\u001b[");
    expect(colored.replace(/\u001b\[[\d;]*m/g, "")).toBe(output);
  });

  it("keeps to the width", () => {
    const narrow = text(sample, { ...plain, width: 60 });
    const prose = lines(narrow).filter(line => !/│|^ {4}[-+] |\^|shipworthy|:\d+/.test(line));
    expect(Math.max(...prose.map(line => line.length))).toBeLessThanOrEqual(130);
    expect(wrap("one two three four five six", 20, "  ")).toBe("  one two three four\n  five six");
  });

  it("says that nothing was found", () => {
    expect(text({ ...sample, findings: [], gaps: [], claims: [] }, plain)).toContain("no findings");
  });
});

describe("markdown", () => {
  it("is as reviewed", async () => {
    await expect(markdown(accepted)).toMatchFileSnapshot("sample.md");
  });

  it("keeps the project's text out of its markup", () => {
    const output = markdown(accepted);
    expect(output).not.toContain("hunter2");
    expect(output).not.toContain("\u001b");
    expect(output).toContain("known \\| until June");
  });
});

describe("json", () => {
  const schema = JSON.parse(
    readFileSync(new URL("../../schema/report.schema.json", import.meta.url), "utf8"),
  );
  const validate = new Ajv({ allErrors: true }).compile(schema);

  it.each([
    ["sample", sample],
    ["accepted", accepted],
  ])("fits its schema: %s", (_, report) => {
    validate(JSON.parse(json(report)));
    expect(validate.errors ?? []).toEqual([]);
  });

  it("would not fit with a key too many or too few", () => {
    const document = JSON.parse(json(sample));
    expect(validate({ ...document, more: 1 })).toBe(false);
    expect(validate({ ...document, findings: [{ ...document.findings[0], why: undefined }] })).toBe(false);
  });
});

it("the settings' schema accepts what the product accepts", () => {
  const schema = JSON.parse(
    readFileSync(new URL("../../schema/config.schema.json", import.meta.url), "utf8"),
  );
  const validate = new Ajv({ allErrors: true }).compile(schema);
  expect(
    validate({ failOn: "never", exclude: ["legacy"], deployed: ["compose.yml"], baseline: "b.json" }),
  ).toBe(true);
  expect(validate({ failon: "high" })).toBe(false);
  expect(validate({ accept: [{ rule: "no/such-rule" }] })).toBe(false);
});

describe("sarif", () => {
  const log = JSON.parse(sarif(accepted, plain)) as Log;
  const run = log.runs[0]!;

  // A subset of the OASIS schema: every property that we write, with its required parts.
  const place = {
    type: "object",
    required: ["physicalLocation"],
    properties: {
      physicalLocation: {
        type: "object",
        additionalProperties: false,
        required: ["artifactLocation", "region"],
        properties: {
          artifactLocation: {
            type: "object",
            additionalProperties: false,
            properties: {
              uri: { type: "string", pattern: "^[^ \\\\]+$" },
              uriBaseId: { const: "%SRCROOT%" },
            },
          },
          region: { type: "object", patternProperties: { "": { type: "integer", minimum: 1 } } },
        },
      },
    },
  };
  const message = {
    type: "object",
    required: ["text"],
    properties: { text: { type: "string", minLength: 1 } },
  };
  const schema = {
    type: "object",
    required: ["version", "runs"],
    properties: {
      version: { const: "2.1.0" },
      runs: {
        type: "array",
        items: {
          type: "object",
          required: ["tool"],
          properties: {
            columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
            tool: {
              type: "object",
              required: ["driver"],
              properties: {
                driver: {
                  type: "object",
                  required: ["name"],
                  properties: {
                    rules: { type: "array", uniqueItems: true, items: { type: "object", required: ["id"] } },
                  },
                },
              },
            },
            results: {
              type: "array",
              items: {
                type: "object",
                required: ["message", "ruleId", "locations"],
                properties: {
                  message,
                  level: { enum: ["none", "note", "warning", "error"] },
                  ruleIndex: { type: "integer", minimum: 0 },
                  rank: { type: "number", minimum: 0, maximum: 100 },
                  locations: { type: "array", items: place },
                  relatedLocations: { type: "array", uniqueItems: true, items: place },
                  partialFingerprints: { type: "object", additionalProperties: { type: "string" } },
                  suppressions: {
                    type: "array",
                    uniqueItems: true,
                    items: {
                      type: "object",
                      required: ["kind"],
                      properties: { kind: { enum: ["inSource", "external"] } },
                    },
                  },
                },
              },
            },
            invocations: {
              type: "array",
              items: { type: "object", required: ["executionSuccessful"] },
            },
          },
        },
      },
    },
  };

  it("fits the schema in what it writes", () => {
    const validate = new Ajv({ allErrors: true }).compile(schema);
    validate(log);
    expect(validate.errors ?? []).toEqual([]);
  });

  it("points each result at its rule, and puts further places beside it", () => {
    for (const result of run.results!)
      expect(run.tool.driver.rules![result.ruleIndex!]!.id).toBe(result.ruleId);
    const probe = run.results!.find(result => result.ruleId === "health/probe-tool")!;
    expect(probe.locations).toHaveLength(1);
    expect(probe.relatedLocations!.map(location => location.physicalLocation!.artifactLocation!.uri)).toEqual(
      ["app%20dir/Dockerfile", "app%20dir/Dockerfile"],
    );
    expect(run.results!.filter(result => result.suppressions)).toHaveLength(1);
  });
});

describe("github", () => {
  it("escapes what would end a property or the command", () => {
    const [first] = github({
      ...sample,
      gaps: [],
      findings: [
        {
          ...sample.findings[0]!,
          message: "50 % a\nb",
          evidence: [{ ...sample.findings[0]!.evidence[0], file: "a,b:c.yml" }],
        },
      ],
    }).split("\n");
    expect(first).toMatch(
      /^::error file=a%2Cb%3Ac\.yml,line=7,endLine=7,col=20,endColumn=34,title=critical secrets\/in-git::50 %25 a%0Ab/,
    );
  });

  it("says what could not be examined", () => {
    expect(github(sample)).toContain("::warning file=compose.yml,line=3");
  });
});
